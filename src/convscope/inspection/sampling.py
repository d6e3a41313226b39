"""Which images something is measured on: some of a subject's own, drawn with a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.errors import UsageError
from convscope.inspection.subject import Subject
from convscope.training.task import PIXELS_AT_ONCE

__all__ = ["Sample", "batches", "draw_sample"]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Images of a subject: their numbers, ascending, their pixels, their labels if known."""

    numbers: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.numbers)


def draw_sample(subject: Subject, count: int, seed: int) -> Sample:
    """``count`` of the subject's images, or all if it has no more; each at most once."""
    if count < 1:
        raise UsageError(f"{count} images are asked for", remedy="ask for one or more")
    there = len(subject.images)
    if there == 0:
        raise UsageError(f"{subject.name} has no images", remedy="give some with data")
    draw = np.random.default_rng(seed)
    numbers = np.sort(draw.choice(there, min(count, there), replace=False)).astype(np.int64)
    labels = subject.labels[numbers] if len(subject.labels) else None
    return Sample(numbers, np.asarray(subject.images)[numbers], labels)


def batches(pixels: NDArray[np.uint8]) -> Iterator[slice]:
    """Slices of so many images as fit the processor's cache."""
    step = max(1, PIXELS_AT_ONCE // (pixels.shape[2] * pixels.shape[3]))
    for start in range(0, len(pixels), step):
        yield slice(start, min(start + step, len(pixels)))
