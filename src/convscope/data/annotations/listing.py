"""What every format's reader comes to: images with what is said of them, and the faults.

A file that cannot be used makes no item: it stands among the faults, with all reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import Kind, Objects
from convscope.data.annotations.files import Files
from convscope.data.annotations.parts import Part
from convscope.data.images import Skipped
from convscope.data.opening import SUFFIXES
from convscope.errors import DataError

__all__ = ["FORMATS", "Format", "Item", "Listing", "MaskSource", "Place", "class_names"]

Format = Literal["voc", "coco", "masks", "captions"]
FORMATS: tuple[Format, ...] = get_args(Format)

_LARGEST_LIST = 1 << 20


class MaskSource(Protocol):
    """Whence the mask of one image comes."""

    def read(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """H×W for an image of (height, width); DataError says what is wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One image: its name, its path from the root, and what is said of it.

    The name tells it apart within its part.  ``place`` is the file (and the entry of it) to
    mend, ``size`` the (height, width) that the annotation declares, if it does.  A clip has
    the paths of all its ``frames``, of which ``image`` is the first.  ``id`` is COCO's.
    """

    name: str
    image: str
    place: str
    size: tuple[int, int] | None = None
    objects: Objects | None = None
    mask: MaskSource | None = None
    captions: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    id: int | str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What one format says of a folder.

    ``items`` are the images that can be used, each under a key of its own; ``parts`` the
    keys of all images, faulty ones too, by the part that is told (None: of these nothing
    is).
    """

    format: Format
    kind: Kind
    items: Mapping[str, Item]
    parts: Mapping[Part | None, tuple[str, ...]]
    classes: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    category_ids: tuple[int, ...] | None = None
    faults: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """The files below the folder of the images, and those that hold the annotations.

    The two are the same unless the annotations were said to lie elsewhere.
    """

    images: Files
    annotations: Files

    @property
    def chosen(self) -> bool:
        """Whether it was said where the annotations lie."""
        return self.annotations is not self.images

    def shown(self, path: str) -> str:
        """How an annotation file is called in a message."""
        return str(self.annotations.root / path) if self.chosen else path

    def images_below(self, *folders: str) -> list[str]:
        """The images below the first of these folders that holds any; else all images."""
        for folder in folders:
            found = self.images.below(folder, *SUFFIXES)
            if found:
                return found
        return self.images.below("", *SUFFIXES)


def class_names(place: Place, base: str = "") -> tuple[str, ...]:
    """The lines of ``classes.txt``, in the folder ``base`` or in the root; else nothing."""
    prefixes = [f"{base}/", ""] if base else [""]
    paths = [f"{prefix}classes.txt" for prefix in prefixes]
    for files in (place.annotations, place.images):
        for path in paths:
            if path in files:
                return _names_of(files.read_text(path, _LARGEST_LIST), path)
    return ()


def _names_of(text: str, path: str) -> tuple[str, ...]:
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"names {', '.join(twice[:5])} twice", place=path)
    if not names:
        raise DataError("names no class", place=path, remedy="write one name a line")
    return names
