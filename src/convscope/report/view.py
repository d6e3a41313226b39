"""What a result looks like in a terminal: lines for a width, coloured or plain.

Lines are laid out by hand, as in ``explanation``: rich's tables cut what does not fit,
and a number is never cut.
"""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import aligned
from convscope.report.plain import holds_signs, plain

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["Say", "View", "labelled", "shown_text", "table_lines", "widths_of"]

Say = Callable[[str], str]
"""Our signs as they are, or in ASCII."""


class View(ABC):
    """A renderable of rich, which also gives plain text."""

    @abstractmethod
    def lines(self, width: int, say: Say) -> list[Line]:
        """The lines as (text, style) pieces, none wider than ``width`` if it can be."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        encoding = getattr(options, "encoding", None) or console.encoding
        say = str if holds_signs(encoding) else plain
        for line in self.lines(options.max_width, say):
            yield Text.assemble(*line, no_wrap=True, overflow="ignore")


def shown_text(view: View, *, width: int = 80, encoding: str = "utf-8") -> str:
    """The lines without styles, for files and tests."""
    lines = view.lines(width, str if holds_signs(encoding) else plain)
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines) + "\n"


def widths_of(rows: Sequence[Sequence[str]]) -> list[int]:
    """The width of each column."""
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def table_lines(rows: Sequence[Sequence[str]], say: Say) -> list[Line]:
    """A head and its rows: the first column to the left, all others on their decimal points."""
    columns = [[say(cell) for cell in column] for column in zip(*rows, strict=True)]
    shown = [columns[0], *([column[0], *aligned(column[1:])] for column in columns[1:])]
    turned = list(zip(*shown, strict=True))
    widths = widths_of(turned)
    lines: list[Line] = []
    for number, row in enumerate(turned):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append([("  ".join(cells).rstrip(), "dim" if number == 0 else "")])
    return lines


def labelled(label: str, text: str, width: int, indent: int = 13) -> list[Line]:
    """``label        text``, the text wrapped behind its label, never within a word."""
    wrapped = textwrap.wrap(
        text, max(width - indent, 24), break_long_words=False, break_on_hyphens=False
    )
    first, *others = wrapped or [""]
    lines: list[Line] = [[(f"{label:<{indent}}", "dim"), (first, "")]]
    return lines + [[(" " * indent + line, "")] for line in others]
