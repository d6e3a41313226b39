"""Names and volumes: what each layer is called, what goes in and what comes out.

Repetitions are written out here and leave no trace in the names.  The scheme:

- each kind counts through the network: conv1, batch1, relu1, pool1, conv2, … (all
  four poolings share ``pool``);
- fc, flatten, globalpool and dropout carry a number only where there are several;
- residual blocks are block1, block2, …; inside, names are dotted and the counts
  begin anew: block1.conv1, block1.batch1, and for a projecting shortcut
  block1.shortcut.conv1, block1.shortcut.batch1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    Pool,
    ReLU,
    Repeat,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
    Volume,
)
from convscope.architecture.windows import output_side, padding_of, side_formula
from convscope.errors import ShapeError

__all__ = [
    "MAX_ELEMENTS",
    "MAX_LAYERS",
    "MAX_NESTING",
    "STEMS",
    "Node",
    "count_layers",
    "place",
    "strides",
    "walk",
]

MAX_LAYERS = 2_000
"""Layers of a network, repetitions written out."""
MAX_NESTING = 16
"""Blocks inside blocks."""
MAX_ELEMENTS = 2**31 - 1
"""Numbers in one volume, and weights in one layer."""

STEMS: dict[type, str] = {
    Conv: "conv",
    BatchNorm: "batch",
    ReLU: "relu",
    LeakyReLU: "leakyrelu",
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    GELU: "gelu",
    SiLU: "silu",
    MaxPool: "pool",
    AvgPool: "pool",
    L2Pool: "pool",
    DistancePool: "pool",
    GlobalAvgPool: "globalpool",
    Dropout: "dropout",
    Flatten: "flatten",
    FullyConnected: "fc",
    Residual: "block",
}
_BARE_WHEN_ALONE = {"fc", "flatten", "globalpool", "dropout"}


@dataclass(frozen=True, slots=True)
class Node:
    """A layer in its place: its name, its volumes, and for a residual block its parts.

    ``path`` is where its record stands in the architecture; the repetitions of one
    record share it.  An empty ``shortcut`` is the identity.
    """

    name: str
    layer: Layer
    path: tuple[int, ...]
    input: Volume
    output: Volume
    body: tuple[Node, ...] = ()
    shortcut: tuple[Node, ...] = ()


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Every node in the order of execution: body, shortcut, then the block's sum."""
    for node in nodes:
        yield from walk(node.body)
        yield from walk(node.shortcut)
        yield node


def strides(nodes: Sequence[Node]) -> Pair:
    """By how many pixels of its input the output of a chain moves, per axis."""
    height = width = 1
    for node in nodes:
        if node.body:
            step = strides(node.body)
        elif isinstance(node.layer, Conv | MaxPool | AvgPool | L2Pool | DistancePool):
            step = node.layer.stride
        else:
            continue
        height, width = height * step[0], width * step[1]
    return height, width


def count_layers(layers: Sequence[Layer]) -> int:
    """How many layers there are with the repetitions written out."""
    total = 0
    for layer in layers:
        if isinstance(layer, Repeat):
            total += layer.count * count_layers(layer.body)
        elif isinstance(layer, Residual):
            total += 1 + count_layers(layer.body)
        else:
            total += 1
    return total


def place(volume: Volume, layers: Sequence[Layer], classes: int = 1) -> tuple[Node, ...]:
    """Every layer with its name and volumes, repetitions written out.

    ``classes`` stands in for ``fc classes``.  Raises ShapeError, with the layer's
    path, at the first layer that does not fit its input.
    """
    return _chain(volume, layers, classes, prefix="", inside=False)


def _unrolled(
    layers: Sequence[Layer], path: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Layer]]:
    for index, layer in enumerate(layers):
        if isinstance(layer, Repeat):
            for _ in range(layer.count):
                yield from _unrolled(layer.body, (*path, index))
        else:
            yield (*path, index), layer


def _chain(
    volume: Volume,
    layers: Sequence[Layer],
    classes: int,
    *,
    prefix: str,
    inside: bool,
    path: tuple[int, ...] = (),
) -> tuple[Node, ...]:
    written_out = list(_unrolled(layers, path))
    totals = Counter(STEMS[type(layer)] for _, layer in written_out)
    seen: Counter[str] = Counter()
    nodes: list[Node] = []
    for where, layer in written_out:
        stem = STEMS[type(layer)]
        seen[stem] += 1
        alone = stem in _BARE_WHEN_ALONE and totals[stem] == 1
        name = f"{prefix}{stem}" if alone else f"{prefix}{stem}{seen[stem]}"
        if inside and isinstance(layer, Flatten | FullyConnected | GlobalAvgPool):
            raise ShapeError(
                "a residual block adds images, and this layer makes a vector",
                path=where,
                remedy="put it behind the block",
            )
        if isinstance(layer, Residual):
            node = _residual(name, layer, where, volume, classes)
        else:
            output = _output(layer, volume, where, classes)
            node = Node(name, layer, where, volume, output)
        if node.output.size > MAX_ELEMENTS:
            raise ShapeError(
                f"its output {node.output} holds more than {MAX_ELEMENTS:,} numbers",
                path=where,
                remedy="use fewer channels or a smaller input",
            )
        nodes.append(node)
        volume = node.output
    return tuple(nodes)


def _residual(
    name: str, layer: Residual, path: tuple[int, ...], volume: Volume, classes: int
) -> Node:
    if volume.flat:
        raise ShapeError(
            f"a residual block needs an image, and its input is a vector of {volume} numbers",
            path=path,
            remedy="put it before flatten and fc",
        )
    body = _chain(volume, layer.body, classes, prefix=f"{name}.", inside=True, path=path)
    output, stride = body[-1].output, strides(body)
    for side, out, step, axis in (
        (volume.height, output.height, stride[0], "H"),
        (volume.width, output.width, stride[1], "W"),
    ):
        shortcut_side = output_side(side, 1, step, 0)
        if shortcut_side != out:
            raise ShapeError(
                f"the two ways do not meet: the body makes {axis}_out = {out} of {side}, a 1x1 "
                f"shortcut with the body's stride {step} makes ⌊({side} − 1)/{step}⌋ + 1 = "
                f"{shortcut_side}",
                path=path,
                remedy="pad the body's kernels by half their size (3x3 pad 1, 5x5 pad 2)",
            )
    shortcut: tuple[Node, ...] = ()
    if output != volume:
        has_norm = any(isinstance(node.layer, BatchNorm) for node in walk(body))
        layers: list[Layer] = [Conv(output.channels, (1, 1), stride, bias=not has_norm)]
        if has_norm:
            layers.append(BatchNorm())
        shortcut = _chain(volume, layers, classes, prefix=f"{name}.shortcut.", inside=True)
        shortcut = tuple(
            Node(node.name, node.layer, path, node.input, node.output) for node in shortcut
        )
    return Node(name, layer, path, volume, output, body, shortcut)


def _output(layer: Layer, volume: Volume, path: tuple[int, ...], classes: int) -> Volume:
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
