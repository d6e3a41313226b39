"""``exercises`` makes sheets and marks them; the words between are the command's business."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from convscope.architecture.zoo import ZOO
from convscope.exercises.marking import check_exercises
from convscope.exercises.sheet import make_exercises
from convscope.report.exercises_notebook import sheet_notebook
from convscope.report.exercises_page import sheet_page
from convscope.report.exercises_text import SheetView
from convscope.report.view import shown_text
from tests.cli.conftest import Command

SHEET = make_exercises("article", seed=3)


def test_a_sheet_as_text(command: Command) -> None:
    outcome = command("exercises", "article", "--seed", "3")
    assert (outcome.code, outcome.err) == (0, "")
    found = [line.rstrip() for line in outcome.out.splitlines()]
    assert found == shown_text(SheetView(SHEET), width=100).splitlines()


@pytest.mark.parametrize(
    "words",
    [
        ("--seed", "3"),
        ("make", "--seed", "3"),
        ("--seed", "3", "article"),
        ("make", "article", "--seed", "3"),
        (str(ZOO["article"].example), "--seed=3"),
        (*str(ZOO["article"].example).replace("->", "→").split(), "--seed", "3"),
    ],
)
def test_the_same_in_other_words(command: Command, words: tuple[str, ...]) -> None:
    record = command("exercises", *words, "--json").json
    assert record["sheet"] == SHEET.identity.as_dict()


def test_no_network_of_the_zoo_is_called_like_a_command() -> None:
    assert {"make", "check"}.isdisjoint(ZOO)


def test_help(command: Command) -> None:
    for words in (("--help",), ("-h",), ("make", "--help"), ("check", "-h")):
        outcome = command("exercises", *words)
        assert outcome.code == 0
        assert "Usage: convscope exercises" in outcome.out
    assert " exercises " in command("--help").out


def test_solutions(command: Command) -> None:
    assert "right:" not in command("exercises").out
    assert "right:" in command("exercises", "--solutions").out
    record = command("exercises", "--seed", "3", "--solutions", "--json").json
    assert record == json.loads(json.dumps(SHEET.as_dict(solutions=True)))


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("a.html", (), sheet_page(SHEET)),
        ("a.ipynb", (), sheet_notebook(SHEET)),
        ("a.txt", (), shown_text(SheetView(SHEET), width=100)),
        ("a", ("--as", "html"), sheet_page(SHEET)),
        ("deep/er/a.ipynb", ("--solutions",), sheet_notebook(SHEET, solutions=True)),
    ],
)
def test_files(
    command: Command, tmp_path: Path, name: str, words: tuple[str, ...], expected: str
) -> None:
    path = tmp_path / name
    for _ in range(2):  # the same again harms nothing
        outcome = command("exercises", "--seed", "3", "--out", str(path), *words)
        assert (outcome.code, outcome.out.strip()) == (0, str(path))
    assert path.read_text(encoding="utf-8") == expected


def test_a_file_with_answers_is_not_overwritten(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("mine", encoding="utf-8")
    outcome = command("exercises", "--out", str(path))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"{path}: there is such a file already, and it may hold answers: name another file, or "
        "take that one away\n"
    )
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("code", "said"),
    [(errno.EROFS, "this folder cannot be written to"), (errno.ENOSPC, "the disk is full")],
)
def test_a_folder_that_refuses_is_one_sentence(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, said: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.fsync", fail)
    outcome = command("exercises", "--out", str(tmp_path / "a.html"))
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"{tmp_path / 'a.html'}: {said}: ")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    outcome = command("exercises", "--out", str(tmp_path / "file" / "a.html"))
    assert (outcome.code, outcome.out) == (1, "")
    assert "give another --out" in outcome.err


def test_an_ending_that_is_none_is_refused_before_questions_are_made(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*_: object, **__: object) -> None:
        raise AssertionError("it has begun to ask")

    monkeypatch.setattr("convscope.exercises.sheet.make_exercises", make)
    outcome = command("exercises", "--out", "a.pdf")
    assert (outcome.code, outcome.out) == (2, "")
    assert "a sheet is no .pdf file" in outcome.err


def test_other_forms_on_stdout(command: Command) -> None:
    for form, expected in (("html", sheet_page(SHEET)), ("ipynb", sheet_notebook(SHEET))):
        assert command("exercises", "--seed", "3", "--as", form).out == expected


def test_check(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = shown_text(SheetView(SHEET), width=100)
    question = SHEET.questions[0]
    path.write_text(
        text.replace("answer 1:\n", f"answer 1: {question.form.answer}\n"), encoding="utf-8"
    )
    outcome = command("exercises", "check", str(path))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"1 of {SHEET.points} points: 1 of 10 answers right\n")
    record = command("exercises", "check", str(path), "--json").json
    assert record == json.loads(json.dumps(check_exercises(path).as_dict()))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("check",), "Missing argument 'FILE'"),
        (("check", "nothing.txt"), "nothing.txt: it cannot be read (No such file or directory)"),
        (("chek",), "'chek' is no name of the zoo"),
        (("--count", "0"), "Invalid value for '--count'"),
        (("--seed", "x"), "Invalid value for '--seed'"),
        (("--out", "a.pdf"), "a.pdf: a sheet is no .pdf file: name it .html, .ipynb or .txt"),
        (("lenet6",), "'lenet6' is no name of the zoo, no notation and no file, and no run either"),
        (("input auto -> fc 3",), '"input auto" is filled in from the data'),
    ],
)
def test_errors(command: Command, words: tuple[str, ...], message: str) -> None:
    outcome = command("exercises", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_a_damaged_file_fails(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = shown_text(SheetView(SHEET), width=100).replace('"seed": 3', '"seed": 4')
    path.write_text(text, encoding="utf-8")
    outcome = command("exercises", "check", str(path))
    assert (outcome.code, outcome.out) == (1, "")
    assert "what says which sheet this is was changed" in outcome.err


def test_a_run_has_questions_of_its_own(command: Command) -> None:
    record = command("exercises", "example", "--count", "6", "--json").json
    assert record["title"] == record["sheet"]["run"] == "example"
    assert "this run" in {question["topic"] for question in record["questions"]}
