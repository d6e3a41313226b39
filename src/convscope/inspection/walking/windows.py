"""Where the taps of a window lie: the true geometry of torch's convolutions and poolings.

Along each axis a unit reads o·S − P + t·d for 0 ≤ t < F; what falls outside of the map is
padding.  Pooling to a given size (``AdaptiveAvgPool2d``) has a window of its own for each
unit: ⌊o·side/units⌋ to ⌈(o + 1)·side/units⌉.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from convscope.architecture.layers import Pair
from convscope.network.pooling import DistancePool2d

__all__ = ["Axis", "Geometry", "axes_of", "geometry_of", "inside_of"]

_Ends = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a window walks over its input: pairs are (height, width).

    ``padding`` is ((top, bottom), (left, right)); ``filled`` says with what: zeros, or as
    torch's ``padding_mode`` has it, reflect, replicate or circular.
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: _Ends = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    groups: int = 1
    filled: str = "zeros"

    @property
    def words(self) -> str:
        """5×5, stride 2, padding 2, dilation 2, 4 groups; what is usual is left out."""
        words = [f"{self.kernel[0]}×{self.kernel[1]}"]
        if self.stride != (1, 1):
            words.append(f"stride {_short(self.stride)}")
        if any(map(any, self.padding)):
            ends = [f"{a}" if a == b else f"{a} + {b}" for a, b in self.padding]
            sides = ends[0] if ends[0] == ends[1] else f"{ends[0]} × {ends[1]}"
            words.append(f"padding {sides}" + ("" if self.filled == "zeros" else f" {self.filled}"))
        if self.dilation != (1, 1):
            words.append(f"dilation {_short(self.dilation)}")
        if self.groups != 1:
            words.append(f"{self.groups} groups")
        return ", ".join(words)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "kernel": list(self.kernel),
            "stride": list(self.stride),
            "padding": [list(ends) for ends in self.padding],
            "dilation": list(self.dilation),
            "groups": self.groups,
            "filled": self.filled,
        }


@dataclass(frozen=True, slots=True)
class Axis:
    """The taps of every unit along one axis of a map with so many pixels."""

    side: int
    taps: tuple[tuple[int, ...], ...]
    filled: str = "zeros"

    def pixel(self, tap: int) -> int | None:
        """The pixel whose value stands at a tap; None for a tap among padded zeros."""
        if 0 <= tap < self.side:
            return tap
        if self.filled == "reflect":
            return -tap if tap < 0 else 2 * (self.side - 1) - tap
        if self.filled == "replicate":
            return min(max(tap, 0), self.side - 1)
        return tap % self.side if self.filled == "circular" else None

    def reads(self) -> NDArray[np.float32]:
        """Units × pixels: 1 where the unit reads the pixel."""
        found = np.zeros((len(self.taps), self.side), np.float32)
        for unit, taps in enumerate(self.taps):
            pixels = [pixel for tap in taps if (pixel := self.pixel(tap)) is not None]
            found[unit, pixels] = 1
        return found


def geometry_of(module: nn.Module) -> Geometry | None:
    """The window of a convolution or a pooling; None where it has no fixed one."""
    if isinstance(module, nn.Conv2d):
        kernel, dilation = _pair(module.kernel_size), _pair(module.dilation)
        return Geometry(
            kernel,
            _pair(module.stride),
            _padding(module.padding, kernel, dilation),
            dilation,
            module.groups,
            module.padding_mode,
        )
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d | nn.LPPool2d | DistancePool2d):
        kernel = _pair(module.kernel_size)
        stride = kernel if module.stride is None else _pair(module.stride)
        dilation = _pair(getattr(module, "dilation", 1))
        padding = _padding(getattr(module, "padding", 0), kernel, dilation)
        return Geometry(kernel, stride, padding, dilation)
    return None


def axes_of(module: nn.Module, given: tuple[int, ...], made: tuple[int, ...]) -> tuple[Axis, Axis]:
    """The axes of height and width, of maps C×H×W that become C'×H'×W'."""
    geometry = geometry_of(module)
    axes = []
    for axis, (side, units) in enumerate(zip(given[-2:], made[-2:], strict=True)):
        taps: list[tuple[int, ...]]
        if geometry is None:
            taps = [
                tuple(range(unit * side // units, -(-(unit + 1) * side // units)))
                for unit in range(units)
            ]
            axes.append(Axis(side, tuple(taps)))
            continue
        start, step = -geometry.padding[axis][0], geometry.dilation[axis]
        taps = [
            tuple(
                unit * geometry.stride[axis] + start + tap * step
                for tap in range(geometry.kernel[axis])
            )
            for unit in range(units)
        ]
        axes.append(Axis(side, tuple(taps), geometry.filled))
    return axes[0], axes[1]


def inside_of(axes: tuple[Axis, Axis], row: int, column: int) -> NDArray[np.bool_]:
    """Rows × columns of the window at a unit: True where the tap lies in the map."""
    rows, columns = (
        np.array([0 <= tap < axis.side for tap in axis.taps[unit]])
        for axis, unit in zip(axes, (row, column), strict=True)
    )
    inside: NDArray[np.bool_] = np.logical_and.outer(rows, columns)
    return inside


def _padding(padding: Any, kernel: Pair, dilation: Pair) -> _Ends:
    """As torch lays it: ``same`` puts an odd pixel at the far end."""
    if padding == "valid":
        padding = 0
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        height, width = ((total // 2, total - total // 2) for total in totals)
        return height, width
    high, wide = _pair(padding)
    return (high, high), (wide, wide)


def _pair(value: Any) -> Pair:
    if isinstance(value, tuple | list):
        return int(value[0]), int(value[-1])
    return int(value), int(value)


def _short(pair: Pair) -> str:
    return f"{pair[0]}" if pair[0] == pair[1] else f"{pair[0]}×{pair[1]}"
