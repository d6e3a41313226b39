"""Clips, one after another: eight frames of a scene in which something happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import Objects
from convscope.data.scenes.composing import Patch, paint, patches_of
from convscope.data.scenes.moving import ClipPlan, plan_clip
from convscope.data.scenes.planning import Item
from convscope.data.scenes.scene import BATCH, Making
from convscope.data.scenes.telling import clip_captions
from convscope.data.scenes.textures import ground, light

__all__ = ["Clip", "clips_in_turn"]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One clip: ``frames`` (8×1×H×W), sentences about it, and the plan it was made by."""

    frames: NDArray[np.uint8]
    captions: tuple[str, ...]
    plan: ClipPlan


def clips_in_turn(making: Making, numbers: Sequence[int]) -> Iterator[Clip]:
    """The clips of these numbers."""
    for start in range(0, len(numbers), BATCH):
        yield from _batch(making, numbers[start : start + BATCH])


def _batch(making: Making, numbers: Sequence[int]) -> Iterator[Clip]:
    size, difficulty = making.size, making.difficulty
    chances = [making.chance(1, number) for number in numbers]
    plans = [
        plan_clip(chance, size, difficulty, making.garments, making.pairs) for chance in chances
    ]
    items = [item for plan in plans for item in (*plan.fragments, *plan.standing, plan.mover)]
    patches = iter(patches_of(items, making.garments))
    for chance, plan in zip(chances, plans, strict=True):
        fragments = [next(patches) for _ in plan.fragments]
        standing = [next(patches) for _ in plan.standing]
        mover = next(patches)
        below = paint(ground(chance, size, difficulty), fragments, standing).picture
        shine = light(chance, size, difficulty)
        frames = [
            shine.on(paint(below, (), _there(mover, plan.mover, place)).picture, chance)
            for place in plan.places
        ]
        captions = clip_captions(plan.event, _objects(plan), chance, size)
        yield Clip(np.stack(frames)[:, None], captions, plan)


def _there(patch: Patch, item: Item, place: tuple[int, int] | None) -> tuple[Patch, ...]:
    """The garment where it is in a frame, or nothing."""
    if place is None:
        return ()
    left, top = place
    return (replace(patch, left=patch.left + left - item.left, top=patch.top + top - item.top),)


def _objects(plan: ClipPlan) -> Objects:
    """The pictures of all garments as boxes, that of the one that something happens to last."""
    items = (*plan.standing, plan.mover)
    edges = [(item.left, item.top, item.left + item.side, item.top + item.side) for item in items]
    return Objects(
        np.array(edges, np.float32),
        np.array([item.label for item in items], np.int64),
        np.zeros(len(items), bool),
    )
