"""Layers → the calls that make them in torch, and a class for each kind of residual block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    LeakyReLU,
    MaxPool,
    Pair,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
)
from convscope.architecture.shapes import Node, walk
from convscope.export.calls import Argument, Call, source

_Part = tuple[tuple[str, Call], ...]
"""Names inside a block, each with the call that makes it."""

__all__ = ["BlockClass", "block_classes", "own_name", "torch_call"]


def own_name(node: Node) -> str:
    """The name inside its block: conv1 of block1.shortcut.conv1."""
    return node.name.rpartition(".")[2]


def torch_call(node: Node) -> Call:
    """The call that makes one layer; a residual block's depends on the other blocks."""
    channels = node.input.channels
    match node.layer:
        case Conv():
            return _conv(node.layer, channels)
        case BatchNorm():
            kind = "nn.BatchNorm1d" if node.input.flat else "nn.BatchNorm2d"
            return _call(kind, channels=channels)
        case ReLU() | Sigmoid() | Tanh() | GELU() | SiLU():
            return Call(f"nn.{type(node.layer).__name__}")
        case LeakyReLU(slope):
            return _call("nn.LeakyReLU", slope=slope)
        case MaxPool(kernel, stride, padding):
            return _window("nn.MaxPool2d", kernel, stride, padding)
        case AvgPool(kernel, stride, padding):
            return _window("nn.AvgPool2d", kernel, stride, padding)
        case L2Pool(kernel, stride):
            pool = _window("nn.LPPool2d", kernel, stride)
            return Call(pool.function, (*_keywords(norm_type=2), *pool.arguments))
        case DistancePool(kernel, stride, falloff):
            pool = _window("DistancePool2d", kernel, stride)
            last = Argument("falloff", source(falloff), keyword=True)
            return Call(pool.function, (*pool.arguments, last))
        case GlobalAvgPool():
            return _call("nn.AdaptiveAvgPool2d", size=1)
        case Dropout(probability):
            return _call("nn.Dropout", probability=probability)
        case Flatten():
            return Call("nn.Flatten")
        case FullyConnected(bias=bias):
            return _linear(node, bias)
        case other:
            raise TypeError(f"{other!r} has no call of its own")


def _call(function: str, **values: object) -> Call:
    return Call(function, tuple(Argument(name, source(value)) for name, value in values.items()))


def _keywords(**values: object) -> tuple[Argument, ...]:
    return tuple(Argument(name, source(value), keyword=True) for name, value in values.items())


def _short(pair: Pair) -> int | Pair:
    return pair[0] if pair[0] == pair[1] else pair


def _conv(layer: Conv, channels: int) -> Call:
    """What is left at torch's default is left out."""
    options: dict[str, object] = {"kernel_size": _short(layer.kernel)}
    if layer.stride != (1, 1):
        options["stride"] = _short(layer.stride)
    if layer.padding == "same":
        options["padding"] = "same"
    elif layer.padding != (0, 0):
        options["padding"] = _short(layer.padding)
    if layer.dilation != (1, 1):
        options["dilation"] = _short(layer.dilation)
    if layer.groups != 1:
        options["groups"] = layer.groups
    if not layer.bias:
        options["bias"] = False
    numbers = _call("nn.Conv2d", in_channels=channels, out_channels=layer.channels)
    return Call(numbers.function, (*numbers.arguments, *_keywords(**options)))


def _window(function: str, kernel: Pair, stride: Pair, padding: Pair = (0, 0)) -> Call:
    options: dict[str, object] = {"kernel_size": _short(kernel)}
    if stride != kernel:
        options["stride"] = _short(stride)
    if padding != (0, 0):
        options["padding"] = _short(padding)
    return Call(function, _keywords(**options))


def _linear(node: Node, bias: bool) -> Call:
    volume = node.input
    # As torch.flatten lays it out: channels × height × width.
    factors = [volume.channels, volume.height, volume.width]
    if volume.height == volume.width == 1:
        del factors[1:]
    arguments = (
        Argument("in_features", " * ".join(str(factor) for factor in factors)),
        Argument("out_features", source(node.output.channels)),
    )
    return Call("nn.Linear", arguments + (() if bias else _keywords(bias=False)))


