"""A Walk as a figure: the field on the image, patch · kernel = products, and every stage."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convscope.inspection.walking.digits import shown
from convscope.inspection.walking.stage import unit_words
from convscope.inspection.walking.sums import Pooled, Weighted
from convscope.report.grids import value_texts
from convscope.report.heat import draw_heat, heat_scale
from convscope.report.overlay import draw_box, limit_of, show_picture
from convscope.report.palette import LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, title, words
from convscope.report.walk_view import field_words, image_words, reads_words, source_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.inspection.walking.walk import Walk

__all__ = ["walk_figure"]

_IMAGE = 2.5
"""Inches of the image's longer side."""
_TILE = 0.86
_ROWS = 4
"""Channels that are drawn; the sums of all stand beside them."""
_BARS = 32
_NUMBERS = 0.56
"""Inches for the numbers beside the bars."""
_LINE = 0.165
_WIDTH = 9.2
_CAPTION = 34
"""Letters in a line below the image."""
_LETTERS = 118
"""Letters in a line below all."""


def walk_figure(walk: Walk) -> Figure:
    """The image with the unit's field, the sum that it rests on, and the stages in words."""
    main = _nearest_sum(walk)
    caption = _caption(walk, main)
    told = _stage_lines(walk)
    left_height = _IMAGE + 0.3 + len(caption) * _LINE
    tiles = _tile_height(main) if main else 0.0
    rows = min(_ROWS, len(main.sums)) if main and tiles else 0
    right_height = 0.75 + rows * (tiles + 0.12) if rows else (2.6 if main else 0.0)
    bars = min(_BARS, len(main.sums)) * 0.105 + 0.75 if main else 0.0
    body = max(left_height, right_height, bars)
    with figure_style():
        height = 0.62 + body + 0.1 + len(told) * _LINE + PAD
        figure = new_figure(_WIDTH if main else 6.4, height, arranged=False)
        top = title(
            figure,
            f"{walk.unit} of {walk.subject} = {shown(walk.value)}",
            _subtitle(walk),
        )
        _image(figure, walk, top + 0.12, caption)
        if main is not None:
            left = PAD + _IMAGE + 0.45
            if rows:
                _tiles(figure, main, left, top + 0.12, rows, tiles)
                left += 3 * (_TILE + 0.24) + 1.0
            _bars(figure, main, left, top + 0.12, body - 0.5)
        for line, (text, style) in enumerate(told):
            below = top + 0.12 + body + 0.1 + line * _LINE
            words(figure, PAD, below, text, fontsize=7.5, **style)
    return figure


def _nearest_sum(walk: Walk) -> Weighted | None:
    """The first weighted sum on the way back; where two ways meet, the one of more terms."""
    stages = {(stage.layer, stage.at): stage for stage in walk.stages}
    waiting, found = [walk.last], []
    while waiting:
        stage = waiting.pop()
        if isinstance(stage, Weighted):
            found.append(stage)
        else:
            winner = stage.winner if isinstance(stage, Pooled) else None
            follows = [each for each in stage.follows if winner in (None, each[1])]
            waiting += [stages[each] for each in follows if each in stages]
    return max(found, key=lambda stage: stage.terms, default=None)


def _subtitle(walk: Walk) -> str:
    told = f"the score of {walk.means}: " if walk.means else "one value: "
    return told + "what it consists of" + ("" if walk.trained else "; untrained")


def _caption(walk: Walk, main: Weighted | None) -> list[str]:
    texts = [image_words(walk.picture, walk.label)]
    texts.append(f"box: what it sees, {field_words(walk.field, walk.field_note)}")
    if main is not None:
        texts.append(f"{main.layer} reads {reads_words(main)}")
    return [line for text in texts for line in textwrap.wrap(text, _CAPTION)]


def _image(figure: Figure, walk: Walk, top: float, caption: Sequence[str]) -> None:
    _, height, width = walk.picture.pixels.shape
    longer = max(height, width)
    axes = place(figure, PAD, top, _IMAGE * width / longer, _IMAGE * height / longer)
    show_picture(axes, walk.picture.pixels)
    if walk.field is not None:
        draw_box(axes, walk.field, LIGHT["warm"])
    for line, text in enumerate(caption):
        below = top + _IMAGE * height / longer + 0.08 + line * _LINE
        words(figure, PAD, below, text, fontsize=7.5, color=LIGHT["muted"])


