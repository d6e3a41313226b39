"""Poolings by hand: a small grid, and each of the four kinds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from convscope.exercises.dice import Dice
from convscope.exercises.forms import Numbers, decimal
from convscope.exercises.ground import Ground
from convscope.exercises.question import Grid, Question, Step, wrong_numbers

__all__ = [
    "average_pooling",
    "distance_pooling",
    "l2_pooling",
    "maximum_pooling",
    "pooled_window",
]

TOPIC = "pooling"
Window = Sequence[Sequence[int]]


def _values(window: Window) -> list[int]:
    return [value for row in window for value in row]


def _mean(window: Window) -> float:
    values = _values(window)
    return sum(values) / len(values)


def _maximum(window: Window) -> float:
    return max(_values(window))


def _root_of_squares(window: Window) -> float:
    return math.sqrt(sum(value * value for value in _values(window)))


def _by_distance(window: Window) -> float:
    """Σ w·x with w = e^−r / Σ e^−r, r the distance from the window's centre."""
    weights = _weights(len(window), len(window[0]))
    pairs = zip(_values(window), weights, strict=True)
    return sum(value * weight for value, weight in pairs) / sum(weights)


def _weights(height: int, width: int) -> list[float]:
    return [
        math.exp(-math.hypot(row - (height - 1) / 2, column - (width - 1) / 2))
        for row in range(height)
        for column in range(width)
    ]


KINDS: dict[str, Callable[[Window], float]] = {
    "maxpool": _maximum,
    "avgpool": _mean,
    "l2pool": _root_of_squares,
    "distancepool": _by_distance,
}


def pooled_window(kind: str, window: Window) -> float:
    """The summary of one window."""
    return KINDS[kind](window)


def maximum_pooling(ground: Ground, dice: Dice) -> Question | None:
    """All of a small map, by its maxima."""
    return _whole_map("maxpool", dice, level=1)


def average_pooling(ground: Ground, dice: Dice) -> Question | None:
    """All of a small map, by its means."""
    return _whole_map("avgpool", dice, level=2)


def _whole_map(kind: str, dice: Dice, level: int) -> Question:
    """2×2 windows of a 4×4 map, or overlapping 3×3 windows of a 5×5 map; four answers."""
    size, side = (2, 4) if kind == "avgpool" else dice.one_of([(2, 4), (3, 5)])
    grid = dice.grid(side, side, 0, 9)
    windows = [
        [line[left : left + size] for line in grid[top : top + size]]
        for top in (0, side - size)
        for left in (0, side - size)
    ]
    values = [pooled_window(kind, window) for window in windows]
    exact = kind == "maxpool"
    form = Numbers(
        tuple(values),
        "the four values row by row",
        tolerance=0.0 if exact else 0.01,
        joined=", ",
    )
    overlapping = " stride 2" if size == 3 else ""
    other = "avgpool" if exact else "maxpool"
    others = [pooled_window(other, window) for window in windows]
    columns_first = [values[0], values[2], values[1], values[3]]
    sums = [float(sum(_values(window))) for window in windows]
    least = [float(min(_values(window))) for window in windows]
    named = zip(("above left", "above right", "below left", "below right"), windows, strict=True)
    return Question(
        TOPIC,
        (kind, str(grid)),
        f"`{kind} {size}{overlapping}` runs over this map of {side}×{side}. What are the four "
        "values that it makes?",
        form,
        tuple(Step(place, _told(kind, window)) for place, window in named),
        level=level,
        mistakes=wrong_numbers(
            form,
            [
                (
                    others if not exact or all(v == int(v) for v in others) else None,
                    f"these are the {'means' if exact else 'maxima'}",
                ),
                (columns_first, "they are asked for row by row"),
                (sums, "these are the sums"),
                (least, "these are the smallest"),
            ],
        ),
        grids=(Grid("map", grid),),
    )


def l2_pooling(ground: Ground, dice: Dice) -> Question | None:
    """One window, by the root of its squares."""
    window = dice.grid(2, 2, 0, 6)
    right = pooled_window("l2pool", window)
    form = decimal(right, 0.01)
    squares = sum(value * value for value in _values(window))
    return Question(
        TOPIC,
        ("l2pool", str(window)),
        "What does `l2pool 2` make of this window?",
        form,
        (Step("", _told("l2pool", window)),),
        level=2,
        mistakes=wrong_numbers(
            form,
            [
                ([squares], "the root is left out"),
                ([math.sqrt(squares / 4)], "it is the root of the sum, not of the mean"),
                ([_mean(window)], "that is the mean"),
                ([sum(_values(window))], "the values are squared before they are added"),
            ],
        ),
        grids=(Grid("window", window),),
    )


def distance_pooling(ground: Ground, dice: Dice) -> Question | None:
    """One window, by weights that fall with the distance; in 2×2 that is the mean."""
    size = dice.one_of([3, 3, 2])
    window = dice.grid(size, size, 0, 9)
    right = pooled_window("distancepool", window)
    form = decimal(right, 0.01)
    weights = _weights(size, size)
    unscaled = sum(v * w for v, w in zip(_values(window), weights, strict=True))
    centre = float(window[1][1])
    return Question(
        TOPIC,
        ("distancepool", str(window)),
        f"What does `distancepool {size}` make of this window? The weight of a value at the "
        "distance r from the window's centre is e^−r, divided by the sum of all weights.",
        form,
        (Step("", _told("distancepool", window)),),
        level=3,
        mistakes=wrong_numbers(
            form,
            [
                ([unscaled], "the weights are not divided by their sum"),
                ([_mean(window)], "that is the plain mean"),
                ([_maximum(window)], "that is the largest"),
                ([centre], "the others count as well"),
                ([_root_of_squares(window)], "that is the root of the squares"),
            ],
        ),
        grids=(Grid("window", window),),
    )


def _told(kind: str, window: Window) -> str:
    """The summary with the numbers put in."""
    values, result = _values(window), pooled_window(kind, window)
    if kind == "maxpool":
        return f"max({', '.join(map(str, values))}) = {result:g}"
    if kind == "avgpool":
        return f"({' + '.join(map(str, values))})/{len(values)} = {result:g}"
    if kind == "l2pool":
        return f"√({' + '.join(f'{value}²' for value in values)}) = {result:.3f}"
    weights = _weights(len(window), len(window[0]))
    if len(window) == 2:
        return f"all distances are equal: ({' + '.join(map(str, values))})/4 = {result:.3f}"
    terms = " + ".join(f"{w:.4f}·{v}" for v, w in zip(values, weights, strict=True))
    return f"({terms})/{sum(weights):.4f} = {result:.3f}"
