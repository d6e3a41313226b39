"""A table that is filled cell by cell, and survives whatever stops it.

The file holds one line of JSON a row, in the order in which they were measured; a line
that was being written when the power went is dropped.  Cells that are there are not
measured again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.errors import RunError, UsageError
from convscope.experiments.statistics import Estimate, estimate, paired_difference
from convscope.training.files import writing

__all__ = ["Filled", "Row", "Scalar", "Table", "fill", "read_table"]

SCHEMA = "convscope.experiment/1"

Scalar = str | int | float | bool | None
Cell = Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Row:
    """A cell that has been measured: what was asked, what came out, how long it took."""

    cell: Cell
    values: Mapping[str, Any]
    seconds: float

    def matches(self, where: Cell) -> bool:
        """Whether the cell has all of these values."""
        return all(self.cell.get(key) == value for key, value in where.items())


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of an experiment that there are so far."""

    name: str
    rows: tuple[Row, ...]
    conditions: Mapping[str, Any]

    def where(self, **cell: Scalar) -> Table:
        """Only the rows whose cells have these values."""
        return Table(
            self.name, tuple(row for row in self.rows if row.matches(cell)), self.conditions
        )

    def values(self, key: str) -> list[Any]:
        """One column of what was measured."""
        return [row.values[key] for row in self.rows]

    def mean(self, key: str, **cell: Scalar) -> Estimate:
        """The mean of a column over the rows that are meant, with its interval."""
        return estimate(self.where(**cell).values(key))

    def difference(self, key: str, first: Cell, second: Cell, *, pairs: str = "seed") -> Estimate:
        """first − second, paired by ``pairs``; rows without a partner are left out."""
        ones, others = (
            {row.cell[pairs]: row.values[key] for row in self.rows if row.matches(side)}
            for side in (first, second)
        )
        shared = [pair for pair in ones if pair in others]
        if not shared:
            raise UsageError(f"{first} and {second} share no {pairs}")
        return paired_difference([ones[pair] for pair in shared], [others[pair] for pair in shared])

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "conditions": dict(self.conditions),
            "rows": [
                {"cell": dict(row.cell), "values": dict(row.values), "seconds": row.seconds}
                for row in self.rows
            ],
        }


@dataclass(frozen=True, slots=True)
class Filled:
    """How far a table is: ``row`` was measured just now, or found (``fresh`` is then False)."""

    row: Row
    done: int
    cells: int
    fresh: bool
    remaining_seconds: float | None


def fill(
    path: Path,
    name: str,
    cells: Sequence[Cell],
    measure: Callable[[Cell], Mapping[str, Any]],
    *,
    conditions: Mapping[str, Any] | None = None,
) -> Iterator[Filled]:
    """Measures the cells that the file does not hold yet, and yields each as it comes.

    A row is on the disk before it is yielded.  ``conditions`` (versions, threads) must be
    those with which the file was begun; RunError where they are not.
    """
    keys = [_key(cell) for cell in cells]
    if len(set(keys)) != len(keys):
        raise UsageError(f"two cells of {name} are the same")
    given = dict(conditions or {})
    known = {_key(row.cell): row for row in _opened(path, name, given).rows}
    spent: list[float] = []
    for number, (cell, key) in enumerate(zip(cells, keys, strict=True), 1):
        row = known.get(key)
        if row is None:
            start = time.perf_counter()
            values = dict(measure(cell))
            row = Row(dict(cell), values, round(time.perf_counter() - start, 3))
            _append(path, {"cell": row.cell, "values": values, "seconds": row.seconds})
            spent.append(row.seconds)
            fresh = True
        else:
            fresh = False
        missing = sum(later not in known for later in keys[number:])
        remaining = missing * sum(spent) / len(spent) if spent else None
        yield Filled(row, number, len(cells), fresh, remaining)


def read_table(path: Path) -> Table:
    """The table of a file; RunError where it is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"the table cannot be read ({error})", place=str(path)) from None
    try:
        head, *rest = [json.loads(line) for line in lines if line.endswith("\n")]
        if head["schema"] != SCHEMA:
            raise ValueError(f"schema {head['schema']}")
        rows = tuple(Row(row["cell"], row["values"], row["seconds"]) for row in rest)
        return Table(head["name"], rows, head["conditions"])
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"this is no table of an experiment ({error})",
            place=str(path),
            remedy="put the file back as it was, or give another",
        ) from None


def _opened(path: Path, name: str, conditions: dict[str, Any]) -> Table:
    """What is there so far; a new file with its head where nothing is."""
    if not path.exists():
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        _append(path, {"schema": SCHEMA, "name": name, "conditions": conditions})
        return Table(name, (), conditions)
    _cut_torn_line(path)
    table = read_table(path)
    if (table.name, dict(table.conditions)) != (name, conditions):
        raise RunError(
            f"it holds {table.name} under {dict(table.conditions)}, asked is {name} under "
            f"{conditions}",
            place=str(path),
            remedy="remove it to measure anew, or give another file",
        )
    return table


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def _append(path: Path, record: Mapping[str, Any]) -> None:
    line = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
    with writing(path), path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _key(cell: Cell) -> str:
    return json.dumps(cell, sort_keys=True, ensure_ascii=False)
