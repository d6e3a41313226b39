"""Layers → the canonical line of notation; parsing it gives the same layers again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from convscope.architecture.layers import (
    GELU,
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    Layer,
    LeakyReLU,
    MaxPool,
    Pair,
    Pool,
    ReLU,
    Repeat,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
    Volume,
)

__all__ = ["ARROW", "WORDS", "architecture_text", "layer_text"]

ARROW = " -> "

WORDS: dict[type, str] = {
    Conv: "conv",
    BatchNorm: "batchnorm",
    ReLU: "relu",
    LeakyReLU: "leakyrelu",
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    GELU: "gelu",
    SiLU: "silu",
    MaxPool: "maxpool",
    AvgPool: "avgpool",
    L2Pool: "l2pool",
    DistancePool: "distancepool",
    GlobalAvgPool: "globalavgpool",
    Dropout: "dropout",
    Flatten: "flatten",
    FullyConnected: "fc",
    Residual: "residual",
}
"""The word of each kind of layer; a repetition has none: ``3 x { … }``."""


def architecture_text(volume: Volume | None, layers: Sequence[Layer]) -> str:
    """``input 28x28x1 -> conv 16 5x5 pad 2 -> …`` on one line."""
    size = "auto" if volume is None else f"{volume.height}x{volume.width}x{volume.channels}"
    return f"input {size}{ARROW}{_chain_text(layers)}"


def _chain_text(layers: Sequence[Layer]) -> str:
    return ARROW.join(layer_text(layer) for layer in layers)


def layer_text(layer: Layer) -> str:
    """One layer as it stands in the notation, without what is left at its default."""
    match layer:
        case Repeat(count, body):
            return f"{count} x {{ {_chain_text(body)} }}"
        case Residual(body):
            return f"residual {{ {_chain_text(body)} }}"
        case Conv():
            return _conv_text(layer)
        case MaxPool() | AvgPool() | L2Pool() | DistancePool():
            return _pool_text(layer)
        case LeakyReLU(slope):
            return "leakyrelu" if slope == 0.01 else f"leakyrelu {_number(slope)}"
        case Dropout(probability):
            return "dropout" if probability == 0.5 else f"dropout {_number(probability)}"
        case FullyConnected(features, bias):
            return f"fc {features}{'' if bias else ' nobias'}"
        case _:
            return WORDS[type(layer)]


def _conv_text(layer: Conv) -> str:
    height, width = layer.kernel
    words = [f"conv {layer.channels} {height}x{width}"]
    if layer.stride != (1, 1):
        words.append(f"stride {_pair(layer.stride)}")
    if layer.padding == "same":
        words.append("pad same")
    elif layer.padding != (0, 0):
        words.append(f"pad {_pair(layer.padding)}")
    if layer.dilation != (1, 1):
        words.append(f"dilation {_pair(layer.dilation)}")
    if layer.groups != 1:
        words.append(f"groups {layer.groups}")
    if not layer.bias:
        words.append("nobias")
    return " ".join(words)


def _pool_text(layer: Pool) -> str:
    words = [f"{WORDS[type(layer)]} {_pair(layer.kernel)}"]
    if layer.stride != layer.kernel:
        words.append(f"stride {_pair(layer.stride)}")
    if isinstance(layer, MaxPool | AvgPool) and layer.padding != (0, 0):
        words.append(f"pad {_pair(layer.padding)}")
    if isinstance(layer, DistancePool) and layer.falloff != 1.0:
        words.append(f"falloff {_number(layer.falloff)}")
    return " ".join(words)


def _pair(pair: Pair) -> str:
    return f"{pair[0]}" if pair[0] == pair[1] else f"{pair[0]}x{pair[1]}"


def _number(value: float) -> str:
    """Plain digits: 0.00001, where ``str`` would write 1e-05."""
    return format(Decimal(repr(value)), "f")
