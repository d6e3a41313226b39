"""Slides: from their numbers alone every value comes out as torch has it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from convscope.errors import UsageError
from convscope.inspection.recording import trace
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.walking.slides import Following, Slide, slide, slides_of

NETWORKS = [
    "input 9x11x1 -> conv 4 3x3 -> batchnorm -> relu -> maxpool 2 -> fc 10",
    "input 12x9x3 -> conv 6 3x2 stride 2x1 pad 1 -> tanh -> avgpool 2 -> conv 8 3x3 groups 2 pad 2"
    " -> leakyrelu -> l2pool 2 -> fc 10",
    "input 12x12x1 -> conv 3 3x3 dilation 2 pad 2 -> sigmoid -> distancepool 3 stride 2"
    " -> conv 4 2x2 -> silu -> maxpool 3 stride 2 pad 1 -> fc 10",
]


def value(found: Slide, image: int, kernel: int, row: int, column: int) -> float:
    """The sum, term by term, by loops."""
    geometry = found.geometry
    total = 0.0 if found.biases is None else float(found.biases[kernel])
    depth, height, width = found.kernels.shape[1:]
    for c in range(depth):
        for i in range(height):
            for j in range(width):
                y = row * geometry.stride[0] - geometry.padding[0][0] + i * geometry.dilation[0]
                x = column * geometry.stride[1] - geometry.padding[1][0] + j * geometry.dilation[1]
                plane = found.inputs[image, found.first_channels[kernel] + c]
                if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
                    total += float(plane[y, x]) * float(found.kernels[kernel, c, i, j])
    return total


def stepped(step: Following, kernel: int, x: float) -> float:
    match step.kind:
        case "batchnorm":
            mean, variance, scale, shift = (
                float(step.arrays[key][kernel]) for key in ("mean", "variance", "scale", "shift")
            )
            return (x - mean) / math.sqrt(variance + step.numbers["epsilon"]) * scale + shift
        case "relu":
            return max(0.0, x)
        case "leakyrelu":
            return x if x > 0 else step.numbers["slope"] * x
        case "sigmoid":
            return 1 / (1 + math.exp(-x))
        case "tanh":
            return math.tanh(x)
        case "silu":
            return x / (1 + math.exp(-x))
    raise AssertionError(step.kind)


@pytest.mark.parametrize("network", NETWORKS)
def test_its_terms_give_what_torch_gives(network: str) -> None:
    subject = subject_of(network)
    pixels = np.stack([subject.picture(number).pixels for number in (0, 3)])
    calls = {each.name: each for each in trace(subject.module, subject.tensor(pixels))}
    draw = np.random.default_rng(0)
    for layer in slides_of(subject):
        found = slide(subject, layer, [0, 3])
        wanted = calls[layer].output
        assert found.size == tuple(wanted.shape[2:])
        for _ in range(20):
            image, kernel, row, column = (int(draw.integers(side)) for side in wanted.shape)
            now = value(found, image, kernel, row, column)
            assert now == pytest.approx(float(wanted[image, kernel, row, column]), abs=1e-4)
            for step in found.after:
                if step.kind != "pool":
                    now = stepped(step, kernel, now)
                    made = float(calls[step.name].output[image, kernel, row, column])
                    assert now == pytest.approx(made, abs=1e-4)
        assert found.after[-1].kind == "pool"
        pooled = calls[found.after[-1].name].output
        assert found.after[-1].numbers["size"] == list(pooled.shape[2:])


def test_the_strongest_unit_is_the_largest_value() -> None:
    subject = subject_of(NETWORKS[0])
    found = slide(subject, "conv1", [2])
    kernel, row, column = found.strongest
    pixels = subject.picture(2).pixels
    wanted = {each.name: each.output for each in trace(subject.module, subject.tensor(pixels))}
    assert float(wanted["conv1"][0, kernel, row, column]) == float(wanted["conv1"].max())


@pytest.mark.parametrize(
    ("layer", "channels", "words"),
    [
        ("relu1", None, "relu1 is no convolution over zeros that could slide: these can: conv1"),
        ("conv1", [4], "conv1 has no channel 4: give 0 to 3"),
        ("conv1", [-1, 2], "give 0 to 3"),
        ("conv1", [], "give 0 to 3"),
        ("conv9", None, "has no layer 'conv9'"),
    ],
)
def test_what_cannot_slide_is_said(layer: str, channels: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        slide(subject_of(NETWORKS[0]), layer, channels=channels)
    assert words in str(caught.value)


class Branching(nn.Module):
    """What follows the convolution is not one layer: the steps end there."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular")
        self.plain = nn.Conv2d(2, 2, 3, bias=False)
        self.relu = nn.ReLU()
        self.tanh = nn.Tanh()
        self.fc = nn.Linear(2 * 6 * 6, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.plain(self.conv(images))
        both: torch.Tensor = self.fc((self.relu(maps) + self.tanh(maps)).flatten(1))
        return both


def branching() -> Subject:
    from convscope.architecture.layers import Volume

    return subject_of(Branching(), shape=Volume(8, 8, 1))


def test_where_ways_part_the_steps_end() -> None:
    subject = branching()
    assert slides_of(subject) == ("plain",)
    found = slide(subject, "plain")
    assert found.after == ()
    assert found.biases is None
    assert found.source == "conv"
    with pytest.raises(UsageError, match="these can: plain"):
        slide(subject, "conv")
