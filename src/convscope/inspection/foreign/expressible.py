"""What the notation can say: torch's modules and functions → layers, or why there is none.

Only what is the same in every number is taken: a batch normalisation with another
epsilon, or a pooling that rounds up, is no layer of the notation.  Each reader takes the
shape of its input for one image (None while that is not known) and then what the module
or the call was given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import (
    GELU,
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    Layer,
    LeakyReLU,
    MaxPool,
    Pair,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
)
from convscope.errors import ConvscopeError
from convscope.network.build import FlatLinear
from convscope.network.pooling import DistancePool2d

__all__ = [
    "CALLS",
    "MODULES",
    "Layers",
    "Shape",
    "UnexpressibleError",
    "writable",
]

Shape = tuple[int, ...] | None
Layers = tuple[Layer, ...]


class UnexpressibleError(Exception):
    """Why the notation has no layer for something."""


def writable(layers: Layers) -> Layers:
    """The same layers; UnexpressibleError where the notation's ranges do not hold one."""
    for layer in layers:
        try:
            Architecture(None, (layer,))
        except ConvscopeError as error:
            raise UnexpressibleError(error.problem) from None
    return layers


def _pair(value: Any) -> Pair:
    found = (value, value) if isinstance(value, int) else tuple(value)
    found = found * 2 if len(found) == 1 else found
    if len(found) != 2 or not all(type(side) is int for side in found):
        raise UnexpressibleError("its window is no pair of whole numbers")
    return found[0], found[1]


def _conv(module: nn.Conv2d, shape: Shape) -> Layers:
    if module.padding_mode != "zeros":
        raise UnexpressibleError(f"it pads by {module.padding_mode}; the notation pads with zeros")
    padding: Any = module.padding
    if isinstance(padding, str):
        padding = "same" if padding == "same" else (0, 0)
    else:
        padding = _pair(padding)
    kernel, stride, dilation = map(_pair, (module.kernel_size, module.stride, module.dilation))
    bias = module.bias is not None
    return (Conv(module.out_channels, kernel, stride, padding, dilation, module.groups, bias),)


def _batch_norm(module: nn.BatchNorm1d | nn.BatchNorm2d, shape: Shape) -> Layers:
    if module.eps != 1e-5:
        raise UnexpressibleError(f"its epsilon is {module.eps:g}; that of the notation is 1e-05")
    if not module.affine:
        raise UnexpressibleError("it learns no scale and shift; that of the notation does")
    if module.running_mean is None:
        raise UnexpressibleError("it keeps no statistics, and is another function of every batch")
    if isinstance(module, nn.BatchNorm1d) and shape is not None and len(shape) != 1:
        raise UnexpressibleError("it normalises rows; that of the notation maps or vectors")
    return (BatchNorm(),)


def _linear(module: nn.Linear, shape: Shape) -> Layers:
    if shape is not None and len(shape) != 1 and not isinstance(module, FlatLinear):
        raise UnexpressibleError(
            "nothing lays the volume out before it, so that it acts along one side alone"
        )
    return (FullyConnected(module.out_features, module.bias is not None),)


def _nn_flatten(module: nn.Flatten, shape: Shape) -> Layers:
    return _flatten(shape, module.start_dim, module.end_dim) or (Flatten(),)


def _flatten(shape: Shape, start_dim: int = 0, end_dim: int = -1) -> Layers:
    if start_dim != 1:
        raise UnexpressibleError("it lays the images of a batch out as one: write flatten(1)")
    if end_dim not in (-1, 3) and (shape is None or end_dim % (len(shape) + 1) != len(shape)):
        raise UnexpressibleError("it leaves some sides as they are")
    return () if shape is not None and len(shape) == 1 else (Flatten(),)


def _view(shape: Shape, *sizes: Any) -> Layers:
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = tuple(sizes[0])
    if len(sizes) != 2:
        raise UnexpressibleError("of all shapes the notation only knows how to make a vector")
    return () if shape is not None and len(shape) == 1 else (Flatten(),)


