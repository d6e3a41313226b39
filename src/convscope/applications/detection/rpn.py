"""The region proposal network (Ren et al. 2015): where something is, whatever it is."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import batched_nms

from convscope.applications.detection.anchors import anchors_on
from convscope.applications.detection.boxes import decoded

__all__ = ["RegionProposals", "best_proposals"]

SUPPRESSION = 0.7
"""Of two proposals that overlap by more, the surer one stays."""
LEAST_SIDE = 2.0
"""Pixels; proposals with a shorter side are left out."""


class RegionProposals(nn.Module):
    """Maps B×D×h×w → for each of P anchors a score B×P and a code B×P×4.

    A 3×3 convolution, then two of 1×1: objectness (one number a place and anchor, for a
    logistic loss, which Ren et al. name as equal to their softmax over two) and the box.

    VGG's map sees 228 pixels, the article's layers 16: less than an object.  So one more of
    the article's stages (pooling 2, convolution, batch normalisation, ReLU) comes before, for
    the proposals only; the heads keep the finer map.
    """

    sides: Tensor

    def __init__(
        self, features: int, stride: int, sides: NDArray[np.float32], *, channels: int = 32
    ) -> None:
        super().__init__()
        self.stride = 2 * stride
        self.stage = nn.Sequential(
            OrderedDict(
                pool=nn.MaxPool2d(2),
                conv=nn.Conv2d(features, channels, 5, padding=2),
                batch=nn.BatchNorm2d(channels),
                relu=nn.ReLU(),
            )
        )
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.objectness = nn.Conv2d(channels, len(sides), 1)
        self.codes = nn.Conv2d(channels, 4 * len(sides), 1)
        self.register_buffer("sides", torch.from_numpy(np.array(sides)))
        for layer in (self.objectness, self.codes):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores B×P, codes B×P×4, and the anchors P×4 themselves."""
        seen = self.conv(self.stage(maps)).relu()
        scores = self.objectness(seen).permute(0, 2, 3, 1).flatten(1)
        codes = self.codes(seen).unflatten(1, (-1, 4)).permute(0, 3, 4, 1, 2).flatten(1, 3)
        height, width = seen.shape[-2:]
        anchors = anchors_on(self.sides, (height, width), self.stride)
        return scores.float(), codes.float(), anchors


@torch.no_grad()
def best_proposals(
    scores: Tensor, codes: Tensor, anchors: Tensor, windows: Tensor, *, before: int, after: int
) -> tuple[Tensor, Tensor]:
    """The ``after`` surest boxes of each image without doubles: B×N×4, and which are there B×N.

    Of the ``before`` surest of B×P; clipped to the images (``windows``, B×4), and of two that
    overlap by more than 0.7 the surer one.  No gradient goes through them: the approximate
    joint training of Ren et al. 2015, 3.2.
    """
    count = len(scores)
    values, places = scores.topk(min(before, scores.shape[1]), 1)
    rows = torch.arange(count, device=scores.device)[:, None]
    boxes = _within(decoded(codes[rows, places], anchors[places]), windows)
    large = (boxes[..., 2:] - boxes[..., :2] >= LEAST_SIDE).all(-1)
    image = rows.expand_as(places)[large]
    flat, values = boxes[large], values[large]
    keep = batched_nms(flat, values, image, SUPPRESSION)
    keep = keep[image[keep].argsort(stable=True)]  # image by image, the surest first
    image = image[keep]
    each = torch.bincount(image, minlength=count)
    rank = torch.arange(len(keep), device=keep.device) - (each.cumsum(0) - each)[image]
    first = rank < after
    found = torch.zeros(count, after, 4, device=scores.device)
    there = torch.zeros(count, after, dtype=torch.bool, device=scores.device)
    found[image[first], rank[first]] = flat[keep[first]]
    there[image[first], rank[first]] = True
    return found, there


def _within(boxes: Tensor, windows: Tensor) -> Tensor:
    """Clipped to each image's window: B×N×4, B×4."""
    least, most = windows[:, None, :2].repeat(1, 1, 2), windows[:, None, 2:].repeat(1, 1, 2)
    return torch.minimum(torch.maximum(boxes, least), most)
