"""The confusion matrix as a grid of characters: readable with colour and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convscope.report.lines import Line
from convscope.report.numbers import percent, thousands
from convscope.report.view import Say, widths_of

if TYPE_CHECKING:
    from convscope.training.evaluate import Evaluation

__all__ = ["grid_lines"]

_RIGHT = "bold #ffffff on #0b5c8f"
_WRONG = (
    (0.5, "#ffffff on #a84300"),
    (0.2, "#1b1f24 on #f4b98a"),
    (0.0, "#D55E00"),
)
"""Styles of a mistake by its share of the largest mistake, the strongest first."""
_MOST_PAIRS = 12


def grid_lines(evaluation: Evaluation, width: int, say: Say) -> list[Line]:
    """The grid, where it fits into the width, and the pairs that are confused most."""
    confusion = evaluation.confusion
    names = [say(name) for name in evaluation.classes]
    cell = max(len(str(int(confusion.max()))), len(str(len(names) - 1))) + 1
    number = len(str(len(names) - 1))
    head = max(map(len, names)) + 1 + number + 1
    needed = head + cell * len(names)
    if needed > width:
        told = f"the grid of {len(names)} classes needs {needed} columns, there are {width}"
        return [[(say(told), "dim")], *_pairs(evaluation, say)]
    columns = "".join(f"{place:>{cell}}" for place in range(len(names)))
    lines: list[Line] = [[(" " * head + columns, "dim")]]
    wrong = confusion - np.diag(confusion.diagonal())
    largest = max(int(wrong.max()), 1)
    for row, name in enumerate(names):
        line: Line = [(f"{name:<{head - number - 2}} ", ""), (f"{row:>{number}} ", "dim")]
        for column, count in enumerate(confusion[row].tolist()):
            line += _cell(count, cell, row == column, count / largest, say)
        lines.append(line)
    return [*lines, [], *_pairs(evaluation, say)]


def _cell(count: int, width: int, right: bool, strength: float, say: Say) -> Line:
    """A count behind a blank; nothing is a dot, so that the grid keeps its shape."""
    if not count:
        dot = "·" if say("·") == "·" else "."
        return [(f"{dot:>{width}}", "dim")]
    style = _RIGHT if right else next(style for least, style in _WRONG if strength > least)
    text = f"{count}"
    return [(" " * (width - len(text)), ""), (text, style)]


def _pairs(evaluation: Evaluation, say: Say) -> list[Line]:
    """``Shirt called T-shirt/top   112 of 1,000   11.2 %``, the most frequent first."""
    confusion = evaluation.confusion
    wrong = confusion - np.diag(confusion.diagonal())
    places = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_PAIRS]
    found = [divmod(int(place), len(confusion)) for place in places]
    found = [(true, answer) for true, answer in found if wrong[true, answer]]
    if not found:
        return []
    sums = confusion.sum(1).tolist()
    rows = [
        (
            say(evaluation.classes[true]),
            say(f"called {evaluation.classes[answer]}"),
            thousands(int(wrong[true, answer])),
            f"of {thousands(sums[true])}",
            say(percent(int(wrong[true, answer]) / sums[true])),
        )
        for true, answer in found
    ]
    widths = widths_of(rows)
    aligns = ("<", "<", ">", "<", ">")
    lines: list[Line] = [[("most often confused", "dim")]]
    for row in rows:
        cells = [f"{c:{a}{w}}" for c, a, w in zip(row, aligns, widths, strict=True)]
        lines.append(
            [
                (f"{cells[0]}  ", ""),
                (f"{cells[1]}  ", _WRONG[-1][1]),
                (f"{cells[2]} {cells[3]}  {cells[4]}", ""),
            ]
        )
    return lines
