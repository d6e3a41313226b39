"""A WeightGradient as a figure: two maps, their product place by place, and its sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convscope.inspection.walking.digits import shown
from convscope.report.gradient_view import loss_words
from convscope.report.heat import draw_heat, heat_scale
from convscope.report.overlay import limit_of
from convscope.report.palette import LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, title, words
from convscope.report.walk_view import image_words, source_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.inspection.walking.places import Places, WeightGradient

__all__ = ["gradient_figure"]

_MAP = 2.1
_KERNEL = 1.05
_GAP = 0.34


def gradient_figure(gradient: WeightGradient) -> Figure:
    """What the loss feels at each place · the input under the weight there = the terms."""
    first = gradient.places[0].upstream.shape
    height = _MAP * min(max(first[0] / first[1], 0.4), 1.6)
    row = height + 0.95
    body = max(row * len(gradient.places), _kernel_height(gradient) + 1.25)
    with figure_style():
        figure = new_figure(
            2 * PAD + _KERNEL + 0.5 + 3 * (_MAP + _GAP),
            0.75 + body + 2 * 0.17 + PAD,
            arranged=False,
        )
        top = title(
            figure,
            f"∂L/∂{gradient.unit} of {gradient.subject} = {shown(gradient.value)}",
            loss_words(gradient) + ("" if gradient.trained else "; untrained"),
        )
        _kernel(figure, gradient, top + 0.12)
        for number, places in enumerate(gradient.places):
            told = places.call if len(gradient.places) > 1 else ""
            _maps(figure, gradient, places, top + 0.12 + number * row, height, told)
        below = top + 0.12 + body
        words(figure, PAD, below, gradient.formula, fontsize=7.5)
        told = f"image: {image_words(gradient.picture, gradient.label)}"
        words(figure, PAD, below + 0.17, told, fontsize=7.5, color=LIGHT["muted"])
    return figure


def _kernel_height(gradient: WeightGradient) -> float:
    rows, columns = gradient.kernel.shape
    return _KERNEL * min(max(float(rows) / float(columns), 0.4), 1.6)


def _kernel(figure: Figure, gradient: WeightGradient, top: float) -> None:
    """The kernel for that input channel, the weight in a frame."""
    from matplotlib.patches import Rectangle

    height = _kernel_height(gradient)
    words(figure, PAD, top, "the weight w", fontsize=8)
    axes = place(figure, PAD, top + 0.2, _KERNEL, height)
    limit = limit_of(gradient.kernel)
    draw_heat(axes, gradient.kernel, limit)
    row, column = gradient.weight[2:]
    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, fill=False, ec=LIGHT["ink"], lw=1.6, clip_on=False))
    heat_scale(figure, PAD, top + 0.28 + height, _KERNEL, limit)
    told = (f"kernel {gradient.weight[0]},", f"input channel {gradient.weight[1]}:")
    for line, text in enumerate((*told, f"w = {shown(gradient.weight_value)}")):
        below = top + 0.56 + height + line * 0.16
        words(figure, PAD, below, text, fontsize=7.5, color=LIGHT["muted"])


def _maps(
    figure: Figure,
    gradient: WeightGradient,
    places: Places,
    top: float,
    height: float,
    call: str,
) -> None:
    source = source_words(gradient.source)
    parts = (
        (f"∂L/∂y of {call or gradient.layer}", places.upstream, None),
        (f"x of {source}, under w", places.inputs, places.inside),
        ("∂L/∂y · x: the terms", places.products, places.inside),
    )
    for number, (name, values, inside) in enumerate(parts):
        left = PAD + _KERNEL + 0.5 + number * (_MAP + _GAP)
        words(figure, left, top, name, fontsize=8)
        axes = place(figure, left, top + 0.2, _MAP, height)
        limit = limit_of(values)
        draw_heat(axes, values, limit, inside)
        heat_scale(figure, left, top + 0.28 + height, _MAP, limit)
        if number < 2:
            middle = {"fontsize": 14, "va": "center", "ha": "center"}
            words(figure, left + _MAP + _GAP / 2, top + 0.2 + height / 2, "·="[number], **middle)
