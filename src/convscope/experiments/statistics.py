"""Means and differences with their intervals, for the few numbers that an experiment gives."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.errors import UsageError

__all__ = ["Disagreement", "Estimate", "disagreement", "estimate", "paired_difference"]

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``count`` repetitions with its 95 % interval (Student 1908).

    mean ± t·deviation/√count; ``deviation`` is the sample's, with count − 1.  Of one
    value nothing is known but itself: the interval is then (−∞, ∞).
    """

    mean: float
    deviation: float
    count: int
    low: float
    high: float

    @property
    def beyond_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two classifiers on the same images: how often just one of them is right.

    ``difference`` is first − second in accuracy, with its 95 % interval; ``p`` is that of
    McNemar's exact test (1947): how likely a split this uneven is if both are as good.
    """

    only_first: int
    only_second: int
    count: int
    difference: float
    low: float
    high: float
    p: float


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of independent repetitions, such as seeds."""
    if not values:
        raise UsageError("there is nothing to take the mean of")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Estimate(mean, 0.0, 1, -math.inf, math.inf)
    deviation = statistics.stdev(values)
    half = _t_quantile(len(values) - 1) * deviation / math.sqrt(len(values))
    return Estimate(mean, deviation, len(values), mean - half, mean + half)


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Estimate:
    """The mean of first − second, pair by pair: the same seed, the same images.

    What a pair has in common cancels, so that fewer repetitions tell more.
    """
    if len(first) != len(second):
        raise UsageError(f"{len(first)} and {len(second)} values do not make pairs")
    return estimate([one - other for one, other in zip(first, second, strict=True)])


def disagreement(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Disagreement:
    """Which of two classifiers is right more often, from what each got right, image by image.

    The interval is d ± z·√(b + c − (b − c)²/n)/n with b and c the disagreements, half a
    count added to each so that it does not vanish where they are equal (Agresti and Min 2005).
    """
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise UsageError("the two must have answered the same images")
    count = len(first)
    only_first = int((first & ~second).sum())
    only_second = int((second & ~first).sum())
    b, c, n = only_first + 0.5, only_second + 0.5, count + 2
    centre = (b - c) / n
    half = statistics.NormalDist().inv_cdf(0.5 + LEVEL / 2) * math.sqrt(b + c - (b - c) ** 2 / n)
    return Disagreement(
        only_first,
        only_second,
        count,
        (only_first - only_second) / count,
        max(-1.0, centre - half / n),
        min(1.0, centre + half / n),
        _sign_test(only_first, only_second),
    )


def _sign_test(one: int, other: int) -> float:
    """2·P(X ≤ min) for X binomial with n = one + other and ½, at most 1."""
    from scipy.stats import binomtest

    return float(binomtest(one, one + other, 0.5).pvalue) if one + other else 1.0


def _t_quantile(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + LEVEL / 2, freedom))
