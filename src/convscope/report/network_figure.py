"""A scene drawn with matplotlib, for those who want a picture of pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from convscope.report.palette import LIGHT
from convscope.report.plotting import figure_style, new_figure, place
from convscope.report.scene import Mark, Picture, Polygon, Polyline, Scene, Words
from convscope.report.svg import arrow_head

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["scene_figure"]

_UNITS_PER_INCH = 96
_POINTS_PER_UNIT = 72 / _UNITS_PER_INCH
_ANCHORS = {"start": "left", "middle": "center", "end": "right"}


def scene_figure(scene: Scene) -> Figure:
    """The scene at its own size: 96 of its units are an inch."""
    width, height = scene.width / _UNITS_PER_INCH, scene.height / _UNITS_PER_INCH
    with figure_style():
        figure = new_figure(width, height, arranged=False)
        axes = place(figure, 0, 0, width, height)
        axes.set_axis_off()
        for mark in scene.marks:
            _draw(axes, mark)
        # A picture moves the limits to its own edges.
        axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    return figure


def _draw(axes: Axes, mark: Mark) -> None:
    match mark:
        case Polygon(points, fill, edge, thickness, opacity):
            axes.fill(
                *zip(*points, strict=True),
                facecolor=(LIGHT[fill], opacity),
                edgecolor=LIGHT[edge] if edge else "none",
                linewidth=thickness * _POINTS_PER_UNIT if edge else 0,
                zorder=2,
            )
        case Polyline(points, stroke, thickness, arrow, opacity):
            axes.plot(
                *zip(*points, strict=True),
                color=LIGHT[stroke],
                linewidth=thickness * _POINTS_PER_UNIT,
                alpha=opacity,
                solid_capstyle="butt",
                zorder=2,
            )
            if arrow:
                axes.fill(*zip(*arrow_head(points), strict=True), color=LIGHT[stroke], lw=0)
        case Picture(x, y, across, down, content):
            from PIL import Image

            with Image.open(io.BytesIO(content)) as image:
                axes.imshow(
                    image.convert("RGB"),
                    extent=(x, x + across, y + down, y),
                    aspect="auto",
                    zorder=2,
                )
        case Words(x, y, text, role, size, anchor, bold):
            axes.text(
                x,
                y,
                text,
                color=LIGHT[role],
                fontsize=size * _POINTS_PER_UNIT,
                ha=_ANCHORS[anchor],
                va="baseline",
                fontweight="bold" if bold else "normal",
                zorder=3,
            )
