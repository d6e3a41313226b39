"""Marks: each answer against our own arithmetic, with the derivation for wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convscope.architecture.architecture import Architecture
from convscope.errors import ConvscopeError, DataError, UsageError
from convscope.exercises.handed_in import HandedIn, read_handed_in
from convscope.exercises.question import Question
from convscope.exercises.reading import Unreadable, is_blank
from convscope.exercises.sheet import GENERATOR, Identity, Sheet, make_exercises
from convscope.exercises.sources import Source, found_run

__all__ = ["Mark", "Marked", "check_exercises", "mark"]

SCHEMA = "convscope.marks/1"

Outcome = Literal["right", "wrong", "unreadable", "unanswered"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer: ``remark`` says what it looks like, or why it cannot be read."""

    question: Question
    given: str
    outcome: Outcome
    remark: str = ""

    @property
    def points(self) -> int:
        return self.question.points if self.outcome == "right" else 0

    def as_dict(self) -> dict[str, object]:
        question = self.question
        return {
            "number": question.number,
            "topic": question.topic,
            "given": self.given,
            "outcome": self.outcome,
            "remark": self.remark,
            "points": self.points,
            "of": question.points,
            "accepted": question.form.shown,
            "derivation": [str(step) for step in question.steps],
        }


@dataclass(frozen=True, slots=True)
class Marked:
    """A sheet with its marks.  ``note`` says what else stood in the file."""

    sheet: Sheet
    name: str
    place: str
    marks: tuple[Mark, ...]
    note: str = ""

    def __repr__(self) -> str:
        return f"<Marked {self.sheet.identity.id}: {self.points} of {self.sheet.points} points>"

    @property
    def points(self) -> int:
        return sum(each.points for each in self.marks)

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(each.outcome == "right" for each in self.marks)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; docs/json.md describes them."""
        return {
            "schema": SCHEMA,
            "file": self.place,
            "name": self.name,
            "sheet": self.sheet.identity.as_dict(),
            "points": self.points,
            "of": self.sheet.points,
            "right": self.right,
            "marks": [each.as_dict() for each in self.marks],
            "note": self.note,
        }


def check_exercises(path: str | Path) -> Marked:
    """Marks a filled sheet: the notebook, the text, or what the page saved.

    The questions are made again from the sheet's identity, and nothing in the file is
    executed.  Raises UsageError for a file that is no filled sheet, or one of another
    version, DataError for one that was damaged or changed.
    """
    handed_in = read_handed_in(path)
    sheet = _made_again(handed_in.identity, str(path))
    marks = tuple(
        mark(question, handed_in.answers.get(question.number, "")) for question in sheet.questions
    )
    return Marked(sheet, handed_in.name, str(path), marks, _note(handed_in, sheet))


def mark(question: Question, given: str) -> Mark:
    """One answer."""
    shown = " ".join(given.split())
    if is_blank(given):
        return Mark(question, "", "unanswered")
    try:
        if question.form.right(given):
            return Mark(question, shown, "right")
    except Unreadable as problem:
        return Mark(question, shown[:80], "unreadable", str(problem))
    return Mark(question, shown, "wrong", question.remark(given))


def _made_again(identity: Identity, place: str) -> Sheet:
    """The sheet that the file names, which must come out as it was."""
    if identity.generator != GENERATOR:
        raise UsageError(
            f"its questions are of version {identity.generator}, and this convscope makes those "
            f"of version {GENERATOR}",
            place=place,
            remedy="check it with the convscope that made it",
        )
    try:
        source = _source(identity)
        sheet = make_exercises(source, seed=identity.seed, count=identity.count)
    except ConvscopeError as error:
        raise DataError(
            f"its questions cannot be made again ({_first_line(error)})",
            place=place,
            remedy="a sheet about a run needs that run here, in the folder that CONVSCOPE_RUNS "
            "names; else the file was changed",
        ) from None
    if sheet.identity != identity:
        raise DataError(
            "what says which sheet this is was changed, or the run that it asks about has changed "
            "since",
            place=place,
            remedy="make the sheet anew with the same seed, and copy the answers into it",
        )
    return sheet


def _source(identity: Identity) -> Source:
    if identity.run:
        return found_run(identity.run)
    return Source("a network", Architecture.parse(identity.architecture))


def _first_line(error: ConvscopeError) -> str:
    return f"{error.place}: {error.problem}" if error.place else error.problem


def _note(handed_in: HandedIn, sheet: Sheet) -> str:
    known = {question.number for question in sheet.questions}
    strange = _strange(handed_in.answers, known)
    return f"there is no question {strange}: what stands there was left aside" if strange else ""


def _strange(answers: Mapping[int, str], known: set[int]) -> str:
    return ", ".join(
        str(number)
        for number, given in sorted(answers.items())
        if number not in known and not is_blank(given)
    )
