"""Text → tokens, each with its place.  ASCII digits only, and at most six of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from convscope.errors import NotationError

__all__ = ["MAX_TEXT", "Token", "tokenize"]

MAX_TEXT = 100_000
MAX_DIGITS = 6

_PATTERN = re.compile(
    r"""
      (?P<blank>[ \t\r\f\v\u00a0]+ | \#[^\n]*)
    | (?P<arrow>-> | →)
    | (?P<newline>\n)
    | (?P<mark>[{}\[\]])
    | (?P<sides>[0-9]+(?:[xX×][0-9]+)+)
    | (?P<number>[0-9]+(?:\.[0-9]+)? | \.[0-9]+)
    | (?P<word>[A-Za-z][A-Za-z_0-9]* | ×)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """``kind`` is arrow, newline, mark, sides, number, word, or end."""

    kind: str
    text: str
    start: int
    end: int

    @cached_property
    def word(self) -> str:
        """The lower-case text of a word; empty for everything else."""
        return self.text.lower() if self.kind == "word" else ""

    @cached_property
    def whole(self) -> int | None:
        """A whole number, or None."""
        return int(self.text) if self.kind == "number" and self.text.isdigit() else None

    @cached_property
    def real(self) -> float | None:
        return float(self.text) if self.kind == "number" else None

    @cached_property
    def sides(self) -> tuple[int, ...] | None:
        """2 → (2,), 3x5 → (3, 5), 28x28x1 → (28, 28, 1)."""
        if self.kind == "sides":
            return tuple(int(side) for side in re.split("[xX×]", self.text))
        return None if self.whole is None else (self.whole,)


def tokenize(text: str) -> list[Token]:
    """All tokens but blanks and comments, closed by an ``end``."""
    if len(text) > MAX_TEXT:
        raise NotationError(
            f"the text has {len(text):,} characters, more than {MAX_TEXT:,}",
            text=text[:80],
            remedy="shorten it with a repetition: 3 x { … }",
        )
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        kind = match.lastgroup or ""
        token = Token(kind, match.group(), position, match.end())
        position = match.end()
        if kind == "blank":
            continue
        if max(map(len, re.findall(r"[0-9]+", token.text)), default=0) > _digits(kind):
            raise NotationError(
                "the number is too long",
                text=text,
                start=token.start,
                end=token.end,
                remedy=f"numbers have at most {MAX_DIGITS} digits",
            )
        yield token
    yield Token("end", "", len(text), len(text) + 1)


def _digits(kind: str) -> int:
    """How many digits may stand in a row; decimals such as 0.0000001 want more."""
    return {"sides": MAX_DIGITS, "word": 20}.get(kind, MAX_DIGITS)


def _unreadable(text: str, position: int) -> NotationError:
    character = text[position]
    if character == "-" and text[position + 1 : position + 2].isdigit():
        problem, remedy = "numbers here are not negative", "leave the minus sign out"
    elif character == "-" and text[position - 1 : position].isalnum():
        # A dash inside a word, as in fashion-mini, is no arrow that the shell has cut.
        problem = "a '-' inside a word, which no layer has"
        remedy = "separate the steps by '->'; names of data go with --data"
    elif character == "-":
        problem = "a lone '-'"
        remedy = (
            "if the line was given unquoted, the shell took the '>' of '->' as a redirection (and "
            "wrote files named after the layers): put the line in quotes"
        )
    elif character.isdigit():
        problem, remedy = f"the digit {character!r} is not one of 0 to 9", "write ASCII digits"
    elif character == ">":
        problem, remedy = "a lone '>'", "separate the steps by '->'"
    elif character == ",":
        problem, remedy = "a comma separates nothing here", "separate the steps by '->'"
    else:
        problem, remedy = f"{character!r} means nothing here", "take it out"
    return NotationError(problem, text=text, start=position, end=position + 1, remedy=remedy)
