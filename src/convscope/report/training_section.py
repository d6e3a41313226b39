"""A training on a page: its curves, and what it was in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from convscope.report.figures import curve_chart, curve_charts
from convscope.report.html import Child, Html, raw, tag
from convscope.report.layer_section import arrows
from convscope.report.numbers import duration, percent, plain_percent, thousands
from convscope.report.plotting import svg_text
from convscope.training.ending import early_end

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.training.runs import Run

__all__ = ["chart", "curve_row", "run_terms", "terms"]


def chart(figure: Figure, name: str) -> Html:
    """A figure as an element; ``name`` sets its ids apart from those of others."""
    return tag("figure", raw(svg_text(figure, name=name, inline=True)), class_="chart")


def curve_row(metrics: Sequence[Mapping[str, Any]]) -> Html:
    """The charts that there are for a training, side by side; of one point, in words."""
    if len(metrics) == 1:
        return tag("p", _one_point(metrics[0]))
    charts = [chart(curve_chart(metrics, name), name) for name in curve_charts(metrics)]
    return tag("div", charts, class_="charts")


def _one_point(line: Mapping[str, Any]) -> str:
    """A curve needs two points: what is known of a training that was measured once."""
    return (
        f"The training was measured once, at step {thousands(line['step'])}, which makes no curve: "
        f"the loss was {line['loss']:.4g}, the learning rate {line['learning_rate']:.4g}."
    )


def terms(rows: Sequence[tuple[str, Child]]) -> Html:
    """A list of names and what they are."""
    return tag("dl", [(tag("dt", name), tag("dd", text)) for name, text in rows], class_="terms")


def run_terms(run: Run) -> Html:
    """Network, data, recipe and result of a run."""
    rows: list[tuple[str, Child]] = [
        ("network", [f"{run.architecture_name}: ", arrows(str(run.architecture))]),
        ("data", f"{run.data.name}, {thousands(run.data.train)} images for training"),
        ("recipe", f"{run.recipe.name}, seed {run.seed}"),
        ("result", _result(run)),
        ("folder", tag("code", str(run.path))),
    ]
    return terms(rows)


def _result(run: Run) -> str:
    if not run.finished:
        return "is being trained now" if run.live else f"cut off; {run.how_to_go_on}"
    low, high = (plain_percent(bound, 2) for bound in run.results["interval"])
    early = early_end(run.results)
    return (
        f"{percent(run.accuracy, 2)} of {thousands(run.results['count'])} {run.results['split']} "
        f"images (95 % interval {low} to {high} %), after {duration(run.results['seconds'])}"
        + (f"; {early}" if early else "")
    )
