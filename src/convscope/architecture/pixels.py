"""Sets of pixels: which rows and columns of a layer's input its output is made of.

The rows of a volume, or its columns, are a set of whole numbers held as the bits of
one int: pixel i is in the set where bit i is 1.  A region of places is a few products
rows × columns whose rows do not overlap, so that branches (a residual block's two
ways) join exactly: their union is no product of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convscope.architecture.layers import (
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    Flatten,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    MaxPool,
    Pool,
    Volume,
)
from convscope.architecture.shapes import Node
from convscope.architecture.windows import padding_of

__all__ = ["Box", "Region", "Window", "hull", "places_behind", "single", "whole", "windows_of"]

Region = tuple[tuple[int, int], ...]
"""((rows, columns), …), rows disjoint, none of the sets empty."""


@dataclass(frozen=True, slots=True)
class Box:
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the ends exclusive.

    ``image[box.top : box.bottom, box.left : box.right]`` is what it holds.
    """

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Window:
    """How a kernel or a pooling window walks along one axis of its input."""

    side: int
    kernel: int
    stride: int
    before: int
    """padding at the near end"""
    after: int
    """padding at the far end, one more where ``pad same`` cannot be halved"""
    dilation: int

    @property
    def reach(self) -> int:
        """d·(F − 1) + 1: from the first tap to the last."""
        return self.dilation * (self.kernel - 1) + 1

    def pixels(self, units: int) -> int:
        """The real pixels that these units read: o·S − P + t·d, 0 ≤ t < F, in the input."""
        taps, count = _spaced(units, self.stride), 1
        # Each round doubles the number of taps that are laid over each other.
        while count < self.kernel:
            step = min(count, self.kernel - count)
            taps |= taps << (step * self.dilation)
            count += step
        return (taps >> self.before) & _all(self.side)


def windows_of(layer: Conv | Pool, volume: Volume) -> tuple[Window, Window]:
    """The windows along height and width."""
    dilation = layer.dilation if isinstance(layer, Conv) else (1, 1)
    height, width = (
        Window(side, layer.kernel[axis], layer.stride[axis], *ends, dilation[axis])
        for axis, (side, ends) in enumerate(
            zip((volume.height, volume.width), padding_of(layer), strict=True)
        )
    )
    return height, width


def single(row: int, column: int) -> Region:
    """One place."""
    return ((1 << row, 1 << column),)


def whole(volume: Volume) -> Region:
    """Every place of a volume."""
    return ((_all(volume.height), _all(volume.width)),)


def hull(region: Region) -> Box | None:
    """The smallest box around a region; None where it is empty."""
    rows = columns = 0
    for some_rows, some_columns in region:
        rows |= some_rows
        columns |= some_columns
    if not rows:
        return None
    return Box(_first(rows), _first(columns), rows.bit_length(), columns.bit_length())


def places_behind(region: Region, nodes: Sequence[Node]) -> Region:
    """The places of a chain's input that reach ``region`` of its output."""
    for node in reversed(nodes):
        region = _behind(region, node)
    return region


def _behind(region: Region, node: Node) -> Region:
    layer = node.layer
    if not region or isinstance(layer, BatchNorm):
        return region
    if node.body:
        body = places_behind(region, node.body)
        return _disjoint((*body, *places_behind(region, node.shortcut)))
    match layer:
        case Conv() | MaxPool() | AvgPool() | L2Pool() | DistancePool():
            height, width = windows_of(layer, node.input)
            return _disjoint([(height.pixels(r), width.pixels(c)) for r, c in region])
        case FullyConnected() | GlobalAvgPool() | Flatten():
            return whole(node.input)
    return region


def _disjoint(products: Sequence[tuple[int, int]]) -> Region:
    """The union of products rows × columns as one whose rows do not overlap."""
    columns_of: dict[int, int] = {}
    for rows, columns in products:
        if not columns:
            continue
        for others, their_columns in list(columns_of.items()):
            shared = rows & others
            if not shared:
                continue
            del columns_of[others]
            columns_of[shared] = their_columns | columns
            if others & ~shared:
                columns_of[others & ~shared] = their_columns
            rows &= ~shared
        if rows:
            columns_of[rows] = columns
    rows_of: dict[int, int] = {}
    for rows, columns in columns_of.items():
        rows_of[columns] = rows_of.get(columns, 0) | rows
    return tuple((rows, columns) for columns, rows in rows_of.items())


def _all(side: int) -> int:
    return (1 << side) - 1


def _first(pixels: int) -> int:
    """The place of the lowest bit that is 1."""
    return (pixels & -pixels).bit_length() - 1


def _spaced(units: int, stride: int) -> int:
    """Bit i moved to bit i·stride.  As text, since that is how Python does it fast."""
    if stride == 1 or not units:
        return units
    return int(("0" * (stride - 1)).join(format(units, "b")), 2)
