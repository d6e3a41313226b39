"""A class by its number or its name, as the commands and functions take it."""

from __future__ import annotations

from convscope.errors import UsageError, did_you_mean
from convscope.inspection.subject import Subject

__all__ = ["class_number"]


def class_number(subject: Subject, given: int | str, count: int) -> int:
    """The number of a class of ``count``; UsageError where there is none such."""
    text = str(given).strip()
    names = [subject.class_name(number).lower() for number in range(count)]
    if text.lower() in names:
        return names.index(text.lower())
    if text.isascii() and text.isdigit() and int(text) < count:
        return int(text)
    raise UsageError(
        f"{subject.name} knows no class {text!r}",
        remedy=did_you_mean(text.lower(), names) or f"give 0 to {count - 1}, or a name",
    )
