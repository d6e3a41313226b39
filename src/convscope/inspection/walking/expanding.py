"""One unit of one layer, expanded into its terms: a function for each kind of layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from convscope.errors import UsageError
from convscope.inspection.changes.switching import silent_channels
from convscope.inspection.recording import INPUT
from convscope.inspection.walking.kinds import ACTIVATIONS
from convscope.inspection.walking.passage import Link, Passage
from convscope.inspection.walking.single import (
    Activated,
    Added,
    Multiplied,
    Normalised,
    Passed,
    Silenced,
    Way,
)
from convscope.inspection.walking.stage import Grid, Stage, Unit, unit_words
from convscope.inspection.walking.sums import Pooled, Weighted
from convscope.inspection.walking.windows import Axis, axes_of, geometry_of, inside_of

__all__ = ["expanded"]

TOLERANCE = 1e-4
"""Of the sum of the terms' sizes: what differs by more is not what the module computes."""


def expanded(passage: Passage, name: str, at: Unit) -> Stage:
    """The terms of a unit; UsageError where what the layer computes is not known."""
    link = passage.link(name)
    make = _MAKERS.get(link.kind)
    if at[0] in silent_channels(link.module):
        return _silenced(passage, link, at)
    if make is None:
        raise UsageError(
            f"{name} is a {link.class_name}, and what that computes is not known here",
            place=passage.subject.name,
            remedy=_explained(passage),
        )
    if link.made.ndim not in (1, 3) or (link.kind == "fc" and link.made.ndim != 1):
        shape = "×".join(map(str, link.made.shape))
        raise UsageError(
            f"{name}, a {link.class_name}, makes {shape} numbers, neither maps nor a vector",
            place=passage.subject.name,
            remedy=_explained(passage),
        )
    stage = make(passage, link, at)
    _require_equal(stage)
    return stage


def _explained(passage: Passage) -> str:
    names = [
        each.name
        for each in passage.subject.layers
        if each.leaf and len(each.shape) in (1, 3) and passage.link(each.name).kind
    ]
    return f"ask for {', '.join(names[:6])}{', …' if len(names) > 6 else ''}" if names else ""


def _require_equal(stage: Stage) -> None:
    """The terms must give what the module gave: a hook, or a method of its own, shows here."""
    unit = unit_words(stage.layer, stage.at)
    if not (math.isfinite(stage.value) and math.isfinite(stage.recorded)):
        raise UsageError(
            f"{unit} is not a finite number", remedy="look at weights and image for NaN"
        )
    if abs(stage.value - stage.recorded) > TOLERANCE * stage.size + 1e-12:
        raise UsageError(
            f"{unit} is {stage.recorded:g}, and its terms give {stage.value:g}: this "
            f"{stage.module} computes something of its own",
            remedy="take off what alters it, a hook perhaps",
        )


def _silenced(passage: Passage, link: Link, at: Unit) -> Silenced:
    """What was recorded is the 0 that is handed on; the terms are worked out beside it."""
    make = _MAKERS.get(link.kind)
    instead = make(passage, link, at) if make and link.made.ndim in (1, 3) else None
    if instead is not None and not math.isfinite(instead.value):
        instead = None
    fields = {**_common(passage, link, at), "kind": "off"}
    return Silenced(**fields, instead=instead, value=0.0, size=0.0)


def _common(passage: Passage, link: Link, at: Unit) -> dict[str, Any]:
    """The fields that all kinds fill in the same way."""
    return {
        "layer": link.name,
        "kind": link.kind,
        "module": link.class_name,
        "at": at,
        "shape": link.made.shape,
        "source": passage.resolved(link.sources[0]),
        "recorded": float(link.made[at]),
    }


def _total(*terms: Any) -> float:
    """Exactly rounded; NaN where infinities meet."""
    numbers = [float(each) for term in terms for each in np.ravel(term)]
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else math.nan


def _conv(passage: Passage, link: Link, at: Unit) -> Weighted:
    module: Any = link.module
    geometry = geometry_of(module)
    assert geometry is not None
    axes = axes_of(module, link.given.shape, link.made.shape)
    rows, columns = axes[0].taps[at[1]], axes[1].taps[at[2]]
    depth = link.given.shape[0] // geometry.groups
    group = at[0] // (link.made.shape[0] // geometry.groups)
    channels = tuple(range(group * depth, (group + 1) * depth))
    patch = _patch(link.given[channels[0] : channels[-1] + 1], axes, rows, columns)
    kernel = _numbers(module.weight[at[0]])
    bias = None if module.bias is None else _number(module.bias[at[0]])
    return _weighted(
        {
            **_common(passage, link, at),
            "channels": channels,
            "rows": rows,
            "columns": columns,
            "inside": inside_of(axes, at[1], at[2]),
            "geometry": geometry,
        },
        patch,
        kernel,
        bias,
    )


def _weighted(fields: dict[str, Any], patch: Grid, kernel: Grid, bias: float | None) -> Weighted:
    products, offset = patch * kernel, [] if bias is None else [bias]
    return Weighted(
        **fields,
        patch=patch,
        kernel=kernel,
        sums=np.array([_total(each) for each in products]),
        bias=bias,
        value=_total(products, offset),
        size=_total(np.abs(products), np.abs(offset)),
    )


def _patch(
    maps: Any, axes: tuple[Axis, Axis], rows: tuple[int, ...], columns: tuple[int, ...]
) -> Grid:
    """The values under the taps, channels × rows × columns; zeros in padding of zeros."""
    found = np.zeros((len(maps), len(rows), len(columns)))
    pixels = [
        [axis.pixel(tap) for tap in taps] for axis, taps in zip(axes, (rows, columns), strict=True)
    ]
    for i, row in enumerate(pixels[0]):
        for j, column in enumerate(pixels[1]):
            if row is not None and column is not None:
                found[:, i, j] = maps[:, row, column]
    return found


