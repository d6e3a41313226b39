"""Networks that try the patience of tools; each takes 12×12×1.  Loaded as ``FILE.py:NAME``."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def no_convolution() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(144, 9), nn.ReLU(), nn.Linear(9, 4))


def no_parameters() -> nn.Module:
    return nn.Sequential(nn.MaxPool2d(6), nn.Flatten())


def no_layers() -> nn.Module:
    return nn.Flatten()


def all_zero() -> nn.Module:
    network = in_training()
    for value in network.parameters():
        nn.init.zeros_(value)
    return network


def in_training() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Dropout(), nn.Flatten(), nn.Linear(64, 4),
    ).train()  # fmt: skip


def not_finite() -> nn.Module:
    network = in_training()
    nn.init.constant_(network[4].bias, float("nan"))
    return network


def overflowing() -> nn.Module:
    """Its weights are finite, and what it makes is not."""
    network = in_training()
    for at in (0, 4, 8):
        nn.init.constant_(network[at].weight, 3e38)
    return network


def half() -> nn.Module:
    return in_training().half()


def one_class() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(200, 1))


def one_channel() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 1, 12), nn.ReLU(), nn.Flatten(), nn.Linear(1, 4))


def softmax_at_the_end() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(200, 4), nn.Softmax(1))


class Base(nn.Module):
    """Two convolutions, a ReLU in place that is used for both, and a fully connected layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3, padding=1)
        self.conv2 = nn.Conv2d(3, 3, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(3 * 144, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        return self.fc(x.flatten(1))


reusing = Base


class SharedWeights(Base):
    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv1(x))
        x = self.conv2(self.relu(self.conv2(x)))
        return self.fc(x.flatten(1))


class FunctionsAlone(nn.Module):
    """No layer is a module: nothing can be hooked."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels = nn.Parameter(torch.rand(2, 1, 3, 3))
        self.matrix = nn.Parameter(torch.rand(4, 200))

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(functional.conv2d(x, self.kernels).relu_().flatten(1), self.matrix)


class WithoutGradient(Base):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return super().forward(x)


class Rounding(Base):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward((x * 8).round() / 8)


class Random(Base):
    """Another answer each time, in use too."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + 0.1 * torch.randn_like(x))


class Counting(Base):
    """Its own state moves, and it keeps what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.norm = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen = x
        return self.fc(self.norm(self.conv1(x)).flatten(1))


class Dictionary(Base):
    def forward(self, x: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
        return {"scores": super().forward(x)}


class Several(Base):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        return super().forward(x), x


class TwoInputs(Base):
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x * mask)


class Raising(Base):
    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("not today")


class Maps(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv1(x)


def two_channels() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 2, 3), nn.Flatten(), nn.Linear(200, 4))


def four_channels() -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 2, 3), nn.Flatten(), nn.Linear(200, 4))


def lazy() -> nn.Module:
    return nn.Sequential(nn.LazyConv2d(2, 3), nn.Flatten(), nn.LazyLinear(4))


USABLE = (
    *("no_convolution", "no_parameters", "no_layers", "all_zero", "in_training", "overflowing"),
    *("half", "one_class", "one_channel", "softmax_at_the_end", "reusing", "SharedWeights"),
    *("FunctionsAlone", "WithoutGradient", "Rounding", "Random", "Counting"),
)
REFUSED = {
    "not_finite": "4.bias holds values that are not finite",
    "Dictionary": "it gives a dict with scores",
    "Several": "it gives a tuple of 2",
    "TwoInputs": "its forward needs x and mask",
    "Raising": "it does not take an image of 12×12×1: ValueError: not today (odd_networks.py, line",
    "Maps": "of 1 image it makes 1×3×12×12 float32",
    "two_channels": "channels",
    "four_channels": "channels",
    "lazy": "some of its layers are lazy",
}
