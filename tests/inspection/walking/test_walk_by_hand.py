"""Walks through layers so small that every number is worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from convscope.inspection.subject import Picture
from convscope.inspection.walking.single import Normalised, Passed
from convscope.inspection.walking.sums import Pooled, Weighted
from convscope.inspection.walking.walk import walk
from tests.inspection.random_subjects import parsed_subject

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")


def test_a_convolution_by_hand() -> None:
    """3×3 image, 2×2 kernel, stride 2, padding 1: the first unit sees one pixel."""
    subject = parsed_subject("input 3x3x1 -> conv 1 2x2 stride 2 pad 1 -> relu")
    with torch.no_grad():
        subject.module.conv1.weight.copy_(torch.tensor([[[[1.0, 2.0], [-3.0, 4.0]]]]))
        subject.module.conv1.bias.fill_(-0.5)
    pixels = np.array([[[51, 102, 153], [204, 255, 0], [0, 51, 102]]], np.uint8)
    found = walk(subject, "conv1", (0, 0, 0), image=Picture("by hand", pixels))
    stage = found.last
    assert isinstance(stage, Weighted)
    assert (stage.rows, stage.columns) == ((-1, 0), (-1, 0))
    assert stage.inside.tolist() == [[False, False], [False, True]]
    assert stage.patch.tolist() == [[[0, 0], [0, pytest.approx(0.2)]]]
    assert found.value == pytest.approx(4 * 0.2 - 0.5)
    assert (found.field.top, found.field.left, found.field.bottom, found.field.right) == (
        0,
        0,
        1,
        1,
    )

    middle = walk(subject, "relu1", (0, 1, 1), image=Picture("by hand", pixels))
    conv, relu = middle.stages
    assert conv.value == pytest.approx(1.0 * 1 + 2 * 0.0 - 3 * 0.2 + 4 * 0.4 - 0.5)
    assert relu.value == pytest.approx(1.5)
    assert relu.derivation == "max(0, 1.5000)"
    assert conv.derivation == "2.0000 − 0.5000"


def test_a_batch_norm_by_hand() -> None:
    subject = parsed_subject("input 2x2x1 -> batchnorm")
    norm = subject.module.batch1
    with torch.no_grad():
        norm.running_mean.fill_(0.5)
        norm.running_var.fill_(0.25)
        norm.weight.fill_(2)
        norm.bias.fill_(-1)
        norm.eps = 0.0
    pixels = np.array([[[0, 255], [51, 102]]], np.uint8)
    stage = walk(subject, "batch1", (0, 0, 1), image=Picture("by hand", pixels)).last
    assert isinstance(stage, Normalised)
    assert stage.normalised == 1
    assert stage.value == 1
    assert stage.derivation == "(1.0000 − 0.5000)/√(0.2500 + 0)·2.0000 − 1.0000"


@pytest.mark.parametrize(
    ("step", "value", "words"),
    [
        ("maxpool 2", 1.0, "max(0.2000, 1.0000, 0.4000, 0.8000)"),
        ("avgpool 2", 0.6, "(0.2000 + 1.0000 + 0.4000 + 0.8000)/4"),
        ("avgpool 2 pad 1", 0.05, "(0.2000)/4"),
        ("l2pool 2", math.sqrt(1.84), "√(0.2000² + 1.0000² + 0.4000² + 0.8000²)"),
        ("globalavgpool", 0.6, "(0.2000 + 1.0000 + 0.4000 + 0.8000)/4"),
    ],
)
def test_pools_by_hand(step: str, value: float, words: str) -> None:
    subject = parsed_subject(f"input 2x2x1 -> {step}")
    pixels = np.array([[[51, 255], [102, 204]]], np.uint8)
    stage = walk(subject, at=(0, 0, 0), image=Picture("by hand", pixels)).last
    assert isinstance(stage, Pooled)
    assert stage.value == pytest.approx(value)
    assert stage.derivation == words
    assert (stage.winner == (0, 0, 1)) == (stage.reduction == "max")


def test_a_pool_weighted_by_distance() -> None:
    subject = parsed_subject("input 3x3x1 -> distancepool 3 falloff 1")
    pixels = np.zeros((1, 3, 3), np.uint8)
    pixels[0, 1, 1] = 255
    stage = walk(subject, image=Picture("by hand", pixels)).last
    assert isinstance(stage, Pooled)
    around = 4 * math.exp(-1) + 4 * math.exp(-math.sqrt(2))
    assert stage.value == pytest.approx(1 / (1 + around))
    assert stage.weights is not None
    assert stage.weights.sum() == pytest.approx(1)


def test_a_fully_connected_layer_knows_the_places_of_its_terms() -> None:
    subject = parsed_subject("input 2x3x3 -> flatten -> dropout 0.5 -> fc 2")
    found = walk(subject, "fc", (1,))
    stage = found.last
    assert isinstance(stage, Weighted)
    assert (stage.source, stage.channels, stage.rows, stage.columns) == (
        "input",
        (0, 1, 2),
        (0, 1),
        (0, 1, 2),
    )
    pixels = subject.images[0].astype(float) / 255
    assert stage.patch == pytest.approx(pixels, rel=1e-6)
    assert stage.value == pytest.approx(found.last.recorded, rel=1e-5)
    flat, dropout = walk(subject, "dropout", (7,)).stages
    assert isinstance(flat, Passed)
    assert flat.unit == (1, 0, 1)
    assert dropout.value == flat.value == pytest.approx(pixels[1, 0, 1])
