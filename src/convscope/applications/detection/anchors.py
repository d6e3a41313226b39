"""Anchors: the boxes of a few sizes and shapes that an RPN judges at every place of a map.

Ren et al. 2015 chose three scales and three ratios for photographs of 600 pixels.  Here they
are read off the training objects, so that other images need no hand.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.data.annotated import Objects
from convscope.errors import DataError

__all__ = ["anchor_sides", "anchors_on", "inside"]


def anchor_sides(
    objects: Iterable[Objects], scales: int = 3, ratios: int = 3
) -> NDArray[np.float32]:
    """(width, height) of the anchors at one place: (scales·ratios)×2, in pixels.

    The scales are quantiles of √(w·h) over the training objects, the ratios quantiles of
    w/h, at the middles of equal parts ((i + ½)/n); each scale comes in each ratio, with
    w = scale·√ratio and h = scale/√ratio.  Every class counts the same, however many
    objects it has, or rare ones would have no anchor; difficult objects do not count.
    """
    known = [(each.boxes[~each.difficult], each.labels[~each.difficult]) for each in objects]
    boxes = np.concatenate([np.zeros((0, 4)), *(boxes for boxes, _ in known)])
    labels = np.concatenate([np.zeros(0, np.int64), *(labels for _, labels in known)])
    if not len(boxes):
        raise DataError("no image has an object: there is nothing to learn detection from")
    weights = 1 / np.bincount(labels)[labels]
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    scale = _quantiles(np.sqrt(widths * heights), weights, scales)
    ratio = _quantiles(widths / heights, weights, ratios)
    across, down = np.outer(scale, np.sqrt(ratio)), np.outer(scale, 1 / np.sqrt(ratio))
    return np.stack([across.ravel(), down.ravel()], 1).astype(np.float32)


def _quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """The values below and at which (i + ½)/count of all weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    # Sums of equal weights may fall short of a half by a last digit.
    places = np.searchsorted(reached, (np.arange(count) + 0.5) / count - 1e-9)
    found: NDArray[np.float64] = values[order[places]]
    return found


def anchors_on(sides: Tensor, places: tuple[int, int], stride: int) -> Tensor:
    """The anchors of a map of ``places`` (height, width): (h·w·A)×4, of ``sides`` A×2.

    Row by row, place by place, anchor by anchor; their middles are those of the squares of
    ``stride`` pixels that the places of the map stand for.
    """
    height, width = places
    down = (torch.arange(height, device=sides.device) + 0.5) * stride
    across = (torch.arange(width, device=sides.device) + 0.5) * stride
    middles = torch.stack(torch.meshgrid(down, across, indexing="ij"), -1).flip(-1)
    boxes = torch.cat([-sides / 2, sides / 2], -1)
    return (middles.repeat(1, 1, 2)[:, :, None] + boxes).reshape(-1, 4)


def inside(anchors: Tensor, windows: Tensor) -> Tensor:
    """Which anchors lie wholly within the image: P×4, B×4 → B×P.

    Those across the border are left out of training (Ren et al. 2015, 3.3).
    """
    near = anchors[None, :, :2] >= windows[:, None, :2]
    far = anchors[None, :, 2:] <= windows[:, None, 2:]
    return (near & far).all(-1)
