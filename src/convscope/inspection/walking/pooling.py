"""The terms of a pooled value: which tap wins, or what each one adds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch import nn

from convscope.errors import UsageError
from convscope.inspection.walking.passage import Link
from convscope.inspection.walking.stage import Grid, Unit
from convscope.inspection.walking.sums import Pooled
from convscope.inspection.walking.windows import axes_of, geometry_of, inside_of
from convscope.network.pooling import DistancePool2d

__all__ = ["pooled"]


def pooled(link: Link, at: Unit, common: dict[str, Any]) -> Pooled:
    """The window of one unit of a pooling layer, and what becomes of it.

    ``common`` are the fields that all kinds of stages share.
    """
    module: Any = link.module
    axes = axes_of(module, link.given.shape, link.made.shape)
    rows, columns = axes[0].taps[at[1]], axes[1].taps[at[2]]
    inside = inside_of(axes, at[1], at[2])
    empty = -math.inf if isinstance(module, nn.MaxPool2d) else 0.0
    values = np.full(inside.shape, empty)
    for row, column in np.argwhere(inside).tolist():
        values[row, column] = link.given[at[0], rows[row], columns[column]]
    fields = {
        **common,
        "channel": at[0],
        "rows": rows,
        "columns": columns,
        "inside": inside,
        "values": values,
        "geometry": geometry_of(module),
    }
    if isinstance(module, nn.MaxPool2d):
        return _largest(fields, values)
    if isinstance(module, nn.LPPool2d):
        return _root(fields, values, module)
    if isinstance(module, DistancePool2d):
        weights = module.weight[0, 0].detach().numpy().astype(np.float64)
        return _mean(fields, values, "distance", weights, None)
    divisor = _divisor(module, at, inside, (link.given.shape[1], link.given.shape[2]))
    return _mean(fields, values, "average", np.full(inside.shape, 1 / divisor), divisor)


def _largest(fields: dict[str, Any], values: Grid) -> Pooled:
    """The first of the largest in reading order, which is the one that torch takes."""
    row, column = divmod(int(values.argmax()), values.shape[1])
    value = float(values[row, column])
    winner = (fields["channel"], fields["rows"][row], fields["columns"][column])
    return Pooled(**fields, reduction="max", winner=winner, value=value, size=abs(value))


def _mean(
    fields: dict[str, Any], values: Grid, reduction: str, weights: Grid, divisor: int | None
) -> Pooled:
    terms = [float(term) for term in (values * weights).flat]
    value = (
        math.fsum(float(each) for each in values.flat) / divisor if divisor else math.fsum(terms)
    )
    return Pooled(
        **fields,
        reduction=reduction,
        weights=weights,
        divisor=divisor,
        value=value,
        size=math.fsum(map(abs, terms)),
    )


def _root(fields: dict[str, Any], values: Grid, module: nn.LPPool2d) -> Pooled:
    if module.norm_type != 2 or module.ceil_mode:
        raise UsageError(
            f"{fields['layer']} is an LPPool2d with p = {module.norm_type:g}"
            + (" and ceil_mode" if module.ceil_mode else ""),
            remedy="only p = 2 over whole windows is explained here",
        )
    value = math.sqrt(math.fsum(float(each) ** 2 for each in values.flat))
    return Pooled(**fields, reduction="l2", value=value, size=value)


def _divisor(module: Any, at: Unit, inside: Any, sides: tuple[int, int]) -> int:
    """By how many an average is divided: as torch counts padding, and windows beyond it."""
    if isinstance(module, nn.AdaptiveAvgPool2d) or not module.count_include_pad:
        return getattr(module, "divisor_override", None) or int(inside.sum())
    if module.divisor_override:
        return int(module.divisor_override)
    geometry = geometry_of(module)
    assert geometry is not None
    counts = []
    for axis, side in enumerate(sides):
        start = at[1 + axis] * geometry.stride[axis] - geometry.padding[axis][0]
        # With ceil_mode the last window may go on beyond the padding: that part is not counted.
        counts.append(min(start + geometry.kernel[axis], side + geometry.padding[axis][1]) - start)
    return counts[0] * counts[1]
