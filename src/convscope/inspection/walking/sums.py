"""Values of many terms: the weighted sum of a convolution, and the summary of a window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.inspection.walking.digits import bracketed, shown, summed
from convscope.inspection.walking.stage import FEW, Grid, Read, Stage, Unit
from convscope.inspection.walking.windows import Geometry

__all__ = ["Pooled", "Weighted"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Weighted(Stage):
    """A weighted sum: of a convolution (``conv``) or a fully connected layer (``fc``).

    ``patch`` and ``kernel`` are input channels × rows × columns; ``channels`` says which of
    the input's they are, ``rows`` and ``columns`` where each tap lies in it.  Taps that are
    not ``inside`` fall into the padding: their coordinates run over the map's edge, and the
    patch holds what stands in for them (zeros, mostly).  ``sums`` are those of each channel.
    ``flat`` inputs are vectors: each of their units is a channel of one tap.
    """

    channels: tuple[int, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    inside: NDArray[np.bool_]
    patch: Grid
    kernel: Grid
    sums: Grid
    bias: float | None
    geometry: Geometry | None = None
    flat: bool = False

    @property
    def products(self) -> Grid:
        """patch · kernel, term by term."""
        return self.patch * self.kernel

    @property
    def terms(self) -> int:
        """How many products there are."""
        return int(self.patch.size)

    @property
    def padded(self) -> int:
        """How many of the taps of one channel fall into the padding."""
        return int(self.inside.size - self.inside.sum())

    @property
    def formula(self) -> str:
        taps = len(self.rows) * len(self.columns)
        over = f"{len(self.channels)} channels"
        if self.flat:
            over = f"{len(self.channels)} units"
        elif taps > 1:
            over += f" · {len(self.rows)}·{len(self.columns)}"
        if len(self.channels) == 1:
            over = over.replace("channels", "channel").replace("units", "unit")
        return f"Σ x·w over {over}" + ("" if self.bias is None else " + bias")

    @property
    def derivation(self) -> str:
        few = not self.flat and len(self.sums) <= FEW
        parts = [float(each) for each in self.sums] if few else [math.fsum(self.sums)]
        return summed(parts if self.bias is None else [*parts, self.bias])

    def inputs(self) -> list[Read]:
        if self.source is None:
            return []
        sizes = np.abs(self.products)
        return [
            (
                self.source,
                (channel,) if self.flat else (channel, self.rows[row], self.columns[column]),
                float(sizes[index, row, column]),
            )
            for index, channel in enumerate(self.channels)
            for row, column in np.argwhere(self.inside).tolist()
        ]

    def details(self) -> dict[str, Any]:
        return {
            "channels": list(self.channels),
            "rows": list(self.rows),
            "columns": list(self.columns),
            "inside": self.inside.tolist(),
            "patch": self.patch.tolist(),
            "kernel": self.kernel.tolist(),
            "products": self.products.tolist(),
            "sums": self.sums.tolist(),
            "bias": self.bias,
            "flat": self.flat,
            "geometry": None if self.geometry is None else self.geometry.as_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pooled(Stage):
    """The summary of a window on one channel.

    ``reduction`` is ``max``, ``average``, ``l2`` or ``distance``.  ``values`` are rows ×
    columns of the window; where a tap is not ``inside``, it lies in the padding, which is
    0 for an average and never wins a maximum.  ``weights`` stand before the values of an
    average; ``winner`` is the unit that the maximum takes.
    """

    reduction: str
    channel: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    inside: NDArray[np.bool_]
    values: Grid
    weights: Grid | None = None
    winner: Unit | None = None
    divisor: int | None = None
    geometry: Geometry | None = None

    @property
    def terms(self) -> Grid:
        """What is added up: value · weight, x² for l2; for a maximum the values."""
        if self.reduction == "l2":
            return self.values**2
        return self.values if self.weights is None else self.values * self.weights

    @property
    def formula(self) -> str:
        size = f"{len(self.rows)}×{len(self.columns)}"
        return {
            "max": f"the largest of {size}",
            "average": f"Σ x/{self.divisor} over {size}",
            "l2": f"√(Σ x²) over {size}",
            "distance": f"Σ w·x over {size}, w by the distance from the centre",
        }[self.reduction]

    @property
    def derivation(self) -> str:
        real = [float(value) for value in self.values[self.inside]]
        if self.reduction == "max":
            if len(real) <= FEW:
                return f"max({', '.join(map(shown, real))})"
            assert self.winner is not None
            return f"{shown(self.value)}, of row {self.winner[1]}, column {self.winner[2]}"
        few = len(real) <= FEW
        if self.reduction == "average":
            whole = summed(real) if few else shown(math.fsum(real))
            return f"({whole})/{self.divisor}" if few else f"{whole}/{self.divisor}"
        if self.reduction == "l2":
            squares = " + ".join(f"{bracketed(value)}²" for value in real)
            return f"√({squares})" if few else f"√{shown(math.fsum(v * v for v in real))}"
        assert self.weights is not None
        weights = [float(weight) for weight in self.weights[self.inside]]
        if not few:
            return summed([float(term) for term in self.terms.sum(1)])
        return " + ".join(
            f"{shown(weight)}·{bracketed(value)}"
            for weight, value in zip(weights, real, strict=True)
        )

    def inputs(self) -> list[Read]:
        sizes = np.abs(self.terms)
        return [
            (
                self.source,
                (self.channel, self.rows[row], self.columns[column]),
                float(sizes[row, column]),
            )
            for row, column in np.argwhere(self.inside).tolist()
        ]

    def details(self) -> dict[str, Any]:
        return {
            "reduction": self.reduction,
            "channel": self.channel,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "inside": self.inside.tolist(),
            "values": _or_none(self.values),
            "weights": None if self.weights is None else self.weights.tolist(),
            "winner": None if self.winner is None else list(self.winner),
            "divisor": self.divisor,
            "geometry": None if self.geometry is None else self.geometry.as_dict(),
        }


def _or_none(values: Grid) -> list[list[float | None]]:
    """The padding of a maximum is less than any number, which JSON cannot say."""
    return [[each if math.isfinite(each) else None for each in row] for row in values.tolist()]
