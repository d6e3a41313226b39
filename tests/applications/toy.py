"""A small application, for what all of them share: it names an image's first object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.application import Application
from convscope.applications.backbone import Backbone
from convscope.applications.planning import Fitting
from convscope.applications.runs import ApplicationRun
from convscope.applications.stages import Stage
from convscope.data.annotated import Annotated, Kind, Objects, Split
from convscope.training.recipe import changed, read_recipe
from convscope.training.session import Job

SIDE = 12


class Toy(Application):
    """Backbone, mean over places, one fully connected layer; then a fitted shift."""

    task: ClassVar[str] = "detection"
    kind: ClassVar[Kind] = "objects"
    methods: ClassVar[tuple[str, ...]] = ("one", "two")

    def build(self, run: ApplicationRun, backbone: Backbone) -> nn.Module:
        return ToyNetwork(backbone, len(run.classes), run.seed)

    def stages(self, fitting: Fitting) -> Sequence[Stage]:
        recipe = read_recipe("article", {"epochs": 2, "batch_size": 8, **fitting.recipe})
        task = ToyTask(fitting.data.train)

        def learn(network: nn.Module) -> Job:
            return Job(network, task, lambda finished: {"right": task.right(finished)})

        def fit(network: nn.Module) -> Mapping[str, Any]:
            network.shift.fill_(float(task.count))  # type: ignore[union-attr,operator,unused-ignore]
            return {"shift": task.count}

        return (
            Stage("first", recipe, learn=learn),
            Stage("second", changed(recipe, {"epochs": 1}), learn=learn),
            Stage("fitted", fit=fit),
        )

    def measure(self, fitting: Fitting, network: nn.Module) -> Mapping[str, Any]:
        return {"right": ToyTask(fitting.data.validation).right(network)}


class ToyNetwork(nn.Module):
    shift: Tensor

    def __init__(self, backbone: Backbone, classes: int, seed: int) -> None:
        super().__init__()
        self.backbone = backbone.module(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = nn.Linear(backbone.features, classes)
        self.register_buffer("shift", torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.head(self.backbone(images).mean((2, 3)))
        return scores


class ToyTask:
    def __init__(self, split: Split) -> None:
        self._images = torch.from_numpy(np.asarray(split.images)).float() / 255
        assert split.objects is not None
        self._labels = torch.tensor([int(objects.labels[0]) for objects in split.objects])

    @property
    def count(self) -> int:
        return len(self._labels)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        noise = 0.01 * torch.randn(len(indices), 1, SIDE, SIDE)
        return self._images[indices] + noise, self._labels[indices]

    def loss(self, network: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        return functional.cross_entropy(network(batch[0]).float(), batch[1])

    def score(self, network: nn.Module) -> Mapping[str, float]:
        return {"right": self.right(network)}

    def right(self, network: nn.Module) -> float:
        with torch.inference_mode():
            return float((network(self._images).argmax(1) == self._labels).float().mean())


def toy_data(count: int = 32) -> Annotated:
    """Dark images with one light object: a wide one, or a tall one."""
    parts = [_part(name, count, seed) for seed, name in enumerate(("train", "validation", "test"))]
    return Annotated(
        name="toys",
        place="made for tests",
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        classes=("wide", "tall"),
        regions=("background", "wide", "tall"),
        channels=1,
        fingerprint=f"toys-{count}",
        source="toys",
    )


def _part(name: str, count: int, seed: int) -> Split:
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 40, (count, 1, SIDE, SIDE), dtype=np.uint8)
    objects = []
    for image, label in zip(images, np.arange(count) % 2, strict=True):
        height, width = (3, 8) if label == 0 else (8, 3)
        top, left = int(draw.integers(SIDE - height + 1)), int(draw.integers(SIDE - width + 1))
        image[0, top : top + height, left : left + width] += 150
        box = np.array([[left, top, left + width, top + height]], np.float32)
        objects.append(Objects(box, np.array([label], np.int64), np.array([False])))
    return Split(tuple(f"{name}{k}" for k in range(count)), images, objects=tuple(objects))
