"""How Fast R-CNN and Faster R-CNN are set up and trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.applications.backbone import Backbone
from convscope.applications.detection.anchors import anchor_sides
from convscope.applications.detection.batches import Detecting, shuffled_labels
from convscope.applications.detection.entry import SHARED, Entry, Known
from convscope.applications.detection.evaluation import precision_of
from convscope.applications.detection.fast import FastRCNN
from convscope.applications.detection.faster import FasterRCNN
from convscope.applications.detection.head import Head
from convscope.applications.detection.proposals import proposals_of
from convscope.applications.detection.rpn import RegionProposals
from convscope.applications.detection.sampling import BACKGROUND_FLOOR
from convscope.applications.detection.selective_search import Search
from convscope.applications.planning import Fitting
from convscope.applications.runs import ApplicationRun
from convscope.applications.stages import Stage
from convscope.data.annotated import Annotated
from convscope.training.recipe import Recipe, changed
from convscope.training.session import Job
from convscope.training.settings import Setting
from convscope.training.task import Normalise

__all__ = ["FAST", "FASTER", "RECIPE", "head_of", "seeded"]

RECIPE = Recipe(
    name="detection",
    optimizer="adam",
    learning_rate=0.006,
    batch_size=16,
    epochs=16.0,
    schedule="cosine",
    warmup=0.05,
    weight_decay=0.01,
    flip=True,
)
"""Of Fast and Faster R-CNN, chosen on validation scenes; R-CNN's fine-tuning counts crops."""
QUICK_EPOCHS = 3.0
SCORED = 100
"""Validation images by which the progress of a training is scored."""

FLOOR = Setting(float, "least overlap of a proposal that serves as background", most=0.5)
FAST_SETTINGS: dict[str, Known] = {**SHARED, "floor": (FLOOR, BACKGROUND_FLOOR)}
FASTER_SETTINGS: dict[str, Known] = {
    **FAST_SETTINGS,
    # Its own proposals lie on whatever looks like an object: all of it must be learnt as
    # background.  The authors' code for joint training has 0, too (py-faster-rcnn,
    # faster_rcnn_end2end.yml); the paper names no other value than Fast R-CNN's.
    "floor": (FLOOR, 0.0),
    "scales": (Setting(int, "sizes of anchors at a place", least=1, most=20), 3),
    "ratios": (Setting(int, "shapes of anchors of each size", least=1, most=20), 3),
    "proposer_channels": (Setting(int, "channels of the proposal network", least=1), 32),
}


def head_of(run: ApplicationRun, backbone: Backbone) -> Head:
    """The head of a run, drawn anew."""
    return Head(
        backbone.features,
        len(run.classes),
        channels=int(run.settings["head_channels"]),
        units=int(run.settings["head_units"]),
    )


def seeded(seed: int, make: Callable[[], nn.Module]) -> nn.Module:
    """What ``make`` draws on the processor, from this seed; torch's own random state stays."""
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        return make()


def _fast(run: ApplicationRun, backbone: Backbone) -> nn.Module:
    def make() -> nn.Module:
        head, floor = head_of(run, backbone), float(run.settings["floor"])
        return FastRCNN(backbone.module(run.seed), head, backbone.stride, floor=floor)

    return seeded(run.seed, make)


def _faster(run: ApplicationRun, backbone: Backbone) -> nn.Module:
    settings = run.settings
    sides = np.array(settings["anchors"], np.float32)

    def make() -> nn.Module:
        return FasterRCNN(
            backbone.module(run.seed),
            RegionProposals(
                backbone.features,
                backbone.stride,
                sides,
                channels=int(settings["proposer_channels"]),
            ),
            head_of(run, backbone),
            backbone.stride,
            proposals=int(settings["proposals"]),
            floor=float(settings["floor"]),
        )

    return seeded(run.seed, make)


def _anchors(data: Annotated, backbone: Backbone, settings: Mapping[str, Any]) -> dict[str, Any]:
    objects = data.train.objects or ()
    sides = anchor_sides(objects, int(settings["scales"]), int(settings["ratios"]))
    return {"anchors": [[round(float(side), 3) for side in each] for each in sides]}


def _joint(fitting: Fitting) -> Sequence[Stage]:
    return [_stage(fitting, "joint", None, None)]


def _on_proposals(fitting: Fitting) -> Sequence[Stage]:
    search = Search(most=int(fitting.run.settings["proposals"]))
    train, held = (
        proposals_of(part.images, search, progress=fitting.tell).boxes
        for part in (fitting.data.train, fitting.data.validation)
    )
    return [_stage(fitting, "regions", train, held)]


def _stage(
    fitting: Fitting,
    name: str,
    proposals: Sequence[NDArray[np.float32]] | None,
    held: Sequence[NDArray[np.float32]] | None,
) -> Stage:
    quick = {"epochs": QUICK_EPOCHS} if fitting.quick else {}
    recipe = changed(RECIPE, {**quick, **fitting.recipe})
    run, data = fitting.run, fitting.data
    normalise = Normalise(run, fitting.device)
    first = range(min(SCORED, len(data.validation)))
    some = data.validation.part(first)

    def score(network: nn.Module) -> Mapping[str, float]:
        if not len(some):
            return {}
        boxes = None if held is None else held[: len(some)]
        found = precision_of(network, some, normalise, data.classes, stored=boxes)
        return {"mAP@0.5": found.at(0.5)}

    def learn(network: nn.Module) -> Job:
        objects = None
        if fitting.control == "shuffled-labels":
            objects = shuffled_labels(data.train.objects or (), run.seed)
        task = Detecting(
            data.train, normalise, recipe, objects=objects, proposals=proposals, score=score
        )
        return Job(network, task, score, snapshots=False)

    return Stage(name, recipe, learn=learn)


FAST = Entry(FAST_SETTINGS, _fast, _on_proposals)
FASTER = Entry(FASTER_SETTINGS, _faster, _joint, _anchors)
