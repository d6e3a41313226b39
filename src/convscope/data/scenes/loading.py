"""Scenes when they are asked for: any number, of any seed, of any part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import Annotated, Objects, Split, fingerprint_of_annotated
from convscope.data.progress import Progress, Tell, teller
from convscope.data.scenes.chance import Chance
from convscope.data.scenes.composing import objects_of, paint, patches_of
from convscope.data.scenes.difficulty import Difficulty, difficulty_of
from convscope.data.scenes.garments import CLASSES, PARTS, Garments, Part, load_garments
from convscope.data.scenes.planning import Pairs, Plan, plan_scene
from convscope.data.scenes.sentences import captions_of
from convscope.data.scenes.textures import ground, lit

__all__ = ["load_scenes", "make_scenes"]

_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One scene: the picture (1×H×W), whose each pixel is, the objects, and what was planned."""

    picture: NDArray[np.uint8]
    owners: NDArray[np.uint8]
    objects: Objects
    plan: Plan
    captions: tuple[str, ...]

    @property
    def mask(self) -> NDArray[np.uint8]:
        """0 for the ground, 1 + class for garments."""
        regions = np.array([0, *(item.label + 1 for item in self.plan.garments)], np.uint8)
        return regions[self.owners]


def scenes_of(
    garments: Garments, part: Part, seed: int, indices: range, size: int,
    difficulty: Difficulty, pairs: Pairs,
) -> Iterator[Scene]:
    for start in range(0, len(indices), _BATCH):
        some = indices[start : start + _BATCH]
        chances = [Chance(seed, PARTS.index(part), index) for index in some]
        plans = [plan_scene(chance, size, difficulty, garments, pairs) for chance in chances]
        items = [item for plan in plans for item in (*plan.fragments, *plan.garments)]
        patches = patches_of(items, garments)
        place = 0
        for chance, plan in zip(chances, plans, strict=True):
            middle = place + len(plan.fragments)
            end = middle + len(plan.garments)
            behind = ground(chance, size, difficulty)
            painting = paint(behind, patches[place:middle], patches[middle:end])
            place = end
            objects, _ = objects_of(painting, plan)
            picture = lit(painting.picture, chance, difficulty)[None]
            captions = captions_of(objects, chance, size)
            yield Scene(picture, painting.owners, objects, plan, captions)


def make_scenes(
    *, seed: int = 0, count: int = 100, part: Part = "test", size: int = 128,
    difficulty: str = "default", source: str | None = None, pairs: Pairs = "seen",
    progress: Tell | None = None,
) -> Split:
    garments = load_garments(part, source, progress=progress)
    tell = teller(progress)
    made = []
    for scene in scenes_of(garments, part, seed, range(count), size, difficulty_of(difficulty), pairs):
        made.append(scene)
        if len(made) % 256 == 0 or len(made) == count:
            tell(Progress(f"making {part} scenes", len(made), count, "scenes"))
    captions = []
    for scene in made:
        captions.append(scene.captions)
    return Split(
        names=tuple(f"{part}-{seed}-{index:06d}" for index in range(count)),
        images=np.stack([scene.picture for scene in made]) if made else np.zeros((0, 1, size, size), np.uint8),
        objects=tuple(scene.objects for scene in made),
        masks=np.stack([scene.mask for scene in made]) if made else np.zeros((0, size, size), np.uint8),
        captions=tuple(captions),
    )


def load_scenes(
    *, train: int = 2000, validation: int = 300, test: int = 500, seed: int = 0, size: int = 128,
    clips: bool = False, difficulty: str = "default", source: str | None = None,
    progress: Tell | None = None,
) -> Annotated:
    parts = [
        make_scenes(seed=seed, count=count, part=part, size=size, difficulty=difficulty, source=source, progress=progress)
        for part, count in zip(PARTS, (train, validation, test), strict=True)
    ]
    return Annotated(
        name="scenes", place="made by convscope (synthetic)", train=parts[0], validation=parts[1], test=parts[2],
        classes=CLASSES, regions=("background", *CLASSES), channels=1,
        fingerprint=fingerprint_of_annotated(parts, CLASSES), source="scenes",
    )
