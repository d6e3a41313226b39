"""How good answers of a segmenter are, from masks alone: no torch, no files.

A mask is H×W, uint8: the number of a region, or VOID where nobody says what is there.
Void pixels of the truth count nowhere, whatever is answered there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import VOID
from convscope.errors import DataError
from convscope.training.scores import confusion_matrix

__all__ = [
    "RegionScore",
    "SegmentationScores",
    "Tally",
    "boundary",
    "boundary_scores",
    "mask_confusion",
    "tolerance_of",
]

Masks = NDArray[np.uint8]

TOLERANCE = 0.0075
"""Of the image's diagonal: so far from each other boundaries still meet (Csurka et al. 2013)."""


@dataclass(frozen=True, slots=True)
class RegionScore:
    """One region: intersection over union, and how well its boundary is met, 0…1.

    ``iou`` is None where neither truth nor answers hold the region, ``boundary`` where
    neither has a boundary of it; such a region is in no mean.  ``pixels`` are those of the truth.
    """

    name: str
    iou: float | None
    boundary: float | None
    pixels: int


@dataclass(frozen=True, slots=True, eq=False)
class SegmentationScores:
    """The scores over ``images`` images.

    ``mean_iou`` and ``boundary_f`` are plain means over the regions that have one,
    ``pixel_accuracy`` is the part of all known pixels that is right; ``confusion`` counts
    pixels, true regions in rows, answers in columns.
    """

    regions: tuple[RegionScore, ...]
    mean_iou: float
    pixel_accuracy: float
    boundary_f: float
    confusion: NDArray[np.int64]
    images: int

    @property
    def pixels(self) -> int:
        """How many pixels were judged: all that are not void."""
        return int(self.confusion.sum())

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "images": self.images,
            "pixels": self.pixels,
            "mean_iou": self.mean_iou,
            "pixel_accuracy": self.pixel_accuracy,
            "boundary_f": self.boundary_f,
            "regions": [
                {"name": r.name, "iou": r.iou, "boundary": r.boundary, "pixels": r.pixels}
                for r in self.regions
            ],
            "confusion": self.confusion.tolist(),
        }


class Tally:
    """Counts batch by batch, so that masks of all images need not be held at once."""

    def __init__(self, regions: tuple[str, ...], *, boundaries: bool = True) -> None:
        """Boundaries take most of the time: without them ``boundary_f`` stays 0."""
        self._regions = regions
        self._boundaries = boundaries
        self._confusion = np.zeros((len(regions), len(regions)), np.int64)
        self._boundary = np.zeros(len(regions))
        self._with_boundary = np.zeros(len(regions), np.int64)
        self._images = 0

    def add(self, true: Masks, predicted: Masks) -> None:
        """Judges a batch, N×H×W each."""
        count = len(self._regions)
        self._confusion += mask_confusion(true, predicted, count)
        self._images += len(true)
        if self._boundaries:
            found = boundary_scores(true, predicted, count)
            there = ~np.isnan(found)
            self._boundary += np.where(there, found, 0).sum(0)
            self._with_boundary += there.sum(0)

    def scores(self) -> SegmentationScores:
        """What came of all batches so far."""
        matrix = self._confusion
        right, pixels = matrix.diagonal(), matrix.sum(1)
        union = pixels + matrix.sum(0) - right
        ious = [_part(*pair) for pair in zip(right.tolist(), union.tolist(), strict=True)]
        bounds = [
            _part(*pair)
            for pair in zip(self._boundary.tolist(), self._with_boundary.tolist(), strict=True)
        ]
        return SegmentationScores(
            regions=tuple(
                RegionScore(name, iou, bound, count)
                for name, iou, bound, count in zip(
                    self._regions, ious, bounds, pixels.tolist(), strict=True
                )
            ),
            mean_iou=_mean(ious),
            pixel_accuracy=_part(int(right.sum()), int(matrix.sum())) or 0.0,
            boundary_f=_mean(bounds),
            confusion=matrix.copy(),
            images=self._images,
        )


def mask_confusion(true: Masks, predicted: Masks, regions: int) -> NDArray[np.int64]:
    """How many pixels of region ``row`` were called region ``column``; void ones nowhere.

    DataError where the masks do not fit together, or hold a region that is none.
    """
    if true.shape != predicted.shape:
        raise DataError(f"masks of {true.shape} cannot be judged by masks of {predicted.shape}")
    known = true != VOID
    rows, columns = true[known].astype(np.int64), predicted[known].astype(np.int64)
    for what, values in (("the truth", rows), ("the answers", columns)):
        if values.size and values.max() >= regions:
            raise DataError(
                f"{what} hold the index {values.max()}, and there are {regions} regions",
                remedy=f"give masks of 0…{regions - 1}, or {VOID} for void",
            )
    return confusion_matrix(rows, columns, regions)


def tolerance_of(height: int, width: int) -> int:
    """⌈0.0075 · diagonal⌉ pixels: 2 for 128×128."""
    return math.ceil(TOLERANCE * math.hypot(height, width))


def boundary(masks: Masks, region: int) -> NDArray[np.bool_]:
    """The region's pixels of which one above, below, left or right is of another region.

    N×H×W → the same.  The image's border is no boundary, and neither is that of void.
    """
    own, other = masks == region, (masks != region) & (masks != VOID)
    beside = np.zeros_like(own)
    beside[:, 1:] |= other[:, :-1]
    beside[:, :-1] |= other[:, 1:]
    beside[:, :, 1:] |= other[:, :, :-1]
    beside[:, :, :-1] |= other[:, :, 1:]
    found: NDArray[np.bool_] = own & beside
    return found


def boundary_scores(true: Masks, predicted: Masks, regions: int) -> NDArray[np.float64]:
    """The boundary F-score of each image and region: N×regions (Csurka et al. 2013).

    2·precision·recall/(precision + recall): precision is the part of the answer's boundary
    that lies at most ``tolerance_of`` pixels from the true one, recall the other way round.
    0 where only one of the two has a boundary, NaN where neither has.
    """
    # What is answered where the truth is void makes no boundary.
    answers = np.where(true == VOID, np.uint8(VOID), predicted)
    reach = tolerance_of(*true.shape[1:])
    scores = np.full((len(true), regions), np.nan)
    for region in range(regions):
        ours, theirs = boundary(true, region), boundary(answers, region)
        if not ours.any() and not theirs.any():
            continue
        recall = _met(ours, _widened(theirs, reach))
        precision = _met(theirs, _widened(ours, reach))
        total = precision + recall
        found = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
        there = ours.any((1, 2)) | theirs.any((1, 2))
        scores[there, region] = found[there]
    return scores


def _met(edges: NDArray[np.bool_], near: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of each image's edge pixels the part that lies near; 0 where there are none."""
    count = edges.sum((1, 2))
    return np.asarray((edges & near).sum((1, 2)) / np.maximum(count, 1), np.float64)


def _widened(edges: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """All pixels at most ``reach`` (Euclidean) from an edge pixel of the same image."""
    height, width = edges.shape[1:]
    padded = np.pad(edges, ((0, 0), (reach, reach), (reach, reach)))
    near = np.zeros_like(edges)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if down**2 + right**2 <= reach**2:
                top, left = reach + down, reach + right
                near |= padded[:, top : top + height, left : left + width]
    return near


def _part(value: float, whole: float) -> float | None:
    return value / whole if whole else None


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
