"""Which detections take which objects: the greedy matching of COCO's evaluation.

In an image and class the surest detection comes first and takes the object that it overlaps
most.  COCOeval walks over images, classes, thresholds, detections and objects (Lin et al.,
2014); here one step per rank of a detection serves all images, classes and thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.applications.detection.detections import Detections
from convscope.data.annotated import Objects
from convscope.errors import UsageError

__all__ = ["Answers", "Flags", "Floats", "Indices", "Required", "matched", "ranked", "required"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

_AT_ONCE = 1 << 20
"""Overlaps held at once, thresholds included."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Detections of all images, by group (an image and a class), the surest first."""

    boxes: Floats
    label: Indices
    group: Indices
    score: Floats
    rank: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Required:
    """Objects of all images, by group, in the order in which they were given."""

    boxes: Floats
    label: Indices
    group: Indices
    difficult: Flags


def ranked(found: Sequence[Detections], classes: int, most: int) -> Answers:
    """Detections by group, of each the ``most`` surest; of equals, the first that was given."""
    boxes, label, image = _joined([each.boxes for each in found], [each.labels for each in found])
    score = np.concatenate([np.zeros(0), *(each.scores for each in found)]).astype(np.float64)
    _require_known(label, classes)
    group = label * len(found) + image
    order = np.lexsort((-score, group))  # stable
    group = group[order]
    rank = np.arange(len(group)) - np.searchsorted(group, group, side="left")
    keep = rank < most
    order = order[keep]
    return Answers(boxes[order], label[order], group[keep], score[order], rank[keep])


def required(truth: Sequence[Objects], classes: int) -> Required:
    """Objects by group, in the order in which they were given."""
    boxes, label, image = _joined([each.boxes for each in truth], [each.labels for each in truth])
    difficult = np.concatenate([np.zeros(0, bool), *(each.difficult for each in truth)])
    _require_known(label, classes)
    group = label * len(truth) + image
    order = np.argsort(group, kind="stable")
    return Required(boxes[order], label[order], group[order], difficult[order])


def _joined(
    boxes: Sequence[NDArray[np.float32]], labels: Sequence[Indices]
) -> tuple[Floats, Indices, Indices]:
    """Boxes, labels and image numbers of all images, one behind another."""
    image = np.repeat(np.arange(len(labels)), [len(each) for each in labels])
    label = np.concatenate([np.zeros(0, np.int64), *labels])
    return np.concatenate([np.zeros((0, 4)), *boxes]), label, image


def _require_known(label: Indices, classes: int) -> None:
    if len(label) and not 0 <= label.min() <= label.max() < classes:
        raise UsageError(f"labels go from 0 to {classes - 1}, and {label.max()} is among them")


def matched(answers: Answers, objects: Required, thresholds: Floats) -> tuple[Flags, Flags]:
    """Which detections have taken an object, and which of them a difficult one: D×T each.

    ``thresholds`` are T overlaps from which a detection may take an object.
    """
    needed = np.minimum(thresholds, 1 - 1e-10)
    shape = (len(answers.group), len(needed))
    right, ignored = np.zeros(shape, bool), np.zeros(shape, bool)
    for block in _blocks(answers.group, objects.group, len(needed)):
        taken = np.zeros((len(block.first), len(needed), block.most_objects), bool)
        there = np.arange(block.most_objects) < block.objects[:, None]
        places = np.where(there, block.first_object[:, None] + np.arange(block.most_objects), 0)
        difficult = objects.difficult[places] & there
        for rank in range(int(block.answers[0])):
            active = int(np.searchsorted(-block.answers, -rank, side="left"))
            own = block.first[:active] + rank
            overlap = _overlap(
                answers.boxes[own, None], objects.boxes[places[:active]], difficult[:active]
            )
            overlap = np.where(there[:active], overlap, -1.0)
            chosen = _choice(overlap, taken[:active], difficult[:active], needed)
            right[own] = chosen >= 0
            group, threshold = np.nonzero(chosen >= 0)
            taken[group, threshold, chosen[group, threshold]] = True
            ignored[own[group], threshold] = difficult[group, chosen[group, threshold]]
    return right, ignored


def _choice(overlap: Floats, taken: Flags, difficult: Flags, needed: Floats) -> Indices:
    """Which object each group's detection takes (B×T), −1 for none, of ``overlap`` B×G.

    The best of those that are free and not difficult; only where there is none, the best of
    the difficult ones, which any number may take.  Of equals, the last.
    """
    reached = overlap[:, None, :] >= needed[:, None]
    last = overlap.shape[1] - 1

    def best(candidates: Flags) -> Indices:
        values = np.where(candidates, overlap[:, None, :], -1.0)[:, :, ::-1]
        place = last - values.argmax(2)
        return np.where(candidates.any(2), place, -1)

    required = best(reached & ~taken & ~difficult[:, None, :])
    return np.where(required >= 0, required, best(reached & difficult[:, None, :]))


def _overlap(one: Floats, other: Floats, difficult: Flags) -> Floats:
    """Intersection over union; over the detection's own area where the object is difficult.

    A detection inside a region that is difficult so overlaps it wholly, as in COCO's crowds.
    The order of the sums is pycocotools' own, for equal bits.
    """
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    sides = np.maximum(sides, 0.0)
    common = sides[..., 0] * sides[..., 1]
    area, area_other = (
        (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1]) for box in (one, other)
    )
    union = np.where(difficult, area, area + area_other - common)
    found: Floats = np.divide(common, union, out=np.zeros_like(common), where=common > 0)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Groups that are matched together: where their detections and objects begin, how many.

    The groups with the most detections come first.
    """

    first: Indices
    answers: Indices
    first_object: Indices
    objects: Indices

    @property
    def most_objects(self) -> int:
        return int(self.objects.max())


def _blocks(answers: Indices, objects: Indices, thresholds: int) -> Iterator[_Block]:
    """Blocks of groups that have both, of about equally many objects so that none waste room."""
    group, first_object, count = np.unique(objects, return_index=True, return_counts=True)
    first = np.searchsorted(answers, group, side="left")
    found = np.searchsorted(answers, group, side="right") - first
    order = np.argsort(count, kind="stable")
    order = order[found[order] > 0]
    start = 0
    while start < len(order):
        room = np.arange(1, len(order) - start + 1) * count[order[start:]] * thresholds
        fitting = max(1, int(np.searchsorted(room, _AT_ONCE, side="right")))
        chosen = order[start : start + fitting]
        chosen = chosen[np.argsort(-found[chosen], kind="stable")]
        yield _Block(first[chosen], found[chosen], first_object[chosen], count[chosen])
        start += fitting
