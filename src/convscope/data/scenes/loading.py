"""Scenes and clips when they are asked for: any number of them, of any seed, of any part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar, get_args

import numpy as np

from convscope.data.annotated import Annotated, Split, fingerprint_of_annotated
from convscope.data.annotations.parts import PARTS, Part
from convscope.data.progress import Progress, Tell, teller
from convscope.data.scenes.clip import clips_in_turn
from convscope.data.scenes.composing import DIFFICULT_BELOW
from convscope.data.scenes.difficulty import difficulty_of
from convscope.data.scenes.garments import CLASSES, Garments, load_garments
from convscope.data.scenes.keeping import kept
from convscope.data.scenes.moving import FRAMES
from convscope.data.scenes.planning import PAIRS, Pairs
from convscope.data.scenes.scene import Making, scenes_in_turn
from convscope.errors import UsageError, did_you_mean

__all__ = ["REGIONS", "load_scenes", "make_clips", "make_scenes", "making_of", "names_of", "told"]

T = TypeVar("T")

REGIONS = ("background", *CLASSES)
"""What the values of a scene's mask mean."""

_SMALLEST, _LARGEST = 96, 512
_MOST = 1_000_000
_TOLD_EVERY = 100
_PLACE = "made by convscope (synthetic)"


def make_scenes(
    *,
    seed: int = 0,
    count: int = 100,
    part: Part = "test",
    size: int = 128,
    difficulty: str = "default",
    pairs: Pairs = "seen",
    source: str | None = None,
    progress: Tell | None = None,
) -> Split:
    """``count`` scenes of size×size pixels: pictures, objects, masks and five captions each.

    The first scenes are the same however many are asked for.  ``part`` says whose garments
    are used: those of train, validation and test are never the same.  ``pairs`` says which
    classes may meet in a scene: those that training shows together ("seen"), those that it
    never does ("held-out"), or "any".  ``source`` is fashion-mnist or fashion-mini; by
    default the first, if it is on this machine.
    """
    making = making_of(seed, count, part, size, difficulty, pairs, source, progress)
    images = np.zeros((count, 1, size, size), np.uint8)
    masks = np.zeros((count, size, size), np.uint8)
    objects, captions = [], []
    made = told(scenes_in_turn(making, range(count)), count, f"{part} scenes", progress)
    for number, scene in enumerate(made):
        images[number], masks[number] = scene.picture, scene.mask
        objects.append(scene.objects)
        captions.append(scene.captions)
    names = names_of("scene", making, count)
    return Split(names, images, tuple(objects), masks, tuple(captions))


def make_clips(
    *,
    seed: int = 0,
    count: int = 100,
    part: Part = "test",
    size: int = 128,
    difficulty: str = "default",
    pairs: Pairs = "seen",
    source: str | None = None,
    progress: Tell | None = None,
) -> Split:
    """``count`` clips, 8×1×H×W each, with five captions; the rest as ``make_scenes``."""
    making = making_of(seed, count, part, size, difficulty, pairs, source, progress)
    images = np.zeros((count, FRAMES, 1, size, size), np.uint8)
    captions = []
    made = told(clips_in_turn(making, range(count)), count, f"{part} clips", progress)
    for number, clip in enumerate(made):
        images[number] = clip.frames
        captions.append(clip.captions)
    return Split(names_of("clip", making, count), images, captions=tuple(captions))


def load_scenes(
    *,
    train: int = 2000,
    validation: int = 300,
    test: int = 500,
    seed: int = 0,
    size: int = 128,
    clips: bool = False,
    difficulty: str = "default",
    source: str | None = None,
    progress: Tell | None = None,
) -> Annotated:
    """Scenes (or clips) for training, for choosing and for a last test.

    They are kept in the cache: asked for again, they are read.  No pair of classes that is
    held out is in any of them; ``make_scenes(pairs="held-out")`` makes those.
    """
    counts = dict(zip(PARTS, (train, validation, test), strict=True))
    makings = {
        part: making_of(seed, count, part, size, difficulty, "seen", source, progress)
        for part, count in counts.items()
    }
    make = make_clips if clips else make_scenes
    name = "clips" if clips else "scenes"

    def made(part: Part) -> Split:
        return make(
            seed=seed,
            count=counts[part],
            part=part,
            size=size,
            difficulty=difficulty,
            source=makings[part].garments.source,
            progress=progress,
        )

    parts = {part: kept(name, makings[part], counts[part], made, progress) for part in PARTS}
    return Annotated(
        name=name,
        place=_PLACE,
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        classes=CLASSES,
        regions=REGIONS,
        channels=1,
        fingerprint=fingerprint_of_annotated(list(parts.values()), CLASSES),
        source="scenes",
        notes=_notes(makings["train"].garments, seed, difficulty),
    )


def making_of(
    seed: int,
    count: int,
    part: Part,
    size: int,
    difficulty: str,
    pairs: Pairs,
    source: str | None,
    progress: Tell | None,
) -> Making:
    """How scenes are to be made; UsageError for what cannot be."""
    _check("seed", seed, 0, 2**63 - 1)
    _check("count", count, 0, _MOST)
    _check("size", size, _SMALLEST, _LARGEST)
    if pairs not in get_args(Pairs):
        raise UsageError(
            f'there are no pairs "{pairs}"',
            remedy=did_you_mean(pairs, PAIRS) or f"known are {', '.join(PAIRS)}",
        )
    level = difficulty_of(difficulty)
    garments = load_garments(part, source, progress=progress)
    return Making(garments, part, seed, size, level, pairs)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UsageError(
            f"{value:,} is no {name} of scenes", place=name, remedy=f"give {low:,} to {high:,}"
        )


def names_of(kind: str, making: Making, count: int) -> tuple[str, ...]:
    """``test-3-000017``: unique among all parts and seeds, in the order of their numbers."""
    held = "-held-out" if making.pairs == "held-out" else ""
    return tuple(f"{kind}-{making.part}{held}-{making.seed}-{n:06}" for n in range(count))


def told(made: Iterable[T], count: int, what: str, progress: Tell | None) -> Iterator[T]:
    """The same, and every now and then how many there are."""
    tell = teller(progress)
    for number, each in enumerate(made, 1):
        if number % _TOLD_EVERY == 0 or number == count:
            tell(Progress(f"making {what}", number, count, what.split()[1]))
        yield each


def _notes(garments: Garments, seed: int, difficulty: str) -> tuple[str, ...]:
    notes = [
        f"made of {garments.source} by seed {seed}, difficulty {difficulty}",
        "masks are silhouettes found by a rule: pseudo-labels, dark parts may lie outside",
        f"garments of which less than {DIFFICULT_BELOW} % is visible are marked difficult",
    ]
    if garments.source == "fashion-mini":
        notes.append(
            "few garments, each in many scenes: with Fashion-MNIST on this machine "
            '("convscope data fetch") there are thirty times as many'
        )
    return tuple(notes)
