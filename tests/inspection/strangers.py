"""Modules that no architecture of ours describes, and subjects of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.data.preprocessing import Preprocessing
from convscope.inspection.subject import Subject, layers_of


def noise(count: int, channels: int, height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, (count, channels, height, width), np.uint8)


def subject_with(module: nn.Module, images: NDArray[np.uint8], classes: int = 3) -> Subject:
    """A subject as a user makes one: pixels are divided by 255, labels go round."""
    channels, height, width = images.shape[1:]
    mean, std = (0.0,) * channels, (1.0,) * channels
    bare = Subject(
        name="stranger",
        module=module.eval(),
        layers=(),
        preprocessing=Preprocessing((height, width), channels, "pad", mean, std),
        classes=tuple(f"class {number}" for number in range(classes)),
        images=images,
        labels=np.arange(len(images), dtype=np.int64) % classes,
        images_from="noise",
    )
    return replace(bare, layers=layers_of(module, bare.tensor(images[:1])))


class Twice(nn.Module):
    """Uses one ReLU twice, in place, and flattens by a view."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 6, 3, stride=2, groups=2)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.out = nn.Linear(6 * 3 * 3, 3)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.relu(self.first(images))
        maps = self.pool(self.relu(self.second(maps)))
        return self.out(maps.view(len(maps), -1))


class Tokens(nn.Module):
    """Patches as tokens, as in a vision transformer: N×tokens×features in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 5, 4, 4)
        self.norm = nn.LayerNorm(5)
        self.out = nn.Linear(5, 3)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.norm(self.patches(images).flatten(2).transpose(1, 2))
        return self.out(tokens.mean(1))


class Selfish(nn.Module):
    """Fails in its last layer whenever ``broken`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.broken = False

    def forward(self, images: Tensor) -> Tensor:
        maps = self.conv(images)
        if self.broken:
            raise RuntimeError("broken")
        return maps.mean((2, 3))


def state_of(module: nn.Module) -> tuple[object, ...]:
    """All that looking inside borrows: modes, hooks, gradients, and the random state."""
    return (
        [each.training for each in module.modules()],
        [
            (len(each._forward_hooks), len(each._forward_pre_hooks), len(each._backward_hooks))
            for each in module.modules()
        ],
        [(each.grad is None, each.requires_grad) for each in module.parameters()],
        torch.random.get_rng_state().tolist(),
        {name: value.tolist() for name, value in module.state_dict().items()},
    )
