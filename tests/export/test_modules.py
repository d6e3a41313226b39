"""Residual blocks that differ only in numbers share a class, with parameters for those."""

from __future__ import annotations

from convscope.architecture.architecture import Architecture
from convscope.architecture.zoo import ZOO
from convscope.export.modules import block_classes


def blocks_of(notation: str) -> tuple[list[tuple[str, tuple[str, ...]]], list[str]]:
    """The classes with their parameters, and the call that makes each block."""
    classes, calls = block_classes(Architecture.parse(notation).nodes)
    made = [f"{name}: {''.join(call.lines('', 0))}" for name, call in calls.items()]
    return [(known.name, known.parameters) for known in classes], made


def test_a_network_without_blocks_has_no_such_classes() -> None:
    assert blocks_of("input 8x8x1 -> conv 2 3x3 -> fc 2") == ([], [])


def test_resnet20_needs_two_classes() -> None:
    classes, calls = blocks_of(str(ZOO["resnet20"].example))
    assert classes == [
        ("Block", ("channels",)),
        ("ProjectionBlock", ("in_channels", "out_channels")),
    ]
    assert calls == [
        *(f"block{number}: Block(16)" for number in (1, 2, 3)),
        *(f"block{number}: Block(32)" for number in (5, 6)),
        *(f"block{number}: Block(64)" for number in (8, 9)),
        "block4: ProjectionBlock(16, 32)",
        "block7: ProjectionBlock(32, 64)",
    ]


def test_a_block_of_its_own_kind_keeps_its_numbers() -> None:
    classes, calls = blocks_of("input 8x8x4 -> residual { conv 4 3x3 pad 1 -> relu }")
    assert classes == [("Block", ())]
    assert calls == ["block1: Block()"]


def test_other_layers_inside_make_another_class() -> None:
    classes, calls = blocks_of(
        "input 8x8x4 -> residual { conv 4 3x3 pad 1 } -> residual { conv 4 3x3 pad 1 -> relu }"
    )
    assert classes == [("Block", ()), ("Block2", ())]
    assert calls == ["block1: Block()", "block2: Block2()"]


def test_every_number_that_differs_is_named_for_what_it_is() -> None:
    classes, calls = blocks_of(
        "input 16x16x8"
        " -> residual { conv 2 1x1 -> conv 3 3x3 pad 1 -> leakyrelu 0.1 -> conv 8 1x1 }"
        " -> residual { conv 4 1x1 -> conv 6 5x5 pad 2 -> leakyrelu 0.2 -> conv 8 1x1 }"
    )
    names = ("middle_channels", "middle_channels2", "kernel_size", "padding", "slope")
    assert classes == [("Block", names)]
    assert calls == ["block1: Block(2, 3, 3, 1, 0.1)", "block2: Block(4, 6, 5, 2, 0.2)"]


def test_inner_blocks_come_first_and_their_numbers_pass_through_the_outer_ones() -> None:
    classes, calls = blocks_of(
        "input 16x16x4"
        " -> residual { residual { conv 4 3x3 pad 1 } -> relu }"
        " -> residual { conv 8 1x1 }"
        " -> residual { residual { conv 8 3x3 pad 1 } -> relu }"
    )
    assert classes == [
        ("Block", ("channels",)),
        ("ProjectionBlock", ()),
        ("Block2", ("channels",)),
    ]
    assert calls == [
        "block1.block1: Block(4)",
        "block3.block1: Block(8)",
        "block2: ProjectionBlock()",
        "block1: Block2(4)",
        "block3: Block2(8)",
    ]
