"""Charts show the numbers they were given, and their words do not meet."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from convscope.report.figures import (
    class_figure,
    curve_chart,
    curve_charts,
    curves_figure,
    reliability_figure,
    short_name,
)

from .samples import HOSTILE, evaluation, metrics


def drawn_words(figure: Figure) -> list[Text]:
    """The words that can be seen: matplotlib also keeps tick labels outside their axes."""
    figure.canvas.draw()
    outside = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * (high - low)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low - slack <= tick.get_loc() <= high + slack:
                    outside |= {tick.label1, tick.label2}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible() and text not in outside
    ]


def words_meet(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of words that lie on one another, as matplotlib measures them."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in drawn_words(figure)]
    found = []
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        if across > 1 and down > 2:
            found.append((one, other))
    return found


def leaves_the_paper(figure: Figure) -> list[str]:
    """Words that reach over the edge of the figure."""
    found = []
    for text in drawn_words(figure):
        box = text.get_window_extent()
        inside = box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1
        if not (inside and box.y0 >= -1 and box.y1 <= figure.bbox.y1 + 1):
            found.append(text.get_text())
    return found


LONG_NAMES = tuple(f"{'a very long class name '}{n}" for n in range(4))


@pytest.mark.parametrize(
    "figure",
    [
        lambda: curves_figure(metrics(accuracy=True)),
        lambda: curves_figure(metrics(3)),
        lambda: curve_chart(metrics(accuracy=True), "loss"),
        lambda: curve_chart(metrics(accuracy=True), "accuracy"),
        lambda: reliability_figure(evaluation()),
        lambda: reliability_figure(evaluation(right=1.0), titled=False),
        lambda: class_figure(evaluation(3)),
        lambda: class_figure(evaluation(40)),
        lambda: class_figure(evaluation(LONG_NAMES)),
        lambda: class_figure(evaluation((HOSTILE, "b"))),
    ],
)
def test_no_words_meet_or_leave_the_paper(figure: Any) -> None:
    made = figure()
    assert words_meet(made) == []
    assert leaves_the_paper(made) == []


def test_curves_show_what_was_measured() -> None:
    lines = metrics(accuracy=True)
    loss, accuracy, rate = curves_figure(lines).axes
    assert list(loss.lines[0].get_ydata()) == [line["loss"] for line in lines]
    assert list(rate.lines[0].get_ydata()) == [line["learning_rate"] for line in lines]
    taken = [line["scores"]["accuracy"] for line in lines if "scores" in line]  # type: ignore[index]
    assert list(accuracy.lines[0].get_ydata()) == pytest.approx([100 * v for v in taken])


def test_the_running_mean_is_that_of_the_last_points() -> None:
    lines = metrics(100)
    axes = curve_chart(lines, "loss").axes[0]
    label = axes.lines[1].get_label()
    assert label == "mean of 4 points"
    values = np.array([line["loss"] for line in lines], float)
    expected = [values[max(0, k - 3) : k + 1].mean() for k in range(100)]
    assert list(axes.lines[1].get_ydata()) == pytest.approx(expected)


def test_accuracy_has_a_chart_only_where_it_was_taken() -> None:
    assert list(curve_charts(metrics())) == ["loss", "rate"]
    assert list(curve_charts(metrics(accuracy=True))) == ["loss", "accuracy", "rate"]


def test_a_loss_of_nothing_is_drawn_on_a_plain_axis() -> None:
    lines = tuple({**line, "loss": 0.0} for line in metrics(5))
    assert curve_chart(lines, "loss").axes[0].get_yscale() == "linear"
    assert curve_chart(metrics(5), "loss").axes[0].get_yscale() == "log"


def test_bars_of_the_diagram_are_the_bins() -> None:
    found = evaluation(count=2000)
    top, below = reliability_figure(found).axes
    filled = [part for part in found.bins if part.count]
    assert [bar.get_height() for bar in top.patches] == [part.accuracy for part in filled]
    assert [bar.get_height() for bar in below.patches] == [part.count for part in filled]
    assert top.patches[0].get_x() == pytest.approx(filled[0].low, abs=0.01)


def test_each_class_has_its_f1_precision_and_recall() -> None:
    found = evaluation(5)
    axes = class_figure(found).axes[0]
    precision, recall, f1 = (list(line.get_xdata()) for line in axes.lines)
    assert precision == [score.precision for score in found.per_class]
    assert recall == [score.recall for score in found.per_class]
    assert f1 == [score.f1 for score in found.per_class]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(found.classes)


def test_of_very_many_classes_the_worst_are_shown() -> None:
    found = evaluation(200, 4000)
    axes = class_figure(found).axes[0]
    shown = list(axes.lines[2].get_xdata())
    assert len(shown) == 60
    assert shown == sorted(score.f1 for score in found.per_class)[:60]
    assert "60 of 200" in axes.get_title(loc="left")


@pytest.mark.parametrize(
    ("name", "text"),
    [("Bag", "Bag"), ("a very long class name of 12", "a very long…of 12")],
)
def test_a_long_name_loses_its_middle(name: str, text: str) -> None:
    assert short_name(name, 19) == text
    assert len(short_name(name, 19)) <= 19


@pytest.mark.parametrize("lines", [50, 80, 300])
def test_the_legend_covers_no_curve(lines: int) -> None:
    falling = metrics(lines)
    rising = tuple({**line, "loss": 0.5 + 0.1 * k} for k, line in enumerate(falling))
    for drawn in (falling, rising):
        for figure in (curve_chart(drawn, "loss"), curves_figure(drawn)):
            figure.canvas.draw()
            axes = figure.axes[0]
            legends = [*figure.legends, *filter(None, [axes.get_legend()])]
            assert len(legends) == 1
            assert not legends[0].get_window_extent().overlaps(axes.get_window_extent())
