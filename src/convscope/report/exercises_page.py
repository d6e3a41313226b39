"""A sheet of exercises as one HTML file: to print, or to fill in and save the answers.

Without ``solutions`` no answer stands in it, in no form: marking is the command's
business.  The page asks no network; its one script counts and saves what was written.
"""

from __future__ import annotations

import json
from importlib.resources import files

from convscope.architecture.counts import Count
from convscope.exercises.forms import Choice
from convscope.exercises.handed_in import ANSWERS
from convscope.exercises.question import Grid, Question, Step
from convscope.exercises.sheet import Sheet
from convscope.report.document import Moving, Section, document
from convscope.report.exercises_text import counted, grid_texts, pieces, sheet_words
from convscope.report.html import Child, Html, fragment, raw, tag
from convscope.report.layer_section import arrows
from convscope.report.mathml import count_html, equation

__all__ = ["sheet_page"]


def sheet_page(sheet: Sheet, *, solutions: bool = False) -> str:
    """The whole file."""
    title = f"Exercises: {sheet.title}" + (" (solutions)" if solutions else "")
    sections = [
        Section(
            f"question-{question.number}",
            f"{question.number}",
            _question(question, solutions=solutions),
        )
        for question in sheet.questions
    ]
    foot = tag("p", f"Made by convscope; {sheet_words(sheet)}. This file needs no network.")
    if not solutions:
        sections.append(Section("hand-in", "Hand in", _hand_in()))
    moving = Moving(_file("exercises.js"), _file("exercises.css"), _data(sheet))
    return document(title, _head(sheet, solutions=solutions), sections, foot, moving=moving)


def _file(name: str) -> str:
    place = files("convscope.report").joinpath("files", name)
    return place.read_text(encoding="utf-8")


def _data(sheet: Sheet) -> Html:
    """What the saved answers say about their sheet; a ``<`` could end the element."""
    record = {"schema": ANSWERS, "sheet": sheet.identity.as_dict()}
    text = json.dumps(record, ensure_ascii=True).replace("<", "\\u003c")
    return tag("script", raw(text), type="application/json", id="sheet")


def _head(sheet: Sheet, *, solutions: bool) -> Html:
    run = sheet.identity.run
    told = f"About the run {run}, and its network:" if run else "About this network:"
    name = tag(
        "p",
        tag("label", "Name", for_="name"),
        tag("input", id="name", name="name", type="text", autocomplete="off", maxlength=120),
        class_="person",
    )
    return fragment(
        tag("p", sheet_words(sheet), class_="eyebrow"),
        tag("p", told, class_="told"),
        tag("p", tag("code", arrows(str(sheet.architecture))), class_="notation"),
        None if solutions else name,
    )


def _question(question: Question, *, solutions: bool) -> Html:
    points = f"{question.topic}, {counted(question.points, 'point')}"
    answer = _solution(question) if solutions else _answer(question)
    grids = [_grid(grid) for grid in question.grids]
    return fragment(
        tag("p", points, class_="eyebrow"),
        _text(question.text),
        tag("div", grids, class_="grids") if grids else None,
        answer,
    )


def _text(text: str) -> list[Html]:
    """Paragraphs; within one each line stands alone."""
    found = []
    for number, paragraph in enumerate(text.split("\n\n")):
        lines: list[Child] = []
        for line in paragraph.split("\n"):
            lines += [tag("br"), *_inline(line)] if lines else _inline(line)
        found.append(tag("p", lines, class_="steps" if number else "asked"))
    return found


def _inline(text: str) -> list[Child]:
    return [tag("code", arrows(part)) if is_code else part for part, is_code in pieces(text)]


def _grid(grid: Grid) -> Html:
    rows = [tag("tr", [tag("td", cell) for cell in row]) for row in grid_texts(grid)]
    return tag(
        "table",
        tag("caption", grid.name.replace("_", " ")),
        tag("tbody", rows),
        class_="grid",
    )


def _answer(question: Question) -> Html:
    number = question.number
    if isinstance(question.form, Choice):
        options = [
            tag(
                "label",
                tag("input", type="radio", name=f"answer-{number}", value=letter),
                tag("span", f"{letter}  ", tag("span", option), class_="option"),
            )
            for letter, option in question.form.lettered
        ]
        legend = tag("legend", f"answer {number}")
        return tag("fieldset", legend, options, class_="answer")
    field = tag(
        "input",
        id=f"answer-{number}",
        name=f"answer-{number}",
        type="text",
        autocomplete="off",
        spellcheck="false",
        maxlength=200,
        aria_describedby=f"hint-{number}",
    )
    hint = tag("small", question.form.hint, id=f"hint-{number}")
    return tag(
        "p", tag("label", f"answer {number}", for_=f"answer-{number}"), field, hint, class_="answer"
    )


def _solution(question: Question) -> Html:
    options: Child = None
    if isinstance(question.form, Choice):
        options = tag(
            "ol",
            [
                tag("li", tag("b", option) if place == question.form.place else option)
                for place, option in enumerate(question.form.options)
            ],
            class_="options",
        )
    steps = [tag("li", _step(step)) for step in question.steps]
    return fragment(
        options,
        tag("p", "right: ", tag("b", question.form.shown), class_="right-answer"),
        tag("ul", steps, class_="derivation"),
    )


def _step(step: Step) -> list[Child]:
    """A Count with its fraction set in type, and its label as the formula's left side."""
    if not isinstance(step.told, Count):
        return [*_inline(f"{step.label}: " if step.label else ""), *_inline(step.told)]
    layer, colon, symbol = step.label.rpartition(": ")
    if "_out" in symbol:
        made = equation(step.told.derivation, step.told.value, symbol)
        return [f"{layer}{colon}", made]
    return [f"{step.label} = " if step.label else None, count_html(step.told)]


def _hand_in() -> Html:
    told = (
        "The button saves your answers as a small file. Hand that in; "
        "“convscope exercises check FILE” marks it."
    )
    return fragment(
        tag("p", told),
        tag(
            "p",
            tag("button", "Save answers", type="button", id="save"),
            tag("span", id="count", role="status"),
            class_="save",
        ),
    )
