"""A table that is filled, cut off, and filled further."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from convscope.errors import RunError, UsageError
from convscope.experiments.table import Cell, Table, fill, read_table

CELLS: list[Cell] = [{"kind": kind, "seed": seed} for seed in range(3) for kind in ("a", "b")]


class Counting:
    """Measures, and knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Cell] = []

    def __call__(self, cell: Cell) -> Mapping[str, Any]:
        self.asked.append(cell)
        seed = int(str(cell["seed"]))
        return {"value": 10.0 * seed + (cell["kind"] == "b")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "table.jsonl"


def filled(path: Path) -> Table:
    list(fill(path, "test", CELLS, Counting()))
    return read_table(path)


def test_every_cell_is_measured_once_in_order(path: Path) -> None:
    measure = Counting()
    found = list(fill(path, "test", CELLS, measure))
    assert measure.asked == CELLS
    assert [(step.done, step.cells, step.fresh) for step in found] == [
        (place, 6, True) for place in range(1, 7)
    ]
    assert [dict(row.cell) for row in read_table(path).rows] == CELLS


def test_what_was_measured_is_on_the_disk_at_once_and_not_measured_again(path: Path) -> None:
    first = Counting()
    steps = fill(path, "test", CELLS, first)
    for _ in range(2):
        next(steps)
    assert len(read_table(path).rows) == 2
    steps.close()  # type: ignore[attr-defined]
    again = Counting()
    assert [step.fresh for step in fill(path, "test", CELLS, again)] == [False] * 2 + [True] * 4
    assert [*first.asked, *again.asked] == CELLS


def test_a_torn_line_is_dropped_and_measured_again(path: Path) -> None:
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-15])
    measure = Counting()
    list(fill(path, "test", CELLS, measure))
    assert measure.asked == CELLS[-1:]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 7


def test_a_measurement_that_fails_leaves_the_rows_before_it(path: Path) -> None:
    def measure(cell: Cell) -> Mapping[str, Any]:
        if cell["seed"] == 1:
            raise ZeroDivisionError
        return {"value": 1}

    with pytest.raises(ZeroDivisionError):
        list(fill(path, "test", CELLS, measure))
    assert len(read_table(path).rows) == 2


def test_means_and_paired_differences(path: Path) -> None:
    table = filled(path)
    assert table.mean("value", kind="a").mean == pytest.approx(10)
    difference = table.difference("value", {"kind": "b"}, {"kind": "a"})
    assert (difference.mean, difference.deviation, difference.count) == (1.0, 0.0, 3)
    assert table.where(kind="b", seed=2).values("value") == [21.0]
    with pytest.raises(UsageError, match="share no seed"):
        table.difference("value", {"kind": "c"}, {"kind": "a"})


def test_a_table_of_something_else_is_left_alone(path: Path) -> None:
    filled(path)
    before = path.read_bytes()
    with pytest.raises(RunError, match="it holds test under"):
        list(fill(path, "other", CELLS, Counting()))
    with pytest.raises(RunError, match="it holds test under"):
        list(fill(path, "test", CELLS, Counting(), conditions={"threads": 2}))
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]\n", '{"schema": "other/1"}\n', "{broken\n"])
def test_files_that_are_no_tables(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match="no table of an experiment"):
        read_table(path)


def test_the_same_cell_twice_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="two cells of test are the same"):
        list(fill(path, "test", [CELLS[0], CELLS[0]], Counting()))


def test_the_record_is_json(path: Path) -> None:
    record = json.loads(json.dumps(filled(path).as_dict()))
    assert record["schema"] == "convscope.experiment/1"
    assert record["rows"][5]["values"] == {"value": 21.0}
