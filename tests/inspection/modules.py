"""Small networks of somebody else's, with the habits that make looking inside hard."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.data.preprocessing import Preprocessing
from convscope.inspection.recording import trace
from convscope.inspection.subject import Layer, Subject

SIDE = 12


class InPlace(nn.Module):
    """ReLUs in place, one of them used twice and its input used again behind it."""

    def __init__(self, *, inplace: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=inplace)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.conv3 = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(4 * SIDE * SIDE, 3)

    def forward(self, images: Tensor) -> Tensor:
        first = self.relu(self.conv1(images))
        second = self.relu(self.conv2(first))
        return self.fc((self.conv3(second) + first).flatten(1))


class Functional(nn.Module):
    """Activation and pooling as functions: no hook sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3)
        self.fc = nn.Linear(4 * 4 * 4, 3)

    def forward(self, images: Tensor) -> Tensor:
        pooled = functional.max_pool2d(functional.relu(self.conv1(images)), 2)
        return self.fc(self.conv2(pooled).flatten(1))


class Shared(nn.Module):
    """One ReLU whose input goes elsewhere too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(4 * SIDE * SIDE, 3)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.conv1(images)
        return self.fc((self.relu(maps) - 0.5 * maps).flatten(1))


class Constant(nn.Module):
    """Answers without a look at the image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)
        self.bias = nn.Parameter(torch.tensor([0.0, 1.0, 2.0]))

    def forward(self, images: Tensor) -> Tensor:
        self.conv(images)
        return self.bias.expand(len(images), 3)


def dead() -> nn.Module:
    """All units of its ReLU are dead: the bias keeps them below 0."""
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * SIDE * SIDE, 3)
    )
    nn.init.constant_(network[0].bias, -1e6)  # type: ignore[arg-type]
    return network


def subject_for(
    module: nn.Module, *, channels: int = 1, side: int = SIDE, seed: int = 0
) -> Subject:
    """A subject with random images, made by hand, so that nothing is asked of the module."""
    images = np.random.default_rng(seed).integers(0, 256, (40, channels, side, side), np.uint8)
    preprocessing = Preprocessing(
        (side, side), channels, "pad", (0.5,) * channels, (0.25,) * channels
    )
    subject = Subject(
        name=type(module).__name__.lower(),
        module=module.eval(),
        layers=(),
        preprocessing=preprocessing,
        classes=("one", "two", "three"),
        images=images,
        labels=np.empty(0, np.int64),
        images_from="noise",
    )
    calls = trace(module, subject.tensor(images[:1]))
    layers = tuple(
        Layer(c.name, type(c.module).__name__, tuple(c.output.shape[1:]), c.source, c.leaf)
        for c in calls
    )
    return Subject(
        name=subject.name,
        module=module,
        layers=layers,
        preprocessing=preprocessing,
        classes=subject.classes,
        images=images,
        labels=subject.labels,
        images_from="noise",
    )


def state_of(module: nn.Module) -> list[object]:
    """All that looking inside may borrow: modes, hooks, gradients, weights, random numbers."""
    hooks = [
        (len(each._forward_hooks), len(each._forward_pre_hooks), len(each._backward_hooks))
        for each in module.modules()
    ]
    modes = [each.training for each in module.modules()]
    gradients = [(each.grad is None, each.requires_grad) for each in module.parameters()]
    values = [each.sum().item() for each in (*module.parameters(), *module.buffers())]
    kinds = [type(each).__name__ for each in module.modules()]
    places = [getattr(each, "inplace", None) for each in module.modules()]
    random = torch.random.get_rng_state().sum().item()
    return [hooks, modes, gradients, values, kinds, places, random]
