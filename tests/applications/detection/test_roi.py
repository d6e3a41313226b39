"""RoI max-pooling equals a naive loop (check 2), and is the identity on an aligned crop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from convscope.applications.backbone import backbone_of
from convscope.applications.detection.roi import PLACES, pooled


def rounded(value: float) -> int:
    """To the nearest whole number, halves away from zero, as Girshick's code rounds."""
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def naive(maps: Tensor, boxes: list[Tensor], stride: int) -> np.ndarray:
    """Every cell on its own, as the paper tells it."""
    found = []
    for values, own in zip(maps.numpy(), boxes, strict=True):
        height, width = values.shape[1:]
        for left, top, right, bottom in own.tolist():
            x, y = rounded(left / stride), rounded(top / stride)
            across = max(rounded(right / stride - 1) - x + 1, 1)
            down = max(rounded(bottom / stride - 1) - y + 1, 1)
            cells = np.zeros((len(values), PLACES, PLACES), np.float32)
            for i in range(PLACES):
                for j in range(PLACES):
                    rows = range(
                        y + math.floor(i * down / PLACES), y + math.ceil((i + 1) * down / PLACES)
                    )
                    columns = range(
                        x + math.floor(j * across / PLACES),
                        x + math.ceil((j + 1) * across / PLACES),
                    )
                    inner = [
                        values[:, r, c]
                        for r in rows
                        for c in columns
                        if 0 <= r < height and 0 <= c < width
                    ]
                    if inner:
                        cells[:, i, j] = np.max(inner, axis=0)
            found.append(cells)
    return np.stack(found)


@pytest.mark.parametrize("stride", [2, 4, 8])
@pytest.mark.parametrize("seed", range(4))
def test_pooling_equals_a_naive_loop(stride: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(2, 3, 20, 26, generator=generator)
    size = torch.tensor([26.0, 20, 26, 20]) * stride
    corners = torch.rand(2, 15, 2, 2, generator=generator)
    boxes = torch.cat([corners.amin(2), corners.amax(2)], -1) * size
    boxes[:, 0] = torch.tensor([0.0, 0, 26, 20]) * stride  # all of it
    boxes[:, 1] = torch.tensor([5.0, 5, 5.5, 6.0])  # less than a place
    boxes[:, 2] = (boxes[:, 2] / stride).round() * stride + stride / 2  # on the halves
    listed = [boxes[0], boxes[1, :6]]
    found = pooled(maps, listed, stride)
    assert found.shape == (21, 3, PLACES, PLACES)
    assert np.array_equal(found.numpy(), naive(maps, listed, stride))


def test_gradients_go_to_the_largest_values_alone() -> None:
    maps = torch.arange(144.0).reshape(1, 1, 12, 12).requires_grad_()
    pooled(maps, [torch.tensor([[0.0, 0, 28, 28]])], 4).sum().backward()  # type: ignore[no-untyped-call]
    assert maps.grad is not None
    assert torch.equal(
        maps.grad[0, 0] > 0,
        torch.arange(12).ge(7).logical_not().outer(torch.arange(12).ge(7).logical_not()),
    )


def test_an_image_of_the_classifier_is_pooled_to_its_own_map() -> None:
    """So one head serves crops of 28×28 and regions of a larger map."""
    backbone = backbone_of("example")
    network = backbone.module().eval()
    with torch.inference_mode():
        maps = network(torch.randn(2, 1, 28, 28))
        assert maps.shape == (2, 32, PLACES, PLACES)
        whole = torch.tensor([[0.0, 0, 28, 28]])
        assert torch.equal(pooled(maps, [whole, whole], backbone.stride), maps)


def test_no_regions_are_pooled_to_none() -> None:
    assert pooled(torch.zeros(1, 5, 8, 8), [torch.zeros(0, 4)], 4).shape == (0, 5, 7, 7)
