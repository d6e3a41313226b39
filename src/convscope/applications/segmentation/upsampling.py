"""Maps twice as large: a transposed convolution that starts as bilinear interpolation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Doubling", "bilinear_kernel"]


def bilinear_kernel() -> Tensor:
    """The 4×4 kernel with which a transposed convolution of stride 2 interpolates bilinearly.

    (¼, ¾, ¾, ¼) down times the same across: each new pixel lies a quarter of an old one from
    the nearest old pixel, and takes ¾ of it and ¼ of the next.
    """
    side = torch.tensor([0.25, 0.75, 0.75, 0.25])
    return side[:, None] * side


class Doubling(nn.Module):
    """N×C×H×W → N×C×2H×2W, each map on its own (Long et al. 2015, section 3.3).

    The weights, a kernel of 16 for each map, start as bilinear interpolation and may then be
    learnt; where they never are (``learnt``), torch interpolates, three times as fast.
    Beyond its border a map goes on with its last pixel, so that it does not fade there.
    """

    def __init__(self, channels: int, *, learnt: bool = True) -> None:
        super().__init__()
        self.learnt = learnt
        # In rows: they are many small kernels, and no matrix that an optimizer might turn.
        self.weight = nn.Parameter(bilinear_kernel().flatten().repeat(channels, 1))

    def forward(self, maps: Tensor) -> Tensor:
        if not self.learnt:
            return functional.interpolate(maps, scale_factor=2.0, mode="bilinear")
        # One pixel more on each side makes two more on each side of the result, and with the
        # kernel's own reach three are cut off again.
        extended = functional.pad(maps, (1, 1, 1, 1), mode="replicate")
        kernels = self.weight.view(-1, 1, 4, 4)
        return functional.conv_transpose2d(
            extended, kernels, stride=2, padding=3, groups=maps.shape[1]
        )
