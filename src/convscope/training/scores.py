"""How good a classifier's answers are, from arrays alone: no torch, no files."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ClassScore",
    "Reliability",
    "class_scores",
    "confusion_matrix",
    "expected_calibration_error",
    "mcnemar",
    "paired_interval",
    "reliability",
    "wilson_interval",
]

Z_95 = 1.959963984540054
"""The normal distribution has 95 % of its mass within so many deviations."""

BINS = 15


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: precision TP/(TP + FP), recall TP/(TP + FN), F1 their harmonic mean.

    0 where the denominator is 0, as in scikit-learn; ``support`` is TP + FN.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """The answers whose confidence lies in (low, high]: how sure they were, and how right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def wilson_interval(correct: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a part of right answers (Wilson 1927).

    (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n) with p = correct/count: unlike
    p ± z·√(p(1 − p)/n), it stays in 0…1 and holds for small n and for p near 0 or 1.
    """
    if count == 0:
        return 0.0, 1.0
    part, spread = correct / count, Z_95**2 / count
    centre = part + spread / 2
    reach = Z_95 * math.sqrt(part * (1 - part) / count + spread / (4 * count))
    low, high = (centre - reach) / (1 + spread), (centre + reach) / (1 + spread)
    return (0.0 if correct == 0 else low), (1.0 if correct == count else high)


def confusion_matrix(
    true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """How often class ``row`` was called class ``column``: classes×classes."""
    counts = np.bincount(true * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def class_scores(confusion: NDArray[np.int64], names: tuple[str, ...]) -> tuple[ClassScore, ...]:
    """Precision, recall and F1 of each class, out of the confusion matrix."""
    right = confusion.diagonal().tolist()
    called, support = confusion.sum(0).tolist(), confusion.sum(1).tolist()
    return tuple(
        ClassScore(
            name=name,
            precision=_part(right[place], called[place]),
            recall=_part(right[place], support[place]),
            f1=_part(2 * right[place], called[place] + support[place]),
            support=support[place],
        )
        for place, name in enumerate(names)
    )


def reliability(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS
) -> tuple[Reliability, ...]:
    """Bins of equal width over the confidence 0…1, empty ones included."""
    # Bin k is (k/bins, (k + 1)/bins], as Guo et al. have it; 0 itself goes to the first.
    values = confidence.astype(np.float64)
    places = np.clip(np.ceil(values * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    sure = np.bincount(places, weights=values, minlength=bins)
    correct = np.bincount(places, weights=right, minlength=bins)
    return tuple(
        Reliability(
            low=place / bins,
            high=(place + 1) / bins,
            count=int(counts[place]),
            confidence=_part(float(sure[place]), int(counts[place])),
            accuracy=_part(float(correct[place]), int(counts[place])),
        )
        for place in range(bins)
    )


def expected_calibration_error(bins: tuple[Reliability, ...]) -> float:
    """Σ (n_bin/n)·|accuracy − confidence| (Guo et al. 2017): 0 where confidence is deserved."""
    count = sum(part.count for part in bins)
    gaps = sum(part.count * abs(part.accuracy - part.confidence) for part in bins)
    return _part(gaps, count)


def _part(value: float, whole: float) -> float:
    return value / whole if whole else 0.0


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
