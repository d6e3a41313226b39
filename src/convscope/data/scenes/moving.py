"""What a clip is to show: garments that stand still, and one that moves, appears or leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from convscope.data.scenes.chance import Chance
from convscope.data.scenes.difficulty import Difficulty
from convscope.data.scenes.facts import Direction, Event, Path, Speed
from convscope.data.scenes.garments import CLASSES, Garments
from convscope.data.scenes.planning import (
    Item,
    Pairs,
    Spans,
    fragments_of,
    item_of,
    pair_of,
    put_down,
    sides_of,
)
from convscope.data.scenes.relations import OPPOSITE, RELATIONS

__all__ = ["FRAMES", "ClipPlan", "plan_clip"]

FRAMES = 8

_HAPPENINGS = ("moves", "appears", "leaves")
_WEIGHTS = (4, 1, 1)
_DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
_PATHS: tuple[Path, ...] = get_args(Path)
_TRAVEL: dict[Speed, tuple[int, int]] = {"slowly": (12, 18), "quickly": (36, 46)}
"""Percent of the picture's side that a garment moves in a clip, from the least to the most."""
_SIDES = (22, 42)
"""Smaller than in scenes: there must be room for the way."""
_WITH_OTHERS = 75
"""Percent of the clips in which other garments stand still."""
_MOST_OTHERS = 3
_TRIES = 24
"""Places of which the one that hides least is taken."""
_APART = 6
"""Pixels between the way and the middle of a garment that it leads to, or comes from."""


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """The garments that stand (each over those before it), and one that something happens to.

    ``places`` is its upper left corner in each frame (left, top), None where it is not there.
    """

    standing: tuple[Item, ...]
    mover: Item
    places: tuple[tuple[int, int] | None, ...]
    fragments: tuple[Item, ...]
    event: Event


def plan_clip(
    chance: Chance, size: int, difficulty: Difficulty, garments: Garments, pairs: Pairs
) -> ClipPlan:
    """Draws a clip of FRAMES frames of size×size pixels."""
    first, second, count = _who(chance, pairs)
    sides = [chance.between(_SIDES[0], min(_SIDES[1], size // 3)) for _ in range(1 + count)]
    happens = _HAPPENINGS[chance.weighted(_WEIGHTS)]
    name = CLASSES[first]
    if happens == "moves":
        event, way, spans = _moving(chance, size, sides, name, alone=second is None)
    else:
        event = Event(name, "appears" if happens == "appears" else "leaves")
        way, spans = _standing(chance, size, sides)
    mover = item_of(chance, difficulty, garments, first, sides[0], way[0])
    places = _places(chance, way, event)
    standing: list[Item] = []
    for side, span in zip(sides[1:], spans, strict=True):
        trail = [replace(mover, left=left, top=top) for left, top in way]
        # all that stand are counted: they hide little of one another and of the way
        place = put_down(chance, _TRIES, side, span, [*trail, *standing, *standing])
        label = -1 if second is None else second
        standing.append(item_of(chance, difficulty, garments, label, side, place))
    fragments = fragments_of(chance, size, difficulty, garments)
    return ClipPlan(tuple(standing), mover, places, fragments, event)


def _who(chance: Chance, pairs: Pairs) -> tuple[int, int | None, int]:
    """(the class that something happens to, another class or none, how many of that)."""
    if pairs == "held-out" or chance.happens(_WITH_OTHERS):
        return *pair_of(chance, pairs), chance.between(1, _MOST_OTHERS)
    return chance.below(len(CLASSES)), None, 0


def _moving(
    chance: Chance, size: int, sides: Sequence[int], name: str, *, alone: bool
) -> tuple[Event, list[tuple[int, int]], list[Spans]]:
    """The event, the upper left corner in each frame, and where the others may stand.

    Worked out along the direction of the motion, then turned.
    """
    direction = chance.one_of(_DIRECTIONS)
    speed: Speed = chance.one_of(("slowly", "quickly"))
    path = None if alone else chance.one_of(_PATHS if speed == "quickly" else _PATHS[1:])
    travel = size * chance.between(*_TRAVEL[speed]) // 100
    side, largest = sides[0], max(sides)
    low, high = side // 2, size - side + side // 2 - travel
    if path == "towards":
        high = max(low, min(high, size - travel - _APART - largest))
    elif path == "away from":
        low = min(high, max(low, _APART + largest))
    start = chance.between(low, high)
    aside = chance.between(side // 2, size - side + side // 2)
    forward = direction in ("right", "down")
    steps = [start + travel * frame // (FRAMES - 1) for frame in range(FRAMES)]
    middles = [(step if forward else _from_the_end(step, side, size), aside) for step in steps]
    spans = []
    for other in sides[1:]:
        first, last = _beside(path, start, start + travel, other, size)
        if not forward:
            first, last = (_from_the_end(middle, other, size) for middle in (last, first))
        spans.append(((first, last), (other // 2, size - other + other // 2)))
    if direction in ("up", "down"):
        middles = [(across, along) for along, across in middles]
        spans = [(across, along) for along, across in spans]
    way = [(across - side // 2, down - side // 2) for across, down in middles]
    return Event(name, "moves", direction, speed, path), way, spans


def _from_the_end(middle: int, side: int, size: int) -> int:
    """The middle of a picture of this side, counted from the other end: edges meet edges."""
    return size - side % 2 - middle


def _beside(path: Path | None, start: int, end: int, side: int, size: int) -> tuple[int, int]:
    """From where to where the middle of another garment may lie, along the way."""
    low, high = side // 2, size - side + side // 2
    if path == "past":
        third = (end - start) // 3
        return max(low, start + third), min(high, end - third)
    if path == "towards":
        return min(end + _APART, high), high
    return low, max(start - _APART, low)


def _standing(
    chance: Chance, size: int, sides: Sequence[int]
) -> tuple[list[tuple[int, int]], list[Spans]]:
    """The one place of what appears or leaves, on one side of all others."""
    relation = chance.one_of(RELATIONS)
    line = chance.between(size * 2 // 5, size * 3 // 5)
    across, down = sides_of(relation, sides[0], line, size)
    place = tuple(chance.between(*span) - sides[0] // 2 for span in (across, down))
    spans = [sides_of(OPPOSITE[relation], side, line, size) for side in sides[1:]]
    return [(place[0], place[1])] * FRAMES, spans


def _places(
    chance: Chance, way: list[tuple[int, int]], event: Event
) -> tuple[tuple[int, int] | None, ...]:
    """Where it is in each frame; what appears or leaves is there in some of them."""
    if event.happens == "moves":
        return tuple(way)
    change = chance.between(2, FRAMES - 2)
    there = range(change, FRAMES) if event.happens == "appears" else range(change)
    return tuple(place if frame in there else None for frame, place in enumerate(way))
