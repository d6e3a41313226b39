"""Numbers as people write them into an answer: 313,600, 28×28×16, 3.14e5, (7, 7).

Forgiving about the form, strict about the value: what is read is exact.  Nothing is
computed, so that ``16*25`` is no number here.
"""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["Unreadable", "is_blank", "one", "several"]

_LONGEST = 400
_BLANKS = {"", "...", "…", "?", "none", "ellipsis"}
_SIGNS = str.maketrans({"−": "-", "–": "-", "＋": "+", "\N{NO-BREAK SPACE}": " ", "\u202f": " "})
_GROUPS = re.compile(r"(?<=[0-9])[ _'’\u2009](?=[0-9]{3}(?![0-9]))")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,2})?")
_RATIO = re.compile(r"([+-]?[0-9]+) ?/ ?([0-9]+)")
_BETWEEN = re.compile(r"\s*[x×*·;|]\s*|\s+by\s+|\s*,\s+|\s+,\s*|\s+")
_BRACKETS = str.maketrans(dict.fromkeys("()[]{}", " "))


class Unreadable(ValueError):  # noqa: N818 - it is told to people, who made no error yet
    """An answer that cannot be read; the text says why, for the person who wrote it."""


def is_blank(text: str) -> bool:
    """Whether nothing has been answered."""
    return text.strip().strip("_").strip().lower() in _BLANKS


def one(text: str, unit: str = "") -> Fraction:
    """One number; its ``unit`` may stand behind it.  Raises Unreadable."""
    shown = _checked(text)
    plain = _without_unit(shown.translate(_SIGNS).strip(), unit)
    plain = _GROUPS.sub("", plain.strip("()[] ").lower())
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    elif _COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    if _PLAIN.fullmatch(plain):
        return Fraction(plain.replace(".e", "e").rstrip("."))
    ratio = _RATIO.fullmatch(plain)
    if ratio and int(ratio[2]):
        return Fraction(int(ratio[1]), int(ratio[2]))
    raise Unreadable(f"{shown!r} is no number; write the result itself, such as 1250 or 0.75")


def several(text: str, count: int, unit: str = "") -> tuple[Fraction, ...]:
    """``count`` numbers between ×, x, commas, semicolons, spaces or brackets."""
    shown = _checked(text)
    plain = shown.lower().translate(_SIGNS).translate(_BRACKETS)
    plain = _without_unit(plain.strip(" ,"), unit)
    parts = [part for part in _BETWEEN.split(plain.strip(" ,")) if part]
    if len(parts) != count:
        parts = [part for part in re.split(r"[\s,;]+", plain) if part]
    if len(parts) != count:
        raise Unreadable(f"{shown!r} is not {count} numbers")
    return tuple(one(part) for part in parts)


def _checked(text: str) -> str:
    shown = text.strip()
    if len(shown) > _LONGEST:
        raise Unreadable(f"it is longer than {_LONGEST} signs")
    return shown


def _without_unit(text: str, unit: str) -> str:
    """400 bytes → 400; one byte as well."""
    for word in (unit, unit.removesuffix("s")):
        if word and text.lower().endswith(word):
            return text[: -len(word)].rstrip()
    return text
