"""Intervals over images: of a mean, and of a share.

Over a few repetitions, such as seeds, they are Student's: ``experiments.statistics``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.training.scores import wilson_interval

__all__ = ["Bootstrap", "Estimate", "share"]

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
