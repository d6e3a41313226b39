"""How R-CNN is set up and trained: fine-tuning, then two fits to what the network has learnt."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.applications.backbone import Backbone
from convscope.applications.detection.batches import shuffled_labels
from convscope.applications.detection.boxes import coded
from convscope.applications.detection.entry import SHARED, Entry, Known
from convscope.applications.detection.proposals import Proposals, proposals_of
from convscope.applications.detection.region_cnn import AT_ONCE, RegionCNN
from convscope.applications.detection.selective_search import Search
from convscope.applications.detection.support_vectors import box_regression, mined, scale_of
from convscope.applications.detection.training import head_of, seeded
from convscope.applications.detection.windows import FineTuning, Windows, windows_of
from convscope.applications.planning import Fitting
from convscope.applications.runs import ApplicationRun
from convscope.applications.stages import Stage
from convscope.data.annotated import Split
from convscope.data.progress import Progress
from convscope.training.recipe import Recipe, changed
from convscope.training.session import Job
from convscope.training.settings import Setting
from convscope.training.task import Normalise

__all__ = ["RCNN", "RECIPE"]

RECIPE = Recipe(
    name="r-cnn",
    optimizer="adam",
    learning_rate=0.002,
    batch_size=32,
    epochs=2.0,
    schedule="cosine",
    warmup=0.05,
    weight_decay=0.01,
    flip=True,
)
"""Of fine-tuning, chosen on validation scenes.  A batch is 32 regions that show objects, and
96 that show none."""
QUICK_EPOCHS = 0.8
QUICK_IMAGES = 400
"""Training images where there is little time: searching all for regions takes most of it."""

NEGATIVE = 0.3
"""Overlap with a class's objects below which a region is a negative of its machine."""
NEAR = 0.6
"""Overlap with an object from which a region's box is regressed to it."""

SETTINGS: dict[str, Known] = {
    **SHARED,
    "cost": (Setting(float, "C of the support vector machines", least=1e-9), 0.001),
    "penalty": (Setting(float, "λ of the ridge regression of boxes", least=0), 1000.0),
}


def _build(run: ApplicationRun, backbone: Backbone) -> nn.Module:
    def make() -> nn.Module:
        return RegionCNN(backbone.module(run.seed), head_of(run, backbone), backbone.stride)

    return seeded(run.seed, make)


def _stages(fitting: Fitting) -> Sequence[Stage]:
    quick = {"epochs": QUICK_EPOCHS} if fitting.quick else {}
    recipe = changed(RECIPE, {**quick, **fitting.recipe})
    material = _Material(fitting)

    def learn(network: nn.Module) -> Job:
        task = FineTuning(
            material.windows,
            material.normalise,
            recipe,
            held=material.held,
            side=cast(RegionCNN, network).side,
        )
        return Job(network, task, task.score, snapshots=False)

    def vectors(network: nn.Module) -> Mapping[str, Any]:
        return _fit_machines(cast(RegionCNN, network), material)

    def boxes(network: nn.Module) -> Mapping[str, Any]:
        return _fit_boxes(cast(RegionCNN, network), material)

    return [
        Stage("fine-tuning", recipe, learn=learn),
        Stage("support-vectors", recipe, fit=vectors),
        Stage("box-regression", recipe, fit=boxes),
    ]


class _Material:
    """What the stages learn from: made when the first of them asks for it."""

    def __init__(self, fitting: Fitting) -> None:
        self.fitting = fitting
        self.run = fitting.run
        self.classes = len(fitting.run.classes)
        self.normalise = Normalise(fitting.run, fitting.device)

    @cached_property
    def train(self) -> Split:
        """The training images, of which a first look takes some."""
        part = self.fitting.data.train
        return part.part(range(min(QUICK_IMAGES, len(part)))) if self.fitting.quick else part

    @cached_property
    def windows(self) -> Windows:
        """The regions of the training images."""
        return self._windows(self.train, shuffled=self.fitting.control is not None)

    @cached_property
    def held(self) -> Windows | None:
        """Those of the validation images."""
        part = self.fitting.data.validation
        return self._windows(part, shuffled=False) if len(part) else None

    @cached_property
    def proposals(self) -> Proposals:
        """Those of the training images."""
        return self._proposals(self.train)

    def _proposals(self, part: Split) -> Proposals:
        search = Search(most=int(self.run.settings["proposals"]))
        return proposals_of(part.images, search, progress=self.fitting.tell)

    def _windows(self, part: Split, *, shuffled: bool) -> Windows:
        objects = part.objects or ()
        if shuffled:
            objects = shuffled_labels(objects, self.run.seed)
        return windows_of(part.images, objects, self._proposals(part).boxes, self.classes)

    def features(
        self, network: RegionCNN, chosen: NDArray[np.int64], what: str
    ) -> Iterator[Tensor]:
        """What the backbone makes of these training regions, part by part: n×D×7×7."""
        network.eval()
        windows = self.windows
        with torch.inference_mode():
            for start in range(0, len(chosen), AT_ONCE):
                part = chosen[start : start + AT_ONCE]
                yield network.seen(windows.crops(part, self.normalise, network.side))
                done = start + len(part)
                self.fitting.tell(Progress(what, done, len(chosen), "regions"))


def _fit_machines(network: RegionCNN, material: _Material) -> Mapping[str, Any]:
    """One support vector machine a class, on the head's units of all regions."""
    start = time.perf_counter()
    windows = material.windows
    parts = material.features(network, np.arange(len(windows)), "features of regions")
    units = np.concatenate([network.units(network.places(part)).cpu().numpy() for part in parts])
    scale = scale_of(units)
    records = []
    for number, name in enumerate(material.run.classes):
        far = windows.by_class[:, number] < NEGATIVE
        found = mined(
            units[windows.exact & (windows.label == number)],
            units[far],
            cost=float(material.run.settings["cost"]),
            scale=scale,
            seed=material.run.seed,
        )
        network.vectors[number] = torch.from_numpy(found.linear.weights)
        network.vector_offsets[number] = float(found.linear.offset)
        records.append(
            {
                "class": name,
                "positives": found.positives,
                "negatives": found.negatives,
                "of": int(far.sum()),
                "rounds": found.rounds,
                "complete": found.complete,
            }
        )
    return {
        "regions": len(windows),
        "proposals": material.proposals.as_dict(),
        "machines": records,
        "seconds": round(time.perf_counter() - start, 3),
    }


def _fit_boxes(network: RegionCNN, material: _Material) -> Mapping[str, Any]:
    """Where objects are: a ridge regression a class, on the regions that are near one."""
    start = time.perf_counter()
    windows = material.windows
    chosen = np.flatnonzero(windows.overlap >= NEAR)
    parts = material.features(network, chosen, "features near objects")
    width = network.shifts.shape[2]
    places = np.concatenate(
        [np.zeros((0, width), np.float32), *(network.places(part).cpu().numpy() for part in parts)]
    )
    codes = coded(
        torch.from_numpy(windows.target[chosen]), torch.from_numpy(windows.boxes[chosen])
    ).numpy()
    scale = scale_of(places)
    counts = {}
    for number, name in enumerate(material.run.classes):
        own = windows.label[chosen] == number
        found = box_regression(
            places[own],
            codes[own],
            penalty=float(material.run.settings["penalty"]),
            scale=scale,
        )
        network.shifts[number] = torch.from_numpy(found.linear.weights)
        network.shift_offsets[number] = torch.from_numpy(found.linear.offset)
        counts[name] = found.count
    return {"regions": counts, "seconds": round(time.perf_counter() - start, 3)}


RCNN = Entry(SETTINGS, _build, _stages)
