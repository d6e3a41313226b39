"""A sheet of exercises as text: to read in a terminal, or to fill in and hand in.

``convscope exercises check`` reads the filled text again: the lines ``name:``,
``answer 1:`` and ``sheet {…}`` are what it looks for.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from convscope.exercises.forms import Choice
from convscope.exercises.marking import Mark, Marked
from convscope.exercises.question import Grid, Question, Step
from convscope.exercises.sheet import Sheet
from convscope.report.lines import Line
from convscope.report.view import Say, View

__all__ = ["MarkedView", "SheetView", "counted", "grid_texts", "pieces", "sheet_words"]

_WIDEST = 100
_INDENT = "    "
_GREEN, _ORANGE = "#009E73", "#D55E00"


def counted(count: int, word: str) -> str:
    """1 point, 2 points"""
    return f"{count} {word}{'' if count == 1 else 's'}"


def sheet_words(sheet: Sheet) -> str:
    """12 questions, 23 points; seed 3, sheet 9a90b380a6dc"""
    identity = sheet.identity
    return (
        f"{counted(len(sheet.questions), 'question')}, {counted(sheet.points, 'point')}; "
        f"seed {identity.seed}, sheet {identity.id}"
    )


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text, and whether each stood between `backticks`."""
    for place, part in enumerate(text.split("`")):
        if part:
            yield part, place % 2 == 1


def grid_texts(grid: Grid) -> list[list[str]]:
    """The cells as text, whole numbers as such, with as many decimals as the grid needs."""
    whole = all(float(value).is_integer() for row in grid.rows for value in row)
    return [
        [(f"{value:.0f}" if whole else f"{value:.2f}").replace("-", "−") for value in row]
        for row in grid.rows
    ]


@dataclass(frozen=True)
class SheetView(View):
    """What ``rich.print`` shows of a Sheet; with ``solutions`` each with its derivation."""

    sheet: Sheet
    solutions: bool = False

    def lines(self, width: int, say: Say) -> list[Line]:
        return list(self._lines(min(width, _WIDEST), say))

    def _lines(self, width: int, say: Say) -> Iterator[Line]:
        sheet = self.sheet
        yield [(say(f"Exercises: {sheet.title}"), "bold")]
        yield [(say(sheet_words(sheet)), "dim")]
        yield []
        yield from _wrapped(say(str(sheet.architecture)), width, "", "", "  ")
        yield []
        yield [("name:", "dim")]
        for question in sheet.questions:
            yield []
            yield from _question(question, width, say)
            if self.solutions:
                yield from _solution(question, width, say)
        yield []
        hand_in = (
            "Write behind each “answer”, save the file, and mark it by "
            "convscope exercises check FILE. The next line says which sheet it is; leave it."
        )
        yield from _wrapped(say(hand_in), width, "", "dim")
        identity = json.dumps(sheet.identity.as_dict(), ensure_ascii=True)
        yield [(f"sheet {identity}", "dim")]


def _question(question: Question, width: int, say: Say) -> Iterator[Line]:
    points = f"{question.topic}, {counted(question.points, 'point')}"
    yield [(f"{question.number:>2}  ", "bold"), (say(points), "dim")]
    for line in question.text.split("\n"):
        yield from _wrapped(say(line.replace("`", "")), width, _INDENT)
    for grid in question.grids:
        yield [(f"{_INDENT}{grid.name}", "dim")]
        yield from _grid(grid, say)
    if isinstance(question.form, Choice):
        for letter, option in question.form.lettered:
            yield from _wrapped(say(f"{letter}  {option}"), width, _INDENT + "  ", "", "   ")
    yield [(say(f"{_INDENT}{question.form.hint}"), "dim")]
    yield [(f"answer {question.number}:", "bold")]


def _grid(grid: Grid, say: Say) -> Iterator[Line]:
    rows = [[say(cell) for cell in row] for row in grid_texts(grid)]
    longest = max(len(cell) for row in rows for cell in row)
    for row in rows:
        yield [(_INDENT + "  " + " ".join(f"{cell:>{longest}}" for cell in row), "")]


def _solution(question: Question, width: int, say: Say) -> Iterator[Line]:
    yield from _wrapped(say(f"right: {question.form.shown}"), width, _INDENT, _GREEN)
    yield from _derivation(question.steps, width, say)


def _derivation(steps: tuple[Step, ...], width: int, say: Say) -> Iterator[Line]:
    for step in steps:
        yield from _wrapped(say(str(step).replace("`", "")), width, _INDENT + "  ", "", "  ")


def _wrapped(
    text: str, width: int, indent: str, style: str = "", hanging: str = ""
) -> Iterator[Line]:
    """Lines behind an indent; what goes on hangs further, and no word is cut."""
    for line in textwrap.wrap(
        text,
        max(width, 24),
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]:
        yield [(line, style)]


@dataclass(frozen=True)
class MarkedView(View):
    """What ``rich.print`` shows of a Marked: every answer, and what is right instead."""

    marked: Marked

    def lines(self, width: int, say: Say) -> list[Line]:
        return list(self._lines(min(width, _WIDEST), say))

    def _lines(self, width: int, say: Say) -> Iterator[Line]:
        marked, sheet = self.marked, self.marked.sheet
        head = (
            f"{marked.points} of {counted(sheet.points, 'point')}: {marked.right} of "
            f"{counted(len(marked.marks), 'answer')} right"
        )
        yield [(head, "bold")]
        if marked.name:
            yield [(say(f"by {marked.name}"), "")]
        yield from _wrapped(say(str(sheet.architecture)), width, "", "dim", "  ")
        run = f" run {sheet.identity.run}," if sheet.identity.run else ""
        yield [(say(f"sheet {sheet.identity.id},{run} seed {sheet.identity.seed}"), "dim")]
        yield []
        for mark in marked.marks:
            yield from _mark(mark, width, say)
        if marked.note:
            yield []
            yield from _wrapped(say(marked.note), width, "", "dim")


def _mark(mark: Mark, width: int, say: Say) -> Iterator[Line]:
    question = mark.question
    style = _GREEN if mark.outcome == "right" else _ORANGE
    given = f"  {mark.given}" if mark.given else ""
    yield [
        (f"{question.number:>2}  ", "bold"),
        (f"{mark.outcome:<10}", style),
        (f"  {mark.points}/{question.points}", ""),
        (say(given), ""),
    ]
    if mark.outcome == "right":
        return
    if mark.remark:
        yield from _wrapped(say(mark.remark), width, _INDENT)
    yield from _solution(question, width, say)
