"""A classifier made convolutional: the same weights, for images of any size.

Long, Shelhamer and Darrell, Fully convolutional networks for semantic segmentation, 2015,
section 3.1: a fully connected layer over h×w×c values is a convolution whose kernel is as
large as its input.  On an image of the training's size the result is the classifier's own,
1×1 pixel large; on a larger one it is that of the classifier slid over the image.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import TypeVar

import torch
from torch import nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import BatchNorm, Flatten, FullyConnected, GlobalAvgPool, Volume
from convscope.architecture.shapes import Node
from convscope.errors import UsageError
from convscope.network.build import Network

__all__ = ["as_convolution", "convolutional", "halving"]

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)


def convolutional(architecture: Architecture, classifier: nn.Module) -> Network:
    """The classifier without its fully connected layers: N×C×H×W → N×classes×h×w.

    ``classifier`` is what ``build(architecture)`` gives; the new network has layers of the
    same names and copies of the same weights, so the classifier stays as it is.  Raises
    UsageError where a layer has no convolution that is equal to it.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    # What a flat vector was before it was laid out: height and width of its values.
    spatial: Volume | None = None
    for node in architecture.nodes:
        name = node.name
        layers[name] = _converted(node, spatial, copy.deepcopy(classifier.get_submodule(name)))
        if isinstance(node.layer, Flatten):
            spatial = node.input
        elif isinstance(node.layer, FullyConnected | GlobalAvgPool):
            spatial = None
    network = Network(layers)
    network.train(classifier.training)
    return network


def _converted(node: Node, spatial: Volume | None, module: nn.Module) -> nn.Module:
    before = node.input if spatial is None else spatial
    match node.layer:
        case FullyConnected() if isinstance(module, nn.Linear):
            kernel = (
                (1, 1) if spatial is None and node.input.flat else (before.height, before.width)
            )
            return as_convolution(module, kernel)
        case Flatten():
            return nn.Identity()
        case GlobalAvgPool():
            return nn.AvgPool2d((before.height, before.width), stride=1)
        case BatchNorm() if isinstance(module, nn.BatchNorm1d):
            return _over_maps(node, module, before, flattened=spatial is not None)
        case _:
            return module


def as_convolution(layer: nn.Linear, kernel: tuple[int, int]) -> nn.Conv2d:
    """A convolution with the weights of a fully connected layer over height×width×channels.

    features×(channels·height·width) → features×channels×height×width, in the order in which
    ``flatten`` lays an image out: channel by channel.
    """
    channels = layer.in_features // (kernel[0] * kernel[1])
    made = nn.Conv2d(channels, layer.out_features, kernel, bias=layer.bias is not None)
    with torch.no_grad():
        made.weight.copy_(layer.weight.view_as(made.weight))
        if layer.bias is not None and made.bias is not None:
            made.bias.copy_(layer.bias)
    return made


def _over_maps(
    node: Node, module: nn.BatchNorm1d, before: Volume, *, flattened: bool
) -> nn.BatchNorm2d:
    """The same normalisation, of maps; a feature of a flattened image is no channel."""
    if flattened and before.height * before.width > 1:
        raise UsageError(
            f"{node.name} normalises each pixel on its own, which no convolution does",
            remedy="put batchnorm before flatten, or behind a fully connected layer",
        )
    made = nn.BatchNorm2d(module.num_features, module.eps, module.momentum)
    made.load_state_dict(module.state_dict())
    return made


def halving(network: AnyNetwork) -> AnyNetwork:
    """Pads every convolution and pool in place, so that each divides a side by its stride alone.

    ⌊(side + 2·padding − reach)/stride⌋ + 1 = side/stride where stride divides the side: padding
    is ⌈(reach − stride)/2⌉, reach being the pixels from a kernel's one end to the other.  Maps of
    different layers then lie on one another.  Weights stay; the article's network is so already.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            kernel, stride = _pair(module.kernel_size), _pair(module.stride)
            dilation = _pair(getattr(module, "dilation", 1))
            padding = [
                max(0, -(-((size - 1) * wide + 1 - step) // 2))
                for size, step, wide in zip(kernel, stride, dilation, strict=True)
            ]
            module.padding = (padding[0], padding[1])
    return network


def _pair(value: object) -> tuple[int, int]:
    if isinstance(value, tuple):
        return int(value[0]), int(value[1])
    assert isinstance(value, int)
    return value, value
