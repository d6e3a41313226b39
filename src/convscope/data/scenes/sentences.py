"""Captions: what can be seen in a scene, said in several ways.

Every sentence states the classes, how many there are of each, and where they lie; what the
five sentences of a scene say together are its facts.  Garments that are difficult to see
are not counted.
"""

from __future__ import annotations

import numpy as np

from convscope.data.annotated import Objects
from convscope.data.scenes.chance import Chance
from convscope.data.scenes.nouns import definite, phrase, verb
from convscope.data.scenes.relations import OPPOSITE, Relation, gaps

__all__ = ["SENTENCES", "captions_of", "relations_between"]

SENTENCES = 5
"""For each scene, as Flickr8k and COCO have them."""

_CLEAR = 8
"""A second relation is stated where it is clear by an eighth of the picture."""

OF: dict[Relation, tuple[str, ...]] = {
    "left": ("left of", "to the left of"),
    "right": ("right of", "to the right of"),
    "above": ("above",),
    "below": ("below",),
}
SIDE: dict[Relation, tuple[str, ...]] = {
    "left": ("on the left", "on the left side of the picture"),
    "right": ("on the right", "on the right side of the picture"),
    "above": ("at the top", "at the top of the picture"),
    "below": ("at the bottom", "at the bottom of the picture"),
}
_SIDE_OF_TWO: dict[Relation, str] = {
    "left": "on the left", "right": "on the right", "above": "above", "below": "below",
}  # fmt: skip

_ABOUT_TWO = (
    "{one} {is} {of} {other}.",
    "There {is} {one} {of} {other}.",
    "The picture shows {one} {of} {other}.",
    "{one} can be seen {of} {other}.",
    "{of} {other} there {is} {one}.",
    "{one} and {other}, with {the_one} {side}.",
    "There are {one} and {other}, {the_one} {side}.",
)
_ABOUT_ONE = (
    "{one} {is} {side}.",
    "There {is} {one} {side}.",
    "The picture shows {one} {side}.",
    "{one} can be seen {side}.",
    "{side} there {is} {one}.",
)


def captions_of(objects: Objects, chance: Chance, size: int) -> tuple[str, ...]:
    """Five different sentences about a scene of size×size pixels."""
    clear = objects.labels[~objects.difficult]
    counts = {int(label): int((clear == label).sum()) for label in np.unique(clear)}
    if not counts:
        return ("There is nothing clear to see.",) * SENTENCES
    first, *rest = chance.mixed(list(counts))
    second = rest[0] if rest else None
    relations = relations_between(objects, first, second, size)
    forms = chance.mixed(_ABOUT_ONE if second is None else _ABOUT_TWO)[:SENTENCES]
    return tuple(
        # where a second relation is clear, two of the five state it
        _sentence(chance, form, (first, second), counts, relations[-1 if number % 2 else 0])
        for number, form in enumerate(forms)
    )


def relations_between(
    objects: Objects, first: int, second: int | None, size: int
) -> tuple[Relation, ...]:
    """How all of the first class lie of all of the second, or of the picture's middle.

    The clearest relation is the first; another one follows only if it is clear as well.
    """
    ones = _centres(objects, first)
    others = [(size, size)] if second is None else _centres(objects, second)
    found = gaps(ones, others)
    best, other = sorted(found, key=lambda relation: -found[relation])[:2]
    return (best, other) if found[other] * _CLEAR >= 2 * size else (best,)


def _centres(objects: Objects, label: int) -> list[tuple[int, int]]:
    boxes = objects.boxes[(objects.labels == label) & ~objects.difficult].astype(int).tolist()
    return [(left + right, top + bottom) for left, top, right, bottom in boxes]


def _sentence(
    chance: Chance,
    form: str,
    labels: tuple[int, int | None],
    counts: dict[int, int],
    relation: Relation,
) -> str:
    """The form filled; by chance it is told from the second class instead."""
    one, other = labels
    if other is None:
        words = {"side": chance.one_of(SIDE[relation])}
    else:
        if chance.happens(50):
            one, other, relation = other, one, OPPOSITE[relation]
        words = {
            "of": chance.one_of(OF[relation]),
            "other": phrase(other, counts[other]),
            "the_one": definite(one, counts[one]),
            "side": _SIDE_OF_TWO[relation],
        }
    return sentence(form, one=phrase(one, counts[one]), **{"is": verb(counts[one])}, **words)


def sentence(form: str, **words: str) -> str:
    """The form with its words put in, and a capital at the beginning."""
    text = form.format(**words)
    return text[0].upper() + text[1:]
