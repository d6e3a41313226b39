"""Distance-weighted pooling against loops; torch's L2 pooling where training needs it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from convscope.network.pooling import DistancePool2d


def pooled_by_loops(
    images: Tensor, kernel: tuple[int, int], stride: tuple[int, int], falloff: float
) -> Tensor:
    """The formula of the docstring, pixel by pixel, in Python's own numbers."""
    count, channels, height, width = images.shape
    rows = (height - kernel[0]) // stride[0] + 1
    columns = (width - kernel[1]) // stride[1] + 1
    result = torch.zeros(count, channels, rows, columns, dtype=images.dtype)
    for n in range(count):
        for c in range(channels):
            for i in range(rows):
                for j in range(columns):
                    total = weights = 0.0
                    for a in range(kernel[0]):
                        for b in range(kernel[1]):
                            r = math.dist((a, b), ((kernel[0] - 1) / 2, (kernel[1] - 1) / 2))
                            weight = math.exp(-falloff * r)
                            pixel = images[n, c, i * stride[0] + a, j * stride[1] + b]
                            total += weight * float(pixel)
                            weights += weight
                    result[n, c, i, j] = total / weights
    return result


@pytest.mark.parametrize(
    ("kernel", "stride", "falloff"),
    [
        ((2, 2), (2, 2), 1.0),
        ((3, 3), (2, 2), 1.0),
        ((3, 3), (1, 1), 0.25),
        ((2, 4), (3, 2), 2.5),
        ((5, 1), (1, 3), 0.7),
    ],
)
def test_distance_pooling_equals_loops(
    kernel: tuple[int, int], stride: tuple[int, int], falloff: float
) -> None:
    images = torch.randn(2, 3, 7, 8, dtype=torch.float64)
    pool = DistancePool2d(kernel, stride, falloff).double()
    expected = pooled_by_loops(images, kernel, stride, falloff)
    torch.testing.assert_close(pool(images), expected, atol=1e-6, rtol=0)


def test_a_centre_weighs_more_than_a_corner() -> None:
    weight = DistancePool2d(3).weight[0, 0]
    assert weight[1, 1] > weight[0, 1] > weight[0, 0]
    assert weight[0, 1] / weight[1, 1] == pytest.approx(math.exp(-1))
    assert weight[0, 0] / weight[1, 1] == pytest.approx(math.exp(-math.sqrt(2)))
    assert weight.sum() == pytest.approx(1)


@pytest.mark.parametrize(("kernel", "falloff"), [(3, 0.0), (2, 1.0), (2, 1e4)])
def test_equal_distances_or_no_falloff_make_the_average(kernel: int, falloff: float) -> None:
    images = torch.randn(1, 2, 6, 6)
    torch.testing.assert_close(
        DistancePool2d(kernel, falloff=falloff)(images), nn.AvgPool2d(kernel)(images)
    )


def test_a_steep_falloff_leaves_the_centre_pixel() -> None:
    images = torch.randn(1, 1, 3, 3)
    assert DistancePool2d(3, falloff=1e6)(images).item() == images[0, 0, 1, 1].item()


def test_distance_pooling_has_nothing_to_learn_or_to_store() -> None:
    pool = DistancePool2d((3, 2), stride=1, falloff=0.5)
    assert not list(pool.parameters())
    assert not pool.state_dict()
    assert repr(pool) == "DistancePool2d(kernel_size=(3, 2), stride=1, falloff=0.5)"


def test_gradients_reach_every_pixel_of_a_window() -> None:
    images = torch.zeros(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(DistancePool2d(3, 1).double(), (images,))
    DistancePool2d(4).double()(images).sum().backward()
    assert images.grad is not None
    assert (images.grad > 0).all()


def test_torch_l2_pooling_has_no_gradient_at_a_window_of_zeros() -> None:
    """A square root's slope at 0 is infinite; behind a ReLU such windows are common."""
    images = torch.zeros(1, 1, 2, 4)
    images[0, 0, 0, 2:] = torch.tensor([3.0, 4.0])
    images.requires_grad_()
    pooled = nn.LPPool2d(2, 2)(images)
    assert pooled.flatten().tolist() == [0, 5]
    pooled.sum().backward()
    assert images.grad is not None
    torch.testing.assert_close(images.grad[0, 0], torch.tensor([[0, 0, 0.6, 0.8], [0, 0, 0, 0]]))
