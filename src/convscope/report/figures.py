"""Charts of a training and of an evaluation, as matplotlib figures; nothing is shown or saved.

Each chart is drawn by a function that takes axes, so that files and pages can arrange
the same charts differently.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from convscope.report.numbers import percent, thousands
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.plotting import figure_style, new_figure, subtitle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.training.evaluate import Evaluation
    from convscope.training.scores import ClassScore

__all__ = [
    "class_figure",
    "curve_chart",
    "curve_charts",
    "curves_figure",
    "has_accuracy",
    "reliability_figure",
    "short_name",
]

_MOST_LINES = 60
"""Classes in a figure that can still be read."""

Metrics = Sequence[Mapping[str, Any]]
Chart = Callable[["Axes", Metrics], None]


def short_name(name: str, longest: int = 18) -> str:
    """A class's name for a label; of a long one the middle goes, its ends tell most."""
    if len(name) <= longest:
        return name
    tail = longest // 3
    return f"{name[: longest - tail - 1].rstrip()}…{name[-tail:].lstrip()}"


def curve_charts(metrics: Metrics) -> dict[str, Chart]:
    """The charts there are for a training, by name: loss, accuracy if it was taken, rate."""
    charts: dict[str, Chart] = {"loss": _draw_loss}
    if has_accuracy(metrics):
        charts["accuracy"] = _draw_accuracy
    charts["rate"] = _draw_rate
    return charts


def has_accuracy(metrics: Metrics) -> bool:
    """Whether the training measured itself on held-out images."""
    return any("accuracy" in line.get("scores", {}) for line in metrics)


def curve_chart(metrics: Metrics, name: str) -> Figure:
    """One of the charts alone, small enough to stand beside the others."""
    with figure_style():
        figure = new_figure(3.3, 2.5)
        axes = figure.subplots()
        curve_charts(metrics)[name](axes, metrics)
        legend = bool(axes.get_legend_handles_labels()[0])
        axes.set_xlim(0, max(line["epoch"] for line in metrics))
        axes.set_xlabel("epoch")
        axes.grid(True)
        if legend:
            # Inside, it would cover the curves of one training or another.
            figure.set_figheight(2.5 + 0.32)
            figure.legend(loc="outside lower center", ncols=2, columnspacing=1.2)
    return figure


def curves_figure(metrics: Metrics) -> Figure:
    """Loss, accuracy where it was taken, and learning rate over the epochs, in rows."""
    chosen = list(curve_charts(metrics).values())
    heights = [0.62 if chart is _draw_rate else 1.0 for chart in chosen]
    with figure_style():
        figure = new_figure(6.4, 0.75 + 2.05 * sum(heights))
        grid = figure.subplots(len(chosen), 1, squeeze=False, sharex=True, height_ratios=heights)
        for row, (axes, chart) in enumerate(zip(grid[:, 0], chosen, strict=True)):
            chart(axes, metrics)
            axes.set_xlim(0, max(line["epoch"] for line in metrics))
            axes.grid(True)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, columnspacing=1.2)
            if row == len(chosen) - 1:
                axes.set_xlabel("epoch")
    return figure


