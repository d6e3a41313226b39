"""How much two maps are alike: by the order of their values, and by their structure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["rank_correlation", "structural_similarity"]

Map = NDArray[np.float64]

_WINDOW = 7


def rank_correlation(one: Map, other: Map) -> float:
    """Spearman's ρ: the correlation of the ranks, equal values sharing the mean of theirs.

    0 where one of the maps is constant: it then says nothing that could be alike.
    """
    first, second = _ranks(one.ravel()), _ranks(other.ravel())
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if size > 0 else 0.0


def _ranks(values: Map) -> Map:
    """1 for the smallest; equal values get the mean of their places."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Map = (last - (counts - 1) / 2)[places]
    return ranks


def structural_similarity(one: Map, other: Map) -> float:
    """SSIM of two maps as they are painted, between 0 and 1 (Wang et al. 2004).

    The mean over all 7×7 windows of
    (2·m₁·m₂ + c₁)(2·v₁₂ + c₂) / ((m₁² + m₂² + c₁)(v₁ + v₂ + c₂)), m means, v variances and
    covariance (n − 1), c₁ = 0.01², c₂ = 0.03².  Maps smaller than the window are one window.
    Each map is divided by its largest size; where one has values below 0, then moved so
    that 0 lies at ½ in both: with 0 at 0 a map and its negative would count as alike.
    """
    signed = bool(one.min() < 0 or other.min() < 0)
    first, second = _painted(one, signed), _painted(other, signed)
    means = [_window_means(each) for each in (first, second, first**2, second**2, first * second)]
    count = min(_WINDOW, one.shape[0]) * min(_WINDOW, one.shape[1])
    unbiased = count / (count - 1) if count > 1 else 1.0
    m1, m2 = means[0], means[1]
    v1, v2 = (means[2] - m1**2) * unbiased, (means[3] - m2**2) * unbiased
    v12 = (means[4] - m1 * m2) * unbiased
    c1, c2 = 0.01**2, 0.03**2
    index = (2 * m1 * m2 + c1) * (2 * v12 + c2) / ((m1**2 + m2**2 + c1) * (v1 + v2 + c2))
    return float(index.mean())


def _painted(values: Map, signed: bool) -> Map:
    size = float(np.abs(values).max(initial=0.0))
    shares = values / size if size > 0 else values
    return (shares + 1) / 2 if signed else shares


def _window_means(values: Map) -> Map:
    """The mean of every window that lies inside."""
    windows = np.lib.stride_tricks.sliding_window_view(
        values, (min(_WINDOW, values.shape[0]), min(_WINDOW, values.shape[1]))
    )
    means: Map = windows.mean((2, 3))
    return means
