"""Small heat maps with zero in the middle; taps in the padding are hatched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.report.overlay import draw_scale, frame
from convscope.report.palette import DIVERGING, LIGHT
from convscope.report.plotting import colour_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_heat", "heat_scale"]


def draw_heat(
    axes: Axes,
    values: NDArray[np.float64],
    limit: float,
    inside: NDArray[np.bool_] | None = None,
) -> None:
    """The values as colours: blue below zero, white at it, orange above."""
    from matplotlib.patches import Rectangle

    frame(axes)
    shown = np.where(np.isfinite(values), values, 0.0)
    colours = colour_map("diverging", DIVERGING)
    axes.imshow(shown, cmap=colours, vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.argwhere(~inside).tolist() if inside is not None else []:
        corner = (column - 0.5, row - 0.5)
        style: dict[str, Any] = {"fc": LIGHT["cell"], "ec": LIGHT["faint"], "hatch": "////"}
        axes.add_patch(Rectangle(corner, 1, 1, lw=0, **style))


def heat_scale(
    figure: Figure, left: float, top: float, width: float, limit: float, label: str = ""
) -> None:
    """The scale of some maps, with its ends and zero."""
    end = f"{limit:.2g}"
    ticks = [(-limit, f"−{end}"), (0.0, "0"), (limit, end)]
    draw_scale(figure, (left, top, width), (-limit, limit), label, ticks=ticks)
    # The ends stay above the bar, so that those of two neighbours do not meet.
    first, _, last = figure.axes[-1].get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
