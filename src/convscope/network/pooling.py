"""Pooling that torch lacks: a mean whose weights fall with the distance from the centre.

The other three kinds are torch's own: MaxPool2d, AvgPool2d, and LPPool2d with p = 2,
whose gradient at a window of zeros is zero (since pytorch/pytorch#6766), so that
training behind a ReLU is safe.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DistancePool2d"]


class DistancePool2d(nn.Module):
    """A weighted mean of each window, on every channel alone.

    N×C×H×W → N×C×⌊(H − F)/S + 1⌋×⌊(W − F)/S + 1⌋

    w(r) = exp(−falloff · r) / Σ exp(−falloff · r), with r the distance in pixels
    from the window's centre, which lies between pixels where a side is even.
    There is nothing to learn, and the state_dict holds nothing of it.  Source:
    "a weighted average based on the distance from the central pixel" (Goodfellow,
    Bengio and Courville, Deep Learning, 2016, section 9.3); the form of w is ours.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        falloff: float = 1.0,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.falloff = falloff
        height, width = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        y = torch.arange(height, dtype=torch.float64) - (height - 1) / 2
        x = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
        distance = torch.hypot(y[:, None], x[None, :])
        # softmax is the same quotient, and holds where every exp(−falloff · r) is 0.
        weight = torch.softmax(-falloff * distance.flatten(), 0).reshape(1, 1, height, width)
        self.weight: Tensor
        self.register_buffer("weight", weight.to(torch.get_default_dtype()), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        channels = images.shape[1]
        kernels = self.weight.expand(channels, -1, -1, -1)
        return functional.conv2d(images, kernels, stride=self.stride, groups=channels)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, falloff={self.falloff}"
