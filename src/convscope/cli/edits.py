"""``pool1=avg`` and ``conv1:3,0=0,1,0;…``: changes of a network in the words of a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from convscope.errors import UsageError

if TYPE_CHECKING:
    from convscope.inspection.subject import Subject

__all__ = ["edited", "swapped"]

_EDIT = re.compile(r"\s*([^\s:=]+)\s*:\s*([0-9]{1,6}(?:\s*,\s*[0-9]{1,6}){0,3})\s*=\s*(.+)", re.A)


def swapped(subject: Subject, pools: list[str]) -> Subject:
    """The subject with ``pool1=avg``, one after another."""
    from convscope.inspection.changes.editing import swap_pooling

    for text in pools:
        name, sign, kind = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(
                f"{text!r} is not NAME=KIND", place="--pool", remedy='write "--pool pool1=avg"'
            )
        subject = swap_pooling(subject, name.strip(), kind.strip().lower())
    return subject


def edited(subject: Subject, edits: list[str]) -> Subject:
    """The subject with ``conv1:3,0=0,0,0;0,1,0;0,0,0`` or ``conv1:3=flip``, one after another.

    Before the ``=`` stand output channel, input channel, row and column, as many as are
    meant; behind it a number for all, rows of numbers, or ``flip``: turned by half a turn.
    """
    from convscope.inspection.changes.editing import edit_kernel

    for text in edits:
        found = _EDIT.fullmatch(text)
        if not found:
            raise UsageError(
                f"{text!r} is not LAYER:INDEX=VALUES",
                place="--edit",
                remedy='write "--edit conv1:3=0", "--edit conv1:3=flip", or rows as in '
                '"--edit conv1:3,0=0,1;1,0"',
            )
        layer, index = found[1], tuple(int(part) for part in found[2].split(","))
        subject = edit_kernel(subject, layer, index, _values(subject, layer, index, found[3]))
    return subject


def _values(subject: Subject, layer: str, index: tuple[int, ...], text: str) -> Any:
    if text.strip().lower() == "flip":
        from convscope.inspection.maps.kernels import kernels

        weights = kernels(subject, layer).weights
        if len(index) > 2 or index[0] >= len(weights):
            raise UsageError(
                f"{text!r} needs a whole kernel of {layer}", remedy=f'write "{layer}:0=flip"'
            )
        return weights[index][..., ::-1, ::-1].copy()
    try:
        rows = [[float(value) for value in row.split(",")] for row in text.split(";")]
    except ValueError:
        raise UsageError(
            f"{text!r} is neither numbers nor flip",
            place="--edit",
            remedy='write a number, or rows as in "0,1,0;1,0,1;0,1,0"',
        ) from None
    if len({len(row) for row in rows}) > 1:
        raise UsageError(f"the rows of {text!r} differ in length", place="--edit")
    return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows
