"""A sheet as a notebook: valid, with nothing given away, and cells that Python can run."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from convscope.exercises.sheet import make_exercises
from convscope.report.exercises_notebook import sheet_notebook

SHEET = make_exercises("article", seed=3, count=30)


def cells(*, solutions: bool = False) -> list[dict[str, Any]]:
    record: dict[str, Any] = json.loads(sheet_notebook(SHEET, solutions=solutions))
    found: list[dict[str, Any]] = record["cells"]
    return found


def test_it_is_valid() -> None:
    nbformat = pytest.importorskip("nbformat")
    for solutions in (False, True):
        nbformat.validate(nbformat.reads(sheet_notebook(SHEET, solutions=solutions), as_version=4))


def test_its_form() -> None:
    record = json.loads(sheet_notebook(SHEET))
    assert (record["nbformat"], record["nbformat_minor"]) == (4, 5)
    assert record["metadata"]["convscope"]["sheet"] == SHEET.identity.as_dict()
    keys = [cell["id"] for cell in record["cells"]]
    assert len(keys) == len(set(keys)) == 2 + 2 * 30
    for cell in record["cells"]:
        assert set(cell) >= {"cell_type", "id", "metadata", "source"}
        assert cell["cell_type"] in ("markdown", "code")


def test_each_question_has_a_cell_for_its_answer() -> None:
    for question in SHEET.questions:
        source = next(c["source"] for c in cells() if c["id"] == f"answer-{question.number}")
        names: dict[str, Any] = {}
        exec(compile(ast.parse("".join(source)), "cell", "exec"), names)
        assert names[f"answer_{question.number}"] is ...
        for grid in question.grids:
            assert names[grid.name] == [list(row) for row in grid.rows]


def test_answers_stand_in_it_only_where_they_are_asked_for() -> None:
    assert "Right:" not in json.dumps(cells())
    solved = [cell for cell in cells(solutions=True) if cell["id"].startswith("solution-")]
    assert len(solved) == 30
    assert "32 kernels · (5·5·16) = 12,800" in "".join(solved[2]["source"])
