"""The layers of a network as frozen records: what each is, without computing it.

A record holds what its line of notation says and nothing else; ``Architecture``
puts records together, ``shapes`` finds names and volumes, ``network`` builds the
torch module.  Pairs are (height, width) throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from convscope.errors import UsageError

__all__ = [
    "GELU",
    "Activation",
    "AvgPool",
    "BatchNorm",
    "Conv",
    "DistancePool",
    "Dropout",
    "Flatten",
    "FullyConnected",
    "GlobalAvgPool",
    "L2Pool",
    "Layer",
    "LeakyReLU",
    "MaxPool",
    "Pair",
    "Pool",
    "ReLU",
    "Repeat",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Tanh",
    "Volume",
]

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Volume:
    """Height × width × channels; ``flat`` is a plain vector of ``channels`` numbers."""

    height: int
    width: int
    channels: int
    flat: bool = False

    def __post_init__(self) -> None:
        sides = (self.height, self.width, self.channels)
        if min(sides) < 1:
            raise UsageError(
                f"a volume of {'×'.join(map(str, sides))} holds nothing",
                remedy="give height, width and channels as whole numbers, 1 or more",
            )

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        return f"{self.channels}" if self.flat else f"{self.height}×{self.width}×{self.channels}"


@dataclass(frozen=True, slots=True)
class Conv:
    """Convolution (a cross-correlation, as in all libraries: the kernel is not flipped).

    ``channels`` kernels, each ``kernel`` high and wide and as deep as the input
    divided by ``groups``.  W_out = ⌊(W − d·(F − 1) − 1 + 2P)/S⌋ + 1.
    """

    channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair | Literal["same"] = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = True


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Batch normalisation (Ioffe and Szegedy 2015).

    Zero mean and unit variance per channel over the batch, then a learnt scale and
    shift; in use, the running statistics of training take the batch's place.
    """


@dataclass(frozen=True, slots=True)
class ReLU:
    """max(0, x)"""


@dataclass(frozen=True, slots=True)
class LeakyReLU:
    """x where x > 0, slope · x elsewhere (Maas et al. 2013)."""

    slope: float = 0.01


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """1/(1 + e^−x), in 0..1"""


@dataclass(frozen=True, slots=True)
class Tanh:
    """tanh x, in −1..1"""


@dataclass(frozen=True, slots=True)
class GELU:
    """x · Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016)."""


@dataclass(frozen=True, slots=True)
class SiLU:
    """x · sigmoid(x) (Elfwing et al. 2017)."""


@dataclass(frozen=True, slots=True)
class MaxPool:
    """The largest value of each window.  W_out = ⌊(W − F + 2P)/S⌋ + 1."""

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)


@dataclass(frozen=True, slots=True)
class AvgPool:
    """The mean of each window; padding counts as zeros, as in torch."""

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)


@dataclass(frozen=True, slots=True)
class L2Pool:
    """√(Σ x²) over each window (torch's LPPool2d with p = 2)."""

    kernel: Pair
    stride: Pair


@dataclass(frozen=True, slots=True)
class DistancePool:
    """A weighted mean of each window: weights fall with the distance from its centre.

    w(r) = exp(−falloff · r), r in pixels, divided by their sum.  In a 2×2 window all
    distances are equal, and it is the average; ``falloff`` 0 is the average always.
    """

    kernel: Pair
    stride: Pair
    falloff: float = 1.0


@dataclass(frozen=True, slots=True)
class GlobalAvgPool:
    """The mean of each channel over all places (Lin et al. 2013): 1×1×channels."""


@dataclass(frozen=True, slots=True)
class Dropout:
    """Zeroes each value with ``probability`` while training (Srivastava et al. 2014)."""

    probability: float = 0.5


@dataclass(frozen=True, slots=True)
class Flatten:
    """Lays a volume out as one vector, channel by channel, as torch does."""


@dataclass(frozen=True, slots=True)
class FullyConnected:
    """A matrix product and a bias; ``"classes"`` is filled in from the data."""

    features: int | Literal["classes"]
    bias: bool = True


@dataclass(frozen=True, slots=True)
class Residual:
    """body(x) + shortcut(x) (He et al. 2016).

    The shortcut is the identity, or a projection (1×1 convolution with the body's
    stride, followed by batch normalisation where the body has any) where the body
    changes the volume.
    """

    body: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The body, ``count`` times over, each time with weights of its own."""

    count: int
    body: tuple[Layer, ...]


Activation = ReLU | LeakyReLU | Sigmoid | Tanh | GELU | SiLU
Pool = MaxPool | AvgPool | L2Pool | DistancePool
Layer = (
    Conv
    | BatchNorm
    | Activation
    | Pool
    | GlobalAvgPool
    | Dropout
    | Flatten
    | FullyConnected
    | Residual
    | Repeat
)
