"""An ablation as a figure: channels by how much they are missed, and what each class loses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convscope.report.ablation_view import ablation_title, points, right_word
from convscope.report.figures import short_name
from convscope.report.numbers import percent, thousands
from convscope.report.palette import DIVERGING, LIGHT
from convscope.report.plotting import PAD, colour_map, figure_style, new_figure, place, title, words
from convscope.report.scene import width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.inspection.changes.ablation import Ablation
    from convscope.inspection.changes.effects import Effect

__all__ = ["ablation_figure"]

_MOST_ROWS = 40
_MOST_CLASSES = 20


def ablation_figure(result: Ablation) -> Figure:
    """Each channel on a line: accuracy lost, with its interval; beside it the classes.

    Orange is more, blue is less than before, white no change.  Of very many channels, the
    ones that are missed most; where no channel was switched off alone, the one change.
    """
    effects: Sequence[Effect] = result.ranked[:_MOST_ROWS]
    if not effects:
        effects = [result.whole] if result.whole else []
    classes = [each.name for each in effects[0].per_class][:_MOST_CLASSES] if effects else []
    names = [short_name(name, 16) for name in classes]
    rows = [_row_name(each) for each in effects]
    down, cell, lines = 0.235, 0.44, 2.5
    room = max(width_of(name, 8.5) for name in rows) / 72 + 0.12
    below = max(0.5, 0.2 + 0.72 * max([width_of(name, 8) for name in names] or [0]) / 72)
    with figure_style():
        width = PAD + room + lines + 0.5 + cell * len(classes) + 1.15
        height = 0.85 + down * max(len(effects), 2) + below
        figure = new_figure(max(width, 6.4), max(height, 2.45), arranged=False)
        top = title(figure, f"{result.subject}: {ablation_title(result)}", _told(result)) + 0.2
        size = down * max(len(effects), 2)
        axes = place(figure, PAD + room, top, lines, size)
        _draw_differences(axes, effects, rows)
        if classes:
            left = PAD + room + lines + 0.5
            grid = place(figure, left, top, cell * len(classes), size)
            image = _draw_classes(grid, effects, names)
            _scale(figure, image, left + cell * len(classes) + 0.2, top, max(1.1, min(1.6, size)))
    return figure


def _told(result: Ablation) -> str:
    images = f"{thousands(result.count)} images of {result.images_from}"
    if result.against == "own answers":
        return f"{images}; right is what the network answered before"
    before = f"before {percent(result.accuracy.value)} {right_word(result)}"
    return f"{images}; {before}; bars are 95 % intervals"


def _row_name(effect: Effect) -> str:
    return (
        f"channel {effect.channel}" if effect.channel is not None else short_name(effect.what, 26)
    )


def _draw_differences(axes: Axes, effects: Sequence[Effect], rows: Sequence[str]) -> None:
    places = np.arange(len(effects))
    values = 100 * np.array([[e.difference, *e.interval] for e in effects]).reshape(-1, 3)
    axes.axvline(0, color=LIGHT["faint"], linewidth=1)
    axes.hlines(
        places, values[:, 1], values[:, 2], color=LIGHT["accent-soft"], linewidth=3.2, zorder=2
    )
    axes.plot(values[:, 0], places, "o", color=LIGHT["accent"], markersize=4.2, zorder=3)
    axes.set_yticks(places, rows)
    axes.set_ylim(max(len(effects), 2) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelcolor=LIGHT["ink"])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("change of accuracy (points)")
    axes.margins(x=0.06)
    axes.grid(True, axis="x")


def _draw_classes(axes: Axes, effects: Sequence[Effect], names: Sequence[str]) -> object:
    """Channels × classes, in points, zero in the middle of the scale."""
    shares: NDArray[np.float64] = np.array(
        [[each.difference for each in effect.per_class[: len(names)]] for effect in effects]
    )
    values = 100 * shares
    limit = float(np.abs(values).max()) or 1.0
    colours = colour_map("diverging", DIVERGING)
    image = axes.imshow(values, cmap=colours, vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.argwhere(values != 0).tolist():
        value = values[row, column]
        axes.text(
            column,
            row,
            points(value / 100),
            ha="center",
            va="center_baseline",
            fontsize=6.8,
            color="#ffffff" if abs(value) > 0.62 * limit else LIGHT["ink"],
        )
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks([])
    axes.set_ylim(max(len(effects), 2) - 0.5, -0.5)
    axes.tick_params(length=0, labelsize=8, labelcolor=LIGHT["ink"])
    axes.spines[:].set_visible(False)
    return image


def _scale(figure: Figure, image: object, left: float, top: float, height: float) -> None:
    axes = place(figure, left, top + 0.16, 0.12, height - 0.16)
    bar = figure.colorbar(image, cax=axes)  # type: ignore[arg-type]
    bar.outline.set_visible(False)
    axes.locator_params(axis="y", nbins=5)
    axes.tick_params(length=0, labelsize=7.5)
    words(figure, left, top - 0.03, "points", fontsize=7.5, color=LIGHT["muted"])
