"""All layers of an Explanation in one table: totals, shares, and as much else as fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from convscope.architecture.arithmetic import Explanation, LayerCost
from convscope.architecture.counts import number
from convscope.report.lines import Line, bar
from convscope.report.numbers import plain_percent

__all__ = ["table_lines"]

_GAP = "  "
_BAR_LEAST, _BAR_MOST = 4, 14
_PARAMETERS, _WORK = "#E69F00", "#0072B2"


@dataclass(frozen=True)
class _Column:
    """``rank`` says what gives way first where the window is narrow: the highest."""

    key: str
    title: str
    cells: list[str]
    total: str
    rank: int
    image: str = ""
    right: bool = True
    shares: tuple[float, ...] = ()
    style: str = ""

    @property
    def width(self) -> int:
        if self.shares:
            return _BAR_LEAST
        return max(map(len, [self.title, self.image, self.total, *self.cells]))


def table_lines(
    explanation: Explanation, width: int, say: Callable[[str], str] = str
) -> Iterator[Line]:
    """A header, one line a layer, a rule, the totals.

    Columns give way until the rest fits; numbers are never cut, so that a window too
    narrow for the last four columns gets longer lines.
    """
    columns = _fitting(_columns(explanation, say), width)
    bars = [column for column in columns if column.shares]
    spare = width - _needed(columns)
    bar_width = _BAR_LEAST
    if bars:
        bar_width = min(_BAR_MOST, _BAR_LEAST + max(0, spare) // len(bars))
    widths = [bar_width if column.shares else column.width for column in columns]
    used = _needed(columns) + (bar_width - _BAR_LEAST) * len(bars)

    yield _row(columns, widths, [column.title for column in columns], "bold")
    yield _row(columns, widths, [column.image for column in columns], "dim")
    for index, cost in enumerate(explanation.layers):
        cells = [
            say(bar(column.shares[index], bar_width)) if column.shares else column.cells[index]
            for column in columns
        ]
        idle = not (cost.parameters.value or cost.multiply_adds.value)
        yield _row(columns, widths, cells, "dim" if idle else "")
    yield [(say("─") * used, "dim")]
    yield _row(columns, widths, [column.total for column in columns], "bold")


def _columns(explanation: Explanation, say: Callable[[str], str]) -> list[_Column]:
    layers = explanation.layers
    image = say(str(explanation.input))
    parameters = tuple(explanation.share_of_parameters(cost) for cost in layers)
    work = tuple(explanation.share_of_work(cost) for cost in layers)

    def numbers(values: list[int]) -> list[str]:
        return [number(value) if value else "" for value in values]

    return [
        _Column("name", "layer", [cost.name for cost in layers], "total", 0, "input", right=False),
        _Column("output", "output", [say(str(cost.output)) for cost in layers], "", 0, image),
        _Column(
            "parameters",
            "parameters",
            numbers([cost.parameters.value for cost in layers]),
            number(explanation.parameters.value),
            0,
        ),
        _share_column("parameters", parameters, explanation.parameters.value, 2),
        _Column("parameters bar", "", [], "", 4, "", False, parameters, _PARAMETERS),
        _Column(
            "work",
            "multiply-adds",
            numbers([cost.multiply_adds.value for cost in layers]),
            number(explanation.multiply_adds.value),
            0,
        ),
        _share_column("work", work, explanation.multiply_adds.value, 1),
        _Column("work bar", "", [], "", 3, "", False, work, _WORK),
        _Column("sees", "sees", [say(_sees(cost)) for cost in layers], "", 5, say("1×1")),
        _Column("jump", "jump", [say(_jump(cost)) for cost in layers], "", 6, "1"),
        _Column(
            "in use",
            "bytes in use",
            [number(cost.memory_inference.value) for cost in layers],
            number(explanation.memory_inference.value),
            7,
        ),
        _Column(
            "kept",
            "kept for training",
            numbers([cost.memory_training.value for cost in layers]),
            number(explanation.memory_training.value),
            8,
            number(explanation.memory_input.value),
        ),
    ]


def _share_column(key: str, shares: tuple[float, ...], total: int, rank: int) -> _Column:
    cells = [plain_percent(share) if share else "" for share in shares]
    return _Column(f"{key} share", "%", cells, "100" if total else "", rank)


def _sees(cost: LayerCost) -> str:
    field = cost.field
    if field.everything:
        return "all"
    return f"{number(field.height.size.value)}×{number(field.width.size.value)}"


def _jump(cost: LayerCost) -> str:
    jumps = [
        "" if span.jump is None else number(span.jump.value)
        for span in (cost.field.height, cost.field.width)
    ]
    return jumps[0] if jumps[0] == jumps[1] else "×".join(jump or "?" for jump in jumps)


def _fitting(columns: list[_Column], width: int) -> list[_Column]:
    """The columns that fit: those of the highest rank leave first."""
    kept = columns
    for rank in sorted({column.rank for column in columns if column.rank}, reverse=True):
        if _needed(kept) <= width:
            break
        kept = [column for column in kept if column.rank < rank]
    return kept


def _needed(columns: list[_Column]) -> int:
    # A bar stands closer to the share that it draws.
    gaps = sum(1 if column.shares else len(_GAP) for column in columns[1:])
    return sum(column.width for column in columns) + gaps


def _row(columns: list[_Column], widths: list[int], cells: list[str], style: str) -> Line:
    line: Line = []
    for index, (column, width, cell) in enumerate(zip(columns, widths, cells, strict=True)):
        gap = "" if index == 0 else (" " if column.shares else _GAP)
        text = cell.rjust(width) if column.right else cell.ljust(width)
        line.append((gap + text, column.style or style))
    return line
