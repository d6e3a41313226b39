"""Batch normalisation and activations by hand: a few numbers through their formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from convscope.architecture.counts import number
from convscope.architecture.layers import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Tanh
from convscope.exercises.dice import Dice
from convscope.exercises.forms import decimal
from convscope.exercises.ground import Ground
from convscope.exercises.question import Grid, Question, Step, wrong_numbers

__all__ = ["CURVES", "activation_gradient", "activation_value", "batch_norm", "norm_in_use"]

NORMS, CURVES_TOPIC = "batch normalisation", "activations"


def batch_norm(ground: Ground, dice: Dice) -> Question | None:
    """One channel of a batch: its mean and variance, then scale and shift."""
    values = dice.grid(1, 4, -4, 6)[0]
    mean = sum(values) / 4
    variance = sum((value - mean) ** 2 for value in values) / 4
    if not variance:
        return None
    scale, shift, at = dice.one_of([1, 2, 3]), dice.whole(-2, 2), dice.below(4)
    deviation = math.sqrt(variance)
    plain = (values[at] - mean) / deviation
    right = scale * plain + shift
    form = decimal(right, 0.01)
    sample = math.sqrt(variance * 4 / 3)
    x = number(values[at])
    return Question(
        NORMS,
        ("batch norm", str(values), str((scale, shift, at))),
        f"In training a batch normalisation finds these four values in one of its channels. Its "
        f"scale is {scale}, its shift {number(shift)}, and ε is so small that it does not matter. "
        f"What does it make of the {('first', 'second', 'third', 'fourth')[at]}, {x}?",
        form,
        (
            Step("mean", f"({' + '.join(_signed(v) for v in values)})/4 = {_short(mean)}"),
            Step("variance", f"the mean of (x − {_signed(mean)})² = {_short(variance)}"),
            Step(
                "",
                f"({x} − {_signed(mean)})/√{_short(variance)} · {scale} + {_signed(shift)} = "
                f"{_short(right)}",
            ),
        ),
        level=3,
        mistakes=wrong_numbers(
            form,
            [
                ([plain], "scale and shift are left out"),
                (
                    [scale * (values[at] - mean) / variance + shift],
                    "it divides by the root of the variance",
                ),
                (
                    [scale * (values[at] - mean) / sample + shift],
                    "the variance is the mean over all values, not over one less",
                ),
                ([scale * values[at] / deviation + shift], "the mean is left in"),
                ([scale * (plain + shift)], "the shift comes after the scale"),
            ],
        ),
        grids=(Grid("values", (values,)),),
    )


def norm_in_use(ground: Ground, dice: Dice) -> Question | None:
    """In use the running statistics take the batch's place."""
    mean, variance = dice.whole(-3, 4), dice.one_of([1, 4, 9, 16, 25])
    scale, shift, x = dice.one_of([1, 2, 3]), dice.whole(-2, 2), dice.whole(-6, 9)
    root = math.isqrt(variance)
    right = scale * (x - mean) / root + shift
    form = decimal(right, 0.01)
    return Question(
        NORMS,
        ("norm in use", str((mean, variance, scale, shift, x))),
        f"A trained batch normalisation has for one channel the running mean {number(mean)}, the "
        f"running variance {variance}, the scale {scale} and the shift {number(shift)} (ε does not "
        f"matter). In use, what does it make of {number(x)}?",
        form,
        (
            Step(
                "",
                f"({number(x)} − {_signed(mean)})/√{variance} · {scale} + {_signed(shift)} = "
                f"{_short(right)}",
            ),
        ),
        level=2,
        mistakes=wrong_numbers(
            form,
            [
                ([scale * (x - mean) / variance + shift], "it divides by the root of the variance"),
                ([(x - mean) / root], "scale and shift are left out"),
                ([scale * ((x - mean) / root + shift)], "the shift comes after the scale"),
                ([scale * (x + mean) / root + shift], "the mean is taken away, not added"),
                ([0.0], "in use it normalises by its running statistics, not by this one value"),
            ],
        ),
    )


@dataclass(frozen=True)
class _Curve:
    """An activation: what its layer is, its formula, value and slope."""

    layer: type
    formula: str
    value: Callable[[float], float]
    slope: Callable[[float], float]
    slope_formula: str


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _normal(x: float) -> float:
    """Φ(x)"""
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def _bell(x: float) -> float:
    """φ(x)"""
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