def _draw_loss(axes: Axes, metrics: Metrics) -> None:
    """Cross-entropy of the training batches: what was measured, and its running mean."""
    epochs = [line["epoch"] for line in metrics]
    losses = [line["loss"] for line in metrics]
    window = max(1, len(losses) // 25)
    if window > 1:
        axes.plot(epochs, losses, color=LIGHT["accent-soft"], linewidth=0.9, label="as measured")
    label = f"mean of {window} points" if window > 1 else None
    axes.plot(epochs, _running_mean(losses, window), color=LIGHT["accent"], label=label)
    axes.set_title("Training loss")
    axes.set_ylabel("cross-entropy (nats)")
    if min(losses) > 0:
        _logarithmic(axes)


def _logarithmic(axes: Axes) -> None:
    """A logarithmic axis that says 0.2, 0.5, 1 rather than powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    steps = (1, 2, 5) if high / low > 6 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_accuracy(axes: Axes, metrics: Metrics) -> None:
    """Accuracy on the held-out images, wherever it was taken."""
    taken = [(m["epoch"], 100 * m["scores"]["accuracy"]) for m in metrics if m.get("scores")]
    epochs, values = zip(*taken, strict=True)
    axes.plot(epochs, values, color=LIGHT["warm"], marker="o", markersize=4, clip_on=False)
    axes.set_title("Accuracy, held-out images")
    axes.set_ylabel("accuracy (%)")
    best = max(taken, key=lambda pair: pair[1])
    axes.annotate(
        f"{best[1]:.1f} %",
        best,
        (0, 7),
        textcoords="offset points",
        ha="right" if best[0] > 0.9 * epochs[-1] else "center",
        color=LIGHT["warm-ink"],
        fontsize=8.5,
    )
    axes.margins(y=0.18)


def _draw_rate(axes: Axes, metrics: Metrics) -> None:
    """The learning rate of every step."""
    epochs = [line["epoch"] for line in metrics]
    rates = [line["learning_rate"] for line in metrics]
    axes.plot(epochs, rates, color=LIGHT["ink"], linewidth=1.2)
    axes.set_title("Learning rate")
    axes.set_ylabel("rate")
    axes.set_ylim(0, 1.12 * max(rates) or 1)
    axes.locator_params(axis="y", nbins=4)


def _running_mean(values: Sequence[float], window: int) -> list[float]:
    """The mean of the last ``window`` values, of fewer at the start."""
    means, total = [], 0.0
    for place, value in enumerate(values):
        total += value - (values[place - window] if place >= window else 0.0)
        means.append(total / min(place + 1, window))
    return means


def reliability_figure(evaluation: Evaluation, *, titled: bool = True) -> Figure:
    """How right the answers of each confidence are, and how many there are of each."""
    filled = [part for part in evaluation.bins if part.count]
    with figure_style():
        figure = new_figure(4.4, 4.6 if titled else 4.1)
        top, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        width = 1 / len(evaluation.bins)
        middles = [part.low + width / 2 for part in filled]
        top.bar(
            middles,
            [part.accuracy for part in filled],
            width * 0.92,
            color=LIGHT["accent-soft"],
            edgecolor=LIGHT["accent"],
            linewidth=0.8,
            label="right, in fact",
        )
        top.plot([0, 1], [0, 1], color=LIGHT["faint"], linewidth=1, label="as sure as right")
        top.plot(
            [part.confidence for part in filled],
            [part.accuracy for part in filled],
            color=LIGHT["warm"],
            marker="o",
            markersize=3.2,
            linewidth=0,
            label="mean of a bin",
        )
        top.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that is right")
        if titled:
            top.set_title("Calibration")
            subtitle(top, f"expected calibration error {percent(evaluation.calibration_error, 2)}")
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.2)
        top.grid(True, axis="y")
        below.bar(middles, [part.count for part in filled], width * 0.92, color=LIGHT["faint"])
        below.set_yscale("log")
        below.set(xlabel="confidence of the answer", ylabel="answers")
        below.set_ylim(0.7, None)
        _plain_log(below)
    return figure


def _plain_log(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: thousands(round(value))))


def class_figure(evaluation: Evaluation) -> Figure:
    """Each class on a line: F1, which lies between precision and recall, and these two.

    Of very many classes, the ones with the lowest F1.
    """
    scores, told = evaluation.per_class, "Classes one by one"
    if len(scores) > _MOST_LINES:
        told = f"The {_MOST_LINES} of {thousands(len(scores))} classes with the lowest F1"
        scores = tuple(sorted(scores, key=lambda score: score.f1)[:_MOST_LINES])
    rows = list(range(len(scores)))
    with figure_style():
        figure = new_figure(6.4, 1.5 + 0.25 * len(scores))
        axes = figure.subplots()
        axes.hlines(
            rows,
            [min(score.precision, score.recall) for score in scores],
            [max(score.precision, score.recall) for score in scores],
            color=LIGHT["faint"],
            linewidth=1.2,
        )
        for values, marker, size, colour, label in (
            ([score.precision for score in scores], "|", 9, CATEGORIES[3], "precision"),
            ([score.recall for score in scores], "o", 4, LIGHT["ink"], "recall"),
            ([score.f1 for score in scores], "D", 5, LIGHT["accent"], "F1"),
        ):
            style: dict[str, Any] = {"marker": marker, "markersize": size, "color": colour}
            edge = 1.8 if marker == "|" else 0
            axes.plot(
                values, rows, ls="none", markeredgewidth=edge, clip_on=False, label=label, **style
            )
        _write_f1(axes, scores)
        axes.set_yticks(rows, [short_name(score.name, 26) for score in scores])
        axes.tick_params(axis="y", length=0, labelcolor=LIGHT["ink"])
        low = min(min(score.f1, score.precision, score.recall) for score in scores)
        axes.set_xlim(max(0.0, math.floor(10 * low - 0.3) / 10), 1)
        axes.set_ylim(len(scores) - 0.4, -0.6)
        axes.set_xlabel("share, 0 to 1")
        axes.set_title(told)
        axes.spines["left"].set_visible(False)
        axes.grid(True)
        figure.legend(loc="outside lower right", ncols=3)
    return figure


def _write_f1(axes: Axes, scores: Sequence[ClassScore]) -> None:
    """F1 in figures, in a column of its own."""
    style: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate("F1", (1, -0.9), (16, 0), va="bottom", color=LIGHT["muted"], **style)
    for row, score in enumerate(scores):
        axes.annotate(f"{score.f1:.3f}", (1, row), (16, 0), va="center", fontsize=8.5, **style)
