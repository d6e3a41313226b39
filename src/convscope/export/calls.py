"""Python source, laid out as ruff does: calls and strings within 88 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["WIDTH", "Argument", "Call", "bracketed", "quoted", "source"]

WIDTH = 88
"""Columns of a line; ruff's own default."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; ``value`` is Python source."""

    name: str
    value: str
    keyword: bool = False

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.keyword else self.value


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``, not yet laid out."""

    function: str
    arguments: tuple[Argument, ...] = ()

    @property
    def form(self) -> tuple[str, ...]:
        """What stays when the values are taken out: two calls alike but for numbers."""
        return (self.function, *(argument.name for argument in self.arguments))

    def filled(self, values: Mapping[int, str]) -> Call:
        """The same call with other values at some positions."""
        arguments = (
            Argument(argument.name, values.get(index, argument.value), argument.keyword)
            for index, argument in enumerate(self.arguments)
        )
        return Call(self.function, tuple(arguments))

    def lines(self, before: str, indent: int) -> list[str]:
        """``before`` and the call, on one line or with a line for each argument."""
        return bracketed(
            f"{before}{self.function}(", [str(argument) for argument in self.arguments], ")", indent
        )


def bracketed(opening: str, items: Sequence[str], closing: str, indent: int = 0) -> list[str]:
    """Items between brackets, on one line where it fits.

    Where it does not, each item stands on a line of its own and the last one keeps a
    comma, which every formatter leaves alone at any width.
    """
    margin = " " * indent
    line = f"{margin}{opening}{', '.join(items)}{closing}"
    if len(line) <= WIDTH or not items:
        return [line]
    return [f"{margin}{opening}", *(f"{margin}    {item}," for item in items), f"{margin}{closing}"]


def source(value: object) -> str:
    """A number, a pair or a string as Python source."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        inside = ", ".join(source(item) for item in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)


def quoted(text: str) -> str:
    """A string literal in double quotes, unless single ones need fewer escapes."""
    inside = repr(text)[1:-1].replace("\\'", "'")
    if text.count('"') > text.count("'"):
        return "'" + inside.replace("'", "\\'") + "'"
    return '"' + inside.replace('"', '\\"') + '"'
