"""Labelled images in memory, in the order an epoch takes, split, and fingerprinted.

Everything that a training can use is ``ImageSet`` (pixels and labels) and ``Data``
(a training set, a test set, the names of the classes, and where it all came from).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.layers import Pair, Volume
from convscope.data.preprocessing import Fit
from convscope.errors import DataError, UsageError

__all__ = [
    "Data",
    "ImageSet",
    "Images",
    "Labels",
    "Skipped",
    "fingerprint_of",
    "mean_and_deviation",
    "order",
    "split",
    "split_indices",
]

Images = NDArray[np.uint8]
"""N×C×H×W, 0 to 255."""

Labels = NDArray[np.int64]
"""N whole numbers, each the index of a class."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Images of one size with a label each: ``images`` uint8 N×C×H×W, ``labels`` int64 N."""

    images: Images
    labels: Labels

    def __repr__(self) -> str:
        return f"<ImageSet: {len(self.labels):,} images>"

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise DataError(
                f"images must be uint8 in N×C×H×W, not {self.images.dtype} "
                f"in {self.images.ndim} dimensions"
            )
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            raise DataError(
                f"{len(self.images)} images need as many int64 labels, not "
                f"{self.labels.dtype} in the shape {self.labels.shape}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: NDArray[np.integer]) -> tuple[Images, Labels]:
        """The images and labels at ``indices``, always as new arrays."""
        chosen = np.asarray(indices)
        return np.asarray(self.images[chosen]), self.labels[chosen]


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """A training and a test set, and all that a run has to know about them.

    ``name`` is what it is called, ``place`` where it was found, ``kept`` the folder
    of the cache that holds it decoded (empty if none does), ``notes`` sentences
    about what was decided on the way (a size, a split), for a person to read, and
    ``dark_background`` whether grey images show light things on black, as found
    before any padding.
    """

    name: str
    place: str
    train: ImageSet
    test: ImageSet
    classes: tuple[str, ...]
    fingerprint: str
    fit: Fit
    size: Pair
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    dark_background: bool = False
    kept: str = ""

    def __repr__(self) -> str:
        return (
            f"<Data {self.name}: {len(self.train):,} + {len(self.test):,} images of {self.volume}>"
        )

    @property
    def channels(self) -> int:
        """1 for grey, 3 for red, green and blue."""
        return int(self.train.images.shape[1])

    @property
    def volume(self) -> Volume:
        """Height × width × channels of every image."""
        return Volume(self.size[0], self.size[1], self.channels)

    @property
    def source(self) -> str:
        """What to give to ``load_data`` to get the same again: a name, or a folder."""
        return self.place if Path(self.place).is_absolute() else self.name


def order(count: int, seed: int, epoch: int) -> Labels:
    """The order in which epoch ``epoch`` takes ``count`` images: a permutation of 0..count−1.

    A pure function of its arguments.  It sorts raw bits of PCG64, a stream that numpy
    keeps the same in all versions (NEP 19), which it does not promise of ``permutation``.
    """
    bits = np.random.PCG64(np.random.SeedSequence((seed, epoch))).random_raw(count)
    return np.argsort(bits, kind="stable").astype(np.int64, copy=False)


def split_indices(labels: Labels, fraction: float, seed: int) -> tuple[Labels, Labels]:
    """Indices of the images that stay, and of those held out: ``fraction`` of each class.

    Of every class that has two images or more, at least one is held out and one stays.
    """
    if not 0 < fraction < 1:
        raise UsageError(f"the fraction to hold out must be between 0 and 1, not {fraction}")
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(max(1, round(fraction * len(members))), len(members) - 1)
        held[members[order(len(members), seed, int(label))[:count]]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def split(images: ImageSet, fraction: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """(what stays, what is held out), ``fraction`` of each class, by ``seed``; copies."""
    stays, held = split_indices(images.labels, fraction, seed)
    return ImageSet(*images.batch(stays)), ImageSet(*images.batch(held))


def fingerprint_of(train: ImageSet, test: ImageSet, classes: Sequence[str]) -> str:
    """SHA-256 over the sizes, the names of the classes, all labels and all pixels."""
    head = {"classes": list(classes), "train": train.images.shape, "test": test.images.shape}
    digest = hashlib.sha256(json.dumps(head, ensure_ascii=True).encode())
    for part in (train, test):
        digest.update(part.labels.astype("<i8").tobytes())
        for start in range(0, len(part), 4096):
            digest.update(np.ascontiguousarray(part.images[start : start + 4096]).data)
    return digest.hexdigest()


def mean_and_deviation(images: Images) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, in units where 255 is 1.

    σ² = (n·Σx² − (Σx)²) / n², over whole numbers: exact, hence equal on every machine.
    """
    if len(images) == 0:
        raise DataError("no images: there is no mean of nothing")
    count = images.size // images.shape[1]
    means, deviations = [], []
    for channel in range(images.shape[1]):
        total = squares = 0
        for start in range(0, len(images), 512):  # small blocks stay in the processor's cache
            block = images[start : start + 512, channel].astype(np.uint16)
            total += int(block.sum(dtype=np.uint64))
            block *= block  # 255² is below 2¹⁶
            squares += int(block.sum(dtype=np.uint64))
        means.append(total / count / 255)
        deviations.append(sqrt((count * squares - total**2) / count**2) / 255)
    return tuple(means), tuple(deviations)
