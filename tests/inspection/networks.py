"""Networks of other people, small ones: written as people write them, and what breaks tools."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvNet1(nn.Module):
    """The class of the article, with its attribute names."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=5, stride=1, padding=2)
        self.batch1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(kernel_size=2)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=5, stride=1, padding=2)
        self.batch2 = nn.BatchNorm2d(32)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(kernel_size=2)
        self.fc = nn.Linear(7 * 7 * 32, 10)

    def forward(self, x: Tensor) -> Tensor:
        out = self.pool1(self.relu1(self.batch1(self.conv1(x))))
        out = self.pool2(self.relu2(self.batch2(self.conv2(out))))
        out = out.view(out.size(0), -1)
        result: Tensor = self.fc(out)
        return result


class Functional(nn.Module):
    """Layers without weights as functions, as many write them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding="same")
        self.second = nn.Conv2d(8, 6, 3, bias=False)
        self.hidden = nn.Linear(6 * 7 * 7, 12)
        self.last = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.first(x)), 2)
        x = torch.relu_(self.second(x))
        x = x.reshape(x.shape[0], -1)
        x = functional.dropout(torch.tanh(self.hidden(x)), 0.3, self.training)
        scores: Tensor = self.last(x)
        return functional.log_softmax(scores, dim=1)


class Block(nn.Module):
    """A residual block; ``shortcut`` as in torchvision's, where the volume changes."""

    def __init__(self, channels: int, width: int, stride: int, *, inplace: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += self.shortcut(x)
        result: Tensor = self.relu(out)
        return result


class SmallResNet(nn.Module):
    """Two blocks, one relu module for two places, a mean over the places."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.Sequential(Block(4, 4, 1), Block(4, 8, 2))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.stem(x))
        result: Tensor = self.head(x.mean([2, 3]))
        return result


class Wrong(nn.Module):
    """``forward`` is what it is made with: a convolution and a fully connected layer."""

    def __init__(self, forward: Callable[[Wrong, Tensor], object]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.other = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(3 * 6 * 6, 4)
        self.way = forward

    def forward(self, x: Tensor) -> object:
        return self.way(self, x)

    def end(self, x: Tensor) -> Tensor:
        """The scores."""
        result: Tensor = self.fc(x.flatten(1))
        return result


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """The same with batch norms that do something: statistics and scales of no round number."""
    draw = torch.Generator().manual_seed(seed)
    for each in module.modules():
        if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d):
            assert each.running_mean is not None and each.running_var is not None
            for values in (each.running_mean, each.running_var, each.weight, each.bias):
                values.data.copy_(torch.rand(values.shape, generator=draw) + 0.5)
    return module
