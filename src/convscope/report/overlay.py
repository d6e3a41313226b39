"""Maps of numbers laid over the image that they belong to: the image stays visible beneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.report.palette import DIVERGING, LIGHT
from convscope.report.picture_figures import picture
from convscope.report.plotting import colour_map, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.architecture.pixels import Box

__all__ = ["HEAT", "draw_box", "draw_scale", "frame", "limit_of", "overlaid", "show_picture"]

HEAT = DIVERGING[len(DIVERGING) // 2 :]
"""From white at 0 to orange: the upper half of the diverging scale, for what is never negative."""

_LIGHTEST, _DARKEST = 1.0, 0.87
"""Between these the image beneath is multiplied in: it tints, and leaves the colours readable."""


def limit_of(values: NDArray[np.floating[Any]]) -> float:
    """The largest size of a finite value, 1 where there is none: the end of the scale."""
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max(initial=0.0)) or 1.0


def overlaid(
    image: NDArray[np.uint8], values: NDArray[np.floating[Any]], limit: float, *, signed: bool
) -> NDArray[np.float64]:
    """The map's colours, tinted by the image: C×H×W and H×W → H×W×3 in 0 … 1.

    What is not finite is grey.
    """
    low = -limit if signed else 0.0
    shares = (np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0) - low) / (limit - low)
    painted = _coloured(shares, DIVERGING if signed else HEAT)
    painted[~np.isfinite(values)] = 0.75
    grey = picture(image).astype(np.float64).mean(2, keepdims=True) / 255
    tinted: NDArray[np.float64] = painted * (_DARKEST + (_LIGHTEST - _DARKEST) * grey)
    return tinted


def _coloured(shares: NDArray[np.floating[Any]], colours: Sequence[str]) -> NDArray[np.float64]:
    """Between the colours, evenly spaced over 0 … 1; unlike a map of 256 steps 0 is just white."""
    anchors = np.array([[int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)] for c in colours])
    places = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(shares, places, channel) for channel in anchors.T], axis=-1)


def show_picture(axes: Axes, image: NDArray[np.uint8]) -> None:
    """The image itself, every pixel a square."""
    axes.imshow(picture(image), interpolation="nearest")
    frame(axes)


def frame(axes: Axes) -> None:
    """No ticks, and a thin rule around."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(LIGHT["rule"])
    axes.spines[:].set_linewidth(0.6)


def draw_box(axes: Axes, box: Box, colour: str, *, dashed: bool = False) -> None:
    """A rectangle around pixels; a dashed one a little inside, so that two can be told apart.

    White beneath the full line keeps it visible on anything.
    """
    from matplotlib.patches import Rectangle

    inset = 0.012 * (axes.get_xlim()[1] - axes.get_xlim()[0]) if dashed else 0.0
    corner = (box.left - 0.5 + inset, box.top - 0.5 + inset)
    size = (box.width - 2 * inset, box.height - 2 * inset)
    lines = [(colour, 1.2, "--")] if dashed else [("#ffffff", 2.8, "-"), (colour, 1.5, "-")]
    for edge, thick, line in lines:
        axes.add_patch(
            Rectangle(corner, *size, fill=False, ec=edge, lw=thick, ls=line, clip_on=False)
        )


def draw_scale(
    figure: Figure,
    where: tuple[float, float, float],
    limits: tuple[float, float],
    label: str,
    *,
    ticks: Sequence[tuple[float, str]] | None = None,
) -> None:
    """A horizontal colour bar at (left, top, width) in inches; its colours tell signed or not."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    left, top, width = where
    axes = place(figure, left, top, width, 0.09)
    colours = colour_map("overlay", DIVERGING if limits[0] < 0 else HEAT)
    bar = figure.colorbar(
        ScalarMappable(Normalize(*limits), colours), cax=axes, orientation="horizontal"
    )
    bar.outline.set_visible(False)
    if ticks is None:
        axes.locator_params(axis="x", nbins=3 if width < 1.6 else 5)
    else:
        axes.set_xticks([value for value, _ in ticks], [text for _, text in ticks])
    axes.tick_params(length=0, labelsize=7, pad=2)
    axes.set_xlabel(label, fontsize=7, labelpad=1.5)
