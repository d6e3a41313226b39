"""Pooling windows of one kind put in the place of another, the map's size kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.architecture.layers import AvgPool, DistancePool, L2Pool, MaxPool, Pair, Pool
from convscope.errors import UsageError, did_you_mean
from convscope.network.pooling import DistancePool2d

__all__ = [
    "KINDS",
    "Repooled",
    "is_window",
    "kernel_of",
    "kind_of",
    "new_pool",
    "record_of",
    "require_kind",
]

KINDS: dict[str, Callable[[Pair, Pair], nn.Module]] = {
    "max": lambda kernel, stride: nn.MaxPool2d(kernel, stride),
    "avg": lambda kernel, stride: nn.AvgPool2d(kernel, stride),
    "l2": lambda kernel, stride: nn.LPPool2d(2, kernel, cast(Any, stride)),
    "distance": lambda kernel, stride: DistancePool2d(kernel, stride),
    "none": lambda _, stride: nn.MaxPool2d(1, stride),
}
"""Kind → the module of a window and a stride.  ``none`` keeps every stride-th value and
looks at no other."""


class Repooled(nn.Module):
    """A pooling in the place of another one of another window: N×C×H×W → what the other made.

    Windows stand where the other's stood, or around the same middle.  What a larger one
    lacks at the edge repeats the edge's values, so that no kind sees zeros that are no part
    of the map.
    """

    def __init__(self, kind: str, kernel: Pair, replaced: nn.Module) -> None:
        super().__init__()
        self.kind = kind
        self.kernel: Pair = (1, 1) if kind == "none" else kernel
        self.old_kernel: Pair = (
            replaced.old_kernel if isinstance(replaced, Repooled) else kernel_of(replaced)
        )
        self.stride = _stride_of(replaced)
        self.padding = _pair(getattr(replaced, "padding", 0))
        self.ceil_mode = bool(getattr(replaced, "ceil_mode", False))
        self.pool = KINDS[kind](self.kernel, self.stride)

    def forward(self, images: Tensor) -> Tensor:
        widths: list[int] = []
        for axis in (1, 0):  # functional.pad wants the last axis first
            side, kernel = images.shape[2 + axis], self.kernel[axis]
            before = self.padding[axis] + int((kernel - self.old_kernel[axis]) / 2)
            taken = (self._output(side, axis) - 1) * self.stride[axis] + kernel
            widths += [before, taken - side - before]  # negative ones cut off
        grown = functional.pad(images, [max(0, width) for width in widths], mode="replicate")
        cut = functional.pad(grown, [min(0, width) for width in widths])
        pooled: Tensor = self.pool(cut)
        return pooled

    def _output(self, side: int, axis: int) -> int:
        """The side of what the replaced pooling made, as torch counts it."""
        free = side + 2 * self.padding[axis] - self.old_kernel[axis]
        stride = self.stride[axis]
        count = (-(-free // stride) if self.ceil_mode else free // stride) + 1
        # The last window must begin inside the image or its near padding.
        if self.ceil_mode and (count - 1) * stride >= side + self.padding[axis]:
            count -= 1
        return count

    def extra_repr(self) -> str:
        return f"kind={self.kind}, kernel_size={self.kernel}, stride={self.stride}"


def is_window(module: nn.Module) -> bool:
    """Whether it is a pooling with a window, which can be swapped."""
    return kind_of(module) is not None


def kind_of(module: nn.Module) -> str | None:
    """``max``, ``avg``, ``l2``, ``distance`` or ``none``; None for all that is no such pooling."""
    match module:
        case Repooled():
            return module.kind
        case nn.MaxPool2d():
            return "none" if kernel_of(module) == (1, 1) else "max"
        case nn.AvgPool2d():
            return "avg"
        case nn.LPPool2d() if module.norm_type == 2:
            return "l2"
        case DistancePool2d():
            return "distance"
    return None


def kernel_of(module: nn.Module) -> Pair:
    """The window's height and width."""
    return module.kernel if isinstance(module, Repooled) else _pair(module.kernel_size)


def _stride_of(module: nn.Module) -> Pair:
    stride = cast(Any, module.stride)
    return kernel_of(module) if stride is None else _pair(stride)


def _pair(value: Any) -> Pair:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def require_kind(kind: str) -> None:
    """UsageError for a kind of pooling that there is not."""
    if kind not in KINDS:
        raise UsageError(
            f"there is no pooling {kind!r}",
            remedy=did_you_mean(kind, KINDS) or f"kinds are {', '.join(KINDS)}",
        )


def new_pool(replaced: nn.Module, kind: str, kernel: Pair | None, sample: Tensor) -> nn.Module:
    """A pooling of this kind that makes maps as large as the replaced one does of ``sample``.

    A plain one of the same stride where that does; else one that repeats the edge.
    """
    require_kind(kind)
    if _pair(getattr(replaced, "dilation", 1)) != (1, 1):
        raise UsageError(
            "windows with holes (dilation) cannot be swapped", remedy="choose another pooling"
        )
    wanted = kernel or kernel_of(replaced)
    plain = _plain(replaced, kind, wanted)
    if plain is not None and _shape(plain, sample) == _shape(replaced, sample):
        return plain
    return Repooled(kind, wanted, replaced)


def _plain(replaced: nn.Module, kind: str, kernel: Pair) -> nn.Module | None:
    """The module of a window without padding, where the replaced one has none either."""
    if isinstance(replaced, Repooled) or _pair(getattr(replaced, "padding", 0)) != (0, 0):
        return None
    return KINDS[kind](kernel, _stride_of(replaced))


def record_of(module: nn.Module) -> Pool | None:
    """The pooling as a layer of an architecture, None where it cannot be written as one."""
    if kind_of(module) is None or isinstance(module, Repooled):
        return None
    if getattr(module, "ceil_mode", False):
        return None
    kernel, stride = kernel_of(module), _stride_of(module)
    padding = _pair(getattr(module, "padding", 0))
    match module:
        case DistancePool2d():
            return DistancePool(kernel, stride, module.falloff)
        case nn.LPPool2d():
            return L2Pool(kernel, stride)
        case nn.AvgPool2d():
            return AvgPool(kernel, stride, padding)
    return MaxPool(kernel, stride, padding)


def _shape(module: nn.Module, sample: Tensor) -> torch.Size | None:
    with torch.no_grad():
        try:
            return cast(Tensor, module(sample)).shape
        except RuntimeError:  # a window larger than the map
            return None
