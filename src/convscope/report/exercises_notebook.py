"""A sheet of exercises as a notebook: a cell for each question and one for its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from convscope.exercises.forms import Choice, Numbers
from convscope.exercises.question import Question
from convscope.exercises.sheet import Sheet
from convscope.report.exercises_text import counted, grid_texts, sheet_words

__all__ = ["sheet_notebook"]

_EXAMPLES = {"volume": "(8, 8, 3)", "sides": "(8, 8)"}


def sheet_notebook(sheet: Sheet, *, solutions: bool = False) -> str:
    """The text of an .ipynb file, in notebook format 4.5."""
    notebook = {
        "cells": list(_cells(sheet, solutions=solutions)),
        "metadata": {
            "convscope": {"sheet": sheet.identity.as_dict()},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cells(sheet: Sheet, *, solutions: bool) -> Iterator[dict[str, Any]]:
    head = [
        f"# Exercises: {_plain(sheet.title)}",
        sheet_words(sheet) + ".",
        f"```text\n{sheet.architecture}\n```",
        "Write each answer in the place of `...`, as a number or in quotes; save the notebook, and "
        "mark it by `convscope exercises check FILE.ipynb`. Only what stands behind `answer_1 =` "
        "is read, and nothing is run: put in the result itself, not its computation.",
    ]
    yield _text("head", "\n\n".join(head))
    yield _code("name", 'name = ""')
    for question in sheet.questions:
        yield _text(f"question-{question.number}", _question(question))
        yield _code(f"answer-{question.number}", _answer(question))
        if solutions:
            yield _text(f"solution-{question.number}", _solution(question))


def _text(key: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": key, "metadata": {}, "source": _lines(source)}


def _code(key: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": key,
        "metadata": {},
        "outputs": [],
        "source": _lines(source),
    }


def _lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)


def _question(question: Question) -> str:
    head = f"**{question.number}.** *{question.topic}, {counted(question.points, 'point')}*"
    # Two spaces break a line; an empty line begins a paragraph.
    text = question.text.replace("\n\n", "\0").replace("\n", "  \n").replace("\0", "\n\n")
    parts = [head, text]
    for grid in question.grids:
        rows = grid_texts(grid)
        blank = "|" + " |" * len(rows[0])
        rule = "|" + "---:|" * len(rows[0])
        table = [blank, rule, *(f"| {' | '.join(row)} |" for row in rows)]
        parts += [f"{grid.name.replace('_', ' ')}:", "\n".join(table)]
    if isinstance(question.form, Choice):
        options = [f"- {letter}) {_plain(option)}" for letter, option in question.form.lettered]
        parts.append("\n".join(options))
    return "\n\n".join(parts)


def _answer(question: Question) -> str:
    """The grids as lists to compute with, and the place of the answer."""
    lists = [
        f"{grid.name} = {json.dumps([[_number(value) for value in row] for row in grid.rows])}"
        for grid in question.grids
    ]
    hint = question.form.hint
    if isinstance(question.form, Choice):
        hint += ', in quotes: "a"'
    elif isinstance(question.form, Numbers) and question.form.kind in _EXAMPLES:
        hint += f", as in {_EXAMPLES[question.form.kind]}"
    return "\n".join([*lists, f"answer_{question.number} = ...  # {hint}"])


def _solution(question: Question) -> str:
    steps = "\n".join(f"- {_plain(str(step))}" for step in question.steps)
    return f"**Right: {_plain(question.form.shown)}**\n\n{steps}"


def _number(value: float) -> float:
    return int(value) if float(value).is_integer() else value


def _plain(text: str) -> str:
    """Text whose signs markdown would take for its own."""
    for sign in "\\*_[]<>#$|":
        text = text.replace(sign, f"\\{sign}")
    return text
