"""A chapter of the lesson: what stands on the page, and the numbers that its drawings read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from convscope.report.document import Section, missing
from convscope.report.html import Child, Html, tag
from convscope.report.lesson.material import LessonMaterial

__all__ = ["Chapter", "Maker", "absent", "chapter", "number_table", "paragraphs"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """``blocks`` are values by the name that elements have as their ``source``."""

    section: Section
    blocks: Mapping[str, object] = field(default_factory=dict)


Maker = Callable[[LessonMaterial], Chapter | None]
"""Makes a chapter, or None where the network has nothing to be told in it."""


def chapter(key: str, title: str, *body: Child, blocks: Mapping[str, object] = {}) -> Chapter:
    """The chapter at ``#key``."""
    return Chapter(Section(key, title, body), blocks)


def absent(key: str, title: str, what: str, material: LessonMaterial) -> Chapter | None:
    """A chapter that could not be made, with the reason; None where there is none."""
    reason = material.reasons.get(key)
    return None if reason is None else chapter(key, title, missing(what, reason))


def paragraphs(*texts: Child) -> list[Html]:
    """Each text as a paragraph; None leaves one out."""
    return [tag("p", text) for text in texts if text is not None]


def number_table(
    label: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Child]],
    foot: Sequence[Child] | None = None,
) -> Html:
    """Rows of which the first cell is the name; wide ones are scrolled, by keys too."""
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", text, scope="col") for text in heads])),
        tag("tbody", [_row(row) for row in rows]),
        tag("tfoot", _row(foot)) if foot else None,
        class_="numbers",
    )
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=label)


def _row(cells: Sequence[Child]) -> Html:
    name, *others = cells
    return tag("tr", tag("th", name, scope="row"), [tag("td", cell) for cell in others])
