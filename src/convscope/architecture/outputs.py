"""What comes out of a layer for the volume that goes in, or why it does not fit."""

from __future__ import annotations

from convscope.architecture.layers import (
    AvgPool,
    Conv,
    DistancePool,
    Flatten,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    Layer,
    MaxPool,
    Pool,
    Volume,
)
from convscope.architecture.windows import output_side, padding_of, side_formula
from convscope.errors import ShapeError

__all__ = ["MAX_ELEMENTS", "output_volume"]

MAX_ELEMENTS = 2**31 - 1
"""Numbers in one volume, and weights in one layer."""


def output_volume(layer: Layer, volume: Volume, path: tuple[int, ...], classes: int) -> Volume:
    """The output of one layer; ShapeError with its ``path`` where its input does not fit."""
    match layer:
        case Conv():
            return _conv_output(layer, volume, path)
        case MaxPool() | AvgPool() | L2Pool() | DistancePool():
            return _pool_output(layer, volume, path)
        case GlobalAvgPool():
            _need_image(volume, path)
            return Volume(1, 1, volume.channels)
        case Flatten():
            return Volume(1, 1, volume.size, flat=True)
        case FullyConnected():
            features = classes if layer.features == "classes" else layer.features
            if volume.size * features > MAX_ELEMENTS:
                raise ShapeError(
                    f"it needs {volume.size:,} · {features:,} weights, more than {MAX_ELEMENTS:,}",
                    path=path,
                    remedy="pool or stride before it",
                )
            return Volume(1, 1, features, flat=True)
        case _:
            return volume


def _need_image(volume: Volume, path: tuple[int, ...]) -> None:
    if volume.flat:
        raise ShapeError(
            f"it needs an image, and its input is a vector of {volume} numbers",
            path=path,
            remedy="put it before flatten and fc",
        )


def _conv_output(layer: Conv, volume: Volume, path: tuple[int, ...]) -> Volume:
    _need_image(volume, path)
    if layer.padding == "same" and layer.stride != (1, 1):
        raise ShapeError(
            f"pad same keeps the size, and stride {layer.stride[0]}x{layer.stride[1]} does not",
            path=path,
            remedy='write the padding as a number, as in "pad 1", or leave the stride out',
        )
    if volume.channels % layer.groups or layer.channels % layer.groups:
        raise ShapeError(
            f"groups {layer.groups} must divide the channels of the input and of the output: "
            f"{volume.channels}/{layer.groups} = {volume.channels / layer.groups:g}, "
            f"{layer.channels}/{layer.groups} = {layer.channels / layer.groups:g}",
            path=path,
            remedy="choose groups, or channels, that divide evenly",
        )
    weights = layer.channels * layer.kernel[0] * layer.kernel[1] * volume.channels // layer.groups
    if weights > MAX_ELEMENTS:
        raise ShapeError(
            f"it needs {weights:,} weights, more than {MAX_ELEMENTS:,}",
            path=path,
            remedy="use fewer channels or a smaller kernel",
        )
    height, width = (_side(axis, layer, volume, path) for axis in (0, 1))
    return Volume(height, width, layer.channels)


def _pool_output(layer: Pool, volume: Volume, path: tuple[int, ...]) -> Volume:
    _need_image(volume, path)
    for axis, (first, _) in enumerate(padding_of(layer)):
        if 2 * first > layer.kernel[axis]:
            raise ShapeError(
                f"pad {first} is more than half of the window's side {layer.kernel[axis]}: "
                "a window could hold padding alone",
                path=path,
                remedy=f'write "pad {layer.kernel[axis] // 2}" or less',
            )
    height, width = (_side(axis, layer, volume, path) for axis in (0, 1))
    return Volume(height, width, volume.channels)


def _side(axis: int, layer: Conv | Pool, volume: Volume, path: tuple[int, ...]) -> int:
    side = (volume.height, volume.width)[axis]
    kernel, stride = layer.kernel[axis], layer.stride[axis]
    dilation = layer.dilation[axis] if isinstance(layer, Conv) else 1
    padding = sum(padding_of(layer)[axis])
    result = output_side(side, kernel, stride, padding, dilation)
    if result >= 1:
        return result
    reach = dilation * (kernel - 1) + 1
    taken = f"{kernel}" if dilation == 1 else f"{dilation}·({kernel} − 1) + 1 = {reach}"
    what = "kernel" if isinstance(layer, Conv) else "window"
    letter, sense = (("H", "high"), ("W", "wide"))[axis]
    least = -(-(reach - side) // 2)
    remedy = f"use a {what} at most {side + padding} {sense}"
    if isinstance(layer, Conv):
        remedy += f', or "pad {least}"'
    raise ShapeError(
        f"its {what} is {taken} {sense}, its padded input {side + padding}: "
        f"{letter}_out = ⌊{side_formula(axis, side, layer)}⌋ = {_signed(result)}",
        path=path,
        remedy=remedy,
    )


def _signed(value: int) -> str:
    return str(value).replace("-", "−")
