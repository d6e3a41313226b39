"""The matrix as a figure: the counts in their cells, blue for right, orange for wrong."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convscope.report.matrix_figure import confusion_figure, shares_of

from .samples import HOSTILE, evaluation
from .test_figures import leaves_the_paper, words_meet


def pixels(count: int) -> NDArray[np.float64]:
    axes = confusion_figure(evaluation(count, 40 * count)).axes[0]
    return np.asarray(axes.images[0].get_array())


def test_every_count_stands_in_its_cell() -> None:
    found = evaluation(5)
    axes = confusion_figure(found).axes[0]
    written = {
        (int(text.get_position()[1]), int(text.get_position()[0])): int(text.get_text())
        for text in axes.texts
    }
    expected = {
        (row, column): int(found.confusion[row, column])
        for row, column in np.argwhere(found.confusion > 0).tolist()
    }
    assert written == expected


def test_right_is_blue_and_mistakes_are_orange() -> None:
    cells = pixels(4)
    for row in range(4):
        for column in range(4):
            red, _, blue = cells[row, column, :3]
            assert (blue > red) == (row == column)


def test_more_mistakes_are_darker() -> None:
    found = evaluation(4)
    cells = np.asarray(confusion_figure(found).axes[0].images[0].get_array())
    shares = shares_of(found.confusion)
    off = [(r, c) for r in range(4) for c in range(4) if r != c]
    by_share = sorted(off, key=lambda place: float(shares[place]))
    lightness = [float(cells[place][:3].sum()) for place in by_share]
    assert lightness == sorted(lightness, reverse=True)


def test_shares_are_of_the_row_and_empty_rows_stay_empty() -> None:
    shares = shares_of(np.array([[3, 1], [0, 0]], np.int64))
    assert shares.tolist() == [[0.75, 0.25], [0, 0]]


@pytest.mark.parametrize("count", [2, 3, 10, 17, 30])
def test_no_words_meet_or_leave_the_paper(count: int) -> None:
    figure = confusion_figure(evaluation(count, 30 * count))
    assert leaves_the_paper(figure) == []
    # Slanted names share corners of their boxes, as they should: only upright words count.
    upright = {t.get_text() for t in figure.axes[0].get_xticklabels()}
    meeting = [pair for pair in words_meet(figure) if not set(pair) <= upright]
    assert meeting == []


def test_long_and_hostile_names_fit() -> None:
    names = tuple(f"{HOSTILE}{'x' * 60}{n}" for n in range(3))
    assert leaves_the_paper(confusion_figure(evaluation(names))) == []


def test_a_network_without_mistakes_has_a_matrix_too() -> None:
    assert confusion_figure(evaluation(3, right=1.0)).axes[0].images


def test_very_many_classes_are_drawn_without_names() -> None:
    figure = confusion_figure(evaluation(200, 600))
    assert max(figure.get_size_inches()) < 25
    assert not figure.axes[0].get_xticklabels()
