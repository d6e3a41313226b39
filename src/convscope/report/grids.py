"""Grids of values for the terminal: aligned on the decimal point, rows and columns named."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convscope.report.numbers import aligned

__all__ = ["PADDING", "beside", "grid_lines", "in_columns", "value_texts"]

PADDING = "pad"
"""What stands for a tap in the padding."""
_DIGITS = 4
"""Significant digits of the largest value of a grid; the smaller ones have its decimals."""
_MOST_DECIMALS = 6
_GAP = 3


def value_texts(values: Sequence[float]) -> list[str]:
    """The values with one number of decimals, which gives the largest four digits."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    decimals = 0 if largest == 0 else _DIGITS - 1 - math.floor(math.log10(largest))
    if not -2 <= decimals <= _MOST_DECIMALS:
        return aligned(["0" if value == 0 else _short(value) for value in values])
    texts = [f"{value:.{max(decimals, 0)}f}" if value else "0" for value in values]
    return aligned([text.replace("-", "−") for text in texts])


def _short(value: float) -> str:
    """1.234e−06"""
    return f"{value:.3e}".replace("-", "−")


def grid_lines(
    title: str,
    values: NDArray[np.float64],
    rows: Sequence[int],
    columns: Sequence[int],
    inside: NDArray[np.bool_],
    mark: tuple[int, int] | None = None,
) -> list[str]:
    """One line of column numbers, then a line for each row; ``mark`` stars a cell."""
    real = inside & np.isfinite(values)
    texts = iter(value_texts([float(value) for value in values[real]]))
    cells = [
        [next(texts) if real[i, j] else PADDING for j in range(len(columns))]
        for i in range(len(rows))
    ]
    if mark is not None:
        cells[mark[0]][mark[1]] += "*"
    star = 1 if mark is not None else 0
    heads = [_signed(column) + " " * star for column in columns]
    width = max(len(text) for row in [heads, *cells] for text in row)
    names = [_signed(row) for row in rows]
    edge = max(len(title), *map(len, names))
    lines = [f"{title:<{edge}}" + "".join(f"  {head:>{width}}" for head in heads)]
    for name, row in zip(names, cells, strict=True):
        padded = [text if text.endswith("*") else text + " " * star for text in row]
        lines.append(f"{name:>{edge}}" + "".join(f"  {text:>{width}}" for text in padded))
    return lines


def _signed(number: int) -> str:
    return str(number).replace("-", "−")


def beside(blocks: Sequence[Sequence[str]], width: int) -> list[str]:
    """Blocks of lines next to one another as far as the width allows, the rest below."""
    lines: list[str] = []
    row: list[Sequence[str]] = []
    taken = 0
    for block in blocks:
        across = max(map(len, block))
        if row and taken + _GAP + across > width:
            lines += [*_joined(row), ""]
            row, taken = [], 0
        taken += across + (_GAP if row else 0)
        row.append(block)
    return lines + _joined(row)


def _joined(row: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, block)) for block in row]
    height = max((len(block) for block in row), default=0)
    return [
        (" " * _GAP)
        .join(
            f"{block[line] if line < len(block) else '':<{width}}"
            for block, width in zip(row, widths, strict=True)
        )
        .rstrip()
        for line in range(height)
    ]


def in_columns(cells: Sequence[str], width: int) -> list[str]:
    """Cells of one width, as many in a line as fit, in reading order."""
    across = max(map(len, cells), default=0)
    count = max(1, (width + _GAP) // (across + _GAP))
    return [
        (" " * _GAP).join(f"{cell:<{across}}" for cell in cells[start : start + count]).rstrip()
        for start in range(0, len(cells), count)
    ]