def _mean(shape: Shape, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Layers:
    axes = sorted(axis % 4 for axis in dim) if isinstance(dim, tuple | list) else []
    if axes != [2, 3] or dtype is not None or (shape is not None and len(shape) != 3):
        raise UnexpressibleError("the mean of the notation is that over all places, globalavgpool")
    return (GlobalAvgPool(),) if keepdim else (GlobalAvgPool(), Flatten())


def _max_pool(
    shape: Shape,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Layers:
    if _pair(dilation) != (1, 1):
        raise UnexpressibleError("its window has gaps (dilation); that of the notation has none")
    if return_indices:
        raise UnexpressibleError("it also gives the places of its values")
    kernel, step = _window(kernel_size, stride, ceil_mode)
    return (MaxPool(kernel, step, _pair(padding)),)


def _average_pool(
    shape: Shape,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Layers:
    if not count_include_pad and _pair(padding) != (0, 0):
        raise UnexpressibleError("it leaves the padding out of its mean; the notation counts it")
    if divisor_override is not None:
        raise UnexpressibleError("it divides by a number of its own")
    kernel, step = _window(kernel_size, stride, ceil_mode)
    return (AvgPool(kernel, step, _pair(padding)),)


def _lp_pool(
    shape: Shape, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Layers:
    if norm_type != 2:
        raise UnexpressibleError(f"its norm is {norm_type:g}; that of l2pool is 2")
    kernel, step = _window(kernel_size, stride, ceil_mode)
    return (L2Pool(kernel, step),)


def _window(kernel_size: Any, stride: Any, ceil_mode: bool) -> tuple[Pair, Pair]:
    if ceil_mode:
        raise UnexpressibleError("it rounds up (ceil_mode); the notation's windows stay inside")
    kernel = _pair(kernel_size)
    # torch's functions take an empty list for "as the window"
    return kernel, kernel if stride is None or stride == [] else _pair(stride)


def _adaptive_average(shape: Shape, output_size: Any) -> Layers:
    return _adaptive(shape, output_size, AvgPool, GlobalAvgPool())


def _adaptive_max(shape: Shape, output_size: Any, return_indices: bool = False) -> Layers:
    if return_indices:
        raise UnexpressibleError("it also gives the places of its values")
    return _adaptive(shape, output_size, MaxPool, None)


def _adaptive(
    shape: Shape, output_size: Any, kind: type[AvgPool | MaxPool], whole: Layer | None
) -> Layers:
    """Windows that follow from the sides: equal ones, without overlap, where these divide."""
    wanted = (output_size,) * 2 if output_size is None or isinstance(output_size, int) else None
    wanted = tuple(output_size) if wanted is None else wanted
    if wanted == (1, 1) and whole is not None:
        return (whole,)
    if shape is None:
        raise UnexpressibleError(
            "its windows follow from the size of the image, which must be said"
        )
    sides = shape[1:]
    made = [side if wish is None else wish for wish, side in zip(wanted, sides, strict=True)]
    if any(side % wish for wish, side in zip(made, sides, strict=True)):
        raise UnexpressibleError(
            f"it makes {made[0]}×{made[1]} of {sides[0]}×{sides[1]}, by windows that overlap"
        )
    kernel = sides[0] // made[0], sides[1] // made[1]
    return () if kernel == (1, 1) else (kind(kernel, kernel),)


def _dropout(shape: Shape, p: float = 0.5, training: bool = True, inplace: bool = False) -> Layers:
    if training:
        raise UnexpressibleError(
            "it drops values also when the network is used: write training=self.training"
        )
    return (Dropout(float(p)),)


def _gelu(shape: Shape, approximate: str = "none") -> Layers:
    if approximate != "none":
        raise UnexpressibleError(
            f"it approximates Φ by {approximate}; gelu of the notation does not"
        )
    return (GELU(),)


def _leaky_relu(shape: Shape, negative_slope: float = 0.01, inplace: bool = False) -> Layers:
    return (LeakyReLU(float(negative_slope)),)


def _plain(*layers: Layer) -> Callable[..., Layers]:
    """Of any options (in place or not) the same."""
    return lambda *_, **__: layers


MODULES: dict[type[nn.Module], Callable[[Any, Shape], Layers]] = {
    nn.Conv2d: _conv,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Linear: _linear,
    FlatLinear: _linear,
    nn.ReLU: _plain(ReLU()),
    nn.LeakyReLU: lambda module, shape: _leaky_relu(shape, module.negative_slope),
    nn.Sigmoid: _plain(Sigmoid()),
    nn.Tanh: _plain(Tanh()),
    nn.GELU: lambda module, shape: _gelu(shape, module.approximate),
    nn.SiLU: _plain(SiLU()),
    nn.MaxPool2d: lambda module, shape: _max_pool(
        shape,
        module.kernel_size,
        module.stride,
        module.padding,
        module.dilation,
        module.ceil_mode,
        module.return_indices,
    ),
    nn.AvgPool2d: lambda module, shape: _average_pool(
        shape,
        module.kernel_size,
        module.stride,
        module.padding,
        module.ceil_mode,
        module.count_include_pad,
        module.divisor_override,
    ),
    nn.LPPool2d: lambda module, shape: _lp_pool(
        shape, module.norm_type, module.kernel_size, module.stride, module.ceil_mode
    ),
    DistancePool2d: lambda module, shape: (
        DistancePool(_pair(module.kernel_size), _pair(module.stride), module.falloff),
    ),
    nn.AdaptiveAvgPool2d: lambda module, shape: _adaptive_average(shape, module.output_size),
    nn.AdaptiveMaxPool2d: lambda module, shape: _adaptive_max(
        shape, module.output_size, module.return_indices
    ),
    nn.Dropout: lambda module, shape: (Dropout(float(module.p)),),
    nn.Flatten: _nn_flatten,
    nn.Identity: _plain(),
}
"""The layers of a module of exactly this class."""

CALLS: dict[str, Callable[..., Layers]] = {
    "adaptive_avg_pool2d": _adaptive_average,
    "adaptive_max_pool2d": _adaptive_max,
    "avg_pool2d": _average_pool,
    "clone": _plain(),
    "contiguous": _plain(),
    "dropout": _dropout,
    "flatten": _flatten,
    "gelu": _gelu,
    "leaky_relu": _leaky_relu,
    "lp_pool2d": _lp_pool,
    "max_pool2d": _max_pool,
    "mean": _mean,
    "relu": _plain(ReLU()),
    "reshape": _view,
    "sigmoid": _plain(Sigmoid()),
    "silu": _plain(SiLU()),
    "tanh": _plain(Tanh()),
    "view": _view,
}
"""The layers of a function of torch, or a method of tensors, by its name."""
