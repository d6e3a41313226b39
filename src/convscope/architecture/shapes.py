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
    ReLU,
    Repeat,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
    Volume,
)
from convscope.architecture.outputs import MAX_ELEMENTS, output_volume
from convscope.architecture.windows import output_side
from convscope.errors import ShapeError

__all__ = [
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
            output = output_volume(layer, volume, where, classes)
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
