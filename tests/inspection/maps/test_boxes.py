"""Boxes by arithmetic and by trying say the same, and what cannot be tried is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from convscope.architecture.pixels import Box
from convscope.inspection.fields.geometric import known_node
from convscope.inspection.maps.boxes import boxes_of
from convscope.inspection.subject import Subject, subject_of
from tests.inspection.strangers import noise, subject_with


def worked_out_and_tried(notation: str) -> tuple[Subject, Subject]:
    subject = subject_of(notation)
    return subject, replace(subject, architecture=None)


@pytest.mark.parametrize(
    "notation",
    [
        "input 12x10x1 -> conv 2 3x3 stride 2 pad 1 -> relu -> maxpool 2 -> fc 3",
        "input 14x9x1 -> conv 2 5x3 pad 3 -> avgpool 3 stride 2 -> conv 3 2x2 dilation 2 -> fc 3",
    ],
)
def test_trying_finds_what_the_arithmetic_says(notation: str) -> None:
    known, unknown = worked_out_and_tried(notation)
    for layer in known.layers:
        exact, tried = boxes_of(known, layer.name), boxes_of(unknown, layer.name)
        assert exact.how == "receptive fields, worked out from the layers"
        assert tried.how == "receptive fields, found by trying which pixels reach a unit"
        height, width = layer.shape[1:] if layer.spatial else (1, 1)
        for row in range(height):
            for column in range(width):
                assert tried.find(row, column) == exact.find(row, column)


def test_names_alone_are_no_proof() -> None:
    """A module that calls other layers by our names has no use for our arithmetic."""
    subject = subject_of("input 8x8x1 -> conv 2 3x3 pad 1 -> conv 2 5x5 pad 2 -> fc 3")

    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv2 = nn.Conv2d(1, 2, 5, padding=2)
            self.conv1 = nn.Conv2d(2, 2, 3, padding=1)
            self.fc = nn.Linear(128, 3)

        def forward(self, images: Tensor) -> Tensor:
            return self.fc(self.conv1(self.conv2(images)).flatten(1))

    turned = subject_with(Turned(), noise(2, 1, 8, 8))
    turned = replace(turned, architecture=subject.architecture)
    assert known_node(subject, "conv1") is not None
    assert known_node(turned, "conv1") is None
    assert boxes_of(turned, "conv2").find(0, 0) == Box(0, 0, 3, 3)
    assert boxes_of(turned, "conv1").find(0, 0) == Box(0, 0, 4, 4)


def test_a_part_of_a_block_that_is_no_layer_of_the_notation() -> None:
    subject = subject_of("resnet20")
    name = next(each.name for each in subject.layers if each.name.endswith(".shortcut"))
    assert known_node(subject, name) is None
    assert boxes_of(subject, name).find(0, 0) == Box(0, 0, *_reach_of(subject, name))


def _reach_of(subject: Subject, name: str) -> tuple[int, int]:
    inner = boxes_of(subject, f"{name}.batch1").find(0, 0)
    assert inner is not None
    return inner.bottom, inner.right


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda maps: torch.nan_to_num(maps), "the module hides which pixels it was given"),
        (
            lambda maps: maps if bool(torch.isfinite(maps).all()) else _refuse(),
            "the module does not take not-a-number (ValueError)",
        ),
    ],
)
def test_a_module_that_cannot_be_tried_has_the_whole_image(act: object, why: str) -> None:
    class Guarded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, images: Tensor) -> Tensor:
            return self.conv(act(images)).mean((2, 3))  # type: ignore[operator, no-any-return]

    found = boxes_of(subject_with(Guarded(), noise(2, 1, 7, 6)), "conv")
    assert found.how == f"the whole image, since {why}"
    assert found.find(2, 2) == Box(0, 0, 7, 6)


def _refuse() -> Tensor:
    raise ValueError("not finite")


def test_units_that_see_padding_alone_have_no_box() -> None:
    notation = "input 4x4x1 -> conv 1 1x1 pad 2 -> fc 3"
    for subject in worked_out_and_tried(notation):
        boxes = boxes_of(subject, "conv1")
        assert boxes.find(0, 3) is None
        assert boxes.find(2, 2) == Box(0, 0, 1, 1)
