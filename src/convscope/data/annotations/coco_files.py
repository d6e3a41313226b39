"""The JSON files of COCO's kind in a folder: which they are, and their three lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convscope.data.annotated import Kind
from convscope.data.annotations.json_shapes import decoded, records_in, text_in, whole_in
from convscope.data.annotations.listing import Place
from convscope.data.annotations.parts import Part, part_in_name, part_of_path
from convscope.errors import DataError

__all__ = [
    "LARGEST_JSON",
    "Document",
    "categories_of",
    "coco_files",
    "document_of",
    "has_segmentations",
    "refuse_double_parts",
]

LARGEST_JSON = 2 << 30
_FILLED = re.compile(rb'"segmentation"\s*:\s*(?:\{|\[\s*[^\]\s])')
_MARKS: dict[Kind, tuple[bytes, ...]] = {
    "objects": (b'"annotations"', b'"categories"', b'"bbox"'),
    "masks": (b'"annotations"', b'"categories"', b'"segmentation"'),
    "captions": (b'"annotations"', b'"caption"'),
}


def coco_files(place: Place, kind: Kind) -> list[str]:
    """The JSON files that hold such annotations; where some are called instances, only those."""
    found = [
        path
        for path in place.annotations.below("", ".json")
        if _holds(place, path, (b'"images"', *_MARKS[kind]))
    ]
    prefix = "captions" if kind == "captions" else "instances"
    named = [path for path in found if path.rpartition("/")[2].lower().startswith(prefix)]
    return named or found


def has_segmentations(place: Place) -> bool:
    """Whether any object comes with its pixels: many files have empty lists throughout."""
    return any(
        _FILLED.search(place.annotations.read(path, LARGEST_JSON))
        for path in coco_files(place, "masks")
    )


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    path: str
    shown: str
    part: Part | None
    images: list[Mapping[str, Any]]
    annotations: list[Mapping[str, Any]]
    categories: list[Mapping[str, Any]]


def document_of(place: Place, path: str, kind: Kind) -> Document:
    shown = place.shown(path)
    record = decoded(place.annotations.read(path, LARGEST_JSON), shown)
    return Document(
        path,
        shown,
        part_in_name(path.rpartition("/")[2]) or part_of_path(path),
        records_in(record, "images", shown),
        records_in(record, "annotations", shown),
        [] if kind == "captions" else records_in(record, "categories", shown),
    )


def categories_of(documents: list[Document]) -> tuple[dict[int, int], tuple[str, ...]]:
    """The number of each category's id, and the names in the order of ids."""
    names: dict[int, str] = {}
    for document in documents:
        for index, record in enumerate(document.categories):
            try:
                identity, name = whole_in(record, "id"), text_in(record, "name")
            except DataError as problem:
                raise DataError(
                    f"categories[{index}]: {problem.problem}", place=document.shown
                ) from problem
            if names.setdefault(identity, name) != name:
                raise DataError(
                    f'the category {identity} is "{name}" and "{names[identity]}"',
                    place=document.shown,
                    remedy="the same ids and names are needed in all files",
                )
    twice = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
    if twice:
        said = f"several categories are called {', '.join(twice)}"
        raise DataError(said, place=documents[0].shown)
    order = sorted(names)
    return {identity: number for number, identity in enumerate(order)}, tuple(
        names[identity] for identity in order
    )


def refuse_double_parts(documents: list[Document], place: Place) -> None:
    """DataError where two files say to be for the same part."""
    seen: dict[Part | None, str] = {}
    for document in documents:
        if document.part in seen:
            raise DataError(
                f"{seen[document.part]} and {document.shown} are both for "
                f"{document.part or 'all images'}",
                place=str(place.images.root),
                remedy="say which with --annotations FILE",
            )
        seen[document.part] = document.shown


def _holds(place: Place, path: str, marks: tuple[bytes, ...]) -> bool:
    try:
        content = place.annotations.read(path, LARGEST_JSON)
    except DataError:
        return False
    return all(mark in content for mark in marks)
