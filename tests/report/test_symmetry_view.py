"""Equivariance and invariance as text and as figures: every number where it belongs."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest

from convscope.inspection.symmetry.equivariance import Equivariance, equivariance
from convscope.inspection.symmetry.invariance import invariance
from convscope.inspection.symmetry.shift_results import Invariance
from convscope.inspection.symmetry.transforms import Flip, Shift
from convscope.report.invariance_figure import invariance_figure
from convscope.report.plotting import save_figure
from convscope.report.symmetry_figure import equivariance_figure, places_figure
from convscope.report.symmetry_view import (
    EquivarianceView,
    InvarianceView,
    error_text,
    shown_layers,
)
from convscope.report.view import shown_text

from ..inspection.moved_subjects import SMALL, drawn
from .test_figures import leaves_the_paper, words_meet

MANY = "input 12x12x1 -> 12 x { conv 2 3x3 pad 1 -> batchnorm -> relu } -> fc 10"
EIGHT = "input 12x12x1 -> 2 x { conv 2 3x3 pad 1 -> batchnorm -> relu -> maxpool 2 } -> fc 10"


@cache
def moved(notation: str = SMALL) -> Equivariance:
    return equivariance(drawn(notation, 12), images=12)


@cache
def shifted(notation: str = SMALL, labelled: bool = True) -> Invariance:
    return invariance(drawn(notation, 12, labelled=labelled), [1, 2, 5], images=12)


def test_errors_as_people_read_them() -> None:
    assert [error_text(value) for value in (0.0, 3.6e-7, 0.0212, 0.2149, 1.37, math.nan)] == [
        "0",
        "4e−07",
        "0.021",
        "0.21",
        "1.37",
        "?",
    ]


def test_the_table_holds_each_error() -> None:
    found = moved()
    text = shown_text(EquivarianceView(found), width=120)
    lines = text.splitlines()
    start = lines.index("shifted, whole map; what comes in is black")
    assert lines[start + 1].split() == ["layer", "step", "1", "right", "2", "right", "4", "right"]
    row = lines[start + 2]
    assert row.startswith("conv1   1     ")
    for move in ("1 right", "2 right", "4 right"):
        error = found.error("conv1", move)
        assert error.whole is not None
        low, high = error_text(error.whole.low), error_text(error.whole.high)
        assert f"{error_text(error.whole.value)} [{low}, {high}], edge {error.border}" in row
    pool = next(line for line in lines[start:] if line.startswith("pool1"))
    between = found.error("pool1", "1 right").whole
    assert between is not None
    assert f"({error_text(between.value)} [" in pool
    assert "12 images of made, drawn with seed 0" in text
    assert "made (untrained)" in text


def test_the_interior_stands_alone() -> None:
    lines = shown_text(EquivarianceView(moved()), width=100).splitlines()
    start = lines.index("shifted, interior")
    assert lines[start + 2].split()[:3] == ["conv1", "1", "0"]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_lines_fit_and_no_number_is_cut(width: int) -> None:
    for view in (EquivarianceView(moved()), InvarianceView(shifted())):
        for line in shown_text(view, width=width).splitlines():
            assert len(line) <= max(width, 82), line
    narrow = shown_text(EquivarianceView(moved()), width=60)
    assert error_text(moved().error("conv1", "4 right").whole.value) in narrow  # type: ignore[union-attr]


def test_ascii_where_signs_do_not_fit() -> None:
    for view in (EquivarianceView(moved()), InvarianceView(shifted())):
        shown_text(view, encoding="ascii").encode("latin-1")


def test_of_many_layers_those_with_windows() -> None:
    found = moved(MANY)
    names = shown_layers(found)
    assert len(found.layers) == 36
    assert names == tuple(f"conv{number}" for number in range(1, 13))
    text = shown_text(EquivarianceView(found), width=100)
    assert "24 layers without windows are left out here" in text
    assert "batch3" not in text


def test_only_what_was_measured_is_shown() -> None:
    found = equivariance(drawn(SMALL, 6), [Flip(), Shift(0, 2, True)], ["conv1"], images=6)
    text = shown_text(EquivarianceView(found), width=100)
    assert "black" not in text.replace("what comes in is black", "")
    assert "shifted around the edge, whole map" in text
    assert "flip left-right" in text
    assert "( )" not in text
    assert equivariance_figure(found).axes
    assert places_figure(found).axes


def test_invariance_tables() -> None:
    found = shifted()
    text = shown_text(InvarianceView(found), width=100)
    lines = text.splitlines()
    assert "max 2×2 *" in text
    start = lines.index("answers unchanged, %, by the shift in pixels")
    assert lines[start + 1].split() == [
        "1",
        "2",
        "5",
        "at",
        "1:",
        "95",
        "%",
        "interval",
        "right,",
        "%",
    ]
    row = next(line for line in lines[start:] if line.startswith("avg 3×3"))
    pooling = found.pooling("avg", (3, 3))
    for each in pooling.predictions[1:]:
        assert f"{100 * each.unchanged.value:.1f}" in row
    assert pooling.accuracy is not None
    assert row.endswith(f"{100 * pooling.accuracy.value:.1f}")
    assert "pool2: relative change of its map" in lines
    assert "–" in shown_text(InvarianceView(shifted(labelled=False)))


def test_without_other_poolings_nothing_is_said_of_them() -> None:
    found = invariance(drawn(SMALL, 6), [1], kinds=[], images=6)
    text = shown_text(InvarianceView(found))
    assert "put in the place" not in text
    assert invariance_figure(found).axes


@pytest.mark.parametrize("notation", [SMALL, MANY])
def test_figures_keep_their_words_apart(notation: str) -> None:
    for figure in (equivariance_figure(moved(notation)), places_figure(moved(notation))):
        assert not words_meet(figure)
        assert not leaves_the_paper(figure)


def test_the_grid_shows_the_errors() -> None:
    found = moved()
    figure = equivariance_figure(found)
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    whole = [
        found.error(name, move).whole
        for name in found.layers
        for move in ("1 right", "2 right", "4 right")
    ]
    expected = [error_text(each.value) for each in whole if each is not None]
    assert [text.strip("()") for text in texts[1]] == expected
    marked = [text.startswith("(") for text in texts[1]]
    exact = [
        found.error(name, move).counterpart
        for name in found.layers
        for move in ("1 right", "2 right", "4 right")
    ]
    assert marked == [not each for each in exact]


def test_the_maps_of_places_are_the_errors(tmp_path: object) -> None:
    found = moved()
    figure = places_figure(found, "4 right")
    first = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    expected = found.error("conv1", "4 right").by_place
    assert np.array_equal(first, expected, equal_nan=True)
    assert figure.axes[-1].get_yticklabels()[-1].get_text() == "≥ 1"


def test_lines_of_the_invariance_figure() -> None:
    found = shifted()
    figure = invariance_figure(found)
    panels = np.array(figure.axes).reshape(3, 2)
    assert [axes.get_title(loc="left") for axes in panels[0]] == ["windows 2×2", "windows 3×3"]
    line = panels[0, 0].lines[0]
    assert list(line.get_xdata()) == [0, 1, 2, 5]
    values = [100 * each.unchanged.value for each in found.own.predictions]
    assert list(line.get_ydata()) == pytest.approx(values)
    assert [each.get_label() for each in panels[0, 1].lines] == [
        "max",
        "average",
        "L2",
        "distance-weighted",
        "no pooling",
    ]
    assert panels[2, 0].get_xlabel() == "shift (pixels)"
    assert panels[2, 0].get_ylabel() == "relative change of pool1"
    figure.draw_without_rendering()
    assert not leaves_the_paper(figure)


def test_no_line_leaves_its_axes() -> None:
    found = shifted()
    figure = invariance_figure(found)
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert low == 0
        for line in axes.lines:
            assert max(line.get_ydata()) <= high


def test_figures_can_be_saved(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    png, svg = save_figure(equivariance_figure(moved()), folder, "grid")
    assert png.stat().st_size > 10_000
    assert "Equivariance of made (untrained)" in svg.read_text(encoding="utf-8")


def test_tiles_fill_the_rows_of_the_places_figure() -> None:
    found = equivariance(drawn(EIGHT, 4), [Shift(right=1)], images=4)
    names = shown_layers(found)
    tiles = places_figure(found).axes[: len(names)]
    rows = Counter(round(each.get_position().y0, 3) for each in tiles)
    assert len(names) == 8
    assert set(rows.values()) == {4}
