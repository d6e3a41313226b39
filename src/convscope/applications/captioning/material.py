"""Which data a captioner learns from and is measured on, where it is told a name only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from convscope.applications.captioning.network import CLIP_METHODS
from convscope.applications.planning import Options
from convscope.applications.runs import ApplicationRun
from convscope.data.annotated import Annotated, Split
from convscope.data.annotations.parts import Part
from convscope.data.scenes.planning import Pairs

__all__ = ["HELD_OUT", "fresh_scenes", "held_out_scenes", "with_scenes", "with_scenes_of"]

SCENES = "scenes"

COUNTS = {"image": {"train": 30_000}, "clip": {"train": 10_000, "clips": True}}
"""Scenes that are learnt from, by the kind of method, unless another number is asked for:
new ones teach more than the same ones again."""

QUICK_TRAIN = {"image": 5000, "clip": 1000}

HELD_OUT = 300
"""Scenes of pairs of classes that no training scene shows."""


def with_scenes(method: str, data: Annotated | str | Path, options: Options | None) -> Options:
    """The options with the scenes that a method needs, where the data are scenes by name."""
    how = options or Options()
    if str(data) != SCENES:
        return how
    kind = "clip" if method in CLIP_METHODS else "image"
    counts: dict[str, Any] = dict(COUNTS[kind])
    if how.quick:
        counts["train"] = QUICK_TRAIN[kind]
    return replace(how, scenes={**counts, **how.scenes})


def with_scenes_of(
    run: ApplicationRun, data: Annotated | str | Path | None, options: Options | None
) -> Options:
    """The same for a run that is measured: its own scenes, unless others are asked for."""
    how = options or Options()
    source = run.data.source if data is None else data
    own = {**with_scenes(run.method, source, None).scenes, **run.settings.get("scenes", {})}
    return replace(how, scenes={**own, **how.scenes})


def held_out_scenes(
    run: ApplicationRun, data: Annotated, split: str, options: Options
) -> Split | None:
    """Scenes, or clips, of pairs of classes that no training scene shows; None of other data.

    They are made of the same part's garments.
    """
    if data.source != SCENES:
        return None
    asked = {**run.settings.get("scenes", {}), **options.scenes}
    part: Any = split
    return _made(run, asked, count=HELD_OUT, part=part, pairs="held-out")


def fresh_scenes(run: ApplicationRun, *, seed: int, count: int, part: Part) -> Split:
    """Scenes, or clips, of the kind that a run reads, of any seed."""
    asked = {**run.settings.get("scenes", {}), "seed": seed}
    return _made(run, asked, count=count, part=part, pairs="seen")


def _made(
    run: ApplicationRun, asked: Mapping[str, Any], *, count: int, part: Part, pairs: Pairs
) -> Split:
    from convscope.data.scenes.loading import make_clips, make_scenes

    same = {key: asked[key] for key in ("seed", "size", "difficulty") if key in asked}
    make = make_clips if run.method in CLIP_METHODS else make_scenes
    return make(count=count, part=part, pairs=pairs, **same)
