"""Invariance as a figure: what stays as the shift grows, a line for each pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from convscope.report.numbers import thousands
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.plotting import figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.inspection.intervals import Estimate
    from convscope.inspection.symmetry.shift_results import Invariance, Pooling

__all__ = ["invariance_figure"]

_STYLES = {
    "max": (CATEGORIES[0], "o", "-"),
    "avg": (CATEGORIES[1], "s", "-"),
    "l2": (CATEGORIES[2], "^", "-"),
    "distance": (CATEGORIES[4], "D", "--"),
    "none": (LIGHT["ink"], "x", ":"),
}
"""Told apart by colour, by marker and by line: distance-weighted lies upon average in 2×2."""

Series = Callable[["Pooling"], "list[Estimate]"]


def invariance_figure(result: Invariance) -> Figure:
    """Answers unchanged, change of probability, change of the first pooled map.

    A column for each window, so that the same kinds stand beside one another; the bands
    are 95 % intervals over images.
    """
    windows = _windows(result)
    panels = _panels(result)
    with figure_style():
        figure = new_figure(1.0 + 3.1 * len(windows), 1.35 + 2.0 * len(panels))
        who = result.subject + ("" if result.trained else " (untrained)")
        figure.suptitle(
            f"What stays of {who} under shifts", x=0.02, ha="left", fontsize=10.5, fontweight="bold"
        )
        grid = figure.subplots(len(panels), len(windows), squeeze=False, sharex=True, sharey="row")
        for row, (label, scale, series) in enumerate(panels):
            for column, (name, poolings) in enumerate(windows):
                axes = grid[row, column]
                _draw(axes, result.shifts, poolings, series, scale)
                if row == 0:
                    axes.set_title(name, fontsize=9)
                if column == 0:
                    axes.set_ylabel(label)
                if row == len(panels) - 1:
                    axes.set_xlabel("shift (pixels)")
        for axes, (_, scale, _) in zip(grid[:, 0], panels, strict=True):
            axes.set_xlim(0, None)  # after all is drawn: the axes of a row share their limits
            axes.set_ylim(0, 102 if scale == 100 else None)
        handles, labels = _legend(grid[0])
        legend = figure.legend(
            handles,
            labels,
            loc="outside lower left",
            ncols=min(3, len(labels)) if len(windows) == 1 else len(labels),
            title=_told(result),
            title_fontsize=8,
            alignment="left",
        )
        legend.get_title().set_color(LIGHT["muted"])
    return figure


def _told(result: Invariance) -> str:
    told = f"{thousands(result.count)} images of {result.images_from}; bands: 95 % intervals"
    return f"{told}; weights not trained again" if len(result.poolings) > 1 else told


def _windows(result: Invariance) -> list[tuple[str, list[Pooling]]]:
    """A column for each window; what has no window stands in each."""
    sizes = list(dict.fromkeys(p.window for p in result.poolings if p.window and p.kind != "none"))
    bare = [each for each in result.poolings if each.window is None or each.kind == "none"]
    if not sizes:
        return [("the network as it is", bare)]
    return [
        (
            f"windows {size[0]}×{size[1]}",
            [each for each in result.poolings if each.window == size and each.kind != "none"]
            + bare,
        )
        for size in sizes
    ]


def _panels(result: Invariance) -> list[tuple[str, float, Series]]:
    panels: list[tuple[str, float, Series]] = [
        (
            "answers unchanged (%)",
            100,
            lambda pooling: [each.unchanged for each in pooling.predictions],
        ),
        (
            "change of probability",
            1,
            lambda pooling: [each.change for each in pooling.predictions],
        ),
    ]
    if result.layers:
        first = result.layers[0]
        panels.append(
            (
                f"relative change of {first}",
                1,
                lambda pooling: [each.change for each in pooling.map_changes(first)],
            )
        )
    return panels


def _draw(
    axes: Axes, shifts: Sequence[int], poolings: Sequence[Pooling], series: Series, scale: float
) -> None:
    for pooling in poolings:
        colour, marker, line = _STYLES.get(pooling.kind, (LIGHT["accent"], "o", "-"))
        found = series(pooling)
        values = scale * np.array([[each.value, each.low, each.high] for each in found])
        axes.fill_between(shifts, values[:, 1], values[:, 2], color=colour, alpha=0.13, linewidth=0)
        axes.plot(
            shifts,
            values[:, 0],
            color=colour,
            marker=marker,
            linestyle=line,
            markersize=4,
            linewidth=2.2 if pooling.own else 1.3,
            label=_called(pooling),
        )
    axes.grid(True)


def _called(pooling: Pooling) -> str:
    names = {"avg": "average", "l2": "L2", "distance": "distance-weighted", "none": "no pooling"}
    return names.get(pooling.kind, pooling.kind)


def _legend(row: Sequence[Axes]) -> tuple[list[Artist], list[str]]:
    """Each kind once."""
    found: dict[str, Artist] = {}
    for axes in row:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)
