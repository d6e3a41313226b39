"""A sheet of questions: drawn by a seed, and the same wherever it is drawn again.

Its identity (the network, the seed, how many) is all that a filled sheet carries; who
marks it makes the same questions from that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.errors import UsageError
from convscope.exercises.dice import Dice
from convscope.exercises.forms import Choice
from convscope.exercises.ground import Ground
from convscope.exercises.kinds import Kind, kinds_for
from convscope.exercises.question import Question, as_choice
from convscope.exercises.sources import found
from convscope.exercises.trained import TOPIC as THIS_RUN

__all__ = ["GENERATOR", "MOST", "Identity", "Sheet", "make_exercises"]

SCHEMA = "convscope.exercises/1"

GENERATOR = 1
"""Raised whenever a seed gives other questions than before: an old sheet is then refused
with a reason, not marked by answers to questions that it never asked."""

MOST = 100
"""Questions of one sheet."""

_LEVELS = (1, 2, 1, 2, 3)
_TRIES = 6


@dataclass(frozen=True, slots=True)
class Identity:
    """What a sheet is made from.  ``id`` is a digest of that and of the questions' texts."""

    architecture: str
    run: str
    seed: int
    count: int
    generator: int
    id: str

    def as_dict(self) -> dict[str, object]:
        return {
            "architecture": self.architecture,
            "run": self.run,
            "seed": self.seed,
            "count": self.count,
            "generator": self.generator,
            "id": self.id,
        }


@dataclass(frozen=True, slots=True)
class Sheet:
    """Questions, the easier ones first, numbered from 1."""

    title: str
    identity: Identity
    architecture: Architecture
    questions: tuple[Question, ...]

    def __repr__(self) -> str:
        return f"<Sheet {self.identity.id}: {len(self.questions)} questions, {self.points} points>"

    @property
    def points(self) -> int:
        """All that can be had."""
        return sum(question.points for question in self.questions)

    def as_dict(self, *, solutions: bool = False) -> dict[str, object]:
        """Plain values for JSON; docs/json.md describes them."""
        return {
            "schema": SCHEMA,
            "title": self.title,
            "sheet": self.identity.as_dict(),
            "points": self.points,
            "questions": [question.as_dict(solutions=solutions) for question in self.questions],
        }


def make_exercises(source: Any = "article", *, seed: int = 0, count: int = 10) -> Sheet:
    """A sheet of ``count`` questions about a network, drawn by ``seed``.

    ``source`` is an Architecture, a Run, or a text: a name of the zoo, a notation, a file
    that holds one, or a run's name, whose weights are then asked about too.  The same
    source, seed and count give the same sheet on every machine.

    >>> make_exercises("article", seed=3).questions[0].number
    1
    """
    for name, value, least in (("seed", seed, 0), ("count", count, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"it must be a whole number from {least} on", place=name)
    if count > MOST:
        raise UsageError(
            f"a sheet has at most {MOST} questions, and these are {count:,}",
            place="count",
            remedy="make several sheets, each with a seed of its own",
        )
    made_from = found(source)
    ground = Ground(made_from.architecture)
    notation = str(made_from.architecture)
    key = (GENERATOR, notation, made_from.run, seed)
    drawn = list(_drawn(ground, kinds_for(made_from.inside), count, key))
    if len(drawn) < count:
        raise UsageError(
            f"only {len(drawn)} different questions were found about this network",
            remedy=f"ask for {len(drawn)} at most",
        )
    drawn.sort(key=lambda question: question.level)
    questions = tuple(question.numbered(place) for place, question in enumerate(drawn, start=1))
    digest = _digest(key, count, questions)
    identity = Identity(notation, made_from.run, seed, count, GENERATOR, digest)
    return Sheet(made_from.title, identity, made_from.architecture, questions)


def _digest(key: Sequence[str | int], count: int, questions: Sequence[Question]) -> str:
    """Of the questions, not of their answers: nobody reads an answer out of it."""
    asked = [
        (
            question.text,
            [grid.rows for grid in question.grids],
            question.form.options if isinstance(question.form, Choice) else question.form.hint,
        )
        for question in questions
    ]
    text = json.dumps([*key, count, asked], ensure_ascii=True, separators=(",", ":"))
    return sha256(text.encode("ascii")).hexdigest()[:12]


def _drawn(
    ground: Ground, kinds: list[Kind], count: int, key: tuple[str | int, ...]
) -> Iterator[Question]:
    """Level by level; of a level the kind whose topic has come least often."""
    dice = Dice(*key)
    order = dice.shuffled(kinds)
    # A sheet about a run asks about that run first.
    topics: Counter[str] = Counter({THIS_RUN: -1})
    uses: Counter[str] = Counter()
    asked: set[tuple[str, ...]] = set()
    for place in range(count):
        level = _LEVELS[place % len(_LEVELS)]
        # Sorting is stable: among equals the drawn order holds.
        order.sort(key=lambda kind: (kind.level != level, topics[kind.topic], uses[kind.name]))
        for kind in list(order):
            question = _new(ground, kind, (*key, kind.name, uses[kind.name]), asked)
            if question is None:
                order.remove(kind)  # it has nothing new to ask about this network
                continue
            topics[kind.topic] += 1
            uses[kind.name] += 1
            asked.add(question.about)
            yield as_choice(question, dice) if not dice.below(4) else question
            break


def _new(
    ground: Ground, kind: Kind, key: tuple[str | int, ...], asked: set[tuple[str, ...]]
) -> Question | None:
    """A question of this kind that has not been asked yet."""
    for attempt in range(_TRIES):
        question = kind.make(ground, Dice(*key, attempt))
        if question is not None and question.about not in asked:
            return question
    return None
