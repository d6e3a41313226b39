"""Words and phrases of captions, and what they mean: a text becomes a row of signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from convscope.data.scenes.nouns import class_of, number_of

__all__ = ["Sign", "signs_of"]

Kind = Literal[
    "number", "garment", "of", "side", "either", "verb", "direction", "speed", "path", "word"
]


@dataclass(frozen=True, slots=True)
class Sign:
    """One meaning in a text.

    ``of`` relates to what is named next (``left of``), ``side`` to nothing that is named
    (``on the left``), ``either`` may be both (``above``).
    """

    kind: Kind
    value: str = ""
    count: int | None = None


def _phrases() -> dict[tuple[str, ...], Sign]:
    found: dict[str, Sign] = {}
    for side in ("left", "right"):
        found |= dict.fromkeys(
            (f"{side} of", f"to the {side} of", f"on the {side} of", f"on the {side} side of"),
            Sign("of", side),
        )
        found |= dict.fromkeys(
            (f"on the {side}", f"on the {side} side", f"on the {side} side of the picture"),
            Sign("side", side),
        )
        found |= dict.fromkeys((side, f"to the {side}", f"{side}wards"), Sign("direction", side))
    for relation, end in (("above", "top"), ("below", "bottom")):
        found |= dict.fromkeys(
            (f"at the {end}", f"at the {end} of the picture"), Sign("side", relation)
        )
        found[relation] = Sign("either", relation)
    found |= {"over": Sign("of", "above")}
    found |= dict.fromkeys(("under", "beneath", "underneath"), Sign("of", "below"))
    found |= dict.fromkeys(("up", "upwards"), Sign("direction", "up"))
    found |= dict.fromkeys(("down", "downwards"), Sign("direction", "down"))
    found |= dict.fromkeys(
        ("moves", "move", "goes", "go", "slides", "travels"), Sign("verb", "moves")
    )
    found |= dict.fromkeys(("appears", "appear", "comes into view"), Sign("verb", "appears"))
    found |= dict.fromkeys(("leaves", "leave", "disappears", "vanishes"), Sign("verb", "leaves"))
    found |= dict.fromkeys(("slowly", "slow"), Sign("speed", "slowly"))
    found |= dict.fromkeys(("quickly", "quick", "fast"), Sign("speed", "quickly"))
    found |= dict.fromkeys(("toward", "towards"), Sign("path", "towards"))
    found |= {"past": Sign("path", "past"), "away from": Sign("path", "away from")}
    return {tuple(text.split()): sign for text, sign in found.items()}


_PHRASES = _phrases()
_LONGEST = max(map(len, _PHRASES))


def signs_of(text: str) -> tuple[Sign, ...]:
    """The signs of a text in their order, ``the`` left out; a number goes to its garment.

    The longest phrase is taken; between a number and its noun one other word may stand.
    """
    signs: list[Sign] = []
    for sign in _read(re.findall(r"[^\W_]+(?:-[^\W_]+)*", text.lower())):
        if sign.kind == "garment":
            before = [each.kind for each in signs[-2:]]
            at = {"number": -1, "word": -2}.get(before[-1] if before else "", 0)
            if at and len(signs) >= -at and signs[at].kind == "number":
                sign = Sign("garment", sign.value, signs[at].count)
                del signs[at:]
        signs.append(sign)
    return tuple(signs)


def _read(words: list[str]) -> Iterator[Sign]:
    place = 0
    while place < len(words):
        for length in range(min(_LONGEST, len(words) - place), 0, -1):
            sign = _meaning(tuple(words[place : place + length]))
            if sign is not None:
                break
        if sign is None:
            sign = Sign("word", words[place])
        if sign != Sign("word", "the"):
            yield sign
        place += length


def _meaning(words: tuple[str, ...]) -> Sign | None:
    """Of a phrase, a number or a noun; ``pair of`` and ``ankle`` belong to what follows."""
    if words in _PHRASES:
        return _PHRASES[words]
    noun = words
    if noun[:2] in (("pair", "of"), ("pairs", "of")):
        noun = noun[2:]
    elif noun[:1] == ("ankle",):
        noun = noun[1:]
    if len(noun) != 1:
        return None
    name, number = class_of(noun[0]), number_of(noun[0])
    if name is not None:
        return Sign("garment", name)
    return Sign("number", count=number) if number is not None and noun == words else None
