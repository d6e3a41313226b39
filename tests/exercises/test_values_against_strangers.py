"""Answers that are numbers of a map, against torch and numpy."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.architecture import Architecture
from convscope.exercises import pooling, small, values
from convscope.exercises.question import Question
from convscope.network.build import build
from tests.exercises.asking import number_in, repeated, value_of

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")


def arrays(question: Question) -> dict[str, np.ndarray]:
    return {grid.name: np.array(grid.rows) for grid in question.grids}


def test_dot_products() -> None:
    for question in repeated(small.dot_product):
        given = arrays(question)
        bias = number_in(question.text, r"bias is (-?\d+)")
        assert value_of(question) == ((given["patch"] * given["kernel"]).sum() + bias,)
    for question in repeated(small.two_channels):
        given = arrays(question)
        bias = number_in(question.text, r"bias is (-?\d+)")
        patches = np.stack([given["patch_1"], given["patch_2"]])
        kernels = np.stack([given["kernel_1"], given["kernel_2"]])
        made = functional.conv2d(torch.tensor(patches)[None], torch.tensor(kernels)[None])
        assert value_of(question) == (made.item() + bias,)


def test_one_place_of_a_small_map() -> None:
    for question in repeated(small.one_place):
        given = arrays(question)
        text = question.text
        stride = 2 if "stride 2" in text else 1
        padding = 1 if "pad 1" in text else 0
        image, kernel = torch.tensor(given["image"]), torch.tensor(given["kernel"])
        made = functional.conv2d(
            image[None, None], kernel[None, None], stride=stride, padding=padding
        )
        row, column = (int(number_in(text, rf"{axis} (\d+)[,?]")) for axis in ("row", "column"))
        assert value_of(question) == (made[0, 0, row, column].item(),)


POOLS = {
    "maxpool": (pooling.maximum_pooling, "map"),
    "avgpool": (pooling.average_pooling, "map"),
    "l2pool": (pooling.l2_pooling, "window"),
    "distancepool": (pooling.distance_pooling, "window"),
}


@pytest.mark.parametrize("kind", list(POOLS))
def test_poolings_are_those_of_the_built_layers(kind: str) -> None:
    maker, name = POOLS[kind]
    for question in repeated(maker):
        grid = torch.tensor(arrays(question)[name], dtype=torch.float32)
        notation = re.search("`([^`]+)`", question.text)
        assert notation
        side = len(grid)
        network = build(Architecture.parse(f"input {side}x{side}x1 -> {notation[1]}"), seed=0)
        made = network(grid[None, None]).flatten().tolist()
        assert value_of(question) == pytest.approx(made, abs=1e-4)


def test_batch_normalisation_is_torchs() -> None:
    ordinals = ["first", "second", "third", "fourth"]
    for question in repeated(values.batch_norm):
        given = torch.tensor(arrays(question)["values"][0], dtype=torch.float64)
        text = question.text
        scale, shift = number_in(text, r"scale is (\d+)"), number_in(text, r"shift (-?\d+)")
        made = functional.batch_norm(
            given[:, None],
            None,
            None,
            torch.tensor([scale]).double(),
            torch.tensor([shift]).double(),
            training=True,
            eps=1e-12,
        )
        at = next(place for place, word in enumerate(ordinals) if f"the {word}," in text)
        assert value_of(question)[0] == pytest.approx(made[at].item())
    for question in repeated(values.norm_in_use):
        text = question.text
        mean, variance, scale, shift, x = (
            torch.tensor([number_in(text, pattern)], dtype=torch.float64)
            for pattern in (
                r"running mean (-?\d+)",
                r"variance (\d+)",
                r"scale (\d+)",
                r"shift (-?\d+)",
                r"make of (-?\d+)",
            )
        )
        made = functional.batch_norm(x[:, None], mean, variance, scale, shift, eps=0.0)
        assert value_of(question)[0] == pytest.approx(made.item())


CURVES = {
    "relu": nn.ReLU(),
    "leakyrelu": nn.LeakyReLU(0.01),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
}


def test_activations_and_their_gradients_are_torchs() -> None:
    assert set(CURVES) == set(values.CURVES)
    for question in repeated(values.activation_value, 40):
        _, name, x = question.about
        made = CURVES[name](torch.tensor(float(x), dtype=torch.float64)).item()
        assert value_of(question)[0] == pytest.approx(made)
    for question in repeated(values.activation_gradient, 40):
        _, name, x, behind = question.about
        given = torch.tensor(float(x), dtype=torch.float64, requires_grad=True)
        (CURVES[name](given) * int(behind)).backward()
        assert given.grad is not None
        assert value_of(question)[0] == pytest.approx(given.grad.item())