CURVES: dict[str, _Curve] = {
    "relu": _Curve(
        ReLU, "max(0, x)", lambda x: max(0.0, x), lambda x: float(x > 0), "1 where x > 0, else 0"
    ),
    "leakyrelu": _Curve(
        LeakyReLU,
        "x where x > 0, 0.01·x elsewhere",
        lambda x: x if x > 0 else 0.01 * x,
        lambda x: 1.0 if x > 0 else 0.01,
        "1 where x > 0, else 0.01",
    ),
    "sigmoid": _Curve(
        Sigmoid,
        "1/(1 + e^−x)",
        _sigmoid,
        lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
        "s·(1 − s), s = sigmoid(x)",
    ),
    "tanh": _Curve(Tanh, "tanh x", math.tanh, lambda x: 1 - math.tanh(x) ** 2, "1 − tanh² x"),
    "gelu": _Curve(
        GELU,
        "x·Φ(x), Φ the normal distribution function",
        lambda x: x * _normal(x),
        lambda x: _normal(x) + x * _bell(x),
        "Φ(x) + x·φ(x), φ the normal density",
    ),
    "silu": _Curve(
        SiLU,
        "x·sigmoid(x)",
        lambda x: x * _sigmoid(x),
        lambda x: _sigmoid(x) * (1 + x * (1 - _sigmoid(x))),
        "s·(1 + x·(1 − s)), s = sigmoid(x)",
    ),
}


def activation_value(ground: Ground, dice: Dice) -> Question | None:
    """What an activation makes of a number."""
    name, x = _curve(ground, dice)
    curve = CURVES[name]
    right = curve.value(x)
    form = decimal(right, 0.01)
    return Question(
        CURVES_TOPIC,
        ("value", name, str(x)),
        f"What does {_called(name)} make of {_short(x)}?",
        form,
        (Step("", curve.formula), Step(f"at {_short(x)}", _short(right))),
        level=1,
        mistakes=wrong_numbers(
            form,
            [
                ([curve.slope(x)], "that is its slope there"),
                ([curve.value(-x)], "the sign is lost"),
                ([-right], "the sign is wrong"),
                *((([other.value(x)], f"that is {key}") for key, other in CURVES.items())),
                ([x], "it does not leave this value as it is"),
            ],
        ),
    )


def activation_gradient(ground: Ground, dice: Dice) -> Question | None:
    """The gradient that an activation hands back."""
    name, x = _curve(ground, dice)
    curve, behind = CURVES[name], dice.one_of([1, 2, -2, 4])
    right = behind * curve.slope(x)
    form = decimal(right, 0.01)
    return Question(
        CURVES_TOPIC,
        ("gradient", name, str(x), str(behind)),
        f"{_called(name)[0].upper()}{_called(name)[1:]} got {_short(x)}, and the gradient of the "
        f"loss with respect to its output is {number(behind)}. What is the gradient with respect "
        "to its input?",
        form,
        (
            Step("slope", f"{curve.slope_formula}; at {_short(x)} it is {_short(curve.slope(x))}"),
            Step("", f"{_signed(behind)} · {_short(curve.slope(x))} = {_short(right)}"),
        ),
        level=3,
        mistakes=wrong_numbers(
            form,
            [
                ([curve.slope(x)], "the gradient behind it is left out"),
                ([behind * curve.value(x)], "that is made with its value, not with its slope"),
                ([float(behind)], "it does not hand the gradient back unchanged"),
                ([0.0], "its slope is not 0 there"),
                ([behind * curve.slope(x) * x], "the chain rule has no further factor x"),
            ],
        ),
    )


def _curve(ground: Ground, dice: Dice) -> tuple[str, float]:
    """An activation of the network, now and then another, and a number that is not 0."""
    mine = [
        name
        for name, curve in CURVES.items()
        if any(cost.layer == curve.layer() for cost in ground.costs(curve.layer))
    ]
    names: Sequence[str] = mine if mine and dice.below(3) else list(CURVES)
    halves = dice.one_of([half for half in range(-6, 7) if half])
    return dice.one_of(names), halves / 2


def _called(name: str) -> str:
    article = "a leaky ReLU of slope 0.01" if name == "leakyrelu" else ""
    return article or f"a `{name}`"


def _short(value: float) -> str:
    """0.5, 2.333, −1: up to four digits."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return ("0" if text in ("-0", "") else text).replace("-", "−")


def _signed(value: float) -> str:
    return f"({_short(value)})" if value < 0 else _short(value)
