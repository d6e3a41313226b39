"""COCO's JSON (Lin et al., 2014): images, annotations with boxes and pixels, or captions.

One file for each part (``instances_train2017.json``, ``train/_annotations.coco.json``) or
one for all.  A box is x, y, width, height at the edges; ``iscrowd`` becomes difficult.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from convscope.data.annotated import VOID, Kind, Objects
from convscope.data.annotations.coco_files import (
    Document,
    categories_of,
    coco_files,
    document_of,
    refuse_double_parts,
)
from convscope.data.annotations.files import Pictures, shortened
from convscope.data.annotations.json_shapes import (
    number_in,
    text_in,
    whole_in,
)
from convscope.data.annotations.listing import Item, Listing, Place
from convscope.data.annotations.parts import Part
from convscope.data.annotations.segmentations import Painted, Region
from convscope.data.images import Skipped
from convscope.data.opening import SUFFIXES
from convscope.errors import DataError

__all__ = ["read_coco"]

_BACKGROUND = "background"
_LARGEST_REGION = VOID - 1


def read_coco(place: Place, kind: Kind) -> Listing:
    """All files together; classes are the categories, in the order of their ids."""
    paths = coco_files(place, kind)
    if not paths and place.chosen:  # what was said to be it tells what is wrong with it
        paths = place.annotations.below("", ".json")
    if not paths:
        raise DataError("no JSON file holds such annotations", place=str(place.annotations.root))
    documents = [document_of(place, path, kind) for path in paths]
    refuse_double_parts(documents, place)
    numbers, classes = ({}, ()) if kind == "captions" else categories_of(documents)
    regions = _regions(classes) if kind == "masks" else ()
    pictures = Pictures(place.images.below("", *SUFFIXES))
    reading = _Reading(kind, numbers, classes, regions, pictures)
    for document in documents:
        reading.add(document)
    return Listing(
        "coco",
        kind,
        reading.items,
        {part: tuple(keys) for part, keys in reading.parts.items()},
        classes=classes if kind == "objects" else (),
        regions=regions,
        category_ids=tuple(numbers) if kind == "objects" else None,
        faults=tuple(reading.faults),
    )


class _Reading:
    """Turns the images of documents into items, and gathers what is wrong."""

    def __init__(
        self,
        kind: Kind,
        numbers: Mapping[int, int],
        classes: tuple[str, ...],
        regions: tuple[str, ...],
        pictures: Pictures,
    ) -> None:
        self._kind, self._numbers, self._classes = kind, numbers, classes
        self._regions, self._pictures = regions, pictures
        self.items: dict[str, Item] = {}
        self.parts: dict[Part | None, list[str]] = {}
        self.faults: list[Skipped] = []

    def add(self, document: Document) -> None:
        """All images of one file."""
        said = self._by_image(document)
        ids = Counter(_id_of(record) for record in document.images)
        for index, record in enumerate(document.images):
            where = f"{document.shown}, images[{index}]"
            try:
                name = text_in(record, "file_name")
                where = f"{document.shown}, image {_identity(record)} ({shortened(name)})"
                annotations = said.pop(_identity(record), [])
                if ids[_identity(record)] > 1:
                    raise DataError("its id belongs to several images")
                item = self._item(name, where, record, annotations, document)
                if item.image in self.items:
                    raise DataError(f"its image belongs to {self.items[item.image].place} already")
                self.items[item.image] = item
                self.parts.setdefault(document.part, []).append(item.image)
            except DataError as problem:
                self.faults.append(Skipped(where, problem.problem))
                self.parts.setdefault(document.part, []).append(where)
        self.faults += [
            Skipped(
                f"{document.shown}, annotation {_id_of(annotation)}",
                f"belongs to the image {_id_of(annotation, 'image_id')}, which is not listed",
            )
            for left in said.values()
            for annotation in left
        ]

    def _by_image(self, document: Document) -> dict[int | str, list[Mapping[str, Any]]]:
        said: dict[int | str, list[Mapping[str, Any]]] = {
            _id_of(record): [] for record in document.images
        }
        for annotation in document.annotations:
            said.setdefault(_id_of(annotation, "image_id"), []).append(annotation)
        return said

    def _item(
        self,
        name: str,
        where: str,
        record: Mapping[str, Any],
        annotations: list[Mapping[str, Any]],
        document: Document,
    ) -> Item:
        image = self._pictures.named(name, document.path, document.part or "")
        size, identity = None, _identity(record)
        if record.get("width") and record.get("height"):
            size = (whole_in(record, "height"), whole_in(record, "width"))
        if self._kind == "captions":
            captions = tuple(_each(annotations, lambda one: text_in(one, "caption")))
            if not captions:
                raise DataError("has no caption")
            return Item(name, image, where, size, captions=captions, id=identity)
        if self._kind == "masks":
            return Item(
                name, image, where, size, mask=Painted(tuple(_each(annotations, self._region)))
            )
        found = _each(annotations, self._box)
        objects = Objects(
            np.array([edges for edges, _, _ in found], np.float32).reshape(-1, 4),
            np.array([label for _, label, _ in found], np.int64),
            np.array([difficult for _, _, difficult in found], bool),
        )
        return Item(name, image, where, size, objects, id=identity)

    def _box(
        self, annotation: Mapping[str, Any]
    ) -> tuple[tuple[float, float, float, float], int, bool]:
        label = self._label(annotation)
        box = annotation.get("bbox")
        if not isinstance(box, list) or len(box) != 4:
            raise DataError("has no bbox of four numbers")
        x, y, width, height = (number_in(value) for value in box)
        if width <= 0 or height <= 0:
            raise DataError(f"its bbox is {width:g} wide and {height:g} high")
        return (x, y, x + width, y + height), label, _crowd(annotation)

    def _region(self, annotation: Mapping[str, Any]) -> Region:
        name = self._classes[self._label(annotation)]
        value = 0 if name.lower() == _BACKGROUND else self._regions.index(name)
        place = f"annotation {_id_of(annotation)} ({name})"
        return Region(value, annotation.get("segmentation"), _crowd(annotation), place)

    def _label(self, annotation: Mapping[str, Any]) -> int:
        identity = whole_in(annotation, "category_id")
        if identity not in self._numbers:
            raise DataError(f"its category {identity} is not listed")
        return self._numbers[identity]


def _each(annotations: list[Mapping[str, Any]], read: Any) -> list[Any]:
    """What ``read`` makes of each annotation; one DataError with all that is wrong."""
    found, reasons = [], []
    for annotation in annotations:
        try:
            found.append(read(annotation))
        except DataError as problem:
            reasons.append(f"annotation {_id_of(annotation)}: {problem.problem}")
    if reasons:
        raise DataError("; ".join(reasons))
    return found


def _regions(classes: tuple[str, ...]) -> tuple[str, ...]:
    regions = (_BACKGROUND, *(name for name in classes if name.lower() != _BACKGROUND))
    if len(regions) > _LARGEST_REGION + 1:
        raise DataError(f"{len(regions)} regions are more than a mask can tell apart")
    return regions


def _identity(record: Mapping[str, Any]) -> int | str:
    value = record.get("id")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DataError('its "id" is neither a whole number nor a text')
    return value


def _id_of(record: Mapping[str, Any], key: str = "id") -> int | str:
    """An id for messages and for looking up; whatever is none is written out."""
    value = record.get(key)
    return value if isinstance(value, int | str) else shortened(repr(value))


def _crowd(annotation: Mapping[str, Any]) -> bool:
    return annotation.get("iscrowd") in (1, True, "1")
