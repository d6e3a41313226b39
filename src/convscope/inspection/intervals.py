"""Intervals over images: of a mean, of a share, and of the difference of two paired shares."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.training.scores import wilson_interval

__all__ = ["Bootstrap", "Estimate", "mcnemar", "paired_interval", "share"]

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number measured on ``count`` images, with its 95 % interval.

    The bounds are NaN where fewer than two images were there to tell, and so is the value
    where none was.
    """

    value: float
    low: float
    high: float
    count: int

    def as_dict(self) -> dict[str, float | int | None]:
        """Values of JSON, null for NaN."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        known = {key: None if math.isnan(number) else number for key, number in numbers.items()}
        return {**known, "count": self.count}


class Bootstrap:
    """Means over the same images, with percentile intervals (Efron 1979).

    The images are drawn again with replacement, 1,000 times, from ``seed``; every mean
    uses the same draws, so that two means of one result can be compared.
    """

    def __init__(self, count: int, seed: int, resamples: int = RESAMPLES) -> None:
        draw = np.random.default_rng(seed)
        # How often each image is drawn: resamples × count.
        self._times = draw.multinomial(count, np.full(count, 1 / count), resamples).astype(float)

    def mean(self, values: NDArray[np.floating]) -> Estimate:
        """The mean over the images; those with NaN are left out, and not counted."""
        known = np.isfinite(values)
        count = int(known.sum())
        if count == 0:
            return Estimate(math.nan, math.nan, math.nan, 0)
        kept = values[known].astype(np.float64)
        if count == 1:
            return Estimate(float(kept[0]), math.nan, math.nan, 1)
        times = self._times[:, known]
        drawn = times.sum(1)
        means = (times @ kept)[drawn > 0] / drawn[drawn > 0]
        low, high = np.quantile(means, (0.025, 0.975)).tolist()
        return Estimate(float(kept.mean()), low, high, count)


def share(hits: Iterable[bool] | NDArray[np.bool_]) -> Estimate:
    """A share of images, with Wilson's interval."""
    found = np.asarray(hits, bool)
    count, right = len(found), int(found.sum())
    if count == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    return Estimate(right / count, *wilson_interval(right, count), count)


def paired_interval(both: int, lost: int, gained: int, neither: int) -> tuple[float, float]:
    """The 95 % interval of (gained − lost)/n: two shares of the same n images.

    Newcombe, Improved confidence intervals for the difference between binomial
    proportions based on paired data, 1998, method 10: Wilson's intervals of both shares,
    put together as squares are, with the correlation φ of the pairs.  Unlike the textbook
    interval it has a width also where no image changed.
    """
    count = both + lost + gained + neither
    if count == 0:
        return -1.0, 1.0
    before, after = both + lost, both + gained
    (low1, high1), (low2, high2) = wilson_interval(before, count), wilson_interval(after, count)
    p1, p2 = before / count, after / count
    phi = _correlation(both, lost, gained, neither)

    def reach(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))

    # The paper has before − after; here after − before, and so the ends change places.
    fall = p1 - p2
    return -(fall + reach(high1 - p1, p2 - low2)), -(fall - reach(p1 - low1, high2 - p2))


def _correlation(both: int, lost: int, gained: int, neither: int) -> float:
    """φ, with the paper's continuity correction where it is positive."""
    count = both + lost + gained + neither
    product = (both + lost) * (gained + neither) * (both + gained) * (lost + neither)
    if product == 0:
        return 0.0
    excess: float = both * neither - lost * gained
    if excess > 0:
        excess = max(0.0, excess - count / 2)
    return excess / math.sqrt(product)


def mcnemar(lost: int, gained: int) -> float:
    """The exact two-sided p-value of lost against gained answers (McNemar 1947).

    If the change did nothing, each image that changed sides would do so either way
    alike: 2·Σ_{k ≤ min} C(n, k)/2ⁿ, n = lost + gained, at most 1.
    """
    count, term, total = lost + gained, 1, 0
    for k in range(min(lost, gained) + 1):
        total += term
        term = term * (count - k) // (k + 1)
    chance: float = 2 * total / 2**count
    return min(1.0, chance)
