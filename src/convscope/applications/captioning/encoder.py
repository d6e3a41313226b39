"""The convolutional half of a captioner: images in, a grid of features out."""

from __future__ import annotations

from collections import OrderedDict
from typing import Self

import torch
from torch import Tensor, nn

from convscope.network.build import Network
from convscope.network.fast import fast_forward

__all__ = ["Encoder", "cell_places"]


class Encoder(nn.Module):
    """The article's convolutions, three stages more, and each cell's place.

    ``backbone`` is the classifier's stack before its fc layer (stride 4, each place sees 16
    pixels: less than a garment).  Three stages of 3×3 convolution, batch normalisation and
    ReLU, the first two with pooling by 2, bring the stride to 16 and the field to 84 pixels.
    Then every cell gets its column and row, −1…1, as two features more (Liu et al. 2018), and
    a 1×1 convolution makes of them what the decoder reads, so that it can tell what is where.

    Images N×C×H×W → N×cells×``features``, cells in rows from the top left; clips with T
    frames, N×T×C×H×W → N×T×cells×features.  While the backbone is ``frozen`` it learns nothing.
    """

    frozen: bool = False

    def __init__(self, backbone: nn.Module, channels: int, *, kernels: int, features: int) -> None:
        """``kernels`` has each of the last two stages, the first has two thirds of them."""
        super().__init__()
        self.backbone = backbone
        self.stages = Network(
            OrderedDict(
                [
                    *_stage(1, channels, 2 * kernels // 3),
                    *_stage(2, 2 * kernels // 3, kernels),
                    *_stage(3, kernels, kernels, pool=False),
                ]
            )
        )
        self.cells = nn.Conv2d(kernels + 2, features, 1)

    def train(self, mode: bool = True) -> Self:
        """A frozen backbone stays as if it were only used: it keeps its means and deviations."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        if images.ndim == 5:
            found: Tensor = self(images.flatten(0, 1))
            return found.reshape(*images.shape[:2], *found.shape[1:])
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            maps = fast_forward(self.backbone)(images)
        maps = fast_forward(self.stages)(maps)
        height, width = maps.shape[2:]
        places = cell_places(height * width, maps.device).to(maps.dtype).T
        placed = torch.cat([maps, places.view(2, height, width).expand(len(maps), -1, -1, -1)], 1)
        return torch.relu(self.cells(placed)).flatten(2).transpose(1, 2)


def _stage(
    number: int, channels: int, kernels: int, *, pool: bool = True
) -> list[tuple[str, nn.Module]]:
    """The article's order: convolution, batch normalisation, ReLU, pooling."""
    layers: list[tuple[str, nn.Module]] = [
        (f"conv{number}", nn.Conv2d(channels, kernels, 3, padding=1)),
        (f"batch{number}", nn.BatchNorm2d(kernels)),
        (f"relu{number}", nn.ReLU()),
    ]
    return [*layers, (f"pool{number}", nn.MaxPool2d(2))] if pool else layers


def cell_places(cells: int, device: torch.device) -> Tensor:
    """Column and row of each cell of a square grid, −1…1, row by row: cells×2."""
    steps = torch.linspace(-1, 1, round(cells**0.5), device=device)
    return torch.cartesian_prod(steps, steps).flip(1)
