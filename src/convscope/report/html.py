"""HTML made of values: what is text is escaped, what is an element is an ``Html``.

A string can only become markup by ``tag``; there is no template in which an escape
could be forgotten, and nothing beyond the standard library.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

__all__ = ["Child", "Html", "bar", "data_uri", "fragment", "raw", "tag"]

_NUMBER_AND_SIGN = "\N{NO-BREAK SPACE}%"
_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that is finished: only ``tag``, ``fragment`` and ``raw`` make it."""

    text: str

    def __str__(self) -> str:
        return self.text


Child = Html | str | int | None | Iterable["Child"]
"""What an element may hold: markup, text, numbers, nothing, or several of these."""


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """An element.  ``class_`` is class, ``data_x`` is data-x; None and False leave one out.

    >>> str(tag("a", "1 < 2", href="#x"))
    '<a href="#x">1 &lt; 2</a>'
    """
    written = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{_text(children)}</{name}>")


def fragment(*children: Child) -> Html:
    """Several things one after another."""
    return Html(_text(children))


def raw(markup: str) -> Html:
    """Markup that our own code has written, such as a figure's SVG; never a user's text."""
    return Html(markup)


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _text(children: Child) -> str:
    match children:
        case None:
            return ""
        case Html(text):
            return text
        case str() | int():
            return escape(str(children), quote=False).replace(" %", _NUMBER_AND_SIGN)
        case _:
            return "".join(_text(child) for child in children)


def data_uri(content: bytes, kind: str) -> str:
    """A file's content as an address, so that a page needs no other file."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def bar(share: float, role: str = "work") -> Html:
    """A share of 1 as a bar, for the cell of a table; the number stands beside it."""
    width = f"{max(100 * share, 0.8 if share > 0 else 0):.1f}"
    return tag(
        "svg",
        tag("rect", class_="track", width=100, height=6),
        tag("rect", class_=f"fill {role}", width=width, height=6),
        class_="bar",
        viewBox="0 0 100 6",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
