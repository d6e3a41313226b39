"""Architecture → a plain torch module, whose children are named as its layers.

Nothing here is needed to use a network: its state_dict names are the layers' names
(``conv1.weight``, ``block1.shortcut.conv1.weight``), so that weights go to and from any
class with the same attributes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

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
    LeakyReLU,
    MaxPool,
    Pair,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
)
from convscope.architecture.shapes import Node
from convscope.architecture.zoo import find_architecture
from convscope.network.pooling import DistancePool2d

__all__ = ["FlatLinear", "Network", "ResidualBlock", "build"]


class Network(nn.Sequential):
    """The layers one after another: N×C×H×W → N×classes.

    An ``nn.Sequential`` in everything but the name; ``network.conv1`` is its layer
    conv1, and ``network[:4]`` the network of its first four layers.
    """


class FlatLinear(nn.Linear):
    """A fully connected layer that lays its input out as a vector first.

    N×C×H×W → N×features, channel by channel, as ``flatten`` does.
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input.flatten(1), self.weight, self.bias)


class ResidualBlock(nn.Module):
    """body(x) + shortcut(x) (He et al. 2016): N×C×H×W → N×C'×H'×W'.

    The body's layers are children by their own names, and ``shortcut`` holds those of
    the projection; without any it is the identity.
    """

    def __init__(
        self, body: OrderedDict[str, nn.Module], shortcut: OrderedDict[str, nn.Module]
    ) -> None:
        super().__init__()
        for name, module in body.items():
            self.add_module(name, module)
        self.shortcut = nn.Sequential(shortcut)

    def forward(self, images: Tensor) -> Tensor:
        change = images
        for name, module in self.named_children():
            if name != "shortcut":
                change = module(change)
        total: Tensor = change + self.shortcut(images)
        return total


def build(architecture: Architecture | str | Path, *, seed: int | None = None) -> Network:
    """The network of an architecture, with torch's default initialisation.

    The architecture is whatever ``find_architecture`` takes: a name of the zoo, a notation.

    With a ``seed`` the weights are the same each time (they are then drawn on the
    processor), and torch's global random state stays as it was.  Raises UsageError
    where ``input auto`` or ``fc classes`` is still open.
    """
    architecture = find_architecture(architecture)
    if seed is None:
        return Network(_modules(architecture.nodes))
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        # Not torch.manual_seed, which would seed the accelerators too.
        torch.default_generator.manual_seed(seed)
        return Network(_modules(architecture.nodes))


def _modules(nodes: Sequence[Node]) -> OrderedDict[str, nn.Module]:
    return OrderedDict((node.name.rpartition(".")[2], _module(node)) for node in nodes)


def _module(node: Node) -> nn.Module:
    """The module of one layer; its input's volume tells the channels."""
    match node.layer:
        case Conv():
            return _conv(node.layer, node.input.channels)
        case BatchNorm() if node.input.flat:
            return nn.BatchNorm1d(node.input.channels)
        case BatchNorm():
            return nn.BatchNorm2d(node.input.channels)
        case ReLU():
            return nn.ReLU()
        case LeakyReLU(slope):
            return nn.LeakyReLU(slope)
        case Sigmoid():
            return nn.Sigmoid()
        case Tanh():
            return nn.Tanh()
        case GELU():
            return nn.GELU()
        case SiLU():
            return nn.SiLU()
        case MaxPool(kernel, stride, padding):
            return nn.MaxPool2d(_short(kernel), _short(stride), _short(padding))
        case AvgPool(kernel, stride, padding):
            return nn.AvgPool2d(_short(kernel), _short(stride), _short(padding))
        case L2Pool(kernel, stride):
            return nn.LPPool2d(2, _short(kernel), _short(stride))
        case DistancePool(kernel, stride, falloff):
            return DistancePool2d(_short(kernel), _short(stride), falloff)
        case GlobalAvgPool():
            return nn.AdaptiveAvgPool2d(1)
        case Dropout(probability):
            return nn.Dropout(probability)
        case Flatten():
            return nn.Flatten()
        case FullyConnected(bias=bias):
            kind = nn.Linear if node.input.flat else FlatLinear
            return kind(node.input.size, node.output.size, bias=bias)
        case Residual():
            return ResidualBlock(_modules(node.body), _modules(node.shortcut))
        case other:
            raise TypeError(f"{other!r} is no layer of a network")


def _conv(layer: Conv, channels: int) -> nn.Conv2d:
    return nn.Conv2d(
        channels,
        layer.channels,
        layer.kernel,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        layer.bias,
    )


def _short(pair: Pair) -> int | Pair:
    """2 for (2, 2): the same to torch, and easier to read where a module is shown."""
    return pair[0] if pair[0] == pair[1] else pair
