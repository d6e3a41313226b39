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
    w = scale·√ratio and h = scale/√ratio.  Difficult objects do not count.
    """
    boxes = np.concatenate(
        [np.zeros((0, 4), np.float32), *(each.boxes[~each.difficult] for each in objects)]
    ).astype(np.float64)
    if not len(boxes):
        raise DataError("no image has an object: there is nothing to learn detection from")
    sides = boxes[:, 2:] - boxes[:, :2]
    scale = np.quantile(np.sqrt(sides.prod(1)), (np.arange(scales) + 0.5) / scales)
    ratio = np.exp(
        np.quantile(np.log(sides[:, 0] / sides[:, 1]), (np.arange(ratios) + 0.5) / ratios)
    )
    widths, heights = np.outer(scale, np.sqrt(ratio)), np.outer(scale, 1 / np.sqrt(ratio))
    return np.stack([widths.ravel(), heights.ravel()], 1).astype(np.float32)


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
