"""Captions of clips: what happens, to what, and where the others are, in five sentences."""

from __future__ import annotations

from convscope.data.annotated import Objects
from convscope.data.scenes.chance import Chance
from convscope.data.scenes.facts import Direction, Event
from convscope.data.scenes.nouns import phrase, verb
from convscope.data.scenes.sentences import (
    OF,
    SENTENCES,
    SIDE,
    relations_between,
    sentence,
)

__all__ = ["clip_captions"]

_DIRECTIONS: dict[Direction, tuple[str, ...]] = {
    "left": ("to the left", "left"),
    "right": ("to the right", "right"),
    "up": ("up", "upwards"),
    "down": ("down", "downwards"),
}
_VERBS = {
    "moves": ("moves", "goes", "slides"),
    "appears": ("appears", "comes into view"),
    "leaves": ("disappears", "vanishes"),
}
_MOVING_BY_OTHERS = (
    "{one} {happens} {speed} {direction} {path} {other}.",
    "{one} {happens} {direction} {path} {other}, {speed}.",
    "{path} {other} {one} {happens} {speed} {direction}.",
    "The clip shows {one} that {happens} {direction} {speed}, {path} {other}.",
    "There {is} {other}, and {one} {happens} {speed} {direction} {path} {them}.",
)
_MOVING_ALONE = (
    "{one} {happens} {speed} {direction}.",
    "{one} {happens} {direction}, {speed}.",
    "The clip shows {one} that {happens} {direction} {speed}.",
    "There is {one} that {happens} {speed} {direction}.",
    "{speed} {one} {happens} {direction}.",
)
_CHANGING = (
    "{one} {happens} {where}.",
    "{where} {one} {happens}.",
    "The clip shows how {one} {happens} {where}.",
    "There is {one} that {happens} {where}.",
    "Suddenly {one} {happens} {where}.",
)


def clip_captions(event: Event, objects: Objects, chance: Chance, size: int) -> tuple[str, ...]:
    """Five sentences; ``objects`` are the others, then the one that something happens to."""
    mover = int(objects.labels[-1])
    others = [int(label) for label in objects.labels[:-1]]
    forms = _CHANGING
    if event.happens == "moves":
        forms = _MOVING_BY_OTHERS if others else _MOVING_ALONE
    words = {"one": phrase(mover, 1), "speed": event.speed or "", "path": event.path or ""}
    if others:
        words["other"] = phrase(others[0], len(others))
        words |= {"is": verb(len(others)), "them": verb(len(others), "it", "them")}
    relation = relations_between(objects, mover, others[0] if others else None, size)[0]
    sentences = []
    for form in chance.mixed(forms)[:SENTENCES]:
        where = chance.one_of(OF[relation] if others else SIDE[relation])
        words["where"] = f"{where} {words['other']}" if others else where
        words["happens"] = chance.one_of(_VERBS[event.happens])
        if event.direction is not None:
            words["direction"] = chance.one_of(_DIRECTIONS[event.direction])
        sentences.append(sentence(form, **words))
    return tuple(sentences)
