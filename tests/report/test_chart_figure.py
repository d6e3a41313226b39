"""Charts of claims: everything in sight, whatever the bounds are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from convscope.claims.claim import Chart, Series
from convscope.claims.table import CLAIMS
from convscope.report.chart_figure import chart_figure
from convscope.report.plotting import png_bytes
from tests.claims.samples import sample_outcome

LINES = Chart(
    "A title",
    "rate",
    "accuracy, %",
    (
        Series("first", (0.1, 1.0), (50.0, 60.0), (45.0, 55.0), (55.0, 65.0)),
        Series("second", (0.1, 1.0), (52.0, 61.0)),
    ),
)
BARS = replace(
    LINES,
    kind="bars",
    series=(Series("first", ("a", "b"), (50.0, 60.0), (45.0, -math.inf), (55.0, math.inf)),),
    level=("half", 50.0),
)


def texts(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


@pytest.mark.parametrize("name", CLAIMS)
def test_every_chart_of_every_claim(name: str) -> None:
    for chart in sample_outcome(name).charts:
        figure = chart_figure(chart)
        assert png_bytes(figure, 40)
        shown = texts(figure)
        assert chart.y in shown
        assert chart.title in [text.replace("\n", " ") for text in shown]
        if len(chart.series) > 1:
            assert {series.name for series in chart.series} <= set(shown)
        if chart.level:
            assert chart.level[0] in shown


def test_lines_have_bands_and_stay_in_the_axes() -> None:
    figure = chart_figure(LINES)
    (axes,) = figure.axes
    assert len(axes.collections) == 1
    low, high = axes.get_ylim()
    assert 40 < low < 45
    assert 65 < high < 70
    assert len({line.get_marker() for line in axes.lines}) == 2
    assert "bands: 95 % intervals" in texts(figure)


@pytest.mark.parametrize("bound", [math.inf, math.nan, 1e12])
def test_wild_bounds_do_not_blow_up_the_axis(bound: float) -> None:
    wild = replace(
        LINES, y="seconds", series=(Series("first", (0.1, 1.0), (50.0, 60.0), (-bound, 55.0),
                                           (bound, 65.0)),)
    )  # fmt: skip
    for kind in ("lines", "bars", "points"):
        for log in (False, True):
            (axes,) = chart_figure(replace(wild, kind=kind, log_y=log)).axes
            low, high = axes.get_ylim()
            assert math.isfinite(low)
            assert high < (20_000 if log else 200)
    assert png_bytes(chart_figure(wild), 40)


def test_bars_begin_at_zero_and_shares_end_at_a_hundred() -> None:
    full = replace(
        BARS, series=(Series("first", ("a", "b"), (90.0, 60.0), (80.0, 55.0), (130.0, 65.0)),)
    )
    (axes,) = chart_figure(full).axes
    assert tuple(axes.get_ylim()) == pytest.approx((0.0, 100.0))
    (axes,) = chart_figure(BARS).axes
    assert axes.get_ylim()[0] == 0.0
    assert float(np.asarray(axes.lines[-1].get_ydata())[0]) == 50.0
    (axes,) = chart_figure(replace(BARS, kind="points")).axes
    assert axes.get_ylim()[0] > 0


def test_long_names_lie_beside_their_bars() -> None:
    names = ("a kind of layer with a long name", "another kind of layer", "none")
    long = replace(BARS, series=(Series("first", names, (1.0, 2.0, 3.0)),), y="seconds")
    for kind in ("bars", "points"):
        (axes,) = chart_figure(replace(long, kind=kind)).axes
        shown = [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]
        assert shown == list(names)
        assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first on top


def test_values_that_are_missing_or_zero() -> None:
    odd = replace(LINES, log_y=True, series=(Series("s", (1.0, 2.0, 3.0), (0.0, math.nan, 5.0)),))
    assert png_bytes(chart_figure(odd), 40)
    few = replace(odd, series=(Series("s", (1.0, 2.0), (20.0, 300.0)),))
    assert not any("$" in text for text in texts(chart_figure(few)))
    nothing = replace(odd, series=(Series("s", (1.0,), (math.nan,)),))
    for log in (False, True):
        assert png_bytes(chart_figure(replace(nothing, log_y=log)), 40)


def test_powers_are_said_plainly() -> None:
    wide = replace(LINES, log_x=True, log_y=True, series=(Series("s", (1.0, 2.0), (1e-9, 1e4)),))
    figure = chart_figure(wide)
    png_bytes(figure, 40)
    shown = texts(figure)
    assert not any("$" in text for text in shown)
    assert "1e−9" in shown or "1e−8" in shown
