"""Receptive fields: by hand, by counting pixel by pixel, and the rule against the units."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.architecture import Architecture, Volume
from convscope.architecture.fields import Field, fields, reach
from convscope.architecture.layers import (
    Conv,
    Flatten,
    FullyConnected,
    GlobalAvgPool,
    Layer,
)
from convscope.architecture.pixels import Box, Window
from convscope.architecture.shapes import Node, walk
from convscope.architecture.windows import padding_of
from convscope.architecture.zoo import find_architecture
from convscope.errors import UsageError

from .random_architectures import random_architecture

Pixels = set[tuple[int, int]]

GOLDEN = {
    "input": (1, 1),
    "conv1": (5, 1),
    "batch1": (5, 1),
    "relu1": (5, 1),
    "pool1": (6, 2),
    "conv2": (14, 2),
    "batch2": (14, 2),
    "relu2": (14, 2),
    "pool2": (16, 4),
}


def values(field: Field) -> list[int | None]:
    return [
        None if count is None else count.value
        for span in (field.height, field.width)
        for count in (span.size, span.jump, span.start)
    ]


def test_the_article_s_fields_are_those_worked_out_by_hand() -> None:
    found = fields(find_architecture("article"))
    for name, (size, jump) in GOLDEN.items():
        span = found[name].width
        assert span == found[name].height
        assert (span.size.value, span.jump and span.jump.value) == (size, jump), name
    assert found["fc"].everything
    assert values(found["fc"]) == [28, None, 0, 28, None, 0]


def test_derivations_stand_beside_size_jump_and_start() -> None:
    span = fields(find_architecture("article"))["conv2"].width
    assert span.jump is not None
    assert span.start is not None
    assert str(span.size) == "6 + (5 − 1)·2 = 14"
    assert str(span.jump) == "2·1 = 2"
    assert str(span.start) == "−2 − 2·2 = −6"


def test_dilation_widens_the_field_and_height_and_width_go_apart() -> None:
    text = "input 30x30x1 -> maxpool 2x3 -> conv 2 3x5 dilation 4x1 stride 2x1 pad 1x0"
    assert values(fields(Architecture.parse(text))["conv1"]) == [18, 4, -2, 15, 3, 0]


def test_a_block_sees_the_union_of_its_two_ways() -> None:
    text = "input 20x20x1 -> residual { conv 1 1x2 pad 0x1 -> conv 1 3x1 pad 1x0 -> conv 1 1x2 }"
    architecture = Architecture.parse(text)
    block = fields(architecture)["block1"]
    assert values(block) == [3, 1, -1, 3, 1, -1]
    assert str(block.width.size) == (
        "1 − (−1) + 1 = 3, the union of −1 … 1 by the body and 0 … 0 by the shortcut"
    )
    # Taps 1 to the left and 2 to the right: at the left border only the shortcut sees place 0.
    apart = Architecture.parse("input 20x20x1 -> residual { conv 1 2x2 pad same dilation 3 }")
    assert values(fields(apart)["block1"]) == [4, 1, -1, 4, 1, -1]
    assert reach(apart, "block1.conv1", 0, 0) == Box(2, 2, 3, 3)
    assert reach(apart, "block1", 0, 0) == Box(0, 0, 3, 3)


def test_ways_that_move_by_different_steps_have_no_one_jump() -> None:
    # One row only: the body strides over it by 2, the identity cannot.
    text = "input 1x9x2 -> residual { conv 2 1x3 stride 2x1 pad 0x1 } -> conv 2 1x3"
    found = fields(Architecture.parse(text))
    assert values(found["block1"]) == [1, None, None, 3, 1, -1]
    assert "1 and 2 pixels a step" in found["block1"].height.size.derivation
    assert values(found["conv1"]) == [1, None, None, 5, 1, -1]
    # Ways from −7 + i, 6 pixels, and from −14 + 2i, 11 pixels: together 13 for the first
    # unit (−14 … −2), 14 for the last of 11 (3 … 16).
    drifting = f"{text.removesuffix('1x3')}4x1 pad same -> conv 2 3x1 pad 6x0"
    found = fields(Architecture.parse(drifting))
    assert values(found["conv2"])[:3] == [14, None, None]


def test_fc_sees_everything_that_is_left() -> None:
    # Of 9 rows the pool reads 8; of 8 columns all.
    found = fields(Architecture.parse("input 9x8x1 -> maxpool 2 -> fc 3 -> relu -> fc 2"))
    for name in ("fc1", "relu1", "fc2"):
        assert found[name].everything
        assert values(found[name]) == [8, None, 0, 8, None, 0]


def test_a_global_mean_sees_everything_and_so_do_all_layers_after_it() -> None:
    text = "input 6x6x2 -> conv 2 3x3 -> globalavgpool -> residual { conv 2 3x3 pad 1 } -> fc 2"
    found = fields(Architecture.parse(text))
    assert not found["conv1"].everything
    names = ("globalpool", "block1.conv1", "block1", "fc")
    assert all(found[name].everything for name in names)


def test_a_layer_that_sees_padding_alone_reaches_nothing() -> None:
    architecture = Architecture.parse("input 3x3x1 -> conv 1 1x1 pad 2 -> conv 1 2x2")
    assert reach(architecture, "conv1", 0, 3) is None
    assert reach(architecture, "conv1", 2, 3) == Box(0, 1, 1, 2)
    assert reach(architecture, "conv2", 0, 0) is None
    assert reach(architecture, "conv2", 1, 2) == Box(0, 0, 1, 2)


def test_reach_of_the_image_is_the_pixel_itself() -> None:
    box = reach(find_architecture("article"), "input", 3, 4)
    assert box == Box(3, 4, 4, 5)
    assert (box.height, box.width) == (1, 1)


def test_reach_at_the_border_is_cut_and_inside_is_the_field() -> None:
    article = find_architecture("article")
    assert reach(article, "conv2", 0, 0) == Box(0, 0, 8, 8)
    assert reach(article, "conv2", 7, 7) == Box(8, 8, 22, 22)
    assert reach(article, "conv2", 13, 0) == Box(20, 0, 28, 8)
    assert reach(article, "fc", 0, 0) == Box(0, 0, 28, 28)


def test_unknown_layers_and_units_are_refused_with_a_remedy() -> None:
    article = find_architecture("article")
    with pytest.raises(UsageError, match="no layer 'conv3': did you mean \"conv2\""):
        reach(article, "conv3", 0, 0)
    with pytest.raises(UsageError, match="no layer 'zzz': the last one is fc"):
        reach(article, "zzz", 0, 0)
    with pytest.raises(
        UsageError, match="pool2 has no unit at row 7, column 0: its rows are 0 to 6"
    ):
        reach(article, "pool2", 7, 0)
    with pytest.raises(UsageError, match="row -1"):
        reach(article, "pool2", -1, 0)


@given(
    side=st.integers(1, 14),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 5),
    before=st.integers(0, 6),
    after=st.integers(0, 6),
    dilation=st.integers(1, 4),
    units=st.sets(st.integers(0, 9)),
)
def test_a_window_reads_the_pixels_that_a_loop_over_its_taps_finds(
    side: int, kernel: int, stride: int, before: int, after: int, dilation: int, units: set[int]
) -> None:
    window = Window(side, kernel, stride, before, after, dilation)
    taps = {unit * stride - before + tap * dilation for unit in units for tap in range(kernel)}
    read = window.pixels(sum(1 << unit for unit in units))
    assert {pixel for pixel in range(side + 1) if read >> pixel & 1} == {
        tap for tap in taps if 0 <= tap < side
    }


def counted(unit: Pixels, nodes: Sequence[Node]) -> Pixels:
    """The places that reach some units, tap by tap and pixel by pixel."""
    for node in reversed(nodes):
        if node.body:
            unit = counted(unit, node.body) | counted(unit, node.shortcut)
        elif isinstance(node.layer, FullyConnected | GlobalAvgPool | Flatten):
            rows, columns = range(node.input.height), range(node.input.width)
            unit = {(row, column) for row in rows for column in columns} if unit else set()
        elif hasattr(node.layer, "kernel"):
            unit = {pixel for row, column in unit for pixel in taps(node, row, column)}
    return unit


def taps(node: Node, row: int, column: int) -> Pixels:
    layer = node.layer
    (top, _), (left, _) = padding_of(layer)  # type: ignore[arg-type]
    dilation = layer.dilation if isinstance(layer, Conv) else (1, 1)
    height, width = layer.kernel  # type: ignore[union-attr]
    down, right = layer.stride  # type: ignore[union-attr]
    places = {
        (row * down - top + i * dilation[0], column * right - left + j * dilation[1])
        for i in range(height)
        for j in range(width)
    }
    return {(r, c) for r, c in places if 0 <= r < node.input.height and 0 <= c < node.input.width}


def chain_to(name: str, nodes: Sequence[Node]) -> list[Node] | None:
    """All nodes from the image to the one of that name, blocks entered where it is inside."""
    for index, node in enumerate(nodes):
        if node.name == name:
            return list(nodes[: index + 1])
        for inside in (node.body, node.shortcut):
            rest = chain_to(name, inside)
            if rest is not None:
                return [*nodes[:index], *rest]
    return None


@pytest.mark.parametrize("seed", range(150))
def test_reach_is_the_hull_of_what_counting_tap_by_tap_finds(seed: int) -> None:
    random = Random(seed)
    architecture = random_architecture(random)
    for node in walk(architecture.nodes):
        row, column = random.randrange(node.output.height), random.randrange(node.output.width)
        chain = chain_to(node.name, architecture.nodes)
        assert chain is not None
        pixels = counted({(row, column)}, chain)
        expected = None
        if pixels:
            rows, columns = {r for r, _ in pixels}, {c for _, c in pixels}
            expected = Box(min(rows), min(columns), max(rows) + 1, max(columns) + 1)
        assert reach(architecture, node.name, row, column) == expected, (
            f"{node.name}: {architecture}"
        )


@pytest.mark.parametrize("seed", range(100))
def test_a_unit_whose_field_lies_inside_the_image_reaches_just_that(seed: int) -> None:
    """The image is made so large, and no larger, that one unit's field fits into it."""
    maps = on_maps(random_architecture(Random(seed)))
    if maps is None:
        return
    last = [node.name for node in maps.nodes][-1]
    field = fields(maps)[last]
    spans = (field.height, field.width)
    # Sides of one pixel can hold ways of different steps; a larger image has none.
    if any(span.jump is None or span.start is None for span in spans):
        return
    units = [-(span.start.value // span.jump.value) for span in spans]  # type: ignore[union-attr]
    sides = [
        span.start.value + unit * span.jump.value + span.size.value  # type: ignore[union-attr]
        for unit, span in zip(units, spans, strict=True)
    ]
    assert maps.input is not None
    larger = Architecture(Volume(sides[0], sides[1], maps.input.channels), maps.layers)
    box = reach(larger, last, units[0], units[1])
    assert box is not None
    assert (box.bottom, box.right) == tuple(sides)
    assert (box.height, box.width) == (field.height.size.value, field.width.size.value)


def on_maps(architecture: Architecture) -> Architecture | None:
    """The layers before the first vector or global mean, if there are any."""
    layers: list[Layer] = []
    for layer in architecture.layers:
        if isinstance(layer, FullyConnected | GlobalAvgPool | Flatten):
            break
        layers.append(layer)
    return Architecture(architecture.input, tuple(layers)) if layers else None


def test_many_blocks_one_after_another_stay_quick() -> None:
    # Each block has two ways: followed one by one, 60 blocks would be 2^60 ways.
    text = "input 40x40x1 -> conv 1 1x1 pad 3 -> 60 x { residual { conv 1 3x3 pad 3 dilation 3 } }"
    architecture = Architecture.parse(text)
    # Place 20 is pixel 17, and every step is by 3: 2, 5, …, 38.
    assert reach(architecture, "block60", 20, 20) == Box(2, 2, 39, 39)
    assert values(fields(architecture)["block60"]) == [361, 1, -183, 361, 1, -183]
