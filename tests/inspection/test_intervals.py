"""Intervals against the papers' own numbers, scipy and simulation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from convscope.inspection.intervals import Bootstrap, Estimate, share
from convscope.training.scores import mcnemar, paired_interval


def test_newcombes_own_example() -> None:
    """Newcombe 1998, table II: 36, 12, 2, 0 gives 0.0569 to 0.3404 by method 10."""
    low, high = paired_interval(36, 12, 2, 0)
    assert (-high, -low) == (pytest.approx(0.0569, abs=5e-5), pytest.approx(0.3404, abs=5e-5))


@pytest.mark.parametrize("cells", [(30, 3, 5, 12), (0, 0, 0, 8), (9, 0, 0, 0), (1, 1, 1, 1)])
def test_the_paired_interval_holds_the_difference_and_mirrors(cells: tuple[int, ...]) -> None:
    both, lost, gained, neither = cells
    low, high = paired_interval(both, lost, gained, neither)
    assert -1 <= low <= (gained - lost) / sum(cells) <= high <= 1
    assert low < high
    mirrored = paired_interval(both, gained, lost, neither)
    assert mirrored == (pytest.approx(-high), pytest.approx(-low))


def test_the_paired_interval_covers() -> None:
    draw = np.random.default_rng(0)
    true = 0.05 - 0.08
    held = 0
    for _ in range(600):
        cells = draw.multinomial(200, [0.7, 0.08, 0.05, 0.17]).tolist()
        low, high = paired_interval(*cells)
        held += low <= true <= high
    assert 0.92 <= held / 600 <= 0.98


def test_no_image_tells_nothing() -> None:
    assert paired_interval(0, 0, 0, 0) == (-1.0, 1.0)


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (1, 0), (3, 9), (27, 10), (500, 430)])
def test_mcnemar_is_the_binomial_test(lost: int, gained: int) -> None:
    count = lost + gained
    expected = stats.binomtest(lost, count).pvalue if count else 1.0
    assert mcnemar(lost, gained) == pytest.approx(expected, rel=1e-9)


def test_the_bootstrap_agrees_with_the_normal_interval() -> None:
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = Bootstrap(400, 0).mean(values)
    reach = 1.96 * values.std(ddof=1) / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - reach, abs=0.15 * reach)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.15 * reach)
    assert found == Bootstrap(400, 0).mean(values)
    assert found != Bootstrap(400, 1).mean(values)


def test_images_that_say_nothing_are_left_out() -> None:
    values = np.array([1.0, math.nan, 2.0, math.inf])
    found = Bootstrap(4, 0).mean(values)
    assert (found.value, found.count) == (1.5, 2)
    assert 1 <= found.low <= found.high <= 2
    alone = Bootstrap(2, 0).mean(np.array([math.nan, 4.0]))
    assert (alone.value, alone.count) == (4.0, 1)
    assert math.isnan(alone.low)
    none = Bootstrap(1, 0).mean(np.array([math.nan]))
    assert math.isnan(none.value)
    assert none.as_dict() == {"value": None, "low": None, "high": None, "count": 0}


def test_a_share_has_wilsons_interval() -> None:
    found = share([True] * 90 + [False] * 10)
    expected = stats.binomtest(90, 100).proportion_ci(method="wilson")
    assert (found.value, found.count) == (0.9, 100)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert math.isnan(share([]).value)


def test_an_estimate_is_json() -> None:
    assert json.loads(json.dumps(Estimate(1.0, 0.5, math.nan, 3).as_dict())) == {
        "value": 1.0,
        "low": 0.5,
        "high": None,
        "count": 3,
    }
