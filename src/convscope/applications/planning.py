"""Everything that an application's training stands on, decided before anything is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from convscope.applications.backbone import SCRATCH, Backbone
from convscope.applications.runs import ApplicationRun, DataRecord
from convscope.architecture.architecture import Architecture
from convscope.data.annotated import Annotated, Kind, Split, pixel_statistics, require
from convscope.data.progress import Tell
from convscope.errors import RunError, UsageError
from convscope.training.conditions import resolve

__all__ = [
    "Fitting",
    "Options",
    "backbone_source",
    "data_for",
    "data_of_run",
    "fresh_scenes",
    "planned",
    "require_same",
    "stored_backbone",
]


@dataclass(frozen=True, slots=True)
class Options:
    """How data are read and a training goes, the same for all applications.

    ``format`` and ``annotations`` say what a folder of data holds where that is not plain,
    ``longest`` brings the longer side of larger images down to so many pixels, ``quick``
    is for a first look, ``control`` names a negative control, and ``recipe`` changes single
    keys of the recipes of all stages.
    """

    format: str | None = None
    annotations: str | None = None
    longest: int | None = None
    on_bad: str = "refuse"
    quick: bool = False
    control: str | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    scenes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fitting:
    """All that a training stands on: what a subclass's stages and measures are made of."""

    run: ApplicationRun
    data: Annotated
    backbone: Backbone
    device: torch.device
    quick: bool
    control: str | None
    recipe: Mapping[str, Any]
    tell: Tell


def data_for(
    data: Annotated | str | Path,
    kind: Kind,
    backbone: Backbone,
    options: Options,
    tell: Tell | None,
) -> Annotated:
    """The data of a training: given, or found by name; DataError where they lack the kind."""
    if isinstance(data, Annotated):
        known = data
    else:
        from convscope.data.annotated_sources import load_annotated

        known = load_annotated(
            data,
            kind,
            format=options.format,
            annotations=options.annotations,
            longest=options.longest,
            # Trained layers want the channels that they know, new ones take what there is.
            channels=None if backbone.classifier is None else backbone.channels,
            on_bad=options.on_bad,
            progress=tell,
            **options.scenes,
        )
    require(known, kind)
    return known


def data_of_run(
    run: ApplicationRun,
    kind: Kind,
    data: Annotated | str | Path | None,
    options: Options,
    tell: Tell | None,
) -> Annotated:
    """The data that a run learnt from (None), or others, in its channels and at its size."""
    from convscope.data.annotated_sources import SCENES, load_annotated

    if isinstance(data, Annotated):
        require(data, kind)
        return data
    own = data is None or str(data) == run.data.source
    source = run.data.source if data is None else data
    scenes = {**run.settings.get("scenes", {}), **options.scenes}
    known = load_annotated(
        source,
        kind,
        format=options.format or (run.data.format if own else None),
        annotations=options.annotations or (run.data.annotations if own else None),
        longest=options.longest or run.data.longest,
        channels=run.channels,
        on_bad="skip" if own and run.data.skipped else options.on_bad,
        progress=tell,
        **(scenes if str(source) == SCENES else {}),
    )
    require(known, kind)
    return known


def fresh_scenes(run: ApplicationRun, *, seed: int, count: int) -> Split:
    """Scenes like those of the run, in its channels, of the garments of the test part."""
    from convscope.data.scenes.loading import make_scenes

    asked = run.settings.get("scenes", {})
    same = {key: asked[key] for key in ("size", "difficulty") if key in asked}
    made = make_scenes(count=count, seed=seed, part="test", **same)
    # Scenes are grey; a network of colours is shown their grey three times.
    return replace(made, images=np.repeat(np.asarray(made.images), run.channels, 1))


def planned(
    task: str,
    method: str,
    settings: Mapping[str, Any],
    data: Annotated,
    backbone: Backbone,
    options: Options,
    *,
    seed: int,
    device: str,
) -> ApplicationRun:
    """The run as it begins, but for its folder; ``settings`` are the method's own."""
    if not 0 <= seed < 2**63:
        raise UsageError(f"the seed is {seed}", remedy="give a whole number from 0 up")
    mean, std = backbone.statistics or pixel_statistics(data.train)
    shared = {
        "quick": options.quick,
        "control": options.control,
        "recipe": {key: str(value) for key, value in options.recipe.items()},
        "scenes": dict(options.scenes),
    }
    return ApplicationRun(
        path=Path(),
        task=task,
        method=method,
        backbone=backbone.as_dict(),
        data=_record(data, options),
        classes=data.classes,
        regions=data.regions,
        channels=data.channels,
        mean=mean,
        std=std,
        seed=seed,
        conditions=resolve(device, "auto", backbone.architecture),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        # As it will be read back: tuples become lists.
        settings=json.loads(json.dumps({**settings, **shared})),
    )


def backbone_source(run: ApplicationRun) -> str:
    """What to give to ``backbone_of`` to get the run's backbone again."""
    origin = run.backbone["origin"]
    return run.backbone["notation"] if origin == SCRATCH else origin


def stored_backbone(run: ApplicationRun) -> Backbone:
    """The layers of a run's backbone, whose weights the run itself holds."""
    return Backbone(Architecture.parse(run.backbone["notation"]), run.backbone["origin"])


def _record(data: Annotated, options: Options) -> DataRecord:
    return DataRecord(
        name=data.name,
        source=data.source,
        place=data.place,
        fingerprint=data.fingerprint,
        train=len(data.train),
        validation=len(data.validation),
        test=len(data.test),
        format=options.format,
        annotations=options.annotations,
        longest=options.longest,
        skipped=len(data.skipped),
    )


def require_same(begun: ApplicationRun, asked: ApplicationRun) -> None:
    """RunError where the run was begun as another one than is asked for now."""
    keys = ("method", "seed", "classes", "settings", "backbone")
    differences = [
        f"its {key} is {getattr(begun, key)}, asked is {getattr(asked, key)}"
        for key in keys
        if getattr(begun, key) != getattr(asked, key)
    ]
    if begun.data.fingerprint != asked.data.fingerprint:
        differences.append(f"its data are {begun.data.name}, these are {asked.data.name}")
    if differences:
        raise RunError(
            f"this run is of another training: {'; '.join(differences)}",
            place=str(begun.path),
            remedy="resume it as it was begun, or train into another folder",
        )
