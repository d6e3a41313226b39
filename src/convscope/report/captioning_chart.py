"""Captioners compared, as a figure: the facts that they get right, and CIDEr."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convscope.report.captioning_view import FACTS
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.plotting import figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.applications.captioning.comparing import CaptionComparison, Compared

__all__ = ["comparison_figure"]

_MARKERS = ("o", "s", "^", "D", "v", "P")
_BASELINE = LIGHT["faint"]


def comparison_figure(found: CaptionComparison) -> Figure:
    """A row of panels for images and one for clips: facts to the left, CIDEr to the right.

    Every seed's mean is a point, its whisker the standard deviation over the seeds; grey are
    captions that cost nothing, hollow ones pairs of classes never shown together.
    """
    groups = [
        (reads, [row for row in found.rows if row.reads == reads]) for reads in ("images", "clips")
    ]
    groups = [(reads, rows) for reads, rows in groups if rows]
    with figure_style():
        figure = new_figure(7.6, 0.6 + 2.9 * len(groups))
        panels = figure.subplots(
            len(groups), 2, squeeze=False, gridspec_kw={"width_ratios": [4.2, 1]}
        )
        for (facts, words), (reads, rows) in zip(panels, groups, strict=True):
            names = [name for name in FACTS if any(name in row.measures for row in rows)]
            _points(facts, rows, names, 100)
            facts.set_xticks(range(len(names)), [FACTS[name].removesuffix(" %") for name in names])
            facts.set_ylim(0, 103)
            facts.set_ylabel("right, %")
            facts.set_title(f"captions of {reads}")
            _points(words, rows, ["cider"], 1)
            words.set_xticks([0], ["CIDEr"])
            words.set_ylim(bottom=0)
            facts.legend(
                *facts.get_legend_handles_labels(),
                loc="upper left",
                bbox_to_anchor=(0, -0.12),
                ncols=3,
                fontsize=8,
            )
    return figure


def _points(axes: Axes, rows: Sequence[Compared], names: Sequence[str], scale: float) -> None:
    """A point a row for each of the measures, side by side."""
    methods = list(dict.fromkeys(row.name for row in rows if row.kind != "baseline"))
    for number, row in enumerate(rows):
        shift = (number - (len(rows) - 1) / 2) * 0.7 / len(rows)
        known = [(place, row.measures[name]) for place, name in enumerate(names)
                 if name in row.measures]  # fmt: skip
        baseline = row.kind == "baseline"
        colour = _BASELINE if baseline else CATEGORIES[methods.index(row.name)]
        label = f"{row.name}, pairs never shown" if row.kind == "held_out" else row.name
        axes.errorbar(
            [place + shift for place, _ in known],
            [scale * value.mean for _, value in known],
            [scale * value.deviation for _, value in known],
            fmt=_MARKERS[number % len(_MARKERS)],
            color=colour,
            markerfacecolor=LIGHT["paper"] if row.kind == "held_out" else colour,
            markersize=5.5,
            elinewidth=1,
            capsize=2.5,
            label=label,
        )
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")
