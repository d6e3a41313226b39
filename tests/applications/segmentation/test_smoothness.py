"""The layers of the mean-field step, beside loops over all pixels."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from convscope.applications.segmentation.smoothness import (
    LabelContexts,
    LocalConvolution,
    Measure,
    least_cost,
)

MEASURES: list[Measure] = ["likeness", "distance"]


def apart(image: Tensor, one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float]:
    """Squared distances in colour and in space."""
    colour = float((image[:, one[0], one[1]] - image[:, other[0], other[1]]).square().sum())
    return colour, float((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2)


def d(layer: LocalConvolution, colour: float, space: float) -> float:
    a, b, c = layer.rates.tolist()
    if layer.measure == "likeness":
        return float(a * math.exp(-b * colour - c * space))
    return float(b * colour + c * space)


def local_by_hand(layer: LocalConvolution, p: Tensor, image: Tensor) -> Tensor:
    found, places = torch.zeros_like(p), list(itertools.product(*map(range, p.shape[1:])))
    for j in places:
        for z in places:
            inside = max(abs(j[0] - z[0]), abs(j[1] - z[1])) <= layer.radius
            if z != j and inside:
                weight = d(layer, *apart(image, j, z))
                found[:, j[0], j[1]] += weight * p[:, j[0], j[1]] * p[:, z[0], z[1]]
    return found


def cost_by_hand(weight: Tensor, local: Tensor, side: int) -> Tensor:
    """Σ_v Σ_j μ(u, v, j − i)·local_j^v over all pixels j of the image."""
    labels, height, width = local.shape
    cost, reach = torch.zeros_like(local), side // 2
    places = list(itertools.product(range(height), range(width)))
    for u, i, v, j in itertools.product(range(labels), places, range(labels), places):
        down, right = j[0] - i[0] + reach, j[1] - i[1] + reach
        if 0 <= down < side and 0 <= right < side:
            cost[u, i[0], i[1]] += weight[u, v, down, right] * local[v, j[0], j[1]]
    return cost


def example(labels: int = 3, height: int = 6, width: int = 6) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(3)
    p = torch.randn(labels, height, width, generator=chance).softmax(0)
    return p, torch.randn(2, height, width, generator=chance)


@pytest.mark.parametrize("measure", MEASURES)
def test_one_step_equals_loops_over_all_pairs_of_pixels(measure: Measure) -> None:
    """6×6 pixels, K = 1, windows that hold the whole image: nothing is cut off."""
    p, image = example()
    layer = LocalConvolution(5, measure)
    contexts = LabelContexts(3, side=11, mixtures=1)
    with torch.no_grad():
        contexts.weight.copy_(torch.randn(contexts.weight.shape))
        local = layer(p[None], image[None])
        cost = least_cost(contexts(local), 1)
        step = (p.log() - cost[0]).softmax(0)
        by_hand = cost_by_hand(contexts.weight, local_by_hand(layer, p, image), 11)
    assert torch.allclose(cost[0], by_hand, atol=1e-4)
    assert torch.allclose(step, (p.log() - by_hand).softmax(0), atol=1e-5)
    assert not torch.allclose(step, p, atol=0.01)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("radius", [1, 2])
def test_a_smaller_window_leaves_out_what_is_farther(measure: Measure, radius: int) -> None:
    p, image = example(2, 5, 7)
    layer = LocalConvolution(radius, measure)
    with torch.no_grad():
        found = layer(p[None], image[None])[0]
        assert torch.allclose(found, local_by_hand(layer, p, image), atol=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_gradients_are_those_of_finite_differences(measure: Measure) -> None:
    p, image = (part.double()[None] for part in example(2, 4, 5))
    layer = LocalConvolution(2, measure).double()

    def found(labels: Tensor, logarithms: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"logarithms": logarithms}, (labels, image))

    assert torch.autograd.gradcheck(
        found, (p.requires_grad_(), layer.logarithms.detach().requires_grad_())
    )


def test_a_window_larger_than_the_image_is_cut_off() -> None:
    p, image = example(2, 2, 3)
    layer = LocalConvolution(6)
    with torch.no_grad():
        found = layer(p[None], image[None])[0]
        assert torch.allclose(found, local_by_hand(layer, p, image), atol=1e-6)


def test_at_the_beginning_a_place_amid_its_like_sums_to_one() -> None:
    p, image = torch.ones(1, 1, 9, 9), torch.zeros(1, 1, 9, 9)
    with torch.no_grad():
        assert float(LocalConvolution(4)(p, image)[0, 0, 4, 4]) == pytest.approx(1)
        assert 0.5 < float(LocalConvolution(4, "distance")(p, image)[0, 0, 4, 4]) < 1.5


def test_the_cheapest_mixture_of_each_label_counts() -> None:
    costs = torch.randn(2, 3 * 4, 5, 6)
    found = least_cost(costs, 4)
    for n, label, row, column in itertools.product(range(2), range(3), range(5), range(6)):
        wanted = min(float(costs[n, 4 * label + k, row, column]) for k in range(4))
        assert float(found[n, label, row, column]) == wanted


def test_contexts_begin_as_the_same_label_at_the_same_pixel() -> None:
    layer = LabelContexts(3, side=3, mixtures=2)
    maps = torch.rand(1, 3, 4, 4)
    with torch.no_grad():
        found = layer(maps)
    assert torch.allclose(found[:, ::2], -maps)
    assert torch.allclose(found[:, 1::2], -maps, atol=0.05)
    assert not torch.equal(found[:, 1::2], -maps)
