"""RoI max-pooling: any region of a map becomes 7×7 (Girshick 2015, 2.1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import roi_pool

__all__ = ["PLACES", "pooled"]

PLACES = 7
"""Rows and columns of what a head sees: as many as the article's layers make of 28×28."""


def pooled(maps: Tensor, boxes: Sequence[Tensor], stride: int) -> Tensor:
    """The largest value in each of 7×7 parts of each region: B×D×h×w → R×D×7×7.

    ``boxes`` are B tensors of N_i×4 in pixels, R in all.  A region covers the places from
    [left/stride] to [right/stride] − 1, rounded, and at least one; a part that is no whole
    number of places is rounded outwards, so that neighbours may share some.

    A region of 28×28 pixels whose corner is a place of a map of stride 4 is pooled to
    itself: what a head learns on crops of 28×28 it can use here.
    """
    # torchvision counts a region's last place as within, as Girshick's pixels were counted.
    last = torch.tensor([0, 0, stride, stride], device=maps.device)
    places = [each.to(maps.device, torch.float32) - last for each in boxes]
    found: Tensor = roi_pool(maps.float(), places, (PLACES, PLACES), 1 / stride)
    return found
