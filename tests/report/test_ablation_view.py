"""An ablation as text and as a figure: ranked, with intervals, zero in the middle."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from convscope.inspection.changes.ablation import Ablation, ablate, measure_edit
from convscope.inspection.changes.editing import swap_pooling
from convscope.report.ablation_figure import ablation_figure
from convscope.report.ablation_view import AblationView, ablation_title, points
from convscope.report.view import shown_text

from ..inspection.moved_subjects import SMALL, drawn
from .test_figures import leaves_the_paper, words_meet

WIDE = "input 12x12x1 -> conv 48 3x3 pad 1 -> relu -> globalavgpool -> fc 10"


@cache
def found(kind: str = "channels") -> Ablation:
    subject = drawn(WIDE if kind == "wide" else SMALL, labelled=kind != "agreement")
    if kind == "pool":
        return measure_edit(subject, swap_pooling(subject, "pool1", "avg"))
    channels = [] if kind == "layer" else None
    return ablate(subject, "relu1", channels, agreement=kind == "agreement")


KINDS = ["channels", "layer", "pool", "agreement", "wide"]


def test_points() -> None:
    assert [points(value) for value in (-0.0171, 0.02, 0.0, -0.0001)] == ["−1.7", "+2.0", "0", "0"]
    assert points(0.0005, 2) == "+0.05"


def test_titles() -> None:
    assert [ablation_title(found(kind)) for kind in ("channels", "layer", "pool")] == [
        "relu1, each channel alone set to zero",
        "relu1, the whole layer set to zero",
        "pool1=avg",
    ]


def test_the_ranking_holds_each_channel() -> None:
    result = found()
    lines = shown_text(AblationView(result), width=100).splitlines()
    start = lines.index("4 channels, the one that is missed most first")
    rows = [line.split() for line in lines[start + 2 : start + 6]]
    assert [int(row[0]) for row in rows] == [each.channel for each in result.ranked]
    for row, effect in zip(rows, result.ranked, strict=True):
        assert row[1] == f"{100 * effect.accuracy:.2f}"
        assert row[2] == points(effect.difference, 2)
        assert row[3] == points(effect.interval[0], 2)
        assert row[5] == points(effect.interval[1], 2)
        assert (int(row[6]), int(row[7])) == (effect.lost, effect.gained)


def test_classes_before_and_after() -> None:
    result = found("pool")
    text = shown_text(AblationView(result), width=100)
    assert result.whole is not None
    for each in result.whole.per_class:
        line = next(line for line in text.splitlines() if line.startswith(each.name))
        assert line.split()[2:4] == [f"{100 * each.before:.1f}", f"{100 * each.after:.1f}"]
    assert "pool1 is avg in the place of max, not trained again" in " ".join(text.split())


def test_own_answers_are_called_so() -> None:
    text = shown_text(AblationView(found("agreement")), width=100)
    assert "every answer counts as right that the network gave before" in text
    assert "as before %" in text


def test_of_many_channels_the_first() -> None:
    lines = shown_text(AblationView(found("wide"), rows=5), width=100).splitlines()
    start = lines.index("the 5 of 48 channels that are missed most")
    assert not lines[start + 7].strip()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_fit(kind: str, width: int) -> None:
    for line in shown_text(AblationView(found(kind)), width=width).splitlines():
        assert len(line) <= max(width, 76), line
    shown_text(AblationView(found(kind)), encoding="ascii").encode("latin-1")


@pytest.mark.parametrize("kind", KINDS)
def test_figures_keep_their_words_apart(kind: str) -> None:
    figure = ablation_figure(found(kind))
    figure.draw_without_rendering()
    assert not words_meet(figure)
    assert not leaves_the_paper(figure)


def test_the_figure_shows_differences_and_classes() -> None:
    result = found()
    axes, grid, *_ = ablation_figure(result).axes
    assert list(axes.lines[1].get_xdata()) == pytest.approx(
        [100 * each.difference for each in result.ranked]
    )
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [f"channel {each.channel}" for each in result.ranked]
    image = grid.images[0]
    low, high = image.get_clim()
    assert low == -high
    expected = [[100 * each.difference for each in e.per_class] for e in result.ranked]
    assert np.asarray(image.get_array()) == pytest.approx(np.array(expected))


def test_of_very_many_channels_forty_are_drawn() -> None:
    assert len(ablation_figure(found("wide")).axes[0].get_yticklabels()) == 40


def test_the_figure_and_the_text_say_the_same_points() -> None:
    result = found()
    figure = ablation_figure(result)
    written = {text.get_text() for text in figure.axes[1].texts}
    assert written == {
        points(each.difference)
        for effect in result.ranked
        for each in effect.per_class
        if each.difference
    }
    assert any(abs(each.difference) > 0.1 for e in result.ranked for each in e.per_class)
