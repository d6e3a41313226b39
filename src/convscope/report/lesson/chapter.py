"""A chapter of the lesson: what stands on the page, and the numbers that its drawings read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from convscope.report.document import Section, missing
from convscope.report.html import Child, Html, tag
from convscope.report.lesson.material import LessonMaterial

__all__ = ["Chapter", "Maker", "absent", "chapter", "paragraphs"]


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
