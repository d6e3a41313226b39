"""Images as sums of waves, which can be improved by gradient and stay calm.

Olah, Mordvintsev and Schubert, Feature visualization (Distill 2017): steps in the space of
waves, slow ones scaled up, reach other and calmer images than steps in pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from convscope.data.preprocessing import Preprocessing

__all__ = ["DECAY", "VARIATION", "WaveImages"]

VARIATION, DECAY = 10.0, 1.0
"""The prices of unrest and of distance from grey, in best answers of a real image."""

_SPREAD = 5.0
"""The size of the waves' weights together: how far one step of theirs moves a pixel."""
_NOISE = 0.02


class WaveImages:
    """A batch of images that begin as one and the same grey noise, drawn with ``seed``.

    ``grey`` is the mean of real ``images``.  What is finer than ``cutoff``, in waves per
    pixel, is damped; ``trembling`` is by how many pixels ``moved`` shifts at most.
    """

    def __init__(
        self,
        preprocessing: Preprocessing,
        images: NDArray[np.uint8],
        count: int,
        *,
        cutoff: float,
        seed: int,
    ) -> None:
        height, width = preprocessing.size
        self.size, self.cutoff = (height, width), cutoff
        self.trembling = max(1, round(min(height, width) / 14))
        self._random = torch.Generator().manual_seed(seed)
        self._weights = _weights(height, width, cutoff)
        shape = (1, preprocessing.channels, *self._weights.shape, 2)
        noise = _NOISE * torch.randn(shape, generator=self._random)
        self.waves = noise.repeat(count, 1, 1, 1, 1).requires_grad_()
        mean = torch.tensor(images[:2000].mean((0, 2, 3)) / 255, dtype=torch.float32)
        self.grey = mean.clamp(0.02, 0.98)[:, None, None]
        self._mean = torch.tensor(preprocessing.mean)[:, None, None]
        self._std = torch.tensor(preprocessing.std)[:, None, None]

    def images(self) -> Tensor:
        """N×C×H×W in 0 … 1: σ(waves + σ⁻¹(grey)), so that no waves make grey."""
        waves = torch.view_as_complex(self.waves * self._weights[..., None])
        drawn = torch.fft.irfft2(waves, s=self.size, norm="ortho")
        return torch.sigmoid(drawn + torch.logit(self.grey))

    def pixels(self) -> NDArray[np.uint8]:
        """The images as files hold them, uint8 N×C×H×W."""
        with torch.no_grad():
            rounded = (self.images() * 255).round().to(torch.uint8)
        return np.array(rounded.numpy())

    def moved(self, images: Tensor) -> Tensor:
        """All images shifted by the same few pixels; grey comes in at the edge."""
        far, (height, width) = self.trembling, self.size
        top, left = torch.randint(0, 2 * far + 1, (2,), generator=self._random).tolist()
        padded = functional.pad(images - self.grey, (far,) * 4)
        return padded[:, :, top : top + height, left : left + width] + self.grey

    def normalised(self, images: Tensor) -> Tensor:
        """As the network takes them: (v − mean) / std."""
        return (images - self._mean) / self._std

    def price(self, images: Tensor) -> Tensor:
        """What each image costs: VARIATION · mean (Δv)² + DECAY · mean (v − grey)²."""
        axes = (1, 2, 3)
        down, across = (images.diff(dim=axis).square().mean(axes) for axis in (2, 3))
        distance = (images - self.grey).square().mean(axes)
        return VARIATION * (down + across) + DECAY * distance


def _weights(height: int, width: int, cutoff: float) -> Tensor:
    """exp(−(f/cutoff)²) / f for a wave of frequency f: slow ones weigh as in real images."""
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = torch.hypot(down, across)
    weights = torch.exp(-((frequency / cutoff) ** 2)) / frequency.clamp_min(1 / max(height, width))
    return weights * (_SPREAD / weights.square().mean().sqrt())
