"""Garments to put into scenes: pictures of Fashion-MNIST, and where in them the garment is.

A silhouette is what is brighter than a low threshold, its gaps closed and its holes filled,
without specks.  It is made from the picture by this rule and was drawn by nobody: dark
parts of a garment may lie outside it.  Masks made from silhouettes are pseudo-labels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from convscope.data.annotations.parts import PARTS, Part
from convscope.data.images import ImageSet, split_indices
from convscope.data.mini import load_mini
from convscope.data.progress import Tell
from convscope.errors import DataError, UsageError, did_you_mean

__all__ = ["CLASSES", "SIDE", "SOURCES", "Garments", "load_garments", "silhouettes"]


SOURCES = ("fashion-mnist", "fashion-mini")
SIDE = 28
"""Height and width of a garment's picture."""

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_BRIGHTER_THAN = 10
_SPECK = 12
"""Pixels: what is smaller and stands apart is no part of a garment."""
_VALIDATION_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Garments:
    """The garments that one part of the scenes may use: ``images`` N×1×28×28 uint8."""

    source: str
    fingerprint: str
    images: NDArray[np.uint8] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    members: NDArray[np.int64] = field(repr=False)
    """Indices of the images that this part may use."""

    @cached_property
    def of_class(self) -> tuple[list[int], ...]:
        """The members of each class, in their order."""
        labels = self.labels[self.members]
        return tuple(self.members[labels == label].tolist() for label in range(len(CLASSES)))


def load_garments(
    part: Part, source: str | None = None, *, progress: Tell | None = None
) -> Garments:
    """The garments of a part: the test set's for ``test``, else a tenth or the rest of the other.

    ``source`` is fashion-mnist or fashion-mini; by default the first, where it is on this
    machine (nothing is downloaded), else the second, which is in the package.
    """
    if part not in PARTS:
        raise UsageError(
            f'there is no part "{part}"',
            remedy=did_you_mean(str(part), PARTS) or f"known are {', '.join(PARTS)}",
        )
    name, fingerprint, train, test = _sets(source, progress)
    if part == "test":
        return Garments(name, fingerprint, test.images, test.labels, np.arange(len(test)))
    stays, held = split_indices(train.labels, _VALIDATION_SHARE, 0)
    members = held if part == "validation" else stays
    return Garments(name, fingerprint, train.images, train.labels, members)


def _sets(source: str | None, progress: Tell | None) -> tuple[str, str, ImageSet, ImageSet]:
    from convscope.data.fashion_mnist import load_fashion_mnist

    if source not in (None, *SOURCES):
        raise UsageError(
            f'scenes cannot be made of "{source}"',
            remedy=did_you_mean(str(source), SOURCES) or f"known are {', '.join(SOURCES)}",
        )
    if source != "fashion-mini":
        try:
            data = load_fashion_mnist(offline=True, progress=progress)
            return data.name, data.fingerprint, data.train, data.test
        except DataError:
            if source is not None:
                raise
    data = load_mini()
    return data.name, data.fingerprint, data.train, data.test


def silhouettes(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the garment is in each picture: N×28×28 → N×28×28, true inside."""
    # a border of two pixels: closing needs room, and what is outside must hang together
    padded = np.pad(images > _BRIGHTER_THAN, ((0, 0), (2, 2), (2, 2)))
    closed = ~_grown_down(~_grown_down(padded))
    outside, _ = ndimage.label(~closed, _within_images(square=False))
    background = outside[:, :1, :1]  # the corner is outside in every picture
    filled = outside != background
    parts, _ = ndimage.label(filled, _within_images(square=True))
    sizes = np.bincount(parts.ravel())
    kept = (sizes >= _SPECK)[parts] & filled
    return np.ascontiguousarray(kept[:, 2:-2, 2:-2])


def _within_images(*, square: bool) -> NDArray[np.int64]:
    """Neighbours in the same picture, never in the one before or after."""
    structure = np.zeros((3, 3, 3), np.int64)
    structure[1] = ndimage.generate_binary_structure(2, 2 if square else 1)
    return structure


def _grown_down(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the pixels above and below of every pixel."""
    grown = masks.copy()
    grown[:, 1:] |= masks[:, :-1]
    grown[:, :-1] |= masks[:, 1:]
    return grown
