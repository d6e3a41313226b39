"""Fully convolutional networks (Long, Shelhamer and Darrell 2015) on a classifier's layers.

A classifier knows what is there, its early maps where: scores of the coarsest maps, 8 pixels
apart, are enlarged twice at a time, and those of finer maps are added on the way.

    fcn-stride8    score8 ↑2 ↑2 ↑2
    fcn-stride4    (score8 ↑2 + score4) ↑2 ↑2
    fcn-stride2    ((score8 ↑2 + score4) ↑2 + score2) ↑2

A skip's scores start at zero, so that a finer network begins with exactly the scores of the
coarser one that it is made from.  The paper names its networks by the stride of the finest
scores, too; on its photographs those are 32, 16 and 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.segmentation.surgery import halving
from convscope.applications.segmentation.upsampling import Doubling
from convscope.architecture.architecture import Architecture
from convscope.architecture.shapes import Node, strides
from convscope.errors import UsageError
from convscope.network.build import Network, build
from convscope.network.fast import fast_forward

__all__ = ["COARSEST", "FCN", "FINER", "Reader", "Tap", "taps_of"]

COARSEST = 8
"""Pixels of the image between two scores of the coarsest map."""
FINER = (4, 2)
"""The strides of the maps whose scores may be added."""
WIDTH = 128
"""Maps of the stage that reads the classifier's."""


@dataclass(frozen=True, slots=True)
class Tap:
    """Where maps of a stride are taken from: the layer's name, and how many maps it has."""

    layer: str
    channels: int


def taps_of(nodes: Sequence[Node]) -> dict[int, Tap]:
    """For each stride of 1, 2, 4, 8 that the layers have, the last layer with it.

    Strides beyond 8 are left out.  UsageError where one is not 1, 2, 4, 8, or not the same
    down and across: maps of other strides do not lie on those that are twice as large.
    """
    taps: dict[int, Tap] = {}
    for number, node in enumerate(nodes, 1):
        down, across = strides(nodes[:number])
        if min(down, across) > COARSEST:
            break
        if down != across or down not in (1, 2, 4, COARSEST):
            raise UsageError(
                f"{node.name} makes maps of stride {down}×{across}, and a segmenter needs "
                "strides that double",
                remedy="give a backbone whose pools and strides are 2",
            )
        taps[down] = Tap(node.name, node.output.channels)
    return taps


@dataclass(frozen=True, slots=True)
class Reader:
    """The classifier's first fully connected layer: its results, and what it reads of the maps."""

    features: int
    height: int
    width: int


class FCN(nn.Module):
    """Images of any size into scores of every pixel: N×C×H×W → N×regions×H×W.

    ``trunk`` holds the classifier's layers before its first fully connected one, ``fc`` that
    layer as a convolution, which gives the classes' scores around each place.  ``context``
    reads both: one stage more, since the article's network sees 16 pixels at stride 4, and its
    fully connected layer 40; behind it a place sees 100.  ``finest`` is 8, 4 or 2.
    """

    def __init__(
        self,
        layers: Architecture,
        trunk: Network,
        regions: int,
        *,
        finest: int,
        reader: Reader | None = None,
        width: int = WIDTH,
    ) -> None:
        """``layers`` are the trunk's; without a ``reader`` there is no ``fc``."""
        super().__init__()
        taps = taps_of(layers.nodes)
        coarsest = max(taps)
        known = list(dict(trunk.named_children()))
        ends = {stride: known.index(tap.layer) + 1 for stride, tap in taps.items()}
        # The layers of stride 1 are no part of their own: a pool may then come before its ReLU.
        self._ends = [(stride, end) for stride, end in ends.items() if stride in (*FINER, coarsest)]
        self.trunk = halving(trunk[: ends[coarsest]])
        channels = taps[coarsest].channels
        self.fc: nn.Conv2d | None = None
        if reader is not None:
            kernel = (reader.height, reader.width)
            self.fc = nn.Conv2d(channels, reader.features, kernel)
            channels += reader.features
        self.context = _context(channels, width, COARSEST // coarsest)
        self.score8 = nn.Conv2d(width, regions, 1)
        self.skips = nn.ModuleDict(
            {
                f"score{stride}": _zero(taps[stride].channels, regions)
                for stride in FINER
                if finest <= stride and stride in taps
            }
        )
        # No scores are added behind the last one, so it never learns.
        self.doublings = nn.ModuleDict(
            {f"to{stride}": Doubling(regions, learnt=stride > 1) for stride in (4, 2, 1)}
        )
        self.learn(finest)

    def learn(self, finest: int) -> None:
        """Lets the scores down to this stride learn; finer ones are left out, as if zero.

        An enlargement learns where scores are added behind it; all others stay bilinear.
        """
        self.finest = finest
        for stride in (4, 2, 1):
            active = f"score{stride}" in self.skips and finest <= stride
            self.doublings[f"to{stride}"].requires_grad_(active)
            if f"score{stride}" in self.skips:
                self.skips[f"score{stride}"].requires_grad_(active)

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        maps = _extended(images)
        kept: dict[int, Tensor] = {}
        start = 0
        for stride, end in self._ends:
            # Not kept from call to call: a copy of this network has layers of its own.
            maps = fast_forward(self.trunk[start:end])(maps)
            kept[stride], start = maps, end
        if self.fc is not None:
            maps = torch.cat([maps, self.fc(_around(maps, self.fc))], 1)
        scores: Tensor = self.score8(self.context(maps))
        for stride in (4, 2, 1):
            scores = self.doublings[f"to{stride}"](scores)
            if f"score{stride}" in self.skips and self.finest <= stride:
                scores = scores + self.skips[f"score{stride}"](kept[stride])
        return scores[:, :, :height, :width]


def _extended(images: Tensor) -> Tensor:
    """Sides that are multiples of 8, the last row and column said again."""
    down, right = (-side % COARSEST for side in images.shape[2:])
    return (
        functional.pad(images, (0, right, 0, down), mode="replicate") if down or right else images
    )


def _around(maps: Tensor, layer: nn.Conv2d) -> Tensor:
    """Zeros around the maps, so that the layer's result has their size, for even kernels too."""
    height, width = layer.kernel_size[0], layer.kernel_size[1]
    return functional.pad(maps, ((width - 1) // 2, width // 2, (height - 1) // 2, height // 2))


def _zero(channels: int, regions: int) -> nn.Conv2d:
    layer = nn.Conv2d(channels, regions, 1)
    nn.init.zeros_(layer.weight)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def _context(channels: int, width: int, shrink: int) -> Network:
    """Three convolutions that widen the view, after halving as often as the stride asks."""
    norm = "batchnorm -> relu"
    pools = " -> maxpool 2" * (shrink.bit_length() - 1)
    text = (
        f"input 64x64x{channels} -> conv {width} 3x3 pad 1 -> {norm}{pools} "
        f"-> conv {width} 3x3 pad 1 -> {norm} "
        f"-> conv {width} 3x3 pad 2 dilation 2 -> {norm}"
    )
    return build(text)
