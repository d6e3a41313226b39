"""Boxes as numbers to be learnt: coding against a reference, clipping, overlaps.

A box is left, top, right, bottom in pixels, measured at the edges, so that its width is
right − left.  Everything works on tensors of boxes of any leading shape.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["LARGEST_GROWTH", "clipped", "coded", "decoded", "mirrored_boxes", "overlaps"]

LARGEST_GROWTH = math.log(1000 / 16)
"""log of how much a box may grow when it is decoded: e^x must stay finite."""


def coded(boxes: Tensor, references: Tensor) -> Tensor:
    """How to get from references to boxes (Girshick et al. 2014, appendix C): …×4 → …×4.

    With x, y the middle and w, h the sides of a box (a: of its reference),
    t = ((x − xₐ)/wₐ, (y − yₐ)/hₐ, log(w/wₐ), log(h/hₐ)).
    """
    middles, sides = _middle_and_sides(boxes)
    from_middles, from_sides = _middle_and_sides(references)
    return torch.cat([(middles - from_middles) / from_sides, (sides / from_sides).log()], -1)


def decoded(codes: Tensor, references: Tensor) -> Tensor:
    """The boxes that ``coded`` gave these codes: …×4 → …×4.

    x = xₐ + wₐ·t₀, w = wₐ·e^t₂, and so for y and h; growth is cut at ``LARGEST_GROWTH``.
    """
    from_middles, from_sides = _middle_and_sides(references)
    middles = from_middles + codes[..., :2] * from_sides
    halves = codes[..., 2:].clamp(max=LARGEST_GROWTH).exp() * from_sides / 2
    return torch.cat([middles - halves, middles + halves], -1)


def clipped(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The part of each box inside an image of ``size`` (height, width)."""
    height, width = size
    across, down = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return torch.stack([across, down], -1).flatten(-2)


def mirrored_boxes(boxes: Tensor, width: Tensor | float) -> Tensor:
    """The boxes in images that were mirrored left to right: left' = width − right."""
    left, top, right, bottom = boxes.unbind(-1)
    return torch.stack([width - right, top, width - left, bottom], -1)


def overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of each box with each other one: …×N×4, …×M×4 → …×N×M.

    0 where neither has an area; the leading shapes are those of batches.
    """
    one, other = boxes[..., :, None, :], others[..., None, :, :]
    sides = torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(
        one[..., :2], other[..., :2]
    )
    common = sides.clamp_(min=0).prod(-1)
    union = _area(one) + _area(other) - common
    return common / union.clamp(min=torch.finfo(union.dtype).tiny)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)


def _middle_and_sides(boxes: Tensor) -> tuple[Tensor, Tensor]:
    return (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
