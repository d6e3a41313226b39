"""Pascal VOC (Everingham et al., 2010): an XML file an image, boxes of named classes.

``Annotations/*.xml``, ``JPEGImages/*``, and lists of names in ``ImageSets/Main``; or XML
files beside their images, in folders train, valid and test or without any.

VOC counts pixels from 1, and both ends belong to the box: 1 … W is the whole width.  Many
tools write edges instead, 0 … W.  The edges here are left = max(0, xmin − 1) and right =
xmax, so that either way a box that touches the border touches it (as Detectron2 reads
VOC).  xmax ≤ xmin is a box of no size to everybody but VOC itself, to whom it is one pixel
wide: it is refused.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np

from convscope.data.annotated import Objects
from convscope.data.annotations.files import Pictures, shortened, stem_of
from convscope.data.annotations.image_sets import Told, read_sets
from convscope.data.annotations.listing import Item, Listing, Place, class_names
from convscope.data.annotations.parts import Part, part_of_path
from convscope.data.annotations.voc_files import VocFiles, voc_files
from convscope.data.images import Skipped
from convscope.errors import DataError, did_you_mean

__all__ = ["VocFile", "VocObject", "parse_voc", "read_voc"]

_LARGEST_FILE = 16 << 20
_LARGEST_NUMBER = 1e7


@dataclass(frozen=True, slots=True)
class VocObject:
    """An object as a file has it: class, (left, top, right, bottom) at the edges, difficult."""

    name: str
    edges: tuple[float, float, float, float]
    difficult: bool


@dataclass(frozen=True, slots=True)
class VocFile:
    """A file: what image it says it is of, (height, width) unless 0, and its objects."""

    filename: str
    size: tuple[int, int] | None
    objects: tuple[VocObject, ...]


def parse_voc(content: bytes) -> VocFile:
    """The content of an XML file; DataError holds everything that is wrong with it."""
    root = _tree(content)
    if root.tag != "annotation":
        raise DataError(f"is no Pascal VOC annotation: its root is <{shortened(root.tag)}>")
    objects, reasons = [], []
    for number, element in enumerate(root.findall("object"), 1):
        try:
            objects.append(_object(element))
        except DataError as problem:
            name = shortened((element.findtext("name") or "").strip())
            reasons.append(f"object {number}{f' ({name})' if name else ''}: {problem.problem}")
    size = _size(root, reasons)
    if reasons:
        raise DataError("; ".join(reasons))
    return VocFile((root.findtext("filename") or "").strip(), size, tuple(objects))


def read_voc(place: Place) -> Listing:
    """All XML files with their images; classes are the names in the files, sorted.

    A ``classes.txt`` (one name a line) sets their order, and other names are faults.
    """
    files = voc_files(place)
    known = class_names(place, files.base)
    folders = (files.beside("JPEGImages"), files.beside("images"), files.base)
    pictures = Pictures(place.images_below(*folders))
    read: dict[str, tuple[VocFile, Item]] = {}
    faults: list[Skipped] = []
    taken: dict[str, str] = {}
    for path in files.paths:
        name = files.name(path)
        try:
            file = parse_voc(place.annotations.read(path, _LARGEST_FILE))
            _refuse_unknown(file, known)
            image = _image_of(file, path, pictures)
            if image in taken:
                raise DataError(f'its image "{image}" belongs to {taken[image]} already')
            taken[image] = place.shown(path)
            read[name] = (file, Item(name, image, place.shown(path), file.size))
        except DataError as problem:
            faults.append(Skipped(place.shown(path), problem.problem))
    found = {thing.name for file, _ in read.values() for thing in file.objects}
    classes = known or tuple(sorted(found))
    items = {name: _with_objects(file, item, classes) for name, (file, item) in read.items()}
    parts, more, notes = _parts(place, files)
    return Listing(
        "voc",
        "objects",
        items,
        parts,
        classes,
        faults=(*faults, *more),
        notes=(*notes, *_alike(classes)),
    )


class _Builder(ElementTree.TreeBuilder):
    """Refuses a DOCTYPE before it is read: entities can make gigabytes of a few lines."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise DataError("holds a DOCTYPE, which no annotation needs")


