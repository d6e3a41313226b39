"""Scenes, one after another: each depends on its seed, its part and its number alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import Objects
from convscope.data.annotations.parts import PARTS, Part
from convscope.data.scenes.chance import Chance
from convscope.data.scenes.composing import objects_of, paint, patches_of
from convscope.data.scenes.difficulty import Difficulty
from convscope.data.scenes.garments import Garments
from convscope.data.scenes.planning import Pairs, plan_scene
from convscope.data.scenes.sentences import captions_of
from convscope.data.scenes.textures import ground, light

__all__ = ["Making", "Scene", "scenes_in_turn"]

BATCH = 64
"""Scenes whose garments are resampled together."""


@dataclass(frozen=True, slots=True)
class Making:
    """What scenes are made of, and how: all that decides their bytes but for their numbers."""

    garments: Garments
    part: Part
    seed: int
    size: int
    difficulty: Difficulty
    pairs: Pairs

    def chance(self, kind: int, number: int) -> Chance:
        """The stream of one scene (kind 0) or clip (kind 1)."""
        return Chance(self.seed, PARTS.index(self.part), kind, number)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One scene: its picture (1×H×W), what is in it, and sentences about it.

    ``owners`` says of each pixel whose it is: 0 the ground's, k that of the object whose
    number in ``numbers`` is k.
    """

    picture: NDArray[np.uint8]
    objects: Objects
    captions: tuple[str, ...]
    owners: NDArray[np.uint8]
    numbers: NDArray[np.uint8]

    @property
    def mask(self) -> NDArray[np.uint8]:
        """0 for the ground, 1 + class for an object, also for one that is difficult."""
        regions = np.zeros(256, np.uint8)
        regions[self.numbers] = self.objects.labels + 1
        return regions[self.owners]


def scenes_in_turn(making: Making, numbers: Sequence[int]) -> Iterator[Scene]:
    """The scenes of these numbers."""
    for start in range(0, len(numbers), BATCH):
        yield from _batch(making, numbers[start : start + BATCH])


def _batch(making: Making, numbers: Sequence[int]) -> Iterator[Scene]:
    size, difficulty = making.size, making.difficulty
    chances = [making.chance(0, number) for number in numbers]
    plans = [
        plan_scene(chance, size, difficulty, making.garments, making.pairs) for chance in chances
    ]
    patches = iter(
        patches_of(
            [item for plan in plans for item in (*plan.fragments, *plan.garments)],
            making.garments,
        )
    )
    for chance, plan in zip(chances, plans, strict=True):
        fragments = [next(patches) for _ in plan.fragments]
        garments = [next(patches) for _ in plan.garments]
        painting = paint(ground(chance, size, difficulty), fragments, garments)
        objects, owned = objects_of(painting, plan.garments)
        picture = light(chance, size, difficulty).on(painting.picture, chance)
        captions = captions_of(objects, chance, size)
        yield Scene(picture[None], objects, captions, painting.owners, owned)
