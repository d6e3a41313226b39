"""A sheet as text: every question whole at any width, and what marks look like."""

from __future__ import annotations

import pytest

from convscope.exercises.marking import Marked, mark
from convscope.exercises.question import Grid
from convscope.exercises.sheet import make_exercises
from convscope.report.exercises_text import MarkedView, SheetView, grid_texts, pieces
from convscope.report.view import shown_text

SHEET = make_exercises("article", seed=3, count=30)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_cut_at_any_width(width: int) -> None:
    text = shown_text(SheetView(SHEET), width=width)
    together = " ".join(text.split())
    for question in SHEET.questions:
        for line in question.text.replace("`", "").splitlines():
            assert " ".join(line.split()) in together
        assert f"\nanswer {question.number}:\n" in text
        for grid in question.grids:
            for row in grid_texts(grid):
                assert " ".join(row) in together
    assert max(map(len, text.splitlines()[:-1])) <= max(min(width, 100), 60)


def test_answers_stand_in_it_only_where_they_are_asked_for() -> None:
    assert "right:" not in shown_text(SheetView(SHEET))
    solved = shown_text(SheetView(SHEET, solutions=True))
    assert solved.count("\n    right: ") == 30


def test_signs_in_ascii() -> None:
    text = shown_text(SheetView(SHEET, solutions=True), encoding="ascii")
    assert text.isascii()
    assert "14x14x32" in text


def test_marks() -> None:
    answers = {1: "9, 9, 6, 8", 2: "0.016", 3: "c", 4: "many"}
    marks = tuple(mark(q, answers.get(q.number, "")) for q in SHEET.questions)
    text = shown_text(MarkedView(Marked(SHEET, "Ada", "here", marks, "a note")), width=80)
    head = [line.rstrip() for line in text.splitlines()]
    assert head[0] == "1 of 55 points: 1 of 30 answers right"
    assert head[1] == "by Ada"
    assert " 1  right       1/1  9, 9, 6, 8" in head
    place = head.index(" 2  wrong       0/1  0.016")
    assert head[place + 1 : place + 5] == [
        "    the sign is wrong",
        "    right: −0.016",
        "      x·Φ(x), Φ the normal distribution function",
        "      at −2.5: −0.0155",
    ]
    place = head.index(" 3  wrong       0/1  c")
    assert head[place + 1 : place + 4] == [
        "    these are weights and biases together",
        "    right: a: 12,800",
        "      32 kernels · (5·5·16) = 12,800",
    ]
    place = head.index(" 4  unreadable  0/1  many")
    assert head[place + 1] == (
        "    'many' is no number; write the result itself, such as 1250 or 0.75"
    )
    assert head[-1] == "a note"


def test_grids_have_as_many_decimals_as_they_need() -> None:
    assert grid_texts(Grid("a", ((1, -2), (3, 0)))) == [["1", "−2"], ["3", "0"]]
    assert grid_texts(Grid("a", ((1.0, -0.5),))) == [["1.00", "−0.50"]]


def test_pieces() -> None:
    assert list(pieces("a `b` c")) == [("a ", False), ("b", True), (" c", False)]
    assert list(pieces("`b`")) == [("b", True)]
