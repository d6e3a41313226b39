"""One layer under one movement: the sums over images, and the errors made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.architecture.layers import Pair, Volume
from convscope.inspection.intervals import Bootstrap, Estimate
from convscope.inspection.subject import Layer
from convscope.inspection.symmetry.grids import Grid
from convscope.inspection.symmetry.transforms import Rotation, Shift, Transform

__all__ = ["EXACT", "LayerError", "LayerSums", "relative"]

EXACT = 1e-5
"""A relative error up to here is rounding in float32."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerError:
    """One layer under one movement.

    ``whole`` is the error over all places that have a counterpart in the map; ``interior``
    that over those among them whose receptive field touches neither padding nor what moved
    in (None where there are none, or it is not known which).  ``counterpart`` is False where
    the moved image has no exactly moved map; ``reason`` then says why, and ``whole`` is the
    error against what lies between two places of the map, or None where nothing can be compared.

    ``by_place`` (h×w) is the error of each place over all images, against the mean size of
    the map, NaN where nothing is compared; ``border`` how far from the edge of what is
    compared the last place lies whose error is above rounding (0: nowhere).
    """

    layer: str
    kind: str
    step: Pair | None
    transform: str
    counterpart: bool
    reason: str
    whole: Estimate | None
    interior: Estimate | None
    places: int
    interior_places: int
    border: int | None
    by_place: NDArray[np.float32] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, without ``by_place``."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "step": None if self.step is None else list(self.step),
            "transform": self.transform,
            "counterpart": self.counterpart,
            "reason": self.reason,
            "whole": self.whole.as_dict() if self.whole else None,
            "interior": self.interior.as_dict() if self.interior else None,
            "places": self.places,
            "interior_places": self.interior_places,
            "border": self.border,
        }


class LayerSums:
    """The sums of one layer under one movement, while the images pass."""

    def __init__(self, layer: Layer, volume: Volume, move: Transform, grid: Grid) -> None:
        self._layer = layer
        self._move, self._grid = move, grid
        self._reason, self._comparable = _verdict(move, grid, layer.shape, volume)
        shape = layer.shape[1:]
        nothing = torch.zeros(shape, dtype=torch.bool)
        self._known, self._inside = nothing, nothing
        if self._comparable:
            self._known = move.on_map(torch.zeros(1, 1, *shape), grid.step or (1, 1))[1]
            if grid.interior is not None:
                inside = torch.from_numpy(grid.interior[move.kept(volume)].copy())
                # Where a unit comes from elsewhere on the map, it must be inside there, too.
                there = inside if isinstance(move, Shift) else _moved_mask(move, inside)
                self._inside = inside & there & self._known
        self._squares: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        self._by_place = torch.zeros(shape, dtype=torch.float64)

    def add(self, still: Tensor, moved: Tensor) -> None:
        """One batch of maps: of the images as they are, and of the moved ones."""
        if not self._comparable:
            return
        expected, _ = self._move.on_map(still, self._grid.step or (1, 1))
        # Channels are summed first: what is left is small.
        difference = (moved - expected).square_().sum(1).double()
        size = expected.square().sum(1).double()
        known, inside = self._known, self._inside
        self._squares.append(
            (
                difference[:, known].sum(1),
                size[:, known].sum(1),
                difference[:, inside].sum(1),
                size[:, inside].sum(1),
            )
        )
        self._by_place += difference.sum(0)

    def result(self, bootstrap: Bootstrap) -> LayerError:
        """The means over all images."""
        sums = [torch.cat(column).numpy() for column in zip(*self._squares, strict=True)]
        places, inside = int(self._known.sum()), int(self._inside.sum())
        measured = bool(sums) and places > 0
        by_place = self._map(sums[1] if measured else None, places)
        return LayerError(
            layer=self._layer.name,
            kind=self._layer.kind,
            step=self._grid.step,
            transform=self._move.name,
            counterpart=measured and not self._reason,
            reason=self._reason or ("" if measured else "nothing of the map stays on it"),
            whole=bootstrap.mean(relative(sums[0], sums[1])) if measured else None,
            interior=bootstrap.mean(relative(sums[2], sums[3])) if measured and inside else None,
            places=places,
            interior_places=inside,
            border=_border(by_place) if measured else None,
            by_place=by_place,
        )

    def _map(self, sizes: NDArray[np.float64] | None, places: int) -> NDArray[np.float32]:
        """√(mean of the squared difference / mean of the squared map), place by place."""
        shape = tuple(self._by_place.shape)
        if sizes is None:
            return np.full(shape, np.nan, np.float32)
        mean = float(sizes.sum()) / places
        values = self._by_place.numpy() / mean if mean > 0 else np.zeros(shape)
        return np.where(self._known.numpy(), np.sqrt(values), np.nan).astype(np.float32)


def _moved_mask(move: Transform, inside: Tensor) -> Tensor:
    return move.on_map(inside[None, None], (1, 1))[0][0, 0]


def relative(difference: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """√(difference / size) of each image, both sums of squares.

    A map that is 0 before and after has moved exactly; where only the one is 0 there is
    nothing to relate to, and the image is left out.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.sqrt(difference / size)
    found[(size == 0) & (difference == 0)] = 0.0
    found[(size == 0) & (difference > 0)] = math.nan
    return found


def _border(by_place: NDArray[np.float32]) -> int:
    """The largest distance from the edge of what is compared, 1 being the edge itself."""
    rows, columns = np.nonzero(np.isfinite(by_place))
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    rows, columns = np.nonzero(np.nan_to_num(by_place) > EXACT)
    if not len(rows):
        return 0
    ends = np.stack([rows - top, bottom - rows, columns - left, right - columns])
    return int(ends.min(0).max()) + 1


def _verdict(
    move: Transform, grid: Grid, shape: tuple[int, ...], volume: Volume
) -> tuple[str, bool]:
    """Why a moved image has no exactly moved map, empty where it has; and whether the two
    can be compared all the same."""
    if not isinstance(move, Shift):
        if isinstance(move, Rotation) and move.quarters % 2 and shape[1] != shape[2]:
            return f"a map of {shape[1]}×{shape[2]} turned by 90° has another size", False
        if grid.centred is not None and not all(grid.centred):
            return "the layer's grid lies off the image's centre", True
        return "", True
    if grid.step is None:
        return "by how many pixels its units lie apart could not be found", False
    for axis, count, side in ((0, move.down, volume.height), (1, move.right, volume.width)):
        step, units = grid.step[axis], shape[1 + axis]
        if move.circular and count and units * step != side:
            reason = f"{units} units, {step} pixels apart, do not wrap around as {side} pixels do"
            return reason, False
    for axis, count in ((0, move.down), (1, move.right)):
        step = grid.step[axis]
        if count % step:
            return f"{abs(count)} is no multiple of the layer's step of {step} pixels", True
    return "", True
