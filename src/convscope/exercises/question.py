"""A question: its text, the form of its answer, the solution with its derivation.

Texts are plain; what stands between `backticks` is notation.  ``mistakes`` are answers
that are wrong in a way that has a name: they become the other options of a choice, and
tell a person what may have gone wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from convscope.architecture.counts import Count, number
from convscope.exercises.dice import Dice
from convscope.exercises.forms import LETTERS, Choice, Form, Numbers, Whole, squeezed
from convscope.exercises.reading import Unreadable

__all__ = [
    "Grid",
    "Mistake",
    "Question",
    "Step",
    "as_choice",
    "choice_of",
    "wrong_numbers",
    "wrong_wholes",
]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer, and how one comes to it."""

    answer: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a solution: ``label``, and a Count with its derivation or plain words."""

    label: str
    told: Count | str
    unit: str = ""

    def __str__(self) -> str:
        text = f"{self.told} {self.unit}".rstrip() if self.unit else str(self.told)
        if not self.label:
            return text
        return f"{self.label} = {text}" if isinstance(self.told, Count) else f"{self.label}: {text}"


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers that a question gives, in rows; ``name`` is a word (patch, kernel)."""

    name: str
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question.  ``about`` says what it asks: no two of a sheet are about the same.

    ``level`` is 1 to 3, and the points that it brings.
    """

    topic: str
    about: tuple[str, ...]
    text: str
    form: Form
    steps: tuple[Step, ...]
    level: int
    mistakes: tuple[Mistake, ...] = ()
    grids: tuple[Grid, ...] = ()
    number: int = 0

    @property
    def points(self) -> int:
        return self.level

    def numbered(self, number: int) -> Question:
        return replace(self, number=number)

    def remark(self, text: str) -> str:
        """What a wrong answer looks like, or nothing."""
        for mistake in self.mistakes:
            try:
                if self.form.same(text, mistake.answer):
                    return mistake.why
            except Unreadable:
                continue
        return ""

    def as_dict(self, *, solutions: bool) -> dict[str, object]:
        """Plain values for JSON; the answer and its derivation only where asked for."""
        record: dict[str, object] = {
            "number": self.number,
            "topic": self.topic,
            "text": self.text,
            "form": self.form.kind,
            "write": self.form.hint,
            "options": list(self.form.options) if isinstance(self.form, Choice) else [],
            "grids": [{"name": g.name, "rows": [list(row) for row in g.rows]} for g in self.grids],
            "points": self.points,
        }
        if solutions:
            record["answer"] = self.form.answer
            record["accepted"] = self.form.shown
            record["derivation"] = [str(step) for step in self.steps]
        return record


def wrong_wholes(right: Whole, found: Iterable[tuple[int | None, str]]) -> tuple[Mistake, ...]:
    """Those that are not right, each value once; None stands for what does not apply."""
    kept: dict[int, str] = {}
    for value, why in found:
        if value is not None and value not in right.accepted:
            kept.setdefault(value, why)
    return tuple(Mistake(number(value), why) for value, why in kept.items())


def wrong_numbers(
    right: Numbers, found: Iterable[tuple[Sequence[float] | None, str]]
) -> tuple[Mistake, ...]:
    """The same for one number or several; what rounds to a right answer is none either."""
    kept: dict[str, str] = {}
    for values, why in found:
        if values is None:
            continue
        text = right.written(tuple(values))
        if not right.right(text):
            kept.setdefault(text, why)
    return tuple(Mistake(text, why) for text, why in kept.items())


def as_choice(question: Question, dice: Dice) -> Question:
    """The same question with options: the right answer among typical mistakes.

    It stays open where fewer than two mistakes differ from each other.
    """
    if len(question.mistakes) < 2 or isinstance(question.form, Choice):
        return question
    others = dice.some_of(question.mistakes, 3)
    return choice_of(question, question.form.answer, others, dice)


def choice_of(question: Question, right: str, others: Sequence[Mistake], dice: Dice) -> Question:
    """A question with these options, in a drawn order; two that read alike become one."""
    texts = {squeezed(right): right}
    for mistake in others:
        texts.setdefault(squeezed(mistake.answer), mistake.answer)
    options = tuple(dice.shuffled(list(texts.values())))
    letters = dict(zip(options, LETTERS, strict=False))
    mistakes = tuple(
        Mistake(letters[each.answer], each.why) for each in others if each.answer in letters
    )
    form = Choice(options, options.index(right))
    return replace(question, form=form, mistakes=mistakes)
