"""One HTML file out of sections: no request to anywhere, light, dark and print.

A section is a title and what stands below it; whoever has sections has a page.  The
content policy in the head allows the one style sheet (by its hash), the one script of
ours where there is any (by its hash), and pictures that are part of the file, so that
nothing else can load or run even by mistake.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from convscope.report.html import Child, Html, raw, tag
from convscope.report.palette import DARK, LIGHT

__all__ = ["Moving", "Section", "document", "missing", "part_sheet", "style_sheet"]


@dataclass(frozen=True, slots=True)
class Section:
    """``key`` is its address on the page."""

    key: str
    title: str
    body: Child


@dataclass(frozen=True, slots=True)
class Moving:
    """What a page has that moves: a script of ours, its style, and blocks of data."""

    script: str
    sheet: str
    blocks: Child


def document(
    title: str,
    head: Child,
    sections: Sequence[Section],
    foot: Child = None,
    *,
    moving: Moving | None = None,
) -> str:
    """The whole file.  ``head`` stands below the title, before the sections."""
    style = style_sheet() + (moving.sheet if moving else "")
    policy = (
        "default-src 'none'; img-src data:; "
        f"style-src {_hash(style)}; "
        + (f"script-src {_hash(moving.script)}; " if moving else "")
        + "base-uri 'none'; form-action 'none'"
    )
    meta = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", raw(style)),
    ]
    contents = tag(
        "nav",
        tag("ol", [tag("li", tag("a", s.title, href=f"#{s.key}")) for s in sections]),
        aria_label="contents",
    )
    body = tag(
        "body",
        tag("a", "to the content", href="#content", class_="skip"),
        tag("header", tag("h1", title), head, class_="title"),
        contents,
        tag("main", [_section(section) for section in sections], id="content"),
        tag("footer", foot) if foot else None,
        [moving.blocks, tag("script", raw(moving.script))] if moving else None,
    )
    page = tag("html", tag("head", meta), body, lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _section(section: Section) -> Html:
    return tag(
        "section",
        tag("h2", tag("a", section.title, href=f"#{section.key}")),
        tag("div", section.body, class_="body"),
        id=section.key,
    )


def missing(what: str, why: str) -> Html:
    """A place that stays empty, and the reason."""
    return tag("p", tag("b", what), " ", why, class_="missing")


@cache
def style_sheet() -> str:
    """The colours of both themes as variables, and the sheets that use them."""
    return (
        f"\n:root{{{_variables(LIGHT)}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}\n"
        f"{_sheet('parts')}{_sheet('page')}"
    )


@cache
def part_sheet(scope: str) -> str:
    """The rules of what stands inside sections, for elements below ``scope`` alone; light."""
    return f"{scope}{{{_variables(LIGHT)}\n{_sheet('parts')}}}"


def _sheet(name: str) -> str:
    place = files("convscope.report").joinpath("files", f"{name}.css")
    return place.read_text(encoding="utf-8")


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{role}:{colour};" for role, colour in colours.items())
