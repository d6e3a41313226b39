"""What one layer costs: its sides, weights and work, with the numbers put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convscope.architecture.counts import Count, number, product
from convscope.architecture.layers import (
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    FullyConnected,
    L2Pool,
    MaxPool,
)
from convscope.architecture.pixels import Window, windows_of
from convscope.architecture.shapes import Node, place, walk
from convscope.architecture.windows import output_side, side_formula
from convscope.errors import ShapeError

__all__ = ["Learnt", "Saving", "Side", "learnt", "pool_savings", "sides_of"]

_MAX_SAVINGS = 16
"""Poolings whose saving is worked out: each means placing all later layers anew."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a volume before and after a window has slid along it.

    Of the ``input`` pixels, the last ``dropped`` lie behind the last window (the floor
    has cut them off), and ``skipped`` further ones lie between taps: no unit ever
    reads them.  ``left_over`` is the division's remainder; it can fall into padding.
    """

    axis: str
    input: int
    kernel: int
    stride: int
    padding: tuple[int, int]
    dilation: int
    output: Count
    left_over: int
    dropped: int
    skipped: int

    @property
    def symbol(self) -> str:
        return "H_out" if self.axis == "height" else "W_out"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a layer learns and the work that it does with that."""

    weights: Count
    biases: Count
    parameters: Count
    statistics: Count
    multiply_adds: Count
    dense: Count | None = None
    unshared: Count | None = None


@dataclass(frozen=True, slots=True)
class Saving:
    """What a pooling spares: how much less there is to do after it, and to learn."""

    values: Count
    multiply_adds: Count
    weights: Count


def sides_of(node: Node) -> tuple[Side, ...]:
    """Height and width of a convolution or a pooling; nothing for other layers."""
    layer = node.layer
    if not isinstance(layer, Conv | MaxPool | AvgPool | L2Pool | DistancePool):
        return ()
    windows = windows_of(layer, node.input)
    formulas = [side_formula(axis, window.side, layer) for axis, window in enumerate(windows)]
    return tuple(
        _side(axis, window, formula)
        for axis, window, formula in zip(("height", "width"), windows, formulas, strict=True)
    )


def _side(axis: str, window: Window, formula: str) -> Side:
    padding = window.before + window.after
    units = output_side(window.side, window.kernel, window.stride, padding, window.dilation)
    left_over = (window.side + padding - window.reach) % window.stride
    if left_over:
        formula = f"⌊{formula.removesuffix(' + 1')}⌋ + 1"
    read = window.pixels((1 << units) - 1)
    dropped = max(0, left_over - window.after)
    return Side(
        axis=axis,
        input=window.side,
        kernel=window.kernel,
        stride=window.stride,
        padding=(window.before, window.after),
        dilation=window.dilation,
        output=Count(units, formula),
        left_over=left_over,
        dropped=dropped,
        skipped=window.side - read.bit_count() - dropped,
    )


_NO_WEIGHTS = Count(0, "nothing to learn")
_NO_BIASES = Count(0, "none")
_NO_STATISTICS = Count(0, "none")
_NO_WORK = Count(0, "no learnt weights")


def learnt(node: Node) -> Learnt:
    """Weights, biases and multiply-adds of one layer; a block's parts count for themselves."""
    match node.layer:
        case Conv():
            return _conv(node, node.layer)
        case FullyConnected(bias=bias):
            return _fully_connected(node, bias)
        case BatchNorm():
            return _batch_norm(node.input.channels)
    return Learnt(_NO_WEIGHTS, _NO_BIASES, _NO_WEIGHTS, _NO_STATISTICS, _NO_WORK)


def _conv(node: Node, layer: Conv) -> Learnt:
    """channels · (F_H·F_W·C/groups) weights, each used at H_out·W_out places."""
    height, width = layer.kernel
    depth = node.input.channels // layer.groups
    shape = f"{height}·{width}·{number(node.input.channels)}"
    if layer.groups > 1:
        shape += f"/{number(layer.groups)}"
    volume = height * width * depth
    kernels = f"{number(layer.channels)} {_plural('kernel', layer.channels)} · ({shape})"
    weights = Count(layer.channels * volume, kernels)
    places = node.output.size
    inputs, outputs = number(node.input.size), number(places)
    return Learnt(
        weights=weights,
        **_with_biases(weights, layer.channels if layer.bias else 0),
        statistics=_NO_STATISTICS,
        multiply_adds=Count(places * volume, f"{product(node.output)} places · ({shape})"),
        dense=Count(node.input.size * places, f"{inputs} · {outputs}"),
        unshared=Count(places * volume, f"{outputs} · {number(volume)}"),
    )


def _fully_connected(node: Node, bias: bool) -> Learnt:
    """inputs · outputs weights, each used once."""
    inputs, outputs = node.input.size, node.output.size
    product_of_both = f"{number(inputs)} · {number(outputs)}"
    weights = Count(inputs * outputs, product_of_both)
    return Learnt(
        weights=weights,
        **_with_biases(weights, outputs if bias else 0),
        statistics=_NO_STATISTICS,
        multiply_adds=Count(inputs * outputs, product_of_both),
    )


def _with_biases(weights: Count, biases: int) -> dict[str, Count]:
    if not biases:
        return {"biases": _NO_BIASES, "parameters": weights}
    term = f"{number(biases)} {_plural('bias', biases)}"
    return {
        "biases": Count(biases, term),
        "parameters": Count(weights.value + biases, f"{weights.derivation} + {term}"),
    }


def _batch_norm(channels: int) -> Learnt:
    """A scale and a shift per channel; the running statistics are stored, not learnt."""
    each = number(channels)
    scales, shifts = _plural("scale", channels), _plural("shift", channels)
    means, variances = _plural("running mean", channels), _plural("running variance", channels)
    return Learnt(
        weights=Count(channels, f"{each} {scales}"),
        biases=Count(channels, f"{each} {shifts}"),
        parameters=Count(2 * channels, f"{each} {scales} + {each} {shifts}"),
        statistics=Count(2 * channels, f"{each} {means} + {each} {variances}"),
        multiply_adds=_NO_WORK,
    )


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return f"{word}es" if word.endswith("s") else f"{word}s"


def pool_savings(nodes: Sequence[Node]) -> dict[str, Saving]:
    """For each pooling with a stride, what the layers after it would cost without it.

    Only where it makes less of its input, outside blocks, and where the layers after
    it still fit.
    """
    savings: dict[str, Saving] = {}
    for index, node in enumerate(nodes):
        strided = (
            isinstance(node.layer, MaxPool | AvgPool | L2Pool | DistancePool)
            and max(node.layer.stride) > 1
            and node.output.size < node.input.size
        )
        if strided and len(savings) < _MAX_SAVINGS:
            saving = _saving(node, nodes[index + 1 :])
            if saving is not None:
                savings[node.name] = saving
    return savings


def _saving(pool: Node, after: Sequence[Node]) -> Saving | None:
    try:
        without = place(pool.input, [node.layer for node in after])
    except ShapeError:
        return None
    work, weights = _sums(after)
    more_work, more_weights = _sums(without)
    return Saving(
        values=_difference(pool.input.size, pool.output.size),
        multiply_adds=_difference(more_work, work),
        weights=_difference(more_weights, weights),
    )


def _sums(nodes: Sequence[Node]) -> tuple[int, int]:
    costs = [learnt(node) for node in walk(nodes)]
    return (
        sum(cost.multiply_adds.value for cost in costs),
        sum(cost.weights.value for cost in costs),
    )


def _difference(without: int, with_it: int) -> Count:
    return Count(without - with_it, f"{number(without)} − {number(with_it)}")
