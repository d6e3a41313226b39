"""Questions about a run: its own kernel on a real patch, its own statistics.

What is given is rounded, and the answer is worked out of what is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from convscope.architecture.layers import BatchNorm, Conv
from convscope.exercises.dice import Dice
from convscope.exercises.forms import decimal
from convscope.exercises.ground import Ground, called
from convscope.exercises.question import Grid, Question, Step, wrong_numbers

__all__ = ["Inside", "RealNorm", "RealSum", "real_dot_product", "real_norm"]

TOPIC = "this run"
_MOST_TERMS = 32
_IMAGES = 10
Unit = tuple[int, int, int]
Slices = tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class RealSum:
    """One unit of a convolution: patch and kernel as input channels × rows × columns."""

    patch: Slices
    kernel: Slices
    bias: float
    value: float
    image: str


@dataclass(frozen=True, slots=True)
class RealNorm:
    """One unit of a batch normalisation."""

    x: float
    mean: float
    variance: float
    epsilon: float
    scale: float
    shift: float
    value: float
    image: str


class Inside(Protocol):
    """What can be looked up in a trained network; ``sources`` has one for a run."""

    def sum_at(self, layer: str, unit: Unit, image: int) -> RealSum: ...

    def norm_at(self, layer: str, unit: Unit, image: int) -> RealNorm: ...


def real_dot_product(ground: Ground, dice: Dice, inside: Inside) -> Question | None:
    """The first convolution on a patch of an image, where that has few terms."""
    first = next((cost for cost in ground.explanation.layers if cost.kind == "conv"), None)
    if first is None or first.input != ground.explanation.input:
        return None
    assert isinstance(first.layer, Conv)
    terms = math.prod(first.layer.kernel) * first.input.channels // first.layer.groups
    if terms > _MOST_TERMS:
        return None
    unit = _unit(first.output.height, first.output.width, first.output.channels, dice)
    found = inside.sum_at(first.name, unit, dice.below(_IMAGES))
    patch, kernel = _rounded(found.patch), _rounded(found.kernel)
    bias = round(found.bias, 2)
    result = _sum(patch, kernel)
    form = decimal(result + bias, 0.01)
    return Question(
        TOPIC,
        ("real sum", first.name, str(unit), found.image),
        f"This is kernel {unit[0]} (counted from 0) of {called(first)} and the patch of "
        f"{found.image} that it sees for row {unit[1]}, column {unit[2]} of its map, both rounded; "
        f"its bias is {_bare(bias)}. What is the value of the map there?",
        form,
        (
            *(
                Step(f"channel {number + 1}" if len(patch) > 1 else "products", _told(one, other))
                for number, (one, other) in enumerate(zip(patch, kernel, strict=True))
            ),
            Step(
                "with the bias", f"{_bare(result, 4)} + {_text(bias)} = {_bare(result + bias, 3)}"
            ),
            Step("with all digits", f"the network itself has {_bare(found.value, 4)}"),
        ),
        level=3,
        mistakes=wrong_numbers(
            form,
            [
                ([result], "the bias is left out"),
                ([result - bias], "the bias is added, not taken away"),
                ([_sum(patch, _turned(kernel)) + bias], "the kernel is not flipped"),
            ],
        ),
        grids=_grids(patch, kernel),
    )


def real_norm(ground: Ground, dice: Dice, inside: Inside) -> Question | None:
    """A batch normalisation with what it has learnt."""
    norms = [
        cost for cost in ground.costs(BatchNorm) if "." not in cost.name and not cost.input.flat
    ]
    if not norms:
        return None
    cost = dice.one_of(norms)
    unit = _unit(cost.output.height, cost.output.width, cost.output.channels, dice)
    found = inside.norm_at(cost.name, unit, dice.below(_IMAGES))
    x, mean, shift = round(found.x, 2), round(found.mean, 2), round(found.shift, 2)
    variance, scale = round(found.variance, 3), round(found.scale, 2)
    if variance <= 0 or not scale:
        return None
    plain = (x - mean) / math.sqrt(variance)
    right = scale * plain + shift
    form = decimal(right, 0.01)
    return Question(
        TOPIC,
        ("real norm", cost.name, str(unit), found.image),
        f"In channel {unit[0]} of {cost.name} this run has the running mean {_bare(mean)}, the "
        f"running variance {variance:.3f}, the scale {_bare(scale)} and the shift {_bare(shift)} "
        f"(rounded; ε does not matter). For {found.image} it is given {_bare(x)} at row {unit[1]}, "
        f"column {unit[2]}. What does it make of that?",
        form,
        (
            Step(
                "",
                f"({_bare(x)} − {_text(mean)})/√{variance:.3f} · {_text(scale)} + {_text(shift)} = "
                f"{_bare(right, 3)}",
            ),
            Step("with all digits", f"the network itself has {_bare(found.value, 4)}"),
        ),
        level=2,
        mistakes=wrong_numbers(
            form,
            [
                ([plain], "scale and shift are left out"),
                ([scale * (x - mean) / variance + shift], "it divides by the variance's root"),
                ([scale * (plain + shift)], "the shift comes after the scale"),
            ],
        ),
    )


def _unit(height: int, width: int, channels: int, dice: Dice) -> Unit:
    """Any channel; a place in the middle half of the map, where there is something to see."""
    rows, columns = max(1, height // 2), max(1, width // 2)
    return (
        dice.below(channels),
        height // 4 + dice.below(rows),
        width // 4 + dice.below(columns),
    )


def _rounded(slices: Slices) -> Slices:
    # Adding 0.0 makes plain zeros of negative ones.
    return tuple(
        tuple(tuple(round(value, 2) + 0.0 for value in row) for row in rows) for rows in slices
    )


def _turned(slices: Slices) -> Slices:
    return tuple(tuple(row[::-1] for row in rows[::-1]) for rows in slices)


def _pairs(
    patch: Sequence[Sequence[float]], kernel: Sequence[Sequence[float]]
) -> list[tuple[float, float]]:
    return [
        pair
        for values, weights in zip(patch, kernel, strict=True)
        for pair in zip(values, weights, strict=True)
    ]


def _sum(patch: Slices, kernel: Slices) -> float:
    return math.fsum(
        value * weight
        for one, other in zip(patch, kernel, strict=True)
        for value, weight in _pairs(one, other)
    )


def _told(patch: Sequence[Sequence[float]], kernel: Sequence[Sequence[float]]) -> str:
    pairs = _pairs(patch, kernel)
    terms = " + ".join(f"{_text(value)}·{_text(weight)}" for value, weight in pairs)
    return f"{terms} = {_bare(math.fsum(value * weight for value, weight in pairs), 4)}"


def _bare(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _text(value: float, digits: int = 2) -> str:
    """In brackets where it is negative."""
    return f"({_bare(value, digits)})" if value < 0 else _bare(value, digits)


def _grids(patch: Slices, kernel: Slices) -> tuple[Grid, ...]:
    if len(patch) == 1:
        return Grid("patch", patch[0]), Grid("kernel", kernel[0])
    both = []
    for number, (one, other) in enumerate(zip(patch, kernel, strict=True), start=1):
        both += [Grid(f"patch_{number}", one), Grid(f"kernel_{number}", other)]
    return tuple(both)
