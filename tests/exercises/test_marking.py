"""What is handed in, read and marked: forgiving about forms, and nothing is executed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.errors import ConvscopeError, DataError, UsageError
from convscope.exercises.handed_in import read_handed_in
from convscope.exercises.marking import check_exercises
from convscope.exercises.sheet import Sheet, make_exercises
from convscope.report.exercises_notebook import sheet_notebook
from convscope.report.exercises_text import SheetView
from convscope.report.view import shown_text

SHEET = make_exercises("article", seed=3, count=12)
RIGHT = {str(question.number): question.form.answer for question in SHEET.questions}
Change = Callable[[dict[str, Any]], object]


def saved(path: Path, answers: dict[str, Any], sheet: Sheet = SHEET, **more: Any) -> Path:
    """What the page saves."""
    record = {"schema": "convscope.answers/1", "sheet": sheet.identity.as_dict(), "name": "Ada"}
    path.write_text(json.dumps({**record, "answers": answers, **more}), encoding="utf-8")
    return path


def notebook(path: Path, cells: dict[int, str], sheet: Sheet = SHEET) -> Path:
    """The notebook with these sources in the place of the cells of some answers."""
    record = json.loads(sheet_notebook(sheet))
    for cell in record["cells"]:
        for number, source in cells.items():
            if cell["id"] == f"answer-{number}":
                cell["source"] = source
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers"


def test_all_right(path: Path) -> None:
    marked = check_exercises(saved(path, RIGHT))
    assert marked.points == SHEET.points
    assert marked.right == 12
    assert marked.name == "Ada"
    assert marked.sheet.identity == SHEET.identity
    assert {mark.outcome for mark in marked.marks} == {"right"}


def test_wrong_unreadable_and_unanswered(path: Path) -> None:
    by_topic = {question.topic: question for question in SHEET.questions}
    weights, pool = by_topic["parameters"], by_topic["pooling"]
    answers = {str(weights.number): "b", str(pool.number): "no idea", "1": "1, 2"}
    marked = check_exercises(saved(path, answers))
    assert marked.points == 0
    marks = {mark.question.number: mark for mark in marked.marks}
    assert marks[weights.number].outcome == "wrong"
    assert marks[weights.number].remark == weights.mistakes[0].why or weights.mistakes[1].why
    assert marks[1].outcome == "unreadable"
    assert marks[1].remark == "'1, 2' is not 4 numbers"
    assert {mark.outcome for mark in marked.marks[4:]} == {"unanswered"}


def test_a_mistake_is_named(path: Path) -> None:
    first = {str(q.number): q.mistakes[0].answer for q in SHEET.questions if q.mistakes}
    marked = check_exercises(saved(path, first))
    assert len(first) > 10
    for mark in marked.marks:
        if mark.question.mistakes:
            assert (mark.outcome, mark.remark) == ("wrong", mark.question.mistakes[0].why)


def test_a_filled_notebook(path: Path) -> None:
    cells = {
        number: f"answer_{number} = {question.form.answer!r}"
        for number, question in enumerate(SHEET.questions, start=1)
    }
    assert check_exercises(notebook(path, cells)).points == SHEET.points
    assert check_exercises(notebook(path, {})).points == 0


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("answer_1 = (28, 28, 16)", "28, 28, 16"),
        ("answer_1 = [28, 28, 16]", "28, 28, 16"),
        ("answer_1 = '28x28x16'  # a volume", "28x28x16"),
        ("answer_1 = 28x28x16", "28x28x16"),
        ("answer_1 = 28×28×16  # so", "28×28×16"),
        ("answer_1 = 313,600", "313,600"),
        ("answer_1 = 1,024", "1,024"),
        ("answer_1 = 48,000  # a pair to Python", "48,000"),
        ("answer_1 = 48, 7", "48, 7"),
        ("answer_1 = 313_600", "313600"),
        ("answer_1 = -0.5", "-0.5"),
        ("answer_1 = 3.14e5", "314000.0"),
        ("answer_1 = [[1, 2], [3, 4]]", "1, 2, 3, 4"),
        ("answer_1 = b", "b"),
        ("answer_1 = ...", ""),
        ("answer_1 = None", ""),
        ("x = 3\nanswer_1 = 5\nanswer_1 = 6", "6"),
        ("answer_1 = 16 * 25", "16 * 25"),
        ("answer_1 = (\n    5,\n    6,\n)", "5, 6"),
        ("%matplotlib inline\nanswer_1 = 7", "7"),
        ("answer_1 == 4", None),
        ("answers_1 = 4", None),
        ("def f():\n    answer_1 = 4", None),
    ],
)
def test_what_stands_in_a_cell(path: Path, source: str, text: str | None) -> None:
    assert read_handed_in(notebook(path, {1: source})).answers.get(1) == text


def test_nothing_is_executed(path: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    evil = f"answer_1 = open({str(trap)!r}, 'w')\nanswer_2 = __import__('os').getcwd()"
    marked = check_exercises(notebook(path, {1: evil}))
    assert not trap.exists()
    assert marked.marks[0].outcome == "unreadable"


def test_a_computation_is_not_worked_out(path: Path) -> None:
    number = next(q.number for q in SHEET.questions if q.form.kind == "whole")
    marked = check_exercises(notebook(path, {number: f"answer_{number} = 3 + 4"}))
    mark = marked.marks[number - 1]
    assert mark.outcome == "unreadable"
    assert "'3 + 4' is no number; write the result itself" in mark.remark


def test_a_filled_text(path: Path) -> None:
    text = shown_text(SheetView(SHEET), width=100).replace("name:", "name:  Grace  Hopper ")
    for question in SHEET.questions:
        line = f"answer {question.number}:"
        assert line in text
        text = text.replace(f"{line}\n", f"{line} {question.form.answer}\n")
    path.write_text(text, encoding="utf-8")
    marked = check_exercises(path)
    assert (marked.points, marked.name) == (SHEET.points, "Grace Hopper")


def test_a_sheet_about_the_example_is_marked_again(path: Path) -> None:
    sheet = make_exercises("example", seed=2, count=6)
    right = {str(question.number): question.form.answer for question in sheet.questions}
    marked = check_exercises(saved(path, right, sheet))
    assert marked.points == sheet.points


def test_answers_to_no_question_are_named(path: Path) -> None:
    marked = check_exercises(saved(path, {**RIGHT, "13": "5", "14": "", "99": "x"}))
    assert marked.note == "there is no question 13, 99: what stands there was left aside"
    assert marked.points == SHEET.points


def test_the_record(path: Path) -> None:
    record = json.loads(json.dumps(check_exercises(saved(path, RIGHT)).as_dict()))
    assert record["schema"] == "convscope.marks/1"
    assert (record["points"], record["of"]) == (SHEET.points, SHEET.points)
    assert [mark["outcome"] for mark in record["marks"]] == ["right"] * 12
    assert all(mark["derivation"] and mark["accepted"] for mark in record["marks"])


def changing(key: str, value: Any) -> Change:
    return lambda record: record["sheet"].update({key: value})


CHANGED = (
    "what says which sheet this is was changed, or the run that it asks about has changed since: "
    "make the sheet anew with the same seed, and copy the answers into it"
)
LOST = (
    "what says which sheet this is has been changed or lost: make the sheet anew with the same "
    "seed, and copy the answers into it"
)
NOT_AGAIN = (
    "a sheet about a run needs that run here, in the folder that CONVSCOPE_RUNS names; else the "
    "file was changed"
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changing("seed", 4), CHANGED),
        (changing("count", 11), CHANGED),
        (changing("id", "0" * 12), CHANGED),
        (changing("architecture", "input 8x8x1 -> fc 3"), CHANGED),
        (changing("run", "example"), CHANGED),
        (changing("seed", -1), LOST),
        (changing("seed", True), LOST),
        (changing("seed", "3"), LOST),
        (changing("count", 10**9), LOST),
        (changing("architecture", None), LOST),
        (lambda record: record.update(sheet=[]), LOST),
        (lambda record: record.pop("sheet"), LOST),
        (lambda record: record.update(sheet="{"), LOST),
        (
            changing("architecture", "input 8x8x1 -> konv"),
            "its questions cannot be made again (line 1, column 16: unknown layer 'konv'): "
            + NOT_AGAIN,
        ),
        (lambda record: record.update(answers=[1]), "it holds no answers: save the answers again"),
    ],
)
def test_what_was_changed_is_refused(path: Path, change: Change, message: str) -> None:
    record = json.loads(saved(path, RIGHT).read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(DataError) as error:
        check_exercises(path)
    assert str(error.value) == f"{path}: {message}"


def test_a_run_that_is_not_here(path: Path) -> None:
    record = json.loads(saved(path, RIGHT).read_text(encoding="utf-8"))
    record["sheet"]["run"] = "gone"
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be made again \(.*gone: there is no run\)"):
        check_exercises(path)


def test_questions_of_another_version(path: Path) -> None:
    record = json.loads(saved(path, RIGHT).read_text(encoding="utf-8"))
    record["sheet"]["generator"] = 2
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(UsageError) as error:
        check_exercises(path)
    assert str(error.value) == (
        f"{path}: its questions are of version 2, and this convscope makes those of version 1: "
        "check it with the convscope that made it"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this is no sheet of exercises"),
        (b"hello", "this is no sheet of exercises"),
        (b"{}", "this is no sheet of exercises"),
        (b'{"cells": [', "it cannot be read"),
        (b'{"cells": []}', "this notebook is no sheet of exercises, or has lost what says which"),
        (b"<!DOCTYPE html>", "this is the page itself, and a page keeps no answers"),
        (b'{"schema": "convscope.exercises/1"}', "this is a sheet, without answers"),
        (b"\xff\xfe\x00", "this is no text"),
        (b"{" * 100_000, "it cannot be read"),
        (b"[" * 100_000, "this is no sheet of exercises"),
    ],
)
def test_files_that_are_no_filled_sheet(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ConvscopeError) as error:
        check_exercises(path)
    assert str(error.value).startswith(f"{path}: {message}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it cannot be read"):
        check_exercises(tmp_path / "nothing")
    with pytest.raises(UsageError, match="it cannot be read"):
        check_exercises(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.text(max_size=60), st.booleans())
def test_no_answer_breaks_the_marking(path: Path, text: str, in_notebook: bool) -> None:
    number = 4
    if in_notebook:
        file = notebook(path, {number: f"answer_{number} = {text}"})
    else:
        file = saved(path, {str(number): text})
    marked = check_exercises(file)
    assert marked.marks[0].outcome == "unanswered"
    assert marked.marks[number - 1].outcome in ("right", "wrong", "unreadable", "unanswered")


def test_deep_nesting_and_long_cells(path: Path) -> None:
    deep = "answer_1 = " + "(" * 3000 + "1" + ")" * 3000
    assert check_exercises(notebook(path, {1: deep})).marks[0].outcome == "unreadable"
    long = "# " + "x" * 100_000 + "\nanswer_1 = 5"
    assert check_exercises(notebook(path, {1: long})).marks[0].outcome == "unanswered"
