"""A network with one thing changed: a kernel's weights, or the kind of a pooling.

The subject that is given stays as it is; what comes back has a copy of its module.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Layer, Pair, Pool, Residual
from convscope.architecture.shapes import Node
from convscope.errors import UsageError, did_you_mean
from convscope.inspection.changes.pools import is_window, kind_of, new_pool, record_of, require_kind
from convscope.inspection.recording import trace
from convscope.inspection.subject import Subject, layers_of, subject_of

__all__ = ["edit_kernel", "pool_names", "swap_pooling"]


def edit_kernel(source: Any, layer: str, index: int | Sequence[int], values: Any) -> Subject:
    """The network with other weights in one layer.

    ``index`` chooses among output × input channels × height × width of a convolution (for
    a fully connected layer, output × input): 3 is the whole fourth kernel, ``(3, 0)`` what
    it has for the first input channel, ``(3, 0, 2, 2)`` one weight.  ``values`` are a number,
    or an array of the shape that is chosen.
    """
    subject = subject_of(source)
    module = copy.deepcopy(subject.module)
    weight = _weight(subject, module, layer)
    places = (index,) if isinstance(index, int) else tuple(index)
    shape = tuple(weight.shape)
    if not 1 <= len(places) <= len(shape) or not all(
        0 <= place < side for place, side in zip(places, shape, strict=False)
    ):
        written = "×".join(map(str, shape))
        raise UsageError(
            f"{layer} has no weights at {_listed(places)}",
            remedy=f"its weights are {written}, counted from 0",
        )
    new = torch.as_tensor(np.asarray(values, np.float32))
    if not bool(torch.isfinite(new).all()):
        raise UsageError("the new weights are not finite", remedy="give numbers")
    chosen = weight[places]
    try:
        new = new.expand_as(chosen)
    except RuntimeError:
        raise UsageError(
            f"the new weights are {_sides(new)}, those of {layer} at {_listed(places)} "
            f"{_sides(chosen)}",
            remedy="give a number, or an array of that shape",
        ) from None
    with torch.no_grad():
        weight[places] = new
    what = f"weights of {layer} at {_listed(places)} edited"
    return replace(
        subject, module=module, name=f"{subject.name}, {what}", note=_also(subject, what)
    )


def swap_pooling(source: Any, layer: str, kind: str, kernel: int | Pair | None = None) -> Subject:
    """The network with a pooling of another ``kind``: max, avg, l2, distance, or none.

    All weights stay: nothing is trained again.  The map keeps its size; where a window of
    the new size does not fit, the map's edge is repeated.  ``none`` keeps every second
    value, or whatever the stride is.  The architecture changes with it, and is None where
    the notation has no word for what came out.
    """
    subject = subject_of(source)
    require_kind(kind)
    name = subject.layer(layer).name.partition(":")[0]
    module = copy.deepcopy(subject.module)
    old = module.get_submodule(name)
    if not is_window(old):
        pools = pool_names(subject)
        raise UsageError(
            f"{layer} is no pooling with a window",
            remedy=f"those of {subject.name} are {', '.join(pools)}" if pools else "it has none",
        )
    size = (kernel, kernel) if isinstance(kernel, int) else kernel
    if size is not None and min(size) < 1:
        raise UsageError(f"a window of {size[0]}×{size[1]}", remedy="its sides are 1 or more")
    images = subject.tensor(subject.images[:1])
    given = next(call.input for call in trace(module, images) if call.name == name)
    pool = new_pool(old, kind, size, given)
    parent, _, own = name.rpartition(".")
    setattr(module.get_submodule(parent), own, pool.train(old.training))
    what = f"{name} is {kind} in the place of {kind_of(old)}, not trained again"
    return replace(
        subject,
        module=module,
        name=f"{subject.name}, {name}={kind}",
        layers=layers_of(module, images),
        architecture=_with_pool(subject, name, record_of(pool)),
        note=_also(subject, what),
    )


def pool_names(subject: Subject) -> tuple[str, ...]:
    """The poolings with a window, by the names of their modules, in order of execution."""
    modules = dict(subject.module.named_modules())
    names = [each.name for each in subject.layers if ":" not in each.name]
    return tuple(name for name in names if is_window(modules[name]))


def _weight(subject: Subject, module: nn.Module, layer: str) -> Tensor:
    name = subject.layer(layer).name.partition(":")[0]
    weight = getattr(module.get_submodule(name), "weight", None)
    if isinstance(weight, nn.Parameter) and weight.dim() >= 2:
        return weight
    having = [
        name
        for name, each in module.named_modules()
        if isinstance(getattr(each, "weight", None), nn.Parameter) and each.weight.dim() >= 2
    ]
    raise UsageError(
        f"{layer} has no kernels",
        remedy=did_you_mean(layer, having) or f"layers that have are {', '.join(having[:12])}",
    )


def _with_pool(subject: Subject, name: str, record: Pool | None) -> Architecture | None:
    """The architecture with this record in the place of that pooling's, repetitions written out."""
    architecture, node = subject.architecture, subject.node(name)
    if architecture is None or node is None or record is None:
        return None

    ours = node.name

    def rebuilt(nodes: Sequence[Node]) -> tuple[Layer, ...]:
        return tuple(
            Residual(rebuilt(node.body))
            if isinstance(node.layer, Residual)
            else (record if node.name == ours else node.layer)
            for node in nodes
        )

    changed = Architecture(architecture.input, rebuilt(architecture.nodes))
    return changed if changed.nodes != architecture.nodes else architecture


def _also(subject: Subject, what: str) -> str:
    return f"{subject.note}; {what}" if subject.note else what


def _listed(places: Sequence[int]) -> str:
    return ", ".join(map(str, places))


def _sides(values: Tensor) -> str:
    return "×".join(map(str, values.shape)) or "one number"
