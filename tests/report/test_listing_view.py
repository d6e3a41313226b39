"""The lists of somebody's layers, as a terminal shows them."""

from __future__ import annotations

import pytest
from torch import nn

from convscope.architecture.layers import Volume
from convscope.inspection.foreign.extraction import architecture_of
from convscope.inspection.foreign.listing import listing_of
from convscope.report.listing_view import ListingView, NamesView
from convscope.report.view import shown_text
from tests.inspection.networks import ConvNet1, SmallResNet


def odd() -> nn.Module:
    convolutions = [nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU6()) for _ in range(8)]
    return nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))


def test_names_that_are_the_same_are_said_once() -> None:
    text = shown_text(NamesView("net.py:ConvNet1", architecture_of(ConvNet1())))
    assert text.splitlines() == [
        "the layers of net.py:ConvNet1",
        "",
        "names        each layer has the same name there and here",
        "note         it takes 28×28×1: its first fc takes 1,568 numbers; squares up to",
        "             31×31 give as many",
        "",
    ]


def test_other_names_stand_in_columns() -> None:
    found = architecture_of(SmallResNet(), Volume(8, 8, 1))
    lines = shown_text(NamesView("net", found)).splitlines()
    assert lines[2:6] == [
        "here                    there",
        "conv1                   stem",
        "block1.conv1            blocks.0.conv1",
        "block1.batch1           blocks.0.bn1",
    ]
    assert "block1                  + in blocks.0" in lines


def test_what_is_not_expressed_is_grouped_by_its_reason() -> None:
    module, volume = odd(), Volume(4, 6, 3)
    listing = listing_of(module, "net.py:odd", volume, architecture_of(module, volume))
    text = shown_text(ListingView(listing, explained=True), width=80)
    lines = text.splitlines()
    assert lines[0] == "net.py:odd  takes 4×6×3, 104 parameters"
    assert lines[2].split() == ["layer", "kind", "output", "parameters"]
    assert lines[3].split() == ["0.0", "Conv2d", "4×6×3", "12"]
    assert "  ReLU6: the activations of the notation are relu, leakyrelu, sigmoid" in text
    assert "    0.1, 1.1, 2.1, 3.1, 4.1, 5.1 and 2 more" in lines
    assert "left out     multiply-adds, memory and receptive fields are worked out" in text
    assert "left out" not in shown_text(ListingView(listing))


@pytest.mark.parametrize("width", [20, 60, 120])
def test_no_number_is_cut_and_ascii_will_do(width: int) -> None:
    module, volume = odd(), Volume(4, 6, 3)
    listing = listing_of(module, "net", volume, architecture_of(module, volume))
    text = shown_text(ListingView(listing, explained=True), width=width, encoding="ascii")
    text.encode("ascii")
    assert "4x6x3" in text
    assert "104 parameters" in text


def test_theirs_and_ours_stand_beside_one_another_where_they_differ() -> None:
    module, volume = SmallResNet(), Volume(8, 8, 1)
    listing = listing_of(module, "net", volume, architecture_of(module, volume))
    lines = shown_text(ListingView(listing), width=120).splitlines()
    assert lines[2].split() == ["layer", "kind", "output", "parameters", "here"]
    relu = next(line for line in lines if line.startswith("blocks.1.relu:2"))
    assert relu.split() == ["blocks.1.relu:2", "ReLU", "4×4×8", "relu2", "in", "place"]
