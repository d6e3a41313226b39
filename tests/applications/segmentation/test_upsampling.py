"""Enlargement that starts as bilinear interpolation."""

from __future__ import annotations

import torch
from torch.nn import functional

from convscope.applications.segmentation.upsampling import Doubling


def test_it_begins_as_bilinear_interpolation() -> None:
    maps = torch.randn(2, 3, 5, 8)
    wanted = functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.allclose(Doubling(3)(maps), wanted, atol=1e-6)


def test_a_constant_does_not_fade_at_the_border() -> None:
    assert torch.allclose(Doubling(1)(torch.ones(1, 1, 1, 1)), torch.ones(1, 1, 2, 2))


def test_each_map_has_a_kernel_of_its_own() -> None:
    layer = Doubling(2)
    with torch.no_grad():
        layer.weight[1] = 0
    found = layer(torch.ones(1, 2, 3, 3))
    assert found[:, 0].min() > 0.9 and not found[:, 1].any()


def test_one_that_is_not_learnt_gives_the_same_more_quickly() -> None:
    maps = torch.randn(2, 3, 5, 8)
    assert torch.allclose(Doubling(3, learnt=False)(maps), Doubling(3)(maps), atol=1e-6)