@dataclass(frozen=True)
class BlockClass:
    """One class for all residual blocks that differ only in numbers.

    What differs between them is a parameter of the class: ``channels`` where input and
    output have as many, ``in_channels`` and ``out_channels`` where not.
    """

    name: str
    parameters: tuple[str, ...]
    body: _Part
    shortcut: _Part


@dataclass
class _Block:
    """A residual block with the calls of its parts, before the parameters are found."""

    node: Node
    body: _Part
    shortcut: _Part
    slots: list[Argument] = field(init=False)

    def __post_init__(self) -> None:
        calls = [call for _, call in self.body + self.shortcut]
        self.slots = [argument for call in calls for argument in call.arguments]

    @property
    def form(self) -> tuple[object, ...]:
        return tuple(
            tuple((name, *call.form) for name, call in part) for part in (self.body, self.shortcut)
        )


def block_classes(nodes: Sequence[Node]) -> tuple[list[BlockClass], dict[str, Call]]:
    """The classes of all residual blocks, inner ones first, and each block's own call."""
    blocks = [node for node in walk(nodes) if isinstance(node.layer, Residual)]
    classes: list[BlockClass] = []
    calls: dict[str, Call] = {}

    def part(nodes: Sequence[Node]) -> _Part:
        return tuple((own_name(node), calls.get(node.name) or torch_call(node)) for node in nodes)

    for height in sorted({_height(node) for node in blocks}):
        groups: dict[object, list[_Block]] = {}
        for node in blocks:
            if _height(node) == height:
                block = _Block(node, part(node.body), part(node.shortcut))
                groups.setdefault(block.form, []).append(block)
        for group in groups.values():
            stem = "ProjectionBlock" if group[0].shortcut else "Block"
            names = {known.name for known in classes}
            name = _unused(stem, names)
            block_class, arguments = _shared(name, group)
            classes.append(block_class)
            for block, values in zip(group, arguments, strict=True):
                calls[block.node.name] = Call(name, values)
    return classes, calls


def _height(node: Node) -> int:
    """1 for a block without blocks inside."""
    return 1 + max((_height(inner) for inner in node.body if inner.body), default=0)


def _shared(name: str, group: Sequence[_Block]) -> tuple[BlockClass, list[tuple[Argument, ...]]]:
    """The class of a group of blocks, and each block's arguments for it."""
    parameters: dict[tuple[str, ...], str] = {}
    filled: dict[int, str] = {}
    for index, slot in enumerate(group[0].slots):
        values = tuple(block.slots[index].value for block in group)
        if len(set(values)) > 1:
            if values not in parameters:
                taken = set(parameters.values())
                parameters[values] = _parameter(slot.name, values, group, taken)
            filled[index] = parameters[values]
    body, used = _filled(group[0].body, filled, 0)
    shortcut, _ = _filled(group[0].shortcut, filled, used)
    arguments = [
        tuple(Argument(label, values[index]) for values, label in parameters.items())
        for index in range(len(group))
    ]
    return BlockClass(name, tuple(parameters.values()), body, shortcut), arguments


def _filled(part: _Part, values: Mapping[int, str], first: int) -> tuple[_Part, int]:
    """A part with parameters in place of numbers; slots are counted from ``first``."""
    calls = []
    for child, call in part:
        after = first + len(call.arguments)
        own = {slot - first: values[slot] for slot in range(first, after) if slot in values}
        calls.append((child, call.filled(own)))
        first = after
    return tuple(calls), first


def _parameter(slot: str, values: tuple[str, ...], group: Sequence[_Block], taken: set[str]) -> str:
    """A name for numbers that differ between the blocks of a group."""
    first = tuple(str(block.node.input.channels) for block in group)
    last = tuple(str(block.node.output.channels) for block in group)
    if "channels" not in slot:
        name = slot
    elif values == first:
        name = "channels" if first == last else "in_channels"
    else:
        name = "out_channels" if values == last else "middle_channels"
    return _unused(name, taken)


def _unused(name: str, taken: set[str]) -> str:
    """The name itself, or with the first free number behind it."""
    number = 1
    result = name
    while result in taken:
        number += 1
        result = f"{name}{number}"
    return result
