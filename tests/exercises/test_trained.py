"""Questions about a run: its weights as they are, rounded, and answered from what is given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from convscope.architecture import Architecture
from convscope.data.sources import load_data
from convscope.errors import ConvscopeError
from convscope.exercises.dice import Dice
from convscope.exercises.forms import Numbers
from convscope.exercises.ground import Ground
from convscope.exercises.marking import mark
from convscope.exercises.question import Question
from convscope.exercises.sources import found, found_run
from convscope.exercises.trained import RealNorm, RealSum, real_dot_product, real_norm
from convscope.training.runs import open_run
from convscope.training.task import Normalise

EXAMPLE = found("example")
GROUND = Ground(EXAMPLE.architecture)
ASKED = re.compile(r"kernel (\d+) .* image (\d+) of .* for row (\d+), column (\d+) of", re.DOTALL)
NORMALISED = re.compile(r"channel (\d+) of (\w+) .* image (\d+) of .* row (\d+), column (\d+)\.")


def outputs(layer: str, image: int) -> torch.Tensor:
    """What torch makes in a layer of the example, without anything of ours in between."""
    run = open_run("example")
    network = run.network()
    pixels = load_data("fashion-mini").test.images[image : image + 1]
    values = Normalise(run.preprocessing)(torch.from_numpy(np.array(pixels)))
    with torch.no_grad():
        for name, module in network.named_children():
            values = module(values)
            if name == layer:
                return values[0]
    raise KeyError(layer)


def answer_of(question: Question) -> float:
    assert isinstance(question.form, Numbers)
    return question.form.values[0]


def told(question: Question) -> float:
    """The network's own value, as the solution says it."""
    return float(str(question.steps[-1].told).rsplit(" ", 1)[1].replace("−", "-"))


def test_the_real_kernel_on_the_real_patch() -> None:
    assert EXAMPLE.inside is not None
    weight = open_run("example").network().get_parameter("conv1.weight").detach().numpy()
    for seed in range(3):
        question = real_dot_product(GROUND, Dice("real", seed), EXAMPLE.inside)
        assert question is not None
        asked = ASKED.search(question.text)
        assert asked
        kernel, image, row, column = map(int, asked.groups())
        grids = {grid.name: np.array(grid.rows) for grid in question.grids}
        assert grids["kernel"] == pytest.approx(weight[kernel, 0], abs=0.0051)
        assert told(question) == pytest.approx(
            outputs("conv1", image)[kernel, row, column].item(), abs=1e-3
        )
        bias = float(re.search(r"bias is (−?[\d.]+)\.", question.text)[1].replace("−", "-"))  # type: ignore[index]
        exact = (grids["patch"] * grids["kernel"]).sum() + bias
        assert answer_of(question) == pytest.approx(exact)
        rounded = 0.005 * (np.abs(grids["patch"]) + np.abs(grids["kernel"]) + 0.01).sum() + 0.01
        assert abs(answer_of(question) - told(question)) <= rounded


def test_the_real_batch_normalisation() -> None:
    assert EXAMPLE.inside is not None
    for seed in range(3):
        question = real_norm(GROUND, Dice("real", seed), EXAMPLE.inside)
        assert question is not None
        asked = NORMALISED.search(question.text.replace("\n", " "))
        assert asked
        channel, image, row, column = (int(asked[place]) for place in (1, 3, 4, 5))
        made = outputs(asked[2], image)[channel, row, column].item()
        assert told(question) == pytest.approx(made, abs=1e-3)
        assert answer_of(question) == pytest.approx(made, abs=0.1)


@dataclass
class Fixed:
    """Weights without a network."""

    channels: int
    variance: float = 2.0

    def sum_at(self, layer: str, unit: Any, image: int) -> RealSum:
        slices = tuple(((0.5, -0.004), (1.25, 2.0)) for _ in range(self.channels))
        return RealSum(slices, slices, -0.3, 1.0, f"image {image} of nowhere")

    def norm_at(self, layer: str, unit: Any, image: int) -> RealNorm:
        return RealNorm(1.0, 0.5, self.variance, 1e-5, 1.5, -0.25, 0.28, "image 0 of nowhere")


def test_colours_have_a_slice_each() -> None:
    ground = Ground(Architecture.parse("input 9x9x3 -> conv 4 2x2 -> batchnorm -> fc 3"))
    question = real_dot_product(ground, Dice("colour"), Fixed(3))
    assert question is not None
    assert [grid.name for grid in question.grids] == [
        *("patch_1", "kernel_1", "patch_2", "kernel_2", "patch_3", "kernel_3")
    ]
    assert question.grids[0].rows == ((0.5, 0.0), (1.25, 2.0))
    assert answer_of(question) == pytest.approx(3 * (0.25 + 1.5625 + 4.0) - 0.3)
    assert [step.label for step in question.steps[:3]] == ["channel 1", "channel 2", "channel 3"]
    assert mark(question, question.form.answer).outcome == "right"
    norm = real_norm(ground, Dice("colour"), Fixed(3))
    assert norm is not None
    assert answer_of(norm) == pytest.approx(1.5 * 0.5 / 2**0.5 - 0.25)


def test_what_would_be_too_much_or_nothing_is_not_asked() -> None:
    large = Ground(Architecture.parse("input 28x28x3 -> conv 4 5x5 -> fc 3"))
    assert real_dot_product(large, Dice("large"), Fixed(3)) is None
    assert real_norm(large, Dice("none"), Fixed(3)) is None
    pooled = Ground(Architecture.parse("input 28x28x1 -> maxpool 2 -> conv 4 2x2 -> fc 3"))
    assert real_dot_product(pooled, Dice("pooled"), Fixed(1)) is None
    still = Ground(Architecture.parse("input 8x8x1 -> batchnorm -> fc 3"))
    assert real_norm(still, Dice("still"), Fixed(1, variance=0.0)) is None
    assert real_dot_product(still, Dice("still"), Fixed(1)) is None


def test_sources() -> None:
    assert found(EXAMPLE) is EXAMPLE
    assert found(open_run("example")).run == "example"
    assert found("ARTICLE ").title == "article"
    assert found(Architecture.parse("input 8x8x1 -> fc 3")).inside is None
    with pytest.raises(ConvscopeError, match="there is no run"):
        found_run("nowhere")
    with pytest.raises(ConvscopeError, match="and no run either"):
        found("x" * 5000)
