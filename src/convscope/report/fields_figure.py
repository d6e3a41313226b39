"""Receptive fields drawn on the image: the box of what a unit sees, the heat of what it uses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from convscope.report.fields_view import size_words
from convscope.report.figures import short_name
from convscope.report.overlay import draw_box, draw_scale, frame, overlaid, show_picture
from convscope.report.palette import LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, title, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.inspection.fields.receptive import ReceptiveField, ReceptiveFields

__all__ = ["field_figure", "fields_figure"]

_SIDE, _GAP, _CAPTION = 1.35, 0.3, 0.5
_LARGE = 2.7
_COLUMNS, _MOST = 5, 20
_LEGEND = 5.6
"""Inches that the legend needs."""


def field_figure(field: ReceptiveField) -> Figure:
    """The image with the geometric box, and beside it the heat with both boxes."""
    across, down = _shape(field, _LARGE)
    with figure_style():
        figure = new_figure(max(2 * across + _GAP + 2 * PAD, _LEGEND), down + 1.5, arranged=False)
        top = title(figure, _headline(field), f"{field.subject}, {field.image.title}")
        upper = top + 0.3
        for number, label in enumerate(("what it can see", "what it listens to")):
            left = PAD + number * (across + _GAP)
            words(figure, left, upper - 0.2, label, fontsize=8.5)
            axes = place(figure, left, upper, across, down)
            if number == 0:
                show_picture(axes, field.image.pixels)
            else:
                _draw_heat(axes, field)
            _draw_boxes(axes, field, effective=number == 1)
        _legend(figure, upper + down + 0.14, field)
    return figure


def fields_figure(found: ReceptiveFields) -> Figure:
    """A panel for each layer, its middle unit; of very many layers some, evenly chosen."""
    shown = _chosen(found.fields)
    across, down = _shape(shown[0], _SIDE)
    columns = min(_COLUMNS, max(3, len(shown)))
    rows = math.ceil(len(shown) / columns)
    with figure_style():
        figure = new_figure(
            max(2 * PAD + columns * (across + _GAP) - _GAP, _LEGEND),
            1.25 + rows * (down + _CAPTION),
            arranged=False,
        )
        marked = "; !: larger than the image" if any(each.larger for each in shown) else ""
        few = (
            f"{len(shown)} of {len(found.fields)} layers; "
            if len(shown) < len(found.fields)
            else ""
        )
        top = title(
            figure,
            f"Receptive fields of {found.subject}",
            f"{few}the middle unit of each, on {shown[0].image.title}{marked}",
        )
        for number, field in enumerate(shown):
            row, column = divmod(number, columns)
            left, upper = PAD + column * (across + _GAP), top + 0.12 + row * (down + _CAPTION)
            axes = place(figure, left, upper + 0.2, across, down)
            name = short_name(field.layer.name, 16)
            words(figure, left, upper, name, fontsize=8.5, fontweight="bold")
            _draw_heat(axes, field)
            _draw_boxes(axes, field, effective=True)
            colour = LIGHT["warm-ink"] if field.larger else LIGHT["muted"]
            told = f"{size_words(field)}{' !' if field.larger else ''}"
            words(figure, left, upper + down + 0.24, told, fontsize=7, color=colour)
        _legend(figure, top + 0.18 + rows * (down + _CAPTION), shown[0])
    return figure


def _chosen(fields: Sequence[ReceptiveField]) -> list[ReceptiveField]:
    """All, or evenly spaced ones with the first and the last among them."""
    if len(fields) <= _MOST:
        return list(fields)
    return [fields[round(k * (len(fields) - 1) / (_MOST - 1))] for k in range(_MOST)]


def _shape(field: ReceptiveField, side: float) -> tuple[float, float]:
    """Inches across and down of an image; very long ones are drawn shorter."""
    height, width = field.heat.shape
    ratio = min(max(height / width, 0.4), 2.5)
    return (side, side * ratio) if ratio <= 1 else (side / ratio, side)


def _headline(field: ReceptiveField) -> str:
    channel = "" if field.channel is None else f", channel {field.channel}"
    where = f" at row {field.at[0]}, column {field.at[1]}" if field.layer.spatial else ""
    return f"Receptive field of {field.layer.name}{where}{channel}"


def _draw_heat(axes: Axes, field: ReceptiveField) -> None:
    limit = float(field.heat.max()) or 1.0
    painted = overlaid(field.image.pixels, field.heat, limit, signed=False)
    axes.imshow(painted, interpolation="nearest")
    frame(axes)


def _draw_boxes(axes: Axes, field: ReceptiveField, *, effective: bool) -> None:
    if field.box is not None:
        draw_box(axes, field.box, LIGHT["accent"])
    if effective and field.effective is not None:
        draw_box(axes, field.effective, LIGHT["ink"], dashed=True)


def _legend(figure: Figure, top: float, field: ReceptiveField) -> None:
    """Which line is which, and the scale of the heat."""
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=LIGHT["accent"], lw=1.4, label="geometric: all it can see"),
        Line2D(
            [], [], color=LIGHT["ink"], lw=1.4, ls="--", label="effective: 95.45 % of the gradient"
        ),
    ]
    height = figure.get_size_inches()[1]
    figure.legend(
        handles=lines,
        loc="upper left",
        bbox_to_anchor=(PAD / figure.get_size_inches()[0], 1 - top / height),
        borderaxespad=0,
        fontsize=7.5,
        handlelength=2.2,
    )
    draw_scale(
        figure,
        (PAD + 2.85, top + 0.04, 2.3),
        (0.0, 1.0),
        f"mean |gradient| over {field.count} images, share of its largest",
    )
