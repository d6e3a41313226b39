"""Means and differences with their intervals, for the few numbers that an experiment gives.

Over many images they are found by drawing these again: ``inspection.intervals``.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.errors import UsageError
from convscope.training.scores import mcnemar, paired_interval

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

    ``difference`` is first − second in accuracy, with Newcombe's 95 % interval (1998); ``p``
    is that of McNemar's exact test (1947): how likely a split this uneven is if both are as
    good.
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
    """Which of two classifiers is right more often, from what each got right, image by image."""
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise UsageError("the two must have answered the same images")
    count = len(first)
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    difference = (only_first - only_second) / count
    low, high = paired_interval(both, only_second, only_first, neither)
    p = mcnemar(only_second, only_first)
    return Disagreement(only_first, only_second, count, difference, low, high, p)


def _t_quantile(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + LEVEL / 2, freedom))
