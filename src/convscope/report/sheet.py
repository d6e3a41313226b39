"""Many small pictures on one figure, each placed in inches from the upper left corner.

All of them share one pair of axes: hundreds of axes would take matplotlib many seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.report.palette import DIVERGING, LIGHT
from convscope.report.plotting import colour_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.architecture.pixels import Box

__all__ = ["Sheet", "coloured", "limit_of", "mosaic"]

Colours = NDArray[np.uint8]
"""H×W×3."""


def limit_of(values: NDArray[np.floating[Any]]) -> float:
    """The greatest size of a value, 1 where all are zero: both ends of a scale around zero."""
    return float(np.abs(values).max(initial=0.0)) or 1.0


def coloured(values: NDArray[np.floating[Any]], limit: float) -> Colours:
    """H×W numbers from −limit to limit as blue, white at zero, orange: H×W×3."""
    painted = colour_map("diverging", DIVERGING)((values / limit + 1) / 2)
    return np.asarray(np.round(255 * np.asarray(painted)[..., :3]), np.uint8)


def mosaic(weights: NDArray[np.floating[Any]], limit: float) -> Colours:
    """Rows × columns × h × w as one picture: every tile in a thin frame, white between them."""
    rows, columns, height, width = weights.shape
    larger = max(1, -(-24 // max(height, width)))  # so that the frame is thin beside its tile
    down, across = height * larger + 4, width * larger + 4
    sheet = np.full((rows * down, columns * across, 3), 255, np.uint8)
    frame = tuple(int(LIGHT["rule"][at : at + 2], 16) for at in (1, 3, 5))
    tiles = sheet.reshape(rows, down, columns, across, 3)
    tiles[:, 1:-1, :, 1:-1] = frame
    painted = coloured(weights, limit).repeat(larger, 2).repeat(larger, 3)
    tiles[:, 2:-2, :, 2:-2] = painted.transpose(0, 2, 1, 3, 4)
    return sheet


class Sheet:
    """One pair of axes over a whole figure; lengths are inches, downwards from the top."""

    def __init__(self, figure: Figure) -> None:
        across, down = figure.get_size_inches()
        self.axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, across)
        self.axes.set_ylim(down, 0)

    def image(
        self,
        colours: Colours,
        place: tuple[float, float, float, float],
        *,
        frame: str | None = LIGHT["rule"],
    ) -> None:
        """A picture at (left, top, width, height), every pixel a rectangle."""
        left, top, width, height = place
        self.axes.imshow(
            colours,
            extent=(left, left + width, top + height, top),
            aspect="auto",
            interpolation="none",
        )
        if frame is not None:
            self._rectangle(place, frame, 0.5)

    def box(
        self,
        box: Box,
        sides: Sequence[int],
        place: tuple[float, float, float, float],
        colour: str = LIGHT["warm"],
    ) -> None:
        """A box around pixels of a picture of these sides, which stands at ``place``."""
        left, top, width, height = place
        down, across = height / sides[0], width / sides[1]
        marked = (left + box.left * across, top + box.top * down)
        size = (box.width * across, box.height * down)
        self._rectangle((*marked, *size), "#ffffff", 2.2)
        self._rectangle((*marked, *size), colour, 1.1)

    def _rectangle(
        self, place: tuple[float, float, float, float], colour: str, line: float
    ) -> None:
        from matplotlib.patches import Rectangle

        left, top, width, height = place
        self.axes.add_patch(
            Rectangle((left, top), width, height, fill=False, ec=colour, lw=line, clip_on=False)
        )
