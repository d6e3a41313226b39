"""Intervals beside scipy's and statsmodels' definitions, and beside simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from convscope.errors import UsageError
from convscope.experiments.statistics import disagreement, estimate, paired_difference


def test_the_interval_of_a_mean_is_students() -> None:
    values = [91.84, 91.96, 91.56, 91.97, 91.80]
    found = estimate(values)
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert found.mean == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))


def test_one_value_says_nothing_about_the_spread() -> None:
    found = estimate([3.0])
    assert (found.mean, found.low, found.high) == (3.0, -math.inf, math.inf)
    assert not found.beyond_zero


def test_a_paired_difference_is_the_paired_t_interval() -> None:
    random = np.random.default_rng(0)
    first = random.normal(5, 3, 8)
    second = first + random.normal(0.5, 0.1, 8)
    found = paired_difference(list(first), list(second))
    theirs = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert found.beyond_zero  # the spread of 3 cancels, the shift of 0.5 stays


def test_mcnemar_is_the_exact_sign_test() -> None:
    first = np.array([True] * 90 + [False] * 10)
    second = np.array([True] * 80 + [False] * 17 + [True] * 3)
    found = disagreement(first, second)
    assert (found.only_first, found.only_second) == (10, 3)
    assert found.difference == pytest.approx(0.07)
    assert found.p == pytest.approx(stats.binomtest(3, 13, 0.5).pvalue)
    assert found.low < 0.07 < found.high


def test_two_that_never_disagree_are_not_told_apart() -> None:
    same = np.array([True, False, True])
    found = disagreement(same, same)
    assert (found.difference, found.p) == (0.0, 1.0)
    assert found.low < 0 < found.high


def test_the_interval_of_a_difference_covers_the_truth() -> None:
    """By simulation: the true difference lies inside about 95 times in 100."""
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(1000):
        kind = random.choice(4, size=300, p=[0.8, 0.09, 0.05, 0.06])  # both, first, second, none
        found = disagreement(np.isin(kind, [0, 1]), np.isin(kind, [0, 2]))
        inside += found.low <= 0.04 <= found.high
    assert 930 <= inside <= 980


def test_what_makes_no_pairs() -> None:
    with pytest.raises(UsageError, match="nothing to take the mean of"):
        estimate([])
    with pytest.raises(UsageError, match="do not make pairs"):
        paired_difference([1.0], [1.0, 2.0])
    with pytest.raises(UsageError, match="the same images"):
        disagreement(np.array([True]), np.array([True, False]))
