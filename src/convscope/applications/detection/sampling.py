"""Which regions a detector learns from: positives, negatives, and those that are left out.

All images of a batch at once: their objects are padded to equal numbers (``Targets``).
Objects that are difficult make no region positive, and none negative that covers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from convscope.applications.detection.boxes import overlaps
from convscope.data.annotated import Objects

__all__ = [
    "Assigned",
    "Targets",
    "assigned_anchors",
    "assigned_regions",
    "picked",
    "sampled",
    "targets_of",
]

ANCHORS = 256
"""Anchors of an image in one step, at most half of them positive (Ren et al. 2015, 3.1.3)."""
POSITIVE_ANCHOR, NEGATIVE_ANCHOR = 0.7, 0.3
REGIONS = 64
"""Regions of an image in one step, at most a quarter positive (Girshick 2015, 2.3)."""
POSITIVE_REGION, BACKGROUND_FLOOR = 0.5, 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The objects of B images, of which the one with the most has G.

    ``boxes`` B×G×4, ``labels`` B×G, ``there`` B×G: objects to be learnt; ``difficult`` B×G:
    those that are neither required nor punished.  Where both are false is padding.
    """

    boxes: Tensor
    labels: Tensor
    there: Tensor
    difficult: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """What each of P regions of B images is to learn.

    ``positive`` and ``negative`` are B×P; a region in neither is left out.  ``object`` B×P
    is the object, of those of its image, that it overlaps most.
    """

    positive: Tensor
    negative: Tensor
    object: Tensor


def targets_of(objects: Sequence[Objects], device: torch.device | str = "cpu") -> Targets:
    """The objects of some images, padded to one number (at least one)."""
    count, most = len(objects), max(1, *(len(each) for each in objects), 1)
    boxes, labels = torch.zeros(count, most, 4), torch.zeros(count, most, dtype=torch.int64)
    there = torch.zeros(count, most, dtype=torch.bool)
    difficult = torch.zeros_like(there)
    for row, each in enumerate(objects):
        boxes[row, : len(each)] = torch.from_numpy(each.boxes)
        labels[row, : len(each)] = torch.from_numpy(each.labels)
        difficult[row, : len(each)] = torch.from_numpy(each.difficult)
        there[row, : len(each)] = ~difficult[row, : len(each)]
    return Targets(*(each.to(device) for each in (boxes, labels, there, difficult)))


def assigned_anchors(anchors: Tensor, usable: Tensor, targets: Targets) -> Assigned:
    """What an RPN is to say of anchors (P×4), of which an image can use some (B×P).

    Positive: an overlap of 0.7 or more with an object, or the largest that any usable
    anchor has with it (it is then to find the object that it overlaps most); negative:
    below 0.3 with all of them, the difficult ones too.
    """
    found = overlaps(anchors, targets.boxes)  # B×P×G
    found = torch.where(usable[:, :, None], found, -1)
    own = torch.where(targets.there[:, None], found, -1)
    best, place = own.max(2)
    largest = own.amax(1, keepdim=True)
    nearest = ((own == largest) & (largest > 0)).any(2)
    positive = (best >= POSITIVE_ANCHOR) | nearest
    near = _best(found, targets.difficult) >= NEGATIVE_ANCHOR
    return Assigned(positive, usable & ~positive & (best < NEGATIVE_ANCHOR) & ~near, place)


def assigned_regions(
    boxes: Tensor, usable: Tensor, targets: Targets, *, floor: float = BACKGROUND_FLOOR
) -> Assigned:
    """What the heads are to say of proposals (B×N×4), of which some are padding (B×N).

    Positive: an overlap of 0.5 or more with an object; negative: the largest in
    [``floor``, 0.5).  What overlaps a difficult object by 0.5 or more is left out unless
    it is positive.
    """
    found = overlaps(boxes, targets.boxes)
    best, place = torch.where(targets.there[:, None], found, 0).max(2)
    positive = usable & (best >= POSITIVE_REGION)
    hidden = _best(found, targets.difficult) >= POSITIVE_REGION
    return Assigned(positive, usable & ~positive & (best >= floor) & ~hidden, place)


def picked(candidates: Tensor, counts: Tensor | int) -> Tensor:
    """At random, at most ``counts`` of each row's candidates: B×P → B×P.

    Draws from torch's default generator, B·P numbers whatever the candidates.
    """
    keys = torch.rand(candidates.shape).to(candidates.device)
    order = torch.where(candidates, keys, 2).argsort(1)
    rank = torch.empty_like(order).scatter_(
        1, order, torch.arange(order.shape[1], device=order.device).expand_as(order)
    )
    limit = counts[:, None] if isinstance(counts, Tensor) else counts
    return candidates & (rank < limit)


def sampled(assigned: Assigned, most: int, most_positive: int) -> Assigned:
    """At most ``most`` regions of an image, of them at most ``most_positive`` positive.

    Negatives fill up what positives leave.
    """
    positive = picked(assigned.positive, most_positive)
    negative = picked(assigned.negative, most - positive.sum(1))
    return Assigned(positive, negative, assigned.object)


def _best(overlap: Tensor, among: Tensor) -> Tensor:
    """The largest overlap with one of the objects ``among``: B×P×G, B×G → B×P."""
    return torch.where(among[:, None], overlap, 0).amax(2)
