"""Steps and interiors, found by running a module, against the arithmetic of fields."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.fields import fields
from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.inspection.subject import Subject
from convscope.inspection.symmetry.grids import grids_of
from convscope.network.build import build
from tests.architecture.random_architectures import random_architectures
from tests.inspection.moved_subjects import RESIDUAL, SMALL, Even, drawn, habits
from tests.inspection.random_subjects import subject_for

STRIDED = (
    "input 31x23x3 -> conv 4 5x4 stride 3x2 pad 1 -> relu -> conv 4 3x3 dilation 2 pad 3 -> "
    "maxpool 3x2 stride 2 pad 1 -> conv 2 1x1 stride 2 -> fc 10"
)


def names_of(subject: Subject) -> list[str]:
    return [each.name for each in subject.layers if each.spatial and each.leaf]


def check_against_fields(subject: Subject) -> int:
    """Steps and interiors of all layers whose field is a rule; how many there were."""
    assert subject.architecture is not None
    height, width = subject.volume.height, subject.volume.width
    boxes = [Box(0, 0, height, width), Box(1, 2, height, width - 1)]
    grids = grids_of(subject, names_of(subject), boxes)
    checked = 0
    for name, field in fields(subject.architecture).items():
        spans = (field.height, field.width)
        if name not in grids or any(span.jump is None or span.start is None for span in spans):
            continue
        grid, shape = grids[name], subject.layer(name).shape[1:]
        assert grid.step == tuple(span.jump.value for span in spans if span.jump), name
        if grid.interior is None:  # steps whose common multiple is too large
            continue
        for box in boxes:
            lines = []
            ends = ((box.top, box.bottom), (box.left, box.right))
            for span, units, (first, last) in zip(spans, shape, ends, strict=True):
                assert span.jump is not None and span.start is not None
                starts = span.start.value + np.arange(units) * span.jump.value
                lines.append((starts >= first) & (starts + span.size.value <= last))
            expected = lines[0][:, None] & lines[1][None, :]
            assert (grid.interior[box] == expected).all(), (name, box)
            checked += 1
    return checked


@pytest.mark.parametrize("notation", [SMALL, RESIDUAL, STRIDED])
def test_they_are_those_of_the_arithmetic(notation: str) -> None:
    assert check_against_fields(drawn(notation, 4)) >= 8


@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")
def test_they_are_those_of_random_architectures() -> None:
    checked = 0
    for architecture in random_architectures(60, 7):
        volume = architecture.nodes[0].input
        if volume.channels not in (1, 3):
            continue
        module = build(architecture, seed=0).eval()
        subject = subject_for(module, volume, architecture)
        if names_of(subject) and not holes_wider_than_fields(architecture):
            checked += check_against_fields(subject)
    assert checked > 100


def holes_wider_than_fields(architecture: Architecture) -> bool:
    """A kernel with holes may step over the edge: the hull then says less than the run."""
    return "dilation" in str(architecture)


def test_a_module_that_says_nothing_of_its_layers() -> None:
    subject = habits(4)
    grids = grids_of(subject, names_of(subject), [Box(0, 0, 12, 12)])
    assert {name: grid.step for name, grid in grids.items()} == {
        "conv1": (1, 1),
        "relu": (1, 1),
        "conv2": (1, 1),
        "relu:2": (1, 1),
        "conv3": (1, 1),
        "relu:3": (1, 1),
        "pool": (2, 2),
    }
    inside = grids["pool"].interior
    assert inside is not None
    # Unit i of the pool sees 2·i − 4 … 2·i + 4 through three convolutions: i is 2 or 3.
    assert inside[Box(0, 0, 12, 12)].sum() == 4


def test_units_that_see_everything_have_no_interior() -> None:
    class Squeeze(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 1)
            self.mean = nn.AdaptiveAvgPool2d(1)
            self.scale = nn.Conv2d(4, 4, 1)
            self.last = nn.Conv2d(4, 10, 12)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            maps = self.conv(images)
            return self.last(maps * self.scale(self.mean(maps))).flatten(1)

    subject = subject_for(Squeeze(), Volume(12, 12, 1))
    whole = Box(0, 0, 12, 12)
    grids = grids_of(subject, ["conv", "mean", "scale", "last"], [whole])
    assert grids["mean"].step is None
    assert grids["mean"].interior is None
    assert grids["last"].step == (1, 1)
    assert grids["conv"].interior is not None
    assert grids["conv"].interior[whole].all()
    assert grids["last"].interior is not None
    assert not grids["last"].interior[whole].any()


def test_a_grid_off_the_centre_is_known() -> None:
    subject = subject_for(Even(), Volume(12, 12, 1))
    grids = grids_of(subject, ["conv", "halved"], [])
    assert grids["conv"].centred == (True, True)
    assert grids["halved"].centred == (False, False)
    ours = drawn("input 12x11x1 -> conv 2 3x3 stride 2 -> fc 10", 2)
    assert grids_of(ours, ["conv1"], [])["conv1"].centred == (False, True)


def test_a_module_that_takes_one_size_only() -> None:
    class Strict(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, padding=1)
            self.fc = nn.Linear(4 * 144, 10)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if images.shape[-1] != 12:
                raise ValueError("twelve pixels, please")
            return self.fc(self.conv(images).flatten(1))

    subject = subject_for(Strict(), Volume(12, 12, 1))
    before = {name: value.clone() for name, value in subject.module.state_dict().items()}
    grid = grids_of(subject, ["conv"], [])["conv"]
    assert (grid.step, grid.interior, grid.centred) == (None, None, None)
    assert not subject.module._forward_pre_hooks
    assert not subject.module.conv._forward_hooks
    for name, value in subject.module.state_dict().items():
        assert torch.equal(value, before[name])
