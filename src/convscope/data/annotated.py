"""Images with what is known about them: objects in boxes, regions as masks, captions.

One type for all that the applications learn from, made scenes and people's own data.  A
split holds what it has and ``None`` for the rest; ``require`` says what a task misses.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convscope.data.images import Skipped, mean_and_deviation
from convscope.errors import DataError

__all__ = [
    "VOID",
    "Annotated",
    "Kind",
    "Objects",
    "Split",
    "fingerprint_of_annotated",
    "pixel_statistics",
    "require",
]

VOID = 255
"""In a mask: nobody says what is here; ignored in loss and metrics."""

Kind = Literal["objects", "masks", "captions"]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The objects of one image.

    ``boxes`` is N×4, float32: left, top, right, bottom in pixels, measured at the edges, so
    that a box over the whole image is 0, 0, width, height and right − left is its width;
    ``labels`` are N classes by number, and ``difficult`` marks those that are neither
    required nor punished.  Raises DataError where the three do not fit together.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    difficult: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.boxes.shape != (count, 4) or self.difficult.shape != (count,):
            raise DataError(
                f"{count} labels need as many boxes of four numbers, not {self.boxes.shape}, "
                f"and as many marks, not {self.difficult.shape}"
            )

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A part of the data: images, and for each of them what is known.

    ``images`` are uint8, each C×H×W and of its own size, or one array N×C×H×W where they
    are all of one size; a clip is T×C×H×W.  ``names`` tell them apart, ``masks`` hold each
    pixel's region (H×W, VOID where nobody says), ``captions`` several sentences each.
    ``ids`` are what a COCO file calls the images, and ``full_sizes`` their (height, width),
    N×2, before larger ones were brought down: results for others are written with them.
    """

    names: tuple[str, ...]
    images: Sequence[Pixels] | Pixels
    objects: tuple[Objects, ...] | None = None
    masks: Sequence[Pixels] | Pixels | None = None
    captions: tuple[tuple[str, ...], ...] | None = None
    ids: tuple[int | str, ...] | None = None
    full_sizes: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for what, values in (
            ("ids", self.ids),
            ("full sizes", self.full_sizes),
            ("images", self.images),
            ("lists of objects", self.objects),
            ("masks", self.masks),
            ("lists of captions", self.captions),
        ):
            if values is not None and len(values) != len(self.names):
                raise DataError(f"{len(self.names)} names need as many {what}, not {len(values)}")

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<Split: {len(self):,} images with {', '.join(self.kinds) or 'nothing known'}>"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What is known about these images."""
        known: tuple[tuple[Kind, object], ...] = (
            ("objects", self.objects),
            ("masks", self.masks),
            ("captions", self.captions),
        )
        return tuple(kind for kind, values in known if values is not None)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(height, width) of each image: N×2."""
        return np.array([image.shape[-2:] for image in self.images], np.int64).reshape(-1, 2)

    def part(self, indices: Sequence[int] | NDArray[np.integer]) -> Split:
        """Only these images, in this order; those of one size are copied as one array."""
        chosen = [int(index) for index in indices]

        def taken(values: Sequence[Pixels] | Pixels) -> Sequence[Pixels] | Pixels:
            if isinstance(values, np.ndarray):
                return values[np.array(chosen, np.int64)]
            return [values[index] for index in chosen]

        return Split(
            names=tuple(self.names[index] for index in chosen),
            images=taken(self.images),
            objects=self.objects and tuple(self.objects[index] for index in chosen),
            masks=None if self.masks is None else taken(self.masks),
            captions=self.captions and tuple(self.captions[index] for index in chosen),
            ids=self.ids and tuple(self.ids[index] for index in chosen),
            full_sizes=None if self.full_sizes is None else self.full_sizes[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """Training, validation and test images with what is known about them.

    ``classes`` are the objects' classes, ``regions`` what the values 0, 1, … of a mask
    mean; ``place`` is where the data were found and ``source`` what gives them again.
    ``validation`` is for choosing; the test part is read once.  ``category_ids`` are the
    numbers of the classes in a COCO file, where the data come out of one.
    """

    name: str
    place: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    regions: tuple[str, ...]
    channels: int
    fingerprint: str
    source: str
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    category_ids: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        return (
            f"<Annotated {self.name}: {len(self.train):,} + {len(self.validation):,} + "
            f"{len(self.test):,} images with {', '.join(self.train.kinds)}>"
        )

    def split(self, name: str) -> Split:
        """``train``, ``validation`` or ``test``."""
        if name not in ("train", "validation", "test"):
            raise DataError(f'there is no split "{name}"', remedy="give train, validation or test")
        found: Split = getattr(self, name)
        return found


_MISSING: dict[Kind, tuple[str, str]] = {
    "objects": ("boxes", "Pascal VOC or COCO annotations"),
    "masks": ("masks", "index masks, or COCO annotations with segmentations"),
    "captions": ("captions", "a file of captions, as Flickr8k has it"),
}


def require(data: Annotated, kind: Kind) -> None:
    """DataError unless every split has this kind of annotation, and there are images."""
    for name in ("train", "validation", "test"):
        part = data.split(name)
        if kind not in part.kinds:
            what, remedy = _MISSING[kind]
            raise DataError(
                f"these images come without {what}",
                place=f"{data.place}, {name}",
                remedy=f"give {remedy}",
            )
    if not len(data.train):
        raise DataError("there are no images to learn from", place=data.place)


def pixel_statistics(split: Split) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over all images, where 255 is 1.

    σ² = Σx²/n − (Σx/n)², over whole numbers: the same on every machine.
    """
    if not len(split):
        raise DataError("no images: there is no mean of nothing")
    if isinstance(split.images, np.ndarray):
        return mean_and_deviation(split.images.reshape(-1, *split.images.shape[-3:]))
    channels = split.images[0].shape[-3]
    total, squares = np.zeros(channels, np.uint64), np.zeros(channels, np.uint64)
    for image in split.images:
        flat = np.moveaxis(image, -3, 0).reshape(channels, -1).astype(np.uint32)
        total += flat.sum(1, dtype=np.uint64)
        squares += (flat * flat).sum(1, dtype=np.uint64)
    count = sum(image.size for image in split.images) // channels
    means, deviations = [], []
    for one, two in zip(total.tolist(), squares.tolist(), strict=True):
        means.append(one / count / 255)
        deviations.append(math.sqrt((count * two - one**2) / count**2) / 255)
    return tuple(means), tuple(deviations)


def fingerprint_of_annotated(parts: Sequence[Split], classes: Sequence[str]) -> str:
    """SHA-256 over names, classes, all pixels and all that is known about them."""
    digest = hashlib.sha256(json.dumps(list(classes)).encode())
    for part in parts:
        digest.update(json.dumps([len(part), *part.names]).encode())
        _update(digest.update, part)
    return digest.hexdigest()


def _update(update: Callable[[bytes], None], part: Split) -> None:
    for image in part.images:
        update(json.dumps(image.shape).encode())
        update(np.ascontiguousarray(image).tobytes())
    for objects in part.objects or ():
        update(np.ascontiguousarray(objects.boxes, "<f4").tobytes())
        update(np.ascontiguousarray(objects.labels, "<i8").tobytes())
        update(np.ascontiguousarray(objects.difficult, bool).tobytes())
    for mask in () if part.masks is None else part.masks:
        update(np.ascontiguousarray(mask).tobytes())
    for captions in part.captions or ():
        update(json.dumps(captions).encode())
