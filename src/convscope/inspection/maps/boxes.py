"""Which pixels of the image each unit of a layer sees, as boxes clipped to the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.fields import reach
from convscope.architecture.pixels import Box
from convscope.data.progress import Tell
from convscope.inspection.fields.geometric import known_node
from convscope.inspection.fields.reaching import Reached, reached
from convscope.inspection.subject import Subject

__all__ = ["Boxes", "boxes_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """``find(row, column)`` is the box of a unit, None where it sees padding alone.

    ``how`` says in words where the boxes come from.
    """

    find: Callable[[int, int], Box | None]
    how: str


def boxes_of(subject: Subject, layer: str, progress: Tell | None = None) -> Boxes:
    """The boxes of a layer's units: worked out, or found by trying for a foreign module.

    A module that cannot be tried, or hides what it was given, has the whole image.
    """
    architecture, node = subject.architecture, known_node(subject, layer)
    if architecture is not None and node is not None:
        ours = node.name

        @cache
        def worked_out(row: int, column: int) -> Box | None:
            return reach(architecture, ours, row, column)

        return Boxes(worked_out, "receptive fields, worked out from the layers")
    try:
        found = reached(subject.module, subject.volume, {layer: (0, 0)}, progress)[layer]
    except (ArithmeticError, AssertionError, RuntimeError, ValueError) as error:
        why = f"the module does not take not-a-number ({type(error).__name__})"
        return _whole(subject, why)
    if not (found.rows.any() and found.columns.any()):
        return _whole(subject, "the module hides which pixels it was given")
    return _tried(found)


def _whole(subject: Subject, why: str) -> Boxes:
    box = Box(0, 0, *subject.preprocessing.size)
    return Boxes(lambda row, column: box, f"the whole image, since {why}")


def _tried(found: Reached) -> Boxes:
    down, across = _ends(found.rows), _ends(found.columns)

    def find(row: int, column: int) -> Box | None:
        (top, bottom), (left, right) = down[row], across[column]
        return Box(int(top), int(left), int(bottom), int(right)) if bottom and right else None

    return Boxes(find, "receptive fields, found by trying which pixels reach a unit")


def _ends(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """pixels × units → units × (first, behind the last); (0, 0) for a unit that sees none."""
    last = len(seen) - seen[::-1].argmax(0)
    ends: NDArray[np.int64] = np.stack([seen.argmax(0), last], 1)
    hit: NDArray[np.bool_] = np.asarray(seen.any(0))
    return np.where(hit[:, None], ends, 0)