def _full(passage: Passage, link: Link, at: Unit) -> Weighted:
    """The terms in the places that they had before they were laid out as a vector."""
    module: Any = link.module
    source, shape = _arranged(passage, link)
    flat = len(shape) == 1
    channels, height, width = (*shape, 1, 1) if flat else shape
    return _weighted(
        {
            **_common(passage, link, at),
            "source": source,
            "channels": tuple(range(channels)),
            "rows": tuple(range(height)),
            "columns": tuple(range(width)),
            "inside": np.ones((height, width), np.bool_),
            "flat": flat,
        },
        _numbers(link.given).reshape(channels, height, width),
        _numbers(module.weight[at[0]]).reshape(channels, height, width),
        None if module.bias is None else _number(module.bias[at[0]]),
    )


def _arranged(passage: Passage, link: Link) -> tuple[str | None, tuple[int, ...]]:
    """The layer whose maps a vector was laid out from, past what only hands them on."""
    own = passage.resolved(link.sources[0])
    source, shape = own, link.given.shape
    while len(shape) == 1 and source is not None and source != INPUT:
        before = passage.link(source)
        if before.kind not in ("flatten", "dropout", "identity"):
            break
        source = passage.resolved(before.sources[0])
        shape = before.given.shape
    # Only where maps are found at the end does looking so far back say more.
    return (source, shape) if len(shape) == 3 else (own, link.given.shape)


def _batch(passage: Passage, link: Link, at: Unit) -> Normalised:
    module: Any = link.module
    channel, x = at[0], float(link.given[at])
    if module.running_mean is None:
        own = _numbers(link.given)[channel]
        mean, variance, statistics = float(own.mean()), float(own.var()), "image"
    else:
        mean = _number(module.running_mean[channel])
        variance = _number(module.running_var[channel])
        statistics = "running"
    scale = 1.0 if module.weight is None else _number(module.weight[channel])
    shift = 0.0 if module.bias is None else _number(module.bias[channel])
    spread = math.sqrt(variance + module.eps)
    return Normalised(
        **_common(passage, link, at),
        x=x,
        mean=mean,
        variance=variance,
        epsilon=float(module.eps),
        scale=scale,
        shift=shift,
        statistics=statistics,
        value=(x - mean) / spread * scale + shift,
        size=(abs(x) + abs(mean)) / spread * abs(scale) + abs(shift),
    )


def _activation(passage: Passage, link: Link, at: Unit) -> Activated:
    function, words = ACTIVATIONS[link.kind]
    x = float(link.given[at])
    value = function(x, link.module)
    return Activated(
        **_common(passage, link, at),
        x=x,
        pattern=words if isinstance(words, str) else words(link.module),
        value=value,
        size=max(abs(x), abs(value)),
    )


def _added(passage: Passage, link: Link, at: Unit) -> Added:
    ways = tuple(Way(passage.resolved(source), _of(passage, source, at)) for source in link.sources)
    return Added(
        **_common(passage, link, at),
        ways=ways,
        value=_total([way.value for way in ways]),
        size=_total([abs(way.value) for way in ways]),
    )


def _multiplied(passage: Passage, link: Link, at: Unit) -> Multiplied:
    names = [passage.resolved(source) for source in link.sources]
    shapes = [at if name is None else passage.shape(name) for name in names]
    units = tuple((at[0], 0, 0) if shape[1:] == (1, 1) else at for shape in shapes)
    ways = tuple(
        Way(name, _of(passage, name, unit)) for name, unit in zip(names, units, strict=True)
    )
    value = math.prod(way.value for way in ways)
    return Multiplied(
        **_common(passage, link, at), ways=ways, units=units, value=value, size=abs(value)
    )


def _of(passage: Passage, source: str | None, at: Unit) -> float:
    if source is None:
        return math.nan
    return float((passage.pixels if source == INPUT else passage.link(source).made)[at])


def _handed_on(passage: Passage, link: Link, at: Unit) -> Passed:
    fields, unit = _common(passage, link, at), at
    words = "handed on as it is"
    if link.kind == "dropout":
        words = "which dropout leaves alone in use"
    if link.kind == "flatten":
        unit = tuple(map(int, np.unravel_index(at[0], link.given.shape)))
        words = "laid out channel by channel, row by row"
    if link.kind == "cat":
        name, unit = passage.part(link, at)
        fields["source"] = passage.resolved(name)
        words = f"channel {unit[0]} of those laid together"
        value = _of(passage, name, unit)
    else:
        value = float(link.given[unit])
    return Passed(**fields, unit=unit, words=words, value=value, size=abs(value))


def _pool(passage: Passage, link: Link, at: Unit) -> Pooled:
    from convscope.inspection.walking.pooling import pooled

    return pooled(link, at, _common(passage, link, at))


def _numbers(values: Any) -> Grid:
    """In double precision, which holds every float32 exactly."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else values
    found: Grid = np.asarray(array, np.float64)
    return found


def _number(value: Tensor) -> float:
    return float(value.detach())


_MAKERS: dict[str, Callable[[Passage, Link, Unit], Stage]] = {
    "conv": _conv,
    "fc": _full,
    "batch": _batch,
    "pool": _pool,
    "globalpool": _pool,
    "dropout": _handed_on,
    "identity": _handed_on,
    "flatten": _handed_on,
    "cat": _handed_on,
    "sum": _added,
    "product": _multiplied,
    **dict.fromkeys(ACTIVATIONS, _activation),
}
