"""Reads out of a caption what it says: objects, counts, where things lie, what happens.

Any text may come, also a network's unfinished or repeated one: what is not understood is
passed over, and a phrase belongs to the garments that are named next to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from convscope.data.scenes.facts import (
    Direction,
    Event,
    Facts,
    Happening,
    Path,
    Placing,
    Speed,
    all_facts,
    placing,
)
from convscope.data.scenes.lexicon import Kind, Sign, signs_of
from convscope.data.scenes.nouns import PICTURE
from convscope.data.scenes.relations import Relation

__all__ = ["read_facts"]

_OF_EVENTS: tuple[Kind, ...] = ("direction", "speed", "path")


def read_facts(text: str | Sequence[str]) -> Facts:
    """What a sentence says of a scene or a clip; of several sentences, what they say together.

    >>> read_facts("A bag is left of two sandals.").counts
    {'Bag': 1, 'Sandal': 2}
    """
    if not isinstance(text, str):
        return all_facts(read_facts(each) for each in text)
    signs = signs_of(text)
    counts: dict[str, int | None] = {}
    for sign in signs:
        if sign.kind == "garment" and counts.get(sign.value) is None:
            counts[sign.value] = sign.count
    return Facts(counts, frozenset(_relations(signs)), tuple(_events(signs)))


def _relations(signs: tuple[Sign, ...]) -> Iterator[Placing]:
    for place, sign in enumerate(signs):
        relation = cast(Relation, sign.value)
        named = _first(signs[place + 1 : place + 2], "garment")
        if sign.kind == "of" or (sign.kind == "either" and named):
            # "left of two bags there is a coat": what is spoken of may come after
            other = _last(signs[:place], "garment") or _first(signs[place + 2 :], "garment")
            if named and other and named.value != other.value:
                yield placing(other.value, relation, named.value)
        elif sign.kind in ("side", "either"):
            one = _last(signs[:place], "garment") or _first(signs[place + 1 :], "garment")
            if one:
                yield placing(one.value, relation, _the_other(signs, one.value))


def _the_other(signs: tuple[Sign, ...], name: str) -> str:
    """The one other class that is named; the picture where there is none, or several."""
    others = {sign.value for sign in signs if sign.kind == "garment"} - {name}
    return others.pop() if len(others) == 1 else PICTURE


def _events(signs: tuple[Sign, ...]) -> Iterator[Event]:
    """One for each verb, out of what stands between the verbs before and after it."""
    verbs = [place for place, sign in enumerate(signs) if sign.kind == "verb"]
    for before, place, after in zip([-1, *verbs], verbs, [*verbs[1:], len(signs)], strict=False):
        earlier, later = signs[before + 1 : place], signs[place + 1 : after]
        subject = _last(earlier, "garment") or _first(later, "garment")
        direction, speed, path = (
            _first(later, kind) or _last(earlier, kind) for kind in _OF_EVENTS
        )
        yield Event(
            what=subject.value if subject else None,
            happens=cast(Happening, signs[place].value),
            direction=cast(Direction, direction.value) if direction else None,
            speed=cast(Speed, speed.value) if speed else None,
            path=cast(Path, path.value) if path else None,
        )


def _first(signs: Sequence[Sign], kind: Kind) -> Sign | None:
    return next((sign for sign in signs if sign.kind == kind), None)


def _last(signs: Sequence[Sign], kind: Kind) -> Sign | None:
    return _first(signs[::-1], kind)