def _tile_height(stage: Weighted) -> float:
    """Inches; 0 where a channel has one tap, which needs no map."""
    rows, columns = stage.inside.shape
    return 0.0 if rows * columns == 1 else _TILE * min(max(rows / columns, 0.4), 1.6)


def _tiles(
    figure: Figure, stage: Weighted, left: float, top: float, rows: int, height: float
) -> None:
    """patch · kernel = products of the channels with the largest sums, one scale a column."""
    order = np.argsort(-np.abs(stage.sums), kind="stable")[:rows].tolist()
    parts = (
        (f"x: {source_words(stage.source)}", stage.patch, True),
        ("w: weights" if stage.geometry is None else "w: kernel", stage.kernel, False),
        ("x·w", stage.products, True),
    )
    first = left + 0.62
    for number, (name, maps, padded) in enumerate(parts):
        across = first + number * (_TILE + 0.24)
        words(figure, across, top, name, fontsize=8)
        limit = limit_of(maps)
        for row, index in enumerate(order):
            upper = top + 0.2 + row * (height + 0.12)
            axes = place(figure, across, upper, _TILE, height)
            draw_heat(axes, maps[index], limit, stage.inside if padded else None)
            middle = {"fontsize": 13, "va": "center", "ha": "center"}
            if number < 2:
                sign = "·="[number]
                words(figure, across + _TILE + 0.12, upper + height / 2, sign, **middle)
            if number == 0:
                told = f"channel {stage.channels[index]}"
                words(figure, left, upper + height / 2, told, fontsize=7.5, va="center")
        heat_scale(figure, across, top + 0.26 + rows * (height + 0.12), _TILE, limit)


def _bars(figure: Figure, stage: Weighted, left: float, top: float, height: float) -> None:
    """The sum of every channel, or of the largest, and what they come to with the bias."""
    order = list(range(len(stage.sums)))
    what = "unit" if stage.flat else "channel"
    told = f"x·w of each {what}" if stage.inside.size == 1 else f"sum of x·w, each {what}"
    if len(order) > _BARS:
        order = sorted(np.argsort(-np.abs(stage.sums), kind="stable")[:_BARS].tolist())
        told = f"the {_BARS} largest of {len(stage.sums)} {what}s' x·w"
    values = [float(stage.sums[index]) for index in order]
    words(figure, left, top, told, fontsize=8)
    width = _WIDTH - left - PAD - 0.35 - _NUMBERS
    axes = place(
        figure, left + 0.35, top + 0.22, width, max(0.3, min(height - 0.55, 0.26 * len(order)))
    )
    colours = [LIGHT["warm"] if value > 0 else LIGHT["accent"] for value in values]
    axes.barh(range(len(order)), values, color=colours, height=0.72)
    axes.axvline(0, color=LIGHT["faint"], linewidth=0.8)
    step = max(1, -(-len(order) // 16))
    axes.set_yticks(
        range(0, len(order), step), [str(stage.channels[index]) for index in order[::step]]
    )
    axes.tick_params(axis="y", length=0, labelsize=6.5)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=3)
    axes.spines["left"].set_visible(False)
    for index, text in enumerate(value_texts(values)):
        if len(order) <= 16:
            axes.annotate(
                text,
                (1.0, index),
                (72 * _NUMBERS, 0),
                ha="right",
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
            )


def _stage_lines(walk: Walk) -> list[tuple[str, dict[str, str]]]:
    """``batch2[12, 5, 7] = (x − mean)/…`` with the numbers put in, each stage in its lines."""
    lines: list[tuple[str, dict[str, str]]] = []
    for stage in walk.stages:
        value = shown(stage.value)
        told = f"{unit_words(stage.layer, stage.at)} = {stage.derivation}"
        if stage.derivation != value:
            told += f" = {value}"
        wrapped = textwrap.wrap(told, _LETTERS, subsequent_indent="        ")
        lines += [(line, {"color": LIGHT["ink"]}) for line in wrapped]
    return lines