def _tree(content: bytes) -> ElementTree.Element:
    if not content.strip():
        raise DataError("is empty")
    try:
        return ElementTree.XML(content, ElementTree.XMLParser(target=_Builder()))
    except (ElementTree.ParseError, LookupError, ValueError) as problem:  # or its encoding
        raise DataError(f"is damaged ({problem})") from problem


def _object(element: ElementTree.Element) -> VocObject:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise DataError("has no name")
    box = element.find("bndbox")
    if box is None:
        raise DataError("has no bndbox")
    left, top, right, bottom = (_number(box, key) for key in ("xmin", "ymin", "xmax", "ymax"))
    reasons = [
        f"{low} {first:g} and {high} {last:g} leave no {side}"
        for low, high, side, first, last in (
            ("xmin", "xmax", "width", left, right),
            ("ymin", "ymax", "height", top, bottom),
        )
        if last <= first
    ]
    reasons += [
        f"{key} is {value:g}" for key, value in (("xmin", left), ("ymin", top)) if value < 0
    ]
    if reasons:
        raise DataError(", ".join(reasons))
    difficult = (element.findtext("difficult") or "0").strip().lower() in ("1", "true")
    return VocObject(name, (max(0.0, left - 1), max(0.0, top - 1), right, bottom), difficult)


def _number(parent: ElementTree.Element, key: str) -> float:
    text = (parent.findtext(key) or "").strip()
    if not text:
        raise DataError(f"has no {key}")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= _LARGEST_NUMBER:  # not a number neither
        raise DataError(f'{key} is no number of pixels ("{shortened(text)}")')
    return value


def _size(root: ElementTree.Element, reasons: list[str]) -> tuple[int, int] | None:
    """(height, width); None where nothing is said, or 0, as some tools write."""
    size = root.find("size")
    if size is None:
        return None
    try:
        width, height = _number(size, "width"), _number(size, "height")
    except DataError as problem:
        reasons.append(f"size: {problem.problem}")
        return None
    return (int(height), int(width)) if height > 0 and width > 0 else None


def _refuse_unknown(file: VocFile, known: tuple[str, ...]) -> None:
    unknown = Counter(thing.name for thing in file.objects if known and thing.name not in known)
    if unknown:
        names = ", ".join(f'"{shortened(name)}"' for name in sorted(unknown))
        hint = did_you_mean(min(unknown), known)
        said = f" ({hint})" if hint else ""
        raise DataError(f"classes.txt does not name the class {names}{said}")


def _image_of(file: VocFile, path: str, pictures: Pictures) -> str:
    """The image that is called like the XML file; else the one that the file names."""
    part = part_of_path(path) or ""
    found = pictures.of_stem(stem_of(path), path, part)
    if found is not None:
        return found
    return pictures.named(file.filename or f"{stem_of(path)}.jpg", path, part)


def _with_objects(file: VocFile, item: Item, classes: tuple[str, ...]) -> Item:
    numbers = {name: number for number, name in enumerate(classes)}
    objects = Objects(
        np.array([thing.edges for thing in file.objects], np.float32).reshape(-1, 4),
        np.array([numbers[thing.name] for thing in file.objects], np.int64),
        np.array([thing.difficult for thing in file.objects], bool),
    )
    return Item(item.name, item.image, item.place, item.size, objects)


def _parts(place: Place, files: VocFiles) -> Told:
    """By ImageSets/Main; else by folders such as train and valid."""
    names = [files.name(path) for path in files.paths]
    told = read_sets(place, files.beside("ImageSets/Main"), names, "annotation file")
    if told is not None:
        return told
    parts: dict[Part | None, list[str]] = {}
    for name, path in zip(names, files.paths, strict=True):
        parts.setdefault(part_of_path(path), []).append(name)
    return {part: tuple(inside) for part, inside in parts.items()}, [], []


def _alike(classes: tuple[str, ...]) -> list[str]:
    """A note where two classes differ in capitals or spaces alone: often one misspelt."""
    groups: dict[str, list[str]] = {}
    for name in classes:
        groups.setdefault("".join(name.lower().split()), []).append(name)
    alike = [group for group in groups.values() if len(group) > 1]
    return [f"classes that differ in capitals alone: {', '.join(group)}" for group in alike]
