"""Likeness of maps: against scipy, and against loops."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from convscope.inspection.attribution.similarity import rank_correlation, structural_similarity


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlation_is_scipy_s_with_and_without_equal_values(seed: int) -> None:
    draw = np.random.default_rng(seed)
    one, other = draw.normal(size=(2, 9, 7))
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other, axis=None).statistic)
    one, other = np.round(one), np.round(other)  # many equal ones
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other, axis=None).statistic)


def test_rank_correlation_sees_order_alone() -> None:
    one = np.arange(12.0).reshape(3, 4)
    assert rank_correlation(one, np.exp(one)) == pytest.approx(1)
    assert rank_correlation(one, -one) == pytest.approx(-1)
    assert rank_correlation(one, np.zeros((3, 4))) == 0


def ssim_by_loops(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    one, other = (each / np.abs(each).max() / 2 + 0.5 for each in (one, other))
    c1, c2, found = 0.01**2, 0.03**2, []
    for row in range(one.shape[0] - 6):
        for column in range(one.shape[1] - 6):
            a = one[row : row + 7, column : column + 7].ravel()
            b = other[row : row + 7, column : column + 7].ravel()
            covariance = np.cov(a, b)
            found.append(
                (2 * a.mean() * b.mean() + c1)
                * (2 * covariance[0, 1] + c2)
                / (
                    (a.mean() ** 2 + b.mean() ** 2 + c1)
                    * (covariance[0, 0] + covariance[1, 1] + c2)
                )
            )
    return float(np.mean(found))


def test_structural_similarity_is_that_of_a_loop_over_windows() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 11, 9))
    assert structural_similarity(one, other) == pytest.approx(ssim_by_loops(one, other))
    assert structural_similarity(one, 3 * one) == pytest.approx(1)
    assert structural_similarity(one, -one) < 0
    assert structural_similarity(one[:3, :3], one[:3, :3]) == pytest.approx(1)
