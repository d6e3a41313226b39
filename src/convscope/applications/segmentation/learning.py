"""The stages of a method as jobs: what is prepared, what is learnt, how it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from convscope.applications.planning import Fitting, Options
from convscope.applications.segmentation.methods import STAGES, prepare, recipe_of
from convscope.applications.segmentation.task import (
    PixelClassification,
    region_weights,
    require_regions,
    scored,
    shuffled_masks,
)
from convscope.applications.stages import Stage
from convscope.data.annotated import Annotated
from convscope.training.recipe import Recipe
from convscope.training.session import Job
from convscope.training.task import Normalise

__all__ = ["stages_of", "with_scenes"]

SCENES = "scenes"
TRAIN = 12_000
"""Scenes that are learnt from, unless another number is asked for: new garments teach more
than the same ones again."""
QUICK_TRAIN = 2000


def with_scenes(data: Annotated | str | Path, options: Options | None) -> Options:
    """The options with the number of scenes to learn from, where the data are scenes by name."""
    how = options or Options()
    if str(data) != SCENES:
        return how
    return replace(how, scenes={"train": QUICK_TRAIN if how.quick else TRAIN, **how.scenes})


def stages_of(fitting: Fitting) -> tuple[Stage, ...]:
    """How the run's method learns, one stage after another."""
    data, regions = fitting.data, len(fitting.run.regions)
    for name in ("train", "validation"):
        require_regions(data.split(name), regions, f"{data.place}, {name}")
    return tuple(
        Stage(name, recipe, learn=partial(_job, fitting, name, recipe))
        for name in STAGES[fitting.run.method]
        for recipe in [recipe_of(name, len(data.train), fitting.recipe, quick=fitting.quick)]
    )


def _job(fitting: Fitting, stage: str, recipe: Recipe, network: nn.Module) -> Job:
    """The stage's training of the network, which is brought to the stage."""
    run, train = fitting.run, fitting.data.train
    assert train.masks is not None
    masks = train.masks
    if fitting.control == "shuffled-labels":
        masks = shuffled_masks(masks, run.seed)
    held = fitting.data.validation if len(fitting.data.validation) else None
    normalise = Normalise(run, fitting.device)
    task = PixelClassification(
        train,
        normalise,
        recipe,
        run.regions,
        masks=masks,
        weights=region_weights(train.masks, len(run.regions), float(run.settings["balance"])),
        held=held,
    )
    prepare(network, stage)
    if fitting.device.type != "mps":
        network.to(memory_format=torch.channels_last)

    def results(finished: nn.Module) -> Mapping[str, Any]:
        if held is None:
            return {}
        scores = scored(finished, held, normalise, run.regions)
        return {
            "split": "validation",
            "mean_iou": scores.mean_iou,
            "pixel_accuracy": scores.pixel_accuracy,
            "boundary_f": scores.boundary_f,
        }

    return Job(network, task, results, snapshots=False)
