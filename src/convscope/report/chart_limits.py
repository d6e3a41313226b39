"""How far the axis of a chart reaches: all values, and of their intervals what is within reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from convscope.claims.claim import Chart, Series

__all__ = ["bounded", "limits_of", "numbers"]

_ROOM = 1.5
"""An interval may widen the axis by so many times what the values themselves span."""


def numbers(values: Sequence[float | str]) -> NDArray[np.float64]:
    """As an array."""
    return np.array([float(value) for value in values], dtype=np.float64)


def limits_of(chart: Chart) -> tuple[float, float]:
    """What the axis of values spans: all values and the level, and intervals within reason."""
    values = [value for series in chart.series for value in series.ys if math.isfinite(value)]
    if chart.log_y:
        values = [value for value in values if value > 0]
    if chart.level is not None:
        values.append(chart.level[1])
    if not values:
        return (0.1, 1.0) if chart.log_y else (0.0, 1.0)
    if chart.log_y:
        low, high = math.log10(min(values)), math.log10(max(values))
        low, high = _with_bounds(chart, low, high, max(high - low, 1.0), logarithmic=True)
        room = 0.06 * max(high - low, 0.5)
        return 10 ** (low - room), 10 ** (high + room)
    if chart.kind == "bars":  # a bar's length is its value: it begins at 0
        values.append(0.0)
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    low, high = _with_bounds(chart, low, high, span, logarithmic=False)
    room = 0.06 * ((high - low) or span)
    bars = chart.kind == "bars"
    below = low if bars and low == 0 else low - room
    above = high if bars and high == 100 and _of_shares(chart) else high + room
    return below, above


def _with_bounds(
    chart: Chart, low: float, high: float, span: float, *, logarithmic: bool
) -> tuple[float, float]:
    """The span widened by the intervals' bounds, as far as there is room for them."""
    bounds = [bound for each in chart.series for bound in (*each.lows, *each.highs)]
    bounds = [bound for bound in bounds if math.isfinite(bound) and (bound > 0 or not logarithmic)]
    if logarithmic:
        bounds = [math.log10(bound) for bound in bounds]
    if not bounds:
        return low, high
    room = _ROOM * span
    found_low = max(min(low, *bounds), low - room)
    found_high = min(max(high, *bounds), high + room)
    if not logarithmic and _of_shares(chart):
        return max(found_low, 0.0), min(found_high, 100.0)  # a share is nothing else
    return found_low, found_high


def _of_shares(chart: Chart) -> bool:
    """Whether the values are parts of a whole, in percent: then their intervals are, too."""
    values = [value for series in chart.series for value in series.ys if math.isfinite(value)]
    return "%" in chart.y and all(0 <= value <= 100 for value in values)


def bounded(
    chart: Chart, series: Series, limits: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """The bounds of the intervals, cut to what can be shown; one that is no number is its value."""
    if not series.lows:
        return None
    low, high = limits
    if _of_shares(chart):
        low, high = max(low, 0.0), min(high, 100.0)
    values = numbers(series.ys)
    lows = np.where(np.isnan(numbers(series.lows)), values, numbers(series.lows))
    highs = np.where(np.isnan(numbers(series.highs)), values, numbers(series.highs))
    return np.minimum(np.maximum(lows, low), values), np.maximum(np.minimum(highs, high), values)
