"""Which modules a walk can explain: a table from torch's classes to the notation's words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import nn

from convscope.network.build import FlatLinear, ResidualBlock
from convscope.network.pooling import DistancePool2d

__all__ = ["ACTIVATIONS", "KINDS", "kind_of"]

KINDS: dict[type[nn.Module], str] = {
    nn.Conv2d: "conv",
    nn.BatchNorm2d: "batch",
    nn.BatchNorm1d: "batch",
    nn.ReLU: "relu",
    nn.ReLU6: "relu6",
    nn.LeakyReLU: "leakyrelu",
    nn.ELU: "elu",
    nn.Sigmoid: "sigmoid",
    nn.Hardsigmoid: "hardsigmoid",
    nn.Tanh: "tanh",
    nn.GELU: "gelu",
    nn.SiLU: "silu",
    nn.Hardswish: "hardswish",
    nn.MaxPool2d: "pool",
    nn.AvgPool2d: "pool",
    nn.LPPool2d: "pool",
    DistancePool2d: "pool",
    nn.AdaptiveAvgPool2d: "globalpool",
    nn.Dropout: "dropout",
    nn.Dropout1d: "dropout",
    nn.Dropout2d: "dropout",
    nn.Dropout3d: "dropout",
    nn.AlphaDropout: "dropout",
    nn.FeatureAlphaDropout: "dropout",
    nn.Identity: "identity",
    nn.Flatten: "flatten",
    FlatLinear: "fc",
    nn.Linear: "fc",
    ResidualBlock: "sum",
}
"""A class, and subclasses that compute the same."""


def kind_of(module: nn.Module) -> str:
    """The word for what a module computes, empty where that is not known."""
    if "forward" in vars(module):
        return ""
    for each, kind in KINDS.items():
        if isinstance(module, each) and type(module).forward is each.forward:
            return kind
    return ""


def _relu(x: float, _: Any) -> float:
    return max(0.0, x)


def _relu6(x: float, _: Any) -> float:
    return min(max(0.0, x), 6.0)


def _leaky_relu(x: float, module: Any) -> float:
    return x if x > 0 else float(module.negative_slope) * x


def _elu(x: float, module: Any) -> float:
    return x if x > 0 else float(module.alpha) * math.expm1(x)


def _sigmoid(x: float, _: Any = None) -> float:
    # Each half has an exponential that cannot overflow.
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _hard_sigmoid(x: float, _: Any = None) -> float:
    return min(max(x / 6 + 0.5, 0.0), 1.0)


def _tanh(x: float, _: Any) -> float:
    return math.tanh(x)


def _gelu(x: float, module: Any) -> float:
    if module.approximate == "tanh":
        return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * 0.5 * math.erfc(-x / math.sqrt(2))


def _silu(x: float, _: Any) -> float:
    return x * _sigmoid(x)


def _hard_swish(x: float, _: Any) -> float:
    return x * _hard_sigmoid(x)


def _leaky_relu_words(module: Any) -> str:
    return f"max(0, {{x}}) + {module.negative_slope:g}·min(0, {{x}})"


def _elu_words(module: Any) -> str:
    return f"{{x}} where it is above 0, else {module.alpha:g}·(e^{{x}} − 1)"


def _gelu_words(module: Any) -> str:
    if module.approximate == "tanh":
        return "{x}/2·(1 + tanh(√(2/π)·({x} + 0.044715·{x}^3)))"
    return "{x}·Φ({x})"


ACTIVATIONS: dict[str, tuple[Callable[[float, Any], float], str | Callable[[Any], str]]] = {
    "relu": (_relu, "max(0, {x})"),
    "relu6": (_relu6, "min(max(0, {x}), 6)"),
    "leakyrelu": (_leaky_relu, _leaky_relu_words),
    "elu": (_elu, _elu_words),
    "sigmoid": (_sigmoid, "1/(1 + e^−{x})"),
    "hardsigmoid": (_hard_sigmoid, "min(max({x}/6 + 1/2, 0), 1)"),
    "tanh": (_tanh, "tanh {x}"),
    "gelu": (_gelu, _gelu_words),
    "silu": (_silu, "{x}/(1 + e^−{x})"),
    "hardswish": (_hard_swish, "{x}·min(max({x}/6 + 1/2, 0), 1)"),
}
"""Kind → the function in double precision, and its formula with ``{x}`` in x's place."""
