"""Which format a folder has, by what lies in it, and the reader that goes with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from convscope.data.annotated import Kind
from convscope.data.annotations.captioned import caption_files, read_captions
from convscope.data.annotations.coco import read_coco
from convscope.data.annotations.coco_files import coco_files, has_segmentations
from convscope.data.annotations.files import files_of
from convscope.data.annotations.index_masks import has_masks, read_masks
from convscope.data.annotations.listing import FORMATS, Format, Listing, Place
from convscope.data.annotations.voc import read_voc
from convscope.data.annotations.voc_files import is_voc
from convscope.errors import DataError, UsageError, did_you_mean

__all__ = ["KINDS", "SCENES", "place_of", "read_one", "readers"]

Reader = Callable[[Place], Listing]

_READERS: dict[tuple[Kind, Format], tuple[Callable[[Place], bool], Reader]] = {
    ("objects", "voc"): (is_voc, read_voc),
    ("objects", "coco"): (
        lambda place: bool(coco_files(place, "objects")),
        lambda place: read_coco(place, "objects"),
    ),
    ("masks", "masks"): (has_masks, read_masks),
    ("masks", "coco"): (has_segmentations, lambda place: read_coco(place, "masks")),
    ("captions", "captions"): (lambda place: bool(caption_files(place)), read_captions),
    ("captions", "coco"): (
        lambda place: bool(coco_files(place, "captions")),
        lambda place: read_coco(place, "captions"),
    ),
}
SCENES = "scenes"
"""The word for those that are made, which is no folder."""

KINDS: tuple[Kind, ...] = ("objects", "masks", "captions")

_SAID: dict[Kind, tuple[str, str]] = {
    "objects": (
        "boxes",
        "Pascal VOC (Annotations/*.xml) or COCO (a JSON file with images, annotations and "
        "categories) is read",
    ),
    "masks": (
        "masks",
        "a folder of masks beside one of images (masks + images, SegmentationClass + "
        "JPEGImages), or COCO with segmentations is read",
    ),
    "captions": (
        "captions",
        "lines of image#0<TAB>caption, a table with the columns image and caption, or COCO's "
        "or Karpathy's JSON is read",
    ),
}


def place_of(source: str | Path, annotations: str | Path | None) -> Place:
    """The files of a folder, and those of ``annotations`` where they lie elsewhere."""
    if not isinstance(source, str | Path) or not str(source):
        raise UsageError(f"a folder is wanted, and this is {source!r}")
    root = Path(source).expanduser()
    if not root.is_dir():
        what = "is a file, and data are a folder" if root.is_file() else "there is no such folder"
        raise UsageError(what, place=str(root), remedy=did_you_mean(str(source), (SCENES,)))
    files = files_of(root)
    return Place(files, files if annotations is None else files_of(annotations))


def read_one(place: Place, kind: Kind, format: str | None) -> Listing:
    """The annotations of one kind; DataError where there are none, or in two formats."""
    possible = [known for wanted, known in _READERS if wanted == kind]
    if format is not None:
        wanted = _wanted(format, kind, possible)
        return _READERS[kind, wanted][1](place)
    found = [known for known in possible if _READERS[kind, known][0](place)]
    what, read = _SAID[kind]
    if len(found) > 1:
        raise DataError(
            f"holds {what} in several formats: {', '.join(found)}",
            place=str(place.images.root),
            remedy=f"--format {found[0]} takes the first",
        )
    if not found:
        others = [_SAID[other][0] for other in KINDS if other != kind and _any(place, other)]
        more = f"; {' and '.join(others)} are here" if others else ""
        raise DataError(
            f"no {what} are found here{more}",
            place=str(place.annotations.root),
            remedy=f"{read}; --format forces one, --annotations says where",
        )
    return _READERS[kind, found[0]][1](place)


def readers(place: Place, format: str | None) -> list[Reader]:
    """How to read the annotations of every kind and format that there are, or of one format."""
    if format is not None and format not in FORMATS:
        raise _unknown(format)
    possible = [pair for (_, known), pair in _READERS.items() if format in (None, known)]
    found = [reader for there, reader in possible if there(place)]
    if not found and format is not None:
        return [possible[0][1]]  # it will say what it misses
    if not found:
        names = "; ".join(read for _, read in _SAID.values())
        raise DataError(
            "no annotations are found here", place=str(place.annotations.root), remedy=names
        )
    return found


def _any(place: Place, kind: Kind) -> bool:
    return any(there(place) for (wanted, _), (there, _) in _READERS.items() if wanted == kind)


def _wanted(format: str, kind: Kind, possible: list[Format]) -> Format:
    """The format of this name; ``voc`` for masks is VOC's layout of them."""
    if format not in FORMATS:
        raise _unknown(format)
    if kind == "masks" and format == "voc":
        return "masks"
    for known in possible:
        if known == format:
            return known
    raise UsageError(
        f'"{format}" holds no {_SAID[kind][0]}',
        place="format",
        remedy=f"use {' or '.join(possible)}",
    )


def _unknown(format: str) -> UsageError:
    return UsageError(
        f'there is no format "{format}"',
        place="format",
        remedy=did_you_mean(format, FORMATS) or f"known are {', '.join(FORMATS)}",
    )
