"""Which pixels the units of any module see, found by trying: no arithmetic, no reading of code.

A NaN stays NaN through sums, products, maxima and activations, even times zero.  A row of
NaN in an otherwise black image therefore turns all those units into NaN, and no others,
that can see the row, whatever the module is made of.  Every row and every column is
tried once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.data.progress import Progress, Tell, teller
from convscope.inspection.recording import borrowed, recording

__all__ = ["Reached", "Side", "reached"]

_PIXELS_AT_ONCE = 64 * 28 * 28


@dataclass(frozen=True, slots=True)
class Side:
    """A field along one axis: ``size`` pixels, or at least so many where not ``whole``.

    ``jump`` is the step from one unit to the next; None where none could be seen.
    """

    size: int
    jump: int | None
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """What the units of one layer were seen to reach.

    ``rows`` says of every row of the image and every row of units whether these see it
    (H×h), ``columns`` the same across (W×w); ``unit_rows`` and ``unit_columns`` are the
    rows and columns that the one unit asked for sees.
    """

    rows: NDArray[np.bool_]
    columns: NDArray[np.bool_]
    unit_rows: NDArray[np.bool_]
    unit_columns: NDArray[np.bool_]

    @property
    def box(self) -> Box | None:
        """The smallest box around all that the unit sees; None where that is nothing."""
        down, across = np.flatnonzero(self.unit_rows), np.flatnonzero(self.unit_columns)
        if not len(down) or not len(across):
            return None
        return Box(int(down[0]), int(across[0]), int(down[-1]) + 1, int(across[-1]) + 1)

    @property
    def everything(self) -> bool:
        """Whether every unit sees every row and every column."""
        return bool(self.rows.all() and self.columns.all())

    @property
    def sides(self) -> tuple[Side, Side]:
        """The field's height and width, as far as the image is large enough to show them."""
        return _side(self.rows), _side(self.columns)


def reached(
    module: nn.Module,
    volume: Volume,
    places: Mapping[str, tuple[int, int]],
    progress: Tell | None = None,
) -> dict[str, Reached]:
    """What the units of these layers see, and one of each, at (row, column), by itself."""
    tell = teller(progress)
    shape = (volume.channels, volume.height, volume.width)
    lines = [(axis, line) for axis in (0, 1) for line in range(shape[1 + axis])]
    found: dict[str, list[list[NDArray[np.bool_]]]] = {name: [[], [], [], []] for name in places}
    at_once = max(1, _PIXELS_AT_ONCE // (volume.height * volume.width))
    with borrowed(module), torch.no_grad(), recording(module, places) as outputs:
        for start in range(0, len(lines), at_once):
            tell(Progress("trying which pixels each layer sees", start, len(lines), "lines"))
            chosen = lines[start : start + at_once]
            images = torch.zeros(len(chosen), *shape)
            for image, (axis, line) in zip(images, chosen, strict=True):
                image.select(1 + axis, line).fill_(torch.nan)
            module(images)
            for name, (row, column) in places.items():
                hit = _hit(outputs[name])
                for each, (axis, _) in zip(hit, chosen, strict=True):
                    found[name][axis].append(each.any(axis=1 - axis))
                    found[name][2 + axis].append(each[row, column])
    return {
        name: Reached(*(np.array(part, dtype=np.bool_) for part in parts))
        for name, parts in found.items()
    }


def _hit(output: Tensor) -> NDArray[np.bool_]:
    """N×h×w: whether any channel is NaN; a vector is one place."""
    maps = output if output.dim() == 4 else output.flatten(1)[:, :, None, None]
    hit: NDArray[np.bool_] = torch.isnan(maps).any(1).numpy()
    return hit


def _side(seen: NDArray[np.bool_]) -> Side:
    """From what every unit along an axis sees.

    A unit whose field ends inside the image shows that end truly.  Where no one unit
    shows both ends, one that shows the first and another that shows the last do, since
    fields move by the jump.
    """
    length = len(seen)
    units = [np.flatnonzero(line) for line in seen.T]
    first = {k: int(line[0]) for k, line in enumerate(units) if len(line) and line[0] > 0}
    last = {k: int(line[-1]) for k, line in enumerate(units) if len(line) and line[-1] < length - 1}
    jump = _jump(first, last)
    both = [last[k] - first[k] + 1 for k in first if k in last]
    if both:
        return Side(max(both), jump, whole=True)
    if first and last and jump is not None:
        begin, end = min(first), max(last)
        return Side(last[end] - first[begin] + (begin - end) * jump + 1, jump, whole=True)
    widest = max((int(line[-1] - line[0]) + 1 for line in units if len(line)), default=0)
    return Side(widest, jump, whole=False)


def _jump(*ends: Mapping[int, int]) -> int | None:
    """The most frequent step from a unit to the next."""
    steps = Counter(
        places[unit + 1] - places[unit] for places in ends for unit in places if unit + 1 in places
    )
    return steps.most_common(1)[0][0] if steps else None
