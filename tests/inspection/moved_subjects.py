"""Small subjects for symmetry and ablation, with labels, and networks of known symmetry."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.inspection.subject import Subject
from convscope.network.build import build

from .random_subjects import lively, subject_for

SMALL = (
    "input 12x12x1 -> conv 4 3x3 pad 1 -> batchnorm -> relu -> maxpool 2 -> conv 6 3x3 pad 1 -> "
    "relu -> maxpool 2 -> fc 10"
)
RESIDUAL = (
    "input 12x12x1 -> conv 4 3x3 pad 1 -> relu -> residual { conv 6 3x3 pad 1 stride 2 nobias -> "
    "batchnorm -> relu -> conv 6 3x3 pad 1 nobias -> batchnorm } -> relu -> 2 x { residual { "
    "conv 6 3x3 pad 1 -> relu } -> relu } -> avgpool 2 -> fc 10"
)


def pictures(
    count: int, side: int, channels: int = 1, seed: int = 0, width: int | None = None
) -> np.ndarray:
    shape = (count, channels, side, width or side)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def drawn(notation: str, count: int = 40, *, labelled: bool = True) -> Subject:
    """An untrained network of ours whose labels are mostly its own answers."""
    architecture = Architecture.parse(notation)
    volume = architecture.nodes[0].input
    module = lively(build(architecture, seed=3), 4)
    images = pictures(count, volume.height, volume.channels, width=volume.width)
    return labelled_subject(module, volume, architecture, images, labelled=labelled)


def labelled_subject(
    module: nn.Module,
    volume: Volume,
    architecture: Architecture | None,
    images: np.ndarray,
    *,
    labelled: bool = True,
) -> Subject:
    bare = subject_for(module, volume, architecture, images)
    if not labelled:
        return bare
    answers = bare.probabilities(images).argmax(1)
    wrong = np.arange(len(images)) % 4 == 0
    labels = tuple(np.where(wrong, (answers + 1) % 10, answers).tolist())
    return subject_for(module, volume, architecture, images, labels)


class Around(nn.Module):
    """Circular padding: exactly equivariant to circular shifts, at every place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular")
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(4, 3, 3, padding=1, stride=2, padding_mode="circular")
        self.fc = nn.Linear(3 * 6 * 6, 10)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.fc(self.conv2(self.relu(self.conv1(images))).flatten(1))
        return scores


class Even(nn.Module):
    """A kernel that is its own mirror image and looks alike from all sides."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        kernel = torch.tensor([[1.0, 2, 1], [2, -3, 2], [1, 2, 1]])
        self.conv.weight = nn.Parameter(torch.stack([kernel, -0.5 * kernel])[:, None])
        self.halved = nn.Conv2d(2, 2, 1, stride=2)
        self.fc = nn.Linear(2 * 6 * 6, 10)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.fc(self.halved(self.conv(images)).flatten(1))
        return scores


class Habits(nn.Module):
    """An in-place ReLU used three times, a sum in place, a pooling as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv3 = nn.Conv2d(4, 5, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.fc = nn.Linear(5 * 3 * 3, 10)

    def forward(self, images: Tensor) -> Tensor:
        first = self.relu(self.conv1(images))
        second = self.conv2(first)
        second += first
        third = self.relu(self.conv3(self.relu(second)))
        scores: Tensor = self.fc(functional.max_pool2d(self.pool(third), 2).flatten(1))
        return scores


def habits(count: int = 40, *, labelled: bool = True) -> Subject:
    torch.manual_seed(5)
    images = pictures(count, 12)
    return labelled_subject(Habits(), Volume(12, 12, 1), None, images, labelled=labelled)
