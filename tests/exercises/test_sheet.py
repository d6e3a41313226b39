"""A sheet is the same wherever it is drawn again, and another for another seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convscope.architecture import Architecture
from convscope.architecture.zoo import ZOO
from convscope.errors import UsageError
from convscope.exercises.sheet import GENERATOR, MOST, make_exercises
from convscope.report.exercises_text import SheetView
from convscope.report.view import shown_text

GOLDEN = Path(__file__).parents[1] / "golden" / "exercises-article-3.txt"


def test_the_same_seed_gives_the_same_sheet() -> None:
    one, other = (make_exercises("article", seed=3, count=20) for _ in range(2))
    assert one == other
    assert make_exercises(ZOO["article"].example, seed=3, count=20).questions == one.questions
    line = str(ZOO["article"].example)
    assert make_exercises(line, seed=3, count=20).identity == one.identity


def test_other_seeds_networks_and_counts_give_other_sheets() -> None:
    sheets = [make_exercises("article", seed=seed) for seed in range(12)]
    sheets += [make_exercises("lenet5", seed=0), make_exercises("article", seed=0, count=9)]
    assert len({sheet.identity.id for sheet in sheets}) == len(sheets)
    texts = [tuple(question.text for question in sheet.questions) for sheet in sheets]
    assert len(set(texts)) == len(sheets)


def test_two_students_share_few_questions() -> None:
    asked = [
        {(q.text, q.grids) for q in make_exercises("article", seed=seed).questions}
        for seed in range(8)
    ]
    shared = [len(one & other) for one in asked for other in asked if one is not other]
    assert max(shared) <= 5
    assert sum(shared) / len(shared) < 2.5


def test_the_golden_sheet() -> None:
    """If this fails, an old sheet is no longer what it was: raise GENERATOR, and write it anew."""
    sheet = make_exercises("article", seed=3, count=30)
    text = shown_text(SheetView(sheet, solutions=True), width=100)
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert GENERATOR == 1


def test_hash_seeds_of_python_have_no_say() -> None:
    program = (
        "from convscope.exercises.sheet import make_exercises as m;"
        "print(m('resnet20', seed=7, count=25).identity.id)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    ).stdout
    assert found.decode().strip() == make_exercises("resnet20", seed=7, count=25).identity.id


def test_the_digest_holds_no_answers() -> None:
    """Questions that differ in their answer alone have one digest: nothing can be tried out."""
    from dataclasses import replace

    from convscope.exercises.forms import whole
    from convscope.exercises.sheet import _digest

    questions = make_exercises("article", seed=3).questions
    open_ones = [question for question in questions if question.form.kind == "whole"]
    other = [replace(question, form=whole(1, question.form.unit)) for question in open_ones]  # type: ignore[union-attr]
    assert open_ones != other
    assert _digest((1,), 3, open_ones) == _digest((1,), 3, other)


def test_the_record() -> None:
    sheet = make_exercises("article", seed=3)
    record = json.loads(json.dumps(sheet.as_dict()))
    assert record["schema"] == "convscope.exercises/1"
    assert record["sheet"]["architecture"] == str(ZOO["article"].example)
    assert record["points"] == sum(question["points"] for question in record["questions"])
    assert "answer" not in record["questions"][0]
    solved = sheet.as_dict(solutions=True)
    assert all(question["derivation"] for question in solved["questions"])  # type: ignore[union-attr, index]


def test_a_run_is_asked_about_its_own_weights() -> None:
    sheet = make_exercises("example", seed=1, count=8)
    assert sheet.identity.run == "example"
    mine = [question for question in sheet.questions if question.topic == "this run"]
    assert len(mine) == 2
    kernel = next(question for question in mine if question.grids)
    assert {len(grid.rows) for grid in kernel.grids} == {5}
    told = next(step for step in kernel.steps if step.label == "with all digits")
    real = float(str(told.told).rsplit(" ", 1)[1].replace("−", "-"))
    assert kernel.form.right(f"{real:.6f}") or abs(kernel.form.values[0] - real) < 0.3  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"count": 0}, "count: it must be a whole number from 1 on"),
        ({"count": 2.5}, "count: it must be a whole number from 1 on"),
        ({"seed": -1}, "seed: it must be a whole number from 0 on"),
        ({"seed": True}, "seed: it must be a whole number from 0 on"),
        (
            {"count": MOST + 1},
            "count: a sheet has at most 100 questions, and these are 101: make several sheets, "
            "each with a seed of its own",
        ),
    ],
)
def test_what_cannot_be_asked_for(keys: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError) as error:
        make_exercises("article", **keys)
    assert str(error.value) == message


def test_a_source_that_is_none() -> None:
    with pytest.raises(UsageError, match=r"^'artikle' is no name .*, and no run either: did you"):
        make_exercises("artikle")
    with pytest.raises(UsageError, match='"input auto" is filled in from the data'):
        make_exercises("input auto -> fc 3")
    with pytest.raises(UsageError, match="unknown layer 'konv'"):
        make_exercises("input 8x8x1 -> konv 3")


def test_the_largest_sheet() -> None:
    assert len(make_exercises("article", seed=1, count=MOST).questions) == MOST


def test_no_torch_where_no_weights_are_needed() -> None:
    program = """
import sys
from convscope.exercises.sheet import make_exercises
from convscope.exercises.marking import mark
sheet = make_exercises("article", seed=3, count=30)
assert all(mark(q, q.form.answer).points for q in sheet.questions)
print(sorted({"torch", "numpy", "PIL", "matplotlib"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


def test_a_file_with_a_notation(tmp_path: Path) -> None:
    path = tmp_path / "network.txt"
    path.write_text("input 8x8x3\nconv 4 3x3\nfc 2\n", encoding="utf-8")
    sheet = make_exercises(path, seed=2, count=5)
    assert sheet.architecture == Architecture.parse("input 8x8x3 -> conv 4 3x3 -> fc 2")
