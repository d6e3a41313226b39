"""What captions get right: objects, counts, relations, and in clips what moves and where.

Scores of words such as BLEU hardly tell "two bags" from "three bags"; facts do.  They are
read out of sentences about scenes (``convscope.data.scenes.reading``), the caption's on one
side and on the other those of all its references together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from convscope.data.scenes.facts import Facts
from convscope.data.scenes.reading import read_facts

__all__ = ["FACTS", "FactScores", "Share", "fact_scores"]

FACTS = ("objects", "counts", "relations", "happenings", "directions", "complete")
"""What is scored, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class Share:
    """``right`` of ``total``."""

    right: int
    total: int

    @property
    def value(self) -> float | None:
        """right / total; None where there was nothing to be right in."""
        return self.right / self.total if self.total else None

    def __add__(self, other: Share) -> Share:
        return Share(self.right + other.right, self.total + other.total)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {"value": self.value, "right": self.right, "of": self.total}


@dataclass(frozen=True, slots=True)
class FactScores:
    """How many of the facts in captions are true, over a set of images.

    - ``objects``: classes that are there and named, of as many as are there, or named where
      those are more: a class too many, one too few and a wrong one all count the same.
    - ``counts``: of the classes that are rightly named, those whose number is right.
    - ``relations``: of the images where a relation is known and the caption names exactly
      the classes that are there, those where it states a relation and all it states is true.
    - ``happenings``: of the clips in which something happens, those where the caption says
      what happens, and to what.
    - ``directions``: of the clips in which something moves, those where it says where to.
    - ``complete``: of all images, those whose captions are right in all of this.
    """

    objects: Share
    counts: Share
    relations: Share
    happenings: Share
    directions: Share
    complete: Share

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON; what there was none of is left out."""
        shares: dict[str, Share] = {name: getattr(self, name) for name in FACTS}
        return {name: share.as_dict() for name, share in shares.items() if share.total}


def fact_scores(captions: Sequence[str], references: Sequence[Sequence[str]]) -> FactScores | None:
    """Compares captions with what their references say; None where these name nothing known."""
    pairs = [
        (read_facts(caption), read_facts(own))
        for caption, own in zip(captions, references, strict=True)
    ]
    if not any(truth.counts for _, truth in pairs):
        return None
    parts = [_objects, _counts, _relations, _happenings, _directions, _complete]
    return FactScores(*(_total(part(said, truth) for said, truth in pairs) for part in parts))


def _total(shares: Iterable[Share]) -> Share:
    return sum(shares, Share(0, 0))


def _objects(said: Facts, truth: Facts) -> Share:
    right = len(said.objects & truth.objects)
    return Share(right, max(len(said.objects), len(truth.objects)))


def _counts(said: Facts, truth: Facts) -> Share:
    known = [name for name in said.objects & truth.objects if truth.counts[name] is not None]
    return Share(sum(said.counts[name] == truth.counts[name] for name in known), len(known))


def _relations(said: Facts, truth: Facts) -> Share:
    if not truth.relations or said.objects != truth.objects:
        return Share(0, 0)
    return Share(int(bool(said.relations) and said.relations <= truth.relations), 1)


def _happenings(said: Facts, truth: Facts) -> Share:
    if not truth.events:
        return Share(0, 0)
    known = {(event.what, event.happens) for event in truth.events}
    return Share(int(any((event.what, event.happens) in known for event in said.events)), 1)


def _directions(said: Facts, truth: Facts) -> Share:
    known = {event.direction for event in truth.events if event.direction is not None}
    if not known:
        return Share(0, 0)
    told = {event.direction for event in said.events if event.direction is not None}
    return Share(int(bool(told) and told <= known), 1)


def _complete(said: Facts, truth: Facts) -> Share:
    if not truth.counts:
        return Share(0, 0)
    parts = (_objects, _counts, _relations, _happenings, _directions)
    shares = [part(said, truth) for part in parts]
    return Share(int(all(share.right == share.total for share in shares)), 1)
