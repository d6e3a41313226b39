"""Maps of attribution as a figure: image, map, both checks, and the label of trust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convscope.report.attribution_view import class_words
from convscope.report.overlay import draw_scale, frame, limit_of, overlaid, show_picture
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, title, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.inspection.attribution.attribution import Attribution
    from convscope.inspection.attribution.deletion import Deletion
    from convscope.inspection.attribution.randomising import Randomisation

__all__ = ["attribution_figure"]

_SIDE, _GAP = 1.5, 0.3
_CHART, _BETWEEN = 1.75, 0.62
_LEGEND = 0.85
"""Beside the last chart: where curves leave room inside depends on the map."""
_HEAD, _FOOT = 0.42, 0.5
_COLOURS = {
    "passed": CATEGORIES[2],
    "failed": LIGHT["warm-ink"],
    "undecided": LIGHT["muted"],
    "": LIGHT["muted"],
}
_LONGEST_NAME = 10


def attribution_figure(found: Attribution | Sequence[Attribution]) -> Figure:
    """A row for each map: the image, the map over it, what the two checks measured."""
    maps = list(found) if isinstance(found, Sequence) else [found]
    across, down = _shape(maps[0])
    checked = any(each.trust is not None and each.trust.randomisation for each in maps)
    row = _HEAD + down + _FOOT
    width = 2 * PAD + 2 * across + _GAP + 0.1
    if checked:
        width += 2 * (_CHART + _BETWEEN) + _LEGEND
    with figure_style():
        figure = new_figure(max(width, 5.2), 0.62 + len(maps) * row, arranged=False)
        first = maps[0]
        headline = f"What “{first.target_name}” depends on"
        top = title(figure, headline, f"{first.subject}, {first.image.title}; {class_words(first)}")
        for number, each in enumerate(maps):
            upper = top + 0.08 + number * row
            _head(figure, upper, each)
            _draw_maps(figure, upper + _HEAD, each, across, down)
            left = PAD + 2 * across + _GAP + _BETWEEN
            trust = each.trust
            if trust is not None and trust.randomisation is not None:
                axes = place(figure, left, upper + _HEAD, _CHART, down)
                _draw_cascade(axes, trust.randomisation)
            if trust is not None and trust.deletion is not None:
                axes = place(figure, left + _CHART + _BETWEEN, upper + _HEAD, _CHART, down)
                _draw_deletion(axes, trust.deletion)
    return figure


def _shape(found: Attribution) -> tuple[float, float]:
    height, width = found.values.shape
    ratio = min(max(height / width, 0.5), 2.0)
    return (_SIDE, _SIDE * ratio) if ratio <= 1 else (_SIDE / ratio, _SIDE)


def _head(figure: Figure, top: float, found: Attribution) -> None:
    """The method, and beside it the label."""
    words(figure, PAD, top + 0.02, found.title, fontsize=9.5, fontweight="bold")
    verdict = "" if found.trust is None else found.trust.verdict
    style = {"color": _COLOURS[verdict], "fontsize": 9}
    if verdict == "failed":
        style["fontweight"] = "bold"
    words(figure, PAD + _SIDE + _GAP, top + 0.02, found.label, **style)


def _draw_maps(figure: Figure, top: float, found: Attribution, across: float, down: float) -> None:
    show_picture(place(figure, PAD, top, across, down), found.image.pixels)
    left = PAD + across + _GAP
    axes = place(figure, left, top, across, down)
    limit = limit_of(found.values)
    # Of a map that shows nothing nothing is painted: no colour that looks like a finding.
    values = np.where(np.isfinite(found.values), 0.0, np.nan)
    if found.state == "shown":
        values = found.values
    axes.imshow(
        overlaid(found.image.pixels, values, limit, signed=found.signed),
        interpolation="nearest",
    )
    frame(axes)
    if found.state != "shown":
        height, width = found.values.shape
        said = {"zero": "0 everywhere", "flat": "flat", "not finite": "not finite"}[found.state]
        box = {"facecolor": "#ffffff", "edgecolor": "none", "pad": 2}
        axes.text((width - 1) / 2, (height - 1) / 2, said, ha="center", va="center", bbox=box)
        return
    low = -limit if found.signed else 0.0
    label = "against … for the class" if found.signed else "how much"
    draw_scale(figure, (left, top + down + 0.07, across), (low, limit), label)


def _draw_cascade(axes: Axes, found: Randomisation) -> None:
    """Likeness to the map of the trained network, as more and more layers are random."""
    from convscope.inspection.attribution.randomising import MOST_ALIKE

    if not found.stages:
        axes.set_axis_off()
        return
    values = [1.0, *(stage.correlation for stage in found.stages)]
    low = [1.0, *(stage.lowest for stage in found.stages)]
    high = [1.0, *(stage.highest for stage in found.stages)]
    places = range(len(values))
    axes.fill_between(places, low, high, color=LIGHT["accent-soft"], alpha=0.6, lw=0)
    axes.plot(places, values, color=LIGHT["accent"], marker="o", ms=2.5)
    axes.axhline(MOST_ALIKE, color=LIGHT["warm"], lw=0.9, ls="--")
    axes.set_ylim(min(-0.25, min(low) - 0.05), 1.05)
    names = ["none", *(_stage_name(stage.layers) for stage in found.stages)]
    axes.set_xticks(places, names, rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0, labelsize=6.5)
    axes.set_ylabel("rank correlation", fontsize=7, labelpad=1)
    axes.set_title("weights random down to", fontsize=7.5, fontweight="normal", pad=3)
    axes.grid(axis="y", lw=0.5)


def _stage_name(layers: Sequence[str]) -> str:
    """The lowest layer of a stage; the last part of a long name tells most."""
    name = layers[-1] or "weights"
    return name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME + 1 :]}"


def _draw_deletion(axes: Axes, found: Deletion) -> None:
    """The class's probability as pixels go: in the map's order and in random ones."""
    shares = 100 * np.asarray(found.shares)
    axes.fill_between(shares, found.low, found.high, color=LIGHT["rule"], lw=0)
    axes.plot(shares, found.random, color=LIGHT["faint"], lw=1.1, label="at random")
    axes.plot(shares, found.curve, color=LIGHT["accent"], label="by the map")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 1.02)
    axes.set_xticks([0, 50, 100], ["0", "50", "100 %"])
    axes.tick_params(length=0, labelsize=6.5)
    axes.set_ylabel("probability", fontsize=7, labelpad=1)
    axes.set_xlabel("removed", fontsize=7, labelpad=1)
    axes.set_title("most attributed pixels removed", fontsize=7.5, fontweight="normal", pad=3)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1.02),
        borderaxespad=0,
        fontsize=6.5,
        handlelength=1.2,
    )
    axes.grid(axis="y", lw=0.5)
