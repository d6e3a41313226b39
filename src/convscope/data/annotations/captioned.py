"""Images with sentences: Flickr8k's text, a table of image and caption, or Karpathy's JSON.

- ``1000268201_693b08cb0e.jpg#0<TAB>A child in a pink dress …`` (Hodosh et al., 2013), and
  lists such as ``Flickr_8k.trainImages.txt``;
- a table with a head that names ``image`` and ``caption``, with commas, tabs or bars;
- ``dataset_flickr8k.json`` (Karpathy and Fei-Fei, 2015): images with ``sentences`` and
  ``split``; or COCO's ``captions_train2017.json`` (``coco.py``).

A name that is a folder's means a clip: its images, numbered, are the frames.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from convscope.data.annotations.coco_files import LARGEST_JSON
from convscope.data.annotations.files import Pictures, shortened, stem_of
from convscope.data.annotations.image_sets import Told, split_by_lists
from convscope.data.annotations.json_shapes import decoded, records_in, text_in
from convscope.data.annotations.listing import Item, Listing, Place
from convscope.data.annotations.parts import Part, part_in_name, part_of_word
from convscope.data.images import Skipped
from convscope.data.opening import SUFFIXES
from convscope.errors import DataError

__all__ = ["Line", "caption_files", "parse_captions", "read_captions"]

_NUMBERED = re.compile(r"^([^\t\n]+?)#\d+\t(.*)$")
_TEXTS = (".txt", ".csv", ".tsv", ".token")
_HEADS = (
    {"image", "image_name", "filename", "file_name", "file", "name"},
    {
        "caption",
        "comment",
        "sentence",
        "text",
    },
)
_SNIFFED = 65_536


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence about one image, the line it stands in, and the part, if it is told."""

    number: int
    image: str
    caption: str
    part: Part | None = None


def caption_files(place: Place) -> list[str]:
    """The files that hold captions, texts before JSON; Flickr8k's lemmas are none."""
    below = place.annotations.below
    texts = [path for path in below("", *_TEXTS) if "lemma" not in path.lower()]
    found = [path for path in texts if _sniffed(place, path)]
    if found:
        return found
    return [path for path in below("", ".json") if _is_karpathy(place, path)]


def read_captions(place: Place) -> Listing:
    """The one file of captions with its images; parts as it, or lists beside it, tell."""
    paths = caption_files(place)
    if len(paths) != 1:
        names = ", ".join(map(place.shown, paths))
        raise DataError(
            f"several files hold captions: {names}" if paths else "no file holds captions",
            place=str(place.annotations.root),
            remedy="say which with --annotations FILE",
        )
    path = paths[0]
    shown = place.shown(path)
    lines, faults = _lines(place, path)
    paths = place.images.below("", *SUFFIXES)
    pictures, clips = Pictures(paths), _clips(paths)
    by_image: dict[str, list[Line]] = {}
    for line in lines:
        by_image.setdefault(line.image, []).append(line)
    items: dict[str, Item] = {}
    for name, said in by_image.items():
        try:
            frames = clips.get(name, ())
            image = frames[0] if frames else pictures.named(name, path, said[0].part or "")
            captions = tuple(line.caption for line in said)
            where = f"{shown}, {shortened(name)}"
            items[name] = Item(name, image, where, captions=captions, frames=frames)
        except DataError as problem:
            place_of_line = f"{shown}, line {said[0].number}" if said[0].number else shown
            faults.append(Skipped(place_of_line, problem.problem))
    parts, more, notes = _parts(place, by_image)
    found = (*faults, *more)
    return Listing("captions", "captions", items, parts, faults=found, notes=tuple(notes))


def _clips(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The images of each folder by its path and, if no other has it, by its bare name."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    frames = {folder: tuple(sorted(inside, key=_numbers)) for folder, inside in folders.items()}
    names = Counter(folder.rpartition("/")[2] for folder in frames)
    bare = {folder.rpartition("/")[2]: inside for folder, inside in frames.items()}
    return frames | {name: inside for name, inside in bare.items() if names[name] == 1}


def _numbers(path: str) -> list[tuple[int, str]]:
    """A key by which frame 10 comes after frame 9."""
    words = re.split(r"([0-9]+)", stem_of(path))
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in words]


