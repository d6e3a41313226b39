"""Convolutions by hand: small whole numbers that the seed draws, term by term."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.architecture.counts import Count, number
from convscope.architecture.layers import Conv
from convscope.exercises.dice import Dice
from convscope.exercises.forms import whole
from convscope.exercises.ground import Ground
from convscope.exercises.question import Grid, Question, Step, wrong_wholes

__all__ = ["dot_product", "one_place", "two_channels"]

TOPIC = "dot products"
Rows = Sequence[Sequence[int]]


def dot_product(ground: Ground, dice: Dice) -> Question | None:
    """A patch of one channel, a kernel, a bias."""
    known = {cost.sides[0].kernel for cost in ground.costs(Conv)}
    side = 3 if known & {3, 5} else dice.one_of([2, 3])
    patch, kernel = dice.grid(side, side, 0, 5), dice.grid(side, side, -2, 2)
    bias = dice.whole(-3, 3)
    result = _dot(patch, kernel)
    form = whole(result + bias)
    flipped = _dot(patch, [list(reversed(row)) for row in reversed(kernel)])
    turned = _dot(patch, [list(row) for row in zip(*kernel, strict=True)])
    return Question(
        TOPIC,
        ("dot product", str(patch), str(kernel), str(bias)),
        f"A kernel lies on this patch of its input; the bias is {number(bias)}. What is the value "
        "of the activation map there?",
        form,
        _terms(patch, kernel, bias),
        level=1,
        mistakes=wrong_wholes(
            form,
            [
                (result, "the bias is left out"),
                (flipped + bias, "the kernel is flipped; a convolution of a network does not"),
                (turned + bias, "rows and columns of the kernel are swapped"),
                (result - bias, "the bias is taken away"),
                (sum(map(sum, patch)) + sum(map(sum, kernel)) + bias, "products, not sums"),
            ],
        ),
        grids=(Grid("patch", patch), Grid("kernel", kernel)),
    )


def two_channels(ground: Ground, dice: Dice) -> Question | None:
    """A kernel is as deep as its input: two channels, one sum."""
    patches = [dice.grid(2, 2, 0, 5) for _ in range(2)]
    kernels = [dice.grid(2, 2, -2, 2) for _ in range(2)]
    bias = dice.whole(-2, 2)
    sums = [_dot(patch, kernel) for patch, kernel in zip(patches, kernels, strict=True)]
    form = whole(sum(sums) + bias)
    crossed = _dot(patches[0], kernels[1]) + _dot(patches[1], kernels[0])
    steps = [
        Step(f"channel {channel + 1}", Count(sums[channel], _products(patch, kernel)))
        for channel, (patch, kernel) in enumerate(zip(patches, kernels, strict=True))
    ]
    total = f"{number(sums[0])} + {_signed(sums[1])} + {_signed(bias)}"
    return Question(
        TOPIC,
        ("two channels", str(patches), str(kernels), str(bias)),
        f"An input has two channels, and a kernel of 2×2 has a slice for each. Its bias is "
        f"{number(bias)}. What is the one value that they make together?",
        form,
        (*steps, Step("", Count(form.accepted[0], total))),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (sum(sums), "the bias is left out"),
                (sum(sums) + 2 * bias, "there is one bias for the kernel, not one for a channel"),
                (sums[0] + bias, "that is the first channel alone"),
                (sums[1] + bias, "that is the second channel alone"),
                (crossed + bias, "the slices are swapped"),
            ],
        ),
        grids=(
            Grid("patch_1", patches[0]),
            Grid("patch_2", patches[1]),
            Grid("kernel_1", kernels[0]),
            Grid("kernel_2", kernels[1]),
        ),
    )


def one_place(ground: Ground, dice: Dice) -> Question | None:
    """One unit of the map of a small image, with padding and a stride."""
    side, size = 5, 3
    image, kernel = dice.grid(side, side, 0, 4), dice.grid(size, size, -1, 2)
    stride, padding = dice.one_of([(2, 1), (1, 1), (2, 0)])
    units = (side + 2 * padding - size) // stride + 1
    row, column = dice.below(units), dice.below(units)

    def value(at_row: int, at_column: int) -> int:
        return _dot(_patch(image, size, at_row, at_column), kernel)

    top, left = row * stride - padding, column * stride - padding
    patch = _patch(image, size, top, left)
    form = whole(value(top, left))
    words = f"`conv 1 3x3{f' stride {stride}' if stride > 1 else ''}"
    words += f"{f' pad {padding}' if padding else ''} nobias`"
    corner = f"row {number(top)}, column {number(left)}"
    return Question(
        TOPIC,
        ("place", str(image), str(kernel), str((stride, padding, row, column))),
        f"{words} runs over this image. What is the value of its map at row {row}, column "
        f"{column}? Rows and columns are counted from 0.",
        form,
        (
            Step("the window begins", f"at {corner} of the image"),
            Step("the patch is", "; ".join(" ".join(map(str, line)) for line in patch)),
            Step("", Count(form.accepted[0], _products(patch, kernel))),
        ),
        level=3,
        mistakes=wrong_wholes(
            form,
            [
                (value(row * stride, column * stride), "the padding moves the window"),
                (value(row - padding, column - padding), "the stride is left out"),
                (value(left, top), "row and column are swapped"),
                (value(top + 1, left + 1), "the window stands one too far"),
                (
                    _dot(patch, [list(reversed(line)) for line in reversed(kernel)]),
                    "the kernel is flipped; a convolution of a network does not",
                ),
            ],
        ),
        grids=(Grid("image", image), Grid("kernel", kernel)),
    )


def _patch(image: Rows, size: int, top: int, left: int) -> list[list[int]]:
    """What a window sees; 0 where it hangs over the edge."""
    side = len(image)
    return [
        [
            image[row][column] if 0 <= row < side and 0 <= column < side else 0
            for column in range(left, left + size)
        ]
        for row in range(top, top + size)
    ]


def _dot(patch: Rows, kernel: Rows) -> int:
    return sum(
        value * weight
        for values, weights in zip(patch, kernel, strict=True)
        for value, weight in zip(values, weights, strict=True)
    )


def _products(patch: Rows, kernel: Rows) -> str:
    """2·1 + 0·(−1) + …"""
    return " + ".join(
        f"{value}·{_signed(weight)}"
        for values, weights in zip(patch, kernel, strict=True)
        for value, weight in zip(values, weights, strict=True)
    )


def _terms(patch: Rows, kernel: Rows, bias: int) -> tuple[Step, ...]:
    result = _dot(patch, kernel)
    return (
        Step("the products", Count(result, _products(patch, kernel))),
        Step("with the bias", Count(result + bias, f"{number(result)} + {_signed(bias)}")),
    )


def _signed(value: int) -> str:
    return f"({number(value)})" if value < 0 else str(value)
