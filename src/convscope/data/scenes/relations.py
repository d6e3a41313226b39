"""Where one group of garments lies of another, or of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

__all__ = ["OPPOSITE", "RELATIONS", "Relation", "gaps"]

Relation = Literal["left", "right", "above", "below"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
OPPOSITE: dict[Relation, Relation] = {
    "left": "right",
    "right": "left",
    "above": "below",
    "below": "above",
}

Centre = tuple[int, int]
"""Twice the middle of a box: (left + right, top + bottom), whole numbers."""


def gaps(first: Sequence[Centre], second: Sequence[Centre]) -> dict[Relation, int]:
    """How far all of the first lie on each side of all of the second; negative where they mix.

    ``left`` is the second's least centre minus the first's greatest, across, and so on.
    """
    ones, others = list(zip(*first, strict=True)), list(zip(*second, strict=True))
    return {
        "left": min(others[0]) - max(ones[0]),
        "right": min(ones[0]) - max(others[0]),
        "above": min(others[1]) - max(ones[1]),
        "below": min(ones[1]) - max(others[1]),
    }