def parse_captions(text: str) -> Iterator[Line | Skipped]:
    """The lines of a text, whichever of the forms it has; Skipped names a faulty line."""
    rows = _numbered(text) if _NUMBERED.match(_first_line(text)) else _table(text)
    for number, image, caption in rows:
        place = f"line {number}"
        if not image:
            yield Skipped(place, "names no image")
        elif not caption:
            yield Skipped(place, f'the caption of "{shortened(image)}" is empty')
        else:
            yield Line(number, image, caption)


def _lines(place: Place, path: str) -> tuple[list[Line], list[Skipped]]:
    shown = place.shown(path)
    found: Iterable[Line | Skipped]
    if path.lower().endswith(".json"):
        found = _karpathy(place.annotations.read(path, LARGEST_JSON), shown)
    else:
        found = parse_captions(place.annotations.read_text(path))
    lines, faults = [], []
    try:
        for one in found:
            if isinstance(one, Line):
                lines.append(one)
            else:
                faults.append(Skipped(f"{shown}, {one.path}", one.reason))
    except csv.Error as problem:
        raise DataError(f"is no table that can be read ({problem})", place=shown) from problem
    return lines, faults


def _numbered(text: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            found = _NUMBERED.match(line.rstrip("\r"))
            yield (number, found[1].strip(), found[2].strip()) if found else (number, "", "")


def _table(text: str) -> Iterator[tuple[int, str, str]]:
    """Rows below a head that names the two columns."""
    head = _first_line(text)
    sign = max(",\t|", key=head.count)
    names = [name.strip().lower() for name in head.split(sign)]
    image, caption = (
        next(index for index, name in enumerate(names) if name in known) for known in _HEADS
    )
    # a bar is Flickr30k's, whose sentences hold quotation marks of their own
    rows = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=sign,
        quoting=csv.QUOTE_NONE if sign == "|" else csv.QUOTE_MINIMAL,
    )
    filled = (row for row in rows if any(row))
    next(filled)
    for row in filled:
        cells = [cell.strip() for cell in row] + [""] * (len(names) - len(row))
        yield rows.line_num, cells[image], cells[caption]


def _karpathy(content: bytes, place: str) -> Iterator[Line | Skipped]:
    for index, record in enumerate(records_in(decoded(content, place), "images", place)):
        where = f"images[{index}]"
        try:
            name = text_in(record, "filename")
            if isinstance(record.get("filepath"), str):
                name = f"{record['filepath'].strip('/')}/{name}"
            sentences = records_in(record, "sentences", "")
            captions = [text_in(sentence, "raw") for sentence in sentences]
            if not captions:
                raise DataError("has no sentences")
            part = part_of_word(str(record.get("split", "")))
        except DataError as problem:
            yield Skipped(where, problem.problem)
            continue
        for caption in captions:
            yield Line(0, name, caption, part)


def _sniffed(place: Place, path: str) -> bool:
    try:
        with (place.annotations.root / path).open("rb") as file:
            start = file.read(_SNIFFED).decode("utf-8-sig", "replace")
    except OSError:
        return False
    head = _first_line(start)
    names = {name.strip().lower() for name in re.split(r"[,\t|]", head)}
    return bool(_NUMBERED.match(head)) or all(names & known for known in _HEADS)


def _first_line(text: str) -> str:
    return text.lstrip("\r\n").partition("\n")[0].rstrip("\r")


def _is_karpathy(place: Place, path: str) -> bool:
    try:
        return b'"sentences"' in place.annotations.read(path, LARGEST_JSON)
    except DataError:
        return False


def _parts(place: Place, by_image: dict[str, list[Line]]) -> Told:
    """As the file itself says; else as lists such as ``Flickr_8k.devImages.txt`` do."""
    parts: dict[Part | None, list[str]] = {}
    for name, said in by_image.items():
        parts.setdefault(said[0].part, []).append(name)
    if set(parts) - {None}:
        return {part: tuple(names) for part, names in parts.items()}, [], []
    for files in (place.annotations, place.images):
        lists: dict[Part, tuple[str, str]] = {}
        for path in files.below("", ".txt"):
            part = part_in_name(stem_of(path))
            if part and part not in lists:
                text = files.read_text(path)
                if _first_line(text).strip() in by_image:  # else it is about something else
                    lists[part] = (path, text)
        if lists:
            return split_by_lists(lists, list(by_image), "caption")
    return {None: tuple(by_image)}, [], []
