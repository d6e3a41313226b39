"""Where a command's text goes: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["Stopped", "note", "show", "show_json", "show_text", "wrapped"]

_WIDTH_OF_FILES = 100
"""Columns of what goes to a file or a pipe; COLUMNS says otherwise."""


class Stopped(typer.Abort):  # type: ignore[misc, unused-ignore]
    """Ctrl-C, after which the command has said what becomes of its work."""


def show_text(text: str) -> None:
    """A result that is plain text already."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def show_json(value: object) -> None:
    """A result for programs: one JSON value, without NaN, which JSON does not know."""
    show_text(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def show(*renderables: RenderableType) -> None:
    """Results for people.  What is wider than the terminal is not cut: its lines go on."""
    console = _results()
    for renderable in renderables:
        console.print(renderable, crop=False)


def _results() -> Console:
    from rich.console import Console

    console = Console(highlight=False, emoji=False, markup=False, file=sys.stdout)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = _WIDTH_OF_FILES
    return console


def wrapped(text: str, *, indent: int = 2, label: int = 0) -> list[str]:
    """The text in lines that fit the terminal, never broken within a word.

    ``label`` columns are taken already; where a line of the text goes on, it is indented by
    ``indent`` spaces more than it was.
    """
    width = min(shutil.get_terminal_size((_WIDTH_OF_FILES, 24)).columns, _WIDTH_OF_FILES)
    return [
        part for line in text.split("\n") for part in _wrapped(line, max(width - label, 24), indent)
    ]


def _wrapped(line: str, width: int, indent: int) -> list[str]:
    before = len(line) - len(line.lstrip())
    lines = textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * (before + indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [""]


def note(text: str, *, quiet: bool = False) -> None:
    """Something for the person who waits, which is no result."""
    if not quiet:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
