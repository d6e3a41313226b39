"""Names and volumes, and layers that do not fit."""

from __future__ import annotations

import pytest

from convscope.architecture import Architecture, Volume
from convscope.architecture.shapes import walk
from convscope.architecture.windows import output_side
from convscope.architecture.zoo import ZOO
from convscope.errors import ShapeError, UsageError


def names(text: str) -> list[str]:
    return [node.name for node in walk(Architecture.parse(text).nodes)]


def problem(text: str) -> str:
    with pytest.raises(ShapeError) as caught:
        Architecture.parse(text)
    return str(caught.value)


def test_output_side_counts_the_places_of_a_window() -> None:
    for side in range(1, 14):
        for kernel in range(1, 5):
            for stride in range(1, 4):
                for padding in range(5):
                    for dilation in (1, 2):
                        reach = dilation * (kernel - 1) + 1
                        starts = range(0, side + padding - reach + 1, stride)
                        found = output_side(side, kernel, stride, padding, dilation)
                        assert max(found, 0) == len(starts)


def test_the_names_are_those_of_the_article() -> None:
    article = ZOO["article"].example
    assert [node.name for node in article.nodes] == (
        ["conv1", "batch1", "relu1", "pool1", "conv2", "batch2", "relu2", "pool2", "fc"]
    )
    assert [str(node.output) for node in article.nodes] == (
        [
            "28×28×16",
            "28×28×16",
            "28×28×16",
            "14×14×16",
            "14×14×32",
            "14×14×32",
            "14×14×32",
            "7×7×32",
            "10",
        ]
    )


def test_names_inside_blocks_and_repetitions() -> None:
    assert names(
        "input 8x8x3 -> 2 x { residual { conv 4 3x3 pad 1 -> batchnorm } -> relu } -> fc 5 -> fc 2"
    ) == [
        "block1.conv1",
        "block1.batch1",
        "block1.shortcut.conv1",
        "block1.shortcut.batch1",
        "block1",
        "relu1",
        "block2.conv1",
        "block2.batch1",
        "block2",
        "relu2",
        "fc1",
        "fc2",
    ]


def test_all_poolings_share_a_name_and_lone_dropout_has_no_number() -> None:
    assert names("input 9x9x1 -> maxpool 2 -> l2pool 2 -> dropout -> flatten -> fc 2") == [
        "pool1",
        "pool2",
        "dropout",
        "flatten",
        "fc",
    ]


def test_a_shortcut_strides_with_its_body() -> None:
    block = Architecture.parse("input 9x8x3 -> residual { conv 4 3x3 pad 1 stride 2x1 }").nodes[0]
    assert str(block.output) == "5×8×4"
    (projection,) = block.shortcut
    assert projection.layer.stride == (2, 1)  # type: ignore[union-attr]
    assert projection.layer.bias  # type: ignore[union-attr]
    assert projection.output == block.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "input 4x6x1 -> conv 3 9x3",
            (
                "its kernel is 9 high, its padded input 4: H_out = ⌊(4 − 9 + 2·0)/1 + 1⌋ = −4: "
                'use a kernel at most 4 high, or "pad 3"'
            ),
        ),
        (
            "input 6x4x1 -> conv 3 3x3 dilation 2 pad 0",
            (
                "its kernel is 2·(3 − 1) + 1 = 5 wide, its padded input 4: "
                "W_out = ⌊(4 − 2·(3 − 1) − 1 + 2·0)/1 + 1⌋ = 0"
            ),
        ),
        ("input 3x3x1 -> maxpool 4", "its window is 4 high, its padded input 3"),
        ("input 4x4x1 -> maxpool 2 pad 2", "pad 2 is more than half of the window's side 2"),
        ("input 5x5x4 -> conv 8 3x3 pad same stride 2", "pad same keeps the size"),
        ("input 4x4x3 -> conv 8 3x3 groups 2", "3/2 = 1.5, 8/2 = 4"),
        ("input 4x4x4 -> conv 6 3x3 groups 4", "4/4 = 1, 6/4 = 1.5"),
        ("input 4x4x1 -> fc 10 -> conv 3 1x1", "its input is a vector of 10 numbers"),
        ("input 4x4x1 -> flatten -> maxpool 2", "its input is a vector of 16 numbers"),
        ("input 4x4x1 -> fc 3 -> globalavgpool", "its input is a vector"),
        ("input 4x4x1 -> fc 3 -> residual { relu }", "needs an image"),
        ("input 4x4x1 -> residual { fc 3 }", "makes a vector"),
        ("input 9x9x3 -> residual { conv 3 3x3 }", "the body makes H_out = 7 of 9"),
        ("input 8x8x1 -> residual { conv 1 3x3 stride 2 pad 5 }", "the two ways do not meet"),
    ],
)
def test_a_layer_that_does_not_fit_shows_the_arithmetic(text: str, said: str) -> None:
    assert said in problem(text)


def test_the_caret_stands_under_the_layer_inside_its_block() -> None:
    line, caret = problem("input 8x8x1 -> 2 x { residual { relu -> conv 3 9x9 } }").splitlines()
    assert line[caret.index("^") :].startswith("conv 3 9x9 }")
    assert caret.count("^") == len("conv 3 9x9")


def test_input_and_classes_are_filled_in_from_the_data() -> None:
    architecture = Architecture.parse("input auto -> 2 x { relu } -> fc classes")
    assert not architecture.complete
    with pytest.raises(UsageError, match="filled in from the data"):
        _ = architecture.nodes
    full = architecture.completed(Volume(8, 9, 3), 7)
    assert str(full) == "input 8x9x3 -> 2 x { relu } -> fc 7"
    assert full.output == Volume(1, 1, 7, flat=True)
    assert full.completed(Volume(1, 1, 1), 2) == full
    waiting = Architecture.parse("input 8x8x1 -> fc classes")
    with pytest.raises(UsageError, match="fc classes"):
        _ = waiting.nodes
