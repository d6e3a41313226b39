"""Derivations as MathML: ``(28 − 5 + 2·2)/1 + 1`` with a real fraction.

Nothing is computed here; the text of a ``Count`` is set in type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from convscope.architecture.counts import Count, number
from convscope.report.html import Html, fragment, tag

__all__ = ["count_html", "equation"]

_TOKEN = re.compile(
    r"(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)"
    r"|(?P<index>[A-Za-z]+_[A-Za-z]+)"
    r"|(?P<word>[^\W\d_]+(?:[ '’][^\W\d_]+)*)"
    r"|(?P<sign>\S)"
)
_NBSP = "\N{NO-BREAK SPACE}"
_FRACTION = re.compile(r"\)/\d")
_CLOSING = {"(": ")", "⌊": "⌋"}


def count_html(count: Count, unit: str = "") -> Html:
    """``derivation = value unit``, and the remark behind the derivation's comma."""
    arithmetic, _, remark = count.derivation.partition(", ")
    shown = number(count.value)
    if not any(sign.isdigit() for sign in arithmetic):
        return fragment(shown, f": {count.derivation}" if count.derivation else None)
    told = fragment(f" {unit}" if unit else None, f", {remark}" if remark else None)
    if arithmetic == shown:
        return fragment(tag("b", shown), told)
    return fragment(equation(arithmetic, count.value), told)


def equation(arithmetic: str, value: int, symbol: str = "") -> Html:
    """``symbol = arithmetic = value``: MathML where there is a fraction, else a line of text.

    Browsers break text where it is too long for a narrow page, and MathML they do not.
    """
    if not _FRACTION.search(arithmetic):
        named = f"{symbol} = " if symbol else None
        return tag(
            "span", named, f"{arithmetic} ={_NBSP}", tag("b", number(value)), class_="formula"
        )
    left = [*_set(symbol), tag("mo", "=")] if symbol else []
    result = tag("mn", number(value), class_="result")
    return tag("math", *left, *_set(arithmetic), tag("mo", "="), result, displaystyle="true")


def _set(text: str) -> list[Html]:
    tokens = [(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(text)]
    return list(_sequence(iter(tokens), ""))


def _sequence(tokens: Iterator[tuple[str, str]], closing: str) -> Iterator[Html]:
    """Elements up to the closing bracket; a bracket over ``/`` and a number is a fraction."""
    waiting: list[tuple[str, str]] = []

    def following() -> tuple[str, str] | None:
        return waiting.pop() if waiting else next(tokens, None)

    while (token := following()) is not None:
        kind, text = token
        if text == closing:
            return
        if text not in _CLOSING:
            yield _element(kind, text)
            continue
        inside = list(_sequence(tokens, _CLOSING[text]))
        after = next(tokens, None)
        below = next(tokens, None) if after == ("sign", "/") else None
        if text == "(" and below and below[0] == "number":
            yield tag("mfrac", tag("mrow", *inside), tag("mn", below[1]))
            continue
        yield tag("mrow", tag("mo", text), *inside, tag("mo", _CLOSING[text]))
        waiting += [later for later in (below, after) if later]


def _element(kind: str, text: str) -> Html:
    match kind:
        case "number":
            return tag("mn", text)
        case "index":
            letter, _, index = text.partition("_")
            return tag("msub", tag("mi", letter), tag("mtext", index))
        case "word":
            return tag("mtext", f"{_NBSP}{text}{_NBSP}")
        case _:
            return tag("mo", text)
