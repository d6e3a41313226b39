"""What is said of a layer in words and formulas, beside its numbers."""

from __future__ import annotations

from convscope.architecture.counts import number, product
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
    LeakyReLU,
    MaxPool,
    Pool,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
)
from convscope.architecture.shapes import Node

__all__ = ["formula_of"]


def formula_of(node: Node) -> str:
    """What the layer computes, in one line."""
    match node.layer:
        case Conv():
            return "a dot product of the kernel with each place, and the bias"
        case FullyConnected():
            return _fully_connected(node)
        case BatchNorm():
            return "(x − mean)/√(variance + ε) · scale + shift, channel by channel"
        case ReLU():
            return "max(0, x)"
        case LeakyReLU(slope):
            return f"x where x > 0, {slope:g}·x elsewhere"
        case Sigmoid():
            return "1/(1 + e^−x), in 0 … 1"
        case Tanh():
            return "tanh x, in −1 … 1"
        case GELU():
            return "x·Φ(x), Φ the normal distribution function"
        case SiLU():
            return "x/(1 + e^−x)"
        case MaxPool() | AvgPool() | L2Pool() | DistancePool():
            return _pool(node.layer)
        case GlobalAvgPool():
            return _global_mean(node)
        case Dropout(probability):
            return (
                f"in training each value is zeroed with probability {probability:g}, the others "
                f"divided by 1 − {probability:g}; in use nothing happens"
            )
        case Flatten():
            return f"{product(node.input)} = {number(node.input.size)} numbers, channel by channel"
        case Residual():
            return _sum(node)
    raise TypeError(f"{node.layer!r} is no layer of a network")


def _pool(layer: Pool) -> str:
    height, width = layer.kernel
    window = f"each {height}×{width} window, on every channel alone"
    match layer:
        case MaxPool():
            return f"the largest of {window}"
        case AvgPool():
            zeros = "; padding counts as zeros" if max(layer.padding) else ""
            return f"the mean of {window}{zeros}"
        case L2Pool():
            return f"√(Σ x²) over {window}"
        case DistancePool(falloff=falloff):
            return (
                f"a mean of {window}, weights e^(−{falloff:g}·r) by the distance r from its "
                "centre, divided by their sum"
            )


def _fully_connected(node: Node) -> str:
    inputs = f"{number(node.input.size)} numbers"
    if node.input.flat:
        return f"a matrix product of {inputs}"
    return f"lays {product(node.input)} = {inputs} out as a vector, then a matrix product"


def _global_mean(node: Node) -> str:
    height, width = node.input.height, node.input.width
    places = f"{number(height)}·{number(width)} = {number(height * width)} places"
    return f"the mean of all {places}, on every channel alone"


def _sum(node: Node) -> str:
    way = "a projection" if node.shortcut else "the identity"
    sums = f"{product(node.output)} = {number(node.output.size)} sums"
    return f"body + shortcut ({way}): {sums}, not in the work"
