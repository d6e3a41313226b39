"""What a scene is to show: which garments, how large, where, in front of which others.

A scene holds one class of garments or two.  All garments of the first lie on one side of
all of the second (or of the middle, where there is no second), so that the relation which
captions state is true of each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from convscope.data.scenes.chance import Chance
from convscope.data.scenes.difficulty import Difficulty
from convscope.data.scenes.garments import CLASSES, SIDE, Garments
from convscope.data.scenes.relations import OPPOSITE, RELATIONS, Relation

__all__ = [
    "HELD_OUT",
    "LARGEST",
    "PAIRS",
    "SMALLEST",
    "Item",
    "Pairs",
    "Plan",
    "fragments_of",
    "item_of",
    "pair_of",
    "plan_scene",
    "put_down",
    "sides_of",
]

Pairs = Literal["seen", "held-out", "any"]
PAIRS: tuple[Pairs, ...] = get_args(Pairs)

HELD_OUT: tuple[tuple[int, int], ...] = ((0, 9), (3, 8), (2, 5), (4, 7), (1, 6))
"""Pairs of classes that no training scene shows together; every class is in one of them."""

SMALLEST, LARGEST = SIDE * 7 // 10 + 1, SIDE * 2
"""Sides of a garment's picture: scales 0.7 (rounded up to a pixel) to 2."""

_CROWDED = {4: 50, 5: 46, 6: 42}
"""The largest side where there are so many garments: they must find room."""
_TWO_CLASSES = 75
"""Percent of the scenes with two garments or more that show two classes."""
_APART = 5
"""Pixels between the middle of a garment and the line that parts the groups."""
_TRIES = 6
"""Places of which the one that hides least is taken, where a garment is put down with care."""
_WINDOW = (8, 11)
"""Sides of the fragments, of 28: less of a garment than is visible of one that counts."""

Spans = tuple[tuple[int, int], tuple[int, int]]
"""From where to where, across and down."""


@dataclass(frozen=True, slots=True)
class Item:
    """A garment's picture in a scene: ``side`` pixels wide, its upper left corner at a place.

    ``window`` (top, left, height, width, of 28) is the part of it that is shown.
    """

    garment: int
    label: int
    side: int
    left: int
    top: int
    mirrored: bool
    contrast: int
    lift: int
    window: tuple[int, int, int, int] = (0, 0, SIDE, SIDE)


@dataclass(frozen=True, slots=True)
class Plan:
    """Fragments lie below; of the garments each lies over those before it."""

    garments: tuple[Item, ...]
    fragments: tuple[Item, ...]


def plan_scene(
    chance: Chance, size: int, difficulty: Difficulty, garments: Garments, pairs: Pairs
) -> Plan:
    """Draws a scene of size×size pixels."""
    first, second, counts = _groups(chance, difficulty, pairs)
    relation = chance.one_of(RELATIONS)
    line = chance.between(size * 2 // 5, size * 3 // 5) if second is not None else size // 2
    total = sum(counts)
    labels = [first] * counts[0] + [-1 if second is None else second] * counts[1]
    largest = min(_CROWDED.get(total, LARGEST), size // 2)
    placed: list[Item] = []
    for label in chance.mixed(labels):
        # the larger of two: small garments are the hardest to tell apart
        side = max(chance.between(SMALLEST, largest) for _ in range(2))
        spans = sides_of(relation if label == first else OPPOSITE[relation], side, line, size)
        tries = 1 if chance.happens(difficulty.careless) else _TRIES
        place = put_down(chance, tries, side, spans, placed)
        placed.append(item_of(chance, difficulty, garments, label, side, place))
    return Plan(tuple(placed), fragments_of(chance, size, difficulty, garments))


def _groups(
    chance: Chance, difficulty: Difficulty, pairs: Pairs
) -> tuple[int, int | None, tuple[int, int]]:
    """(first class, second class or none, how many of each)."""
    total = 1 + chance.weighted(difficulty.garments)
    if pairs == "held-out":
        total = max(total, 2)
    elif total < 2 or not chance.happens(_TWO_CLASSES):
        return chance.below(len(CLASSES)), None, (total, 0)
    first, second = pair_of(chance, pairs)
    ones = chance.between(1, total - 1)
    return first, second, (ones, total - ones)


def pair_of(chance: Chance, pairs: Pairs) -> tuple[int, int]:
    """Two different classes that may meet, in either order, each pair as likely."""
    held = {*HELD_OUT, *((second, first) for first, second in HELD_OUT)}
    every = [(one, two) for one in range(len(CLASSES)) for two in range(len(CLASSES)) if one != two]
    if pairs == "held-out":
        return chance.one_of([pair for pair in every if pair in held])
    return chance.one_of([pair for pair in every if pairs == "any" or pair not in held])


def sides_of(relation: Relation, side: int, line: int, size: int) -> Spans:
    """Where the middle of a picture of this side may lie: on one side of the line, and inside."""
    low, high = side // 2, size - side + side // 2
    along = (low, line - _APART) if relation in ("left", "above") else (line + _APART, high)
    return (along, (low, high)) if relation in ("left", "right") else ((low, high), along)


def put_down(
    chance: Chance, tries: int, side: int, spans: Spans, placed: Sequence[Item]
) -> tuple[int, int]:
    """(left, top) of the first of those tries that hide least of what is there."""
    places = [
        (chance.between(*spans[0]) - side // 2, chance.between(*spans[1]) - side // 2)
        for _ in range(tries)
    ]
    return min(places, key=lambda place: sum(_shared(place, side, other) for other in placed))


def _shared(place: tuple[int, int], side: int, other: Item) -> int:
    """Pixels that two garments' pictures share."""
    across = min(place[0] + side, other.left + other.side) - max(place[0], other.left)
    down = min(place[1] + side, other.top + other.side) - max(place[1], other.top)
    return max(across, 0) * max(down, 0)


def item_of(
    chance: Chance,
    difficulty: Difficulty,
    garments: Garments,
    label: int,
    side: int,
    place: tuple[int, int],
    window: tuple[int, int, int, int] = (0, 0, SIDE, SIDE),
) -> Item:
    """A garment of this class at this place: which one, and how bright, by chance."""
    return Item(
        garment=garments.of_class[label][chance.below(len(garments.of_class[label]))],
        label=label,
        side=side,
        left=place[0],
        top=place[1],
        mirrored=chance.happens(50),
        contrast=chance.between(*difficulty.contrast),
        lift=chance.between(*difficulty.lift),
        window=window,
    )


def fragments_of(
    chance: Chance, size: int, difficulty: Difficulty, garments: Garments
) -> tuple[Item, ...]:
    """Small windows of garments, anywhere in the scene."""
    count = chance.between(*difficulty.fragments)
    return tuple(_fragment(chance, size, difficulty, garments) for _ in range(count))


def _fragment(chance: Chance, size: int, difficulty: Difficulty, garments: Garments) -> Item:
    side = chance.between(SMALLEST, min(LARGEST, size // 2))
    height, width = chance.between(*_WINDOW), chance.between(*_WINDOW)
    top, left = chance.below(SIDE - height + 1), chance.below(SIDE - width + 1)
    place = (chance.below(size - side + 1), chance.below(size - side + 1))
    label = chance.below(len(CLASSES))
    return item_of(chance, difficulty, garments, label, side, place, (top, left, height, width))
