"""Which pixels of the image a unit of any layer sees: from the arithmetic, or by trying out.

A module that no architecture describes is tried out: rows, then columns, of an image are
made not-a-number, which no sum, product or maximum loses, and the units that are
not-a-number then are those that see them.  So the box is that of the wiring, whatever
the weights are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.architecture.fields import reach
from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.architecture.shapes import walk
from convscope.data.progress import Progress, Tell, teller
from convscope.inspection.channels import output_of
from convscope.inspection.recording import borrowed
from convscope.inspection.subject import Subject
from convscope.training.task import PIXELS_AT_ONCE

__all__ = ["Boxes", "boxes_of", "follows_architecture"]

BANDS = 64
"""Into how many bands of rows, and of columns, an image is cut when a module is tried out."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """``find(row, column)`` is the box of a unit, None where it sees padding alone.

    ``how`` says in words where the boxes come from.
    """

    find: Callable[[int, int], Box | None]
    how: str


def boxes_of(subject: Subject, layer: str, progress: Tell | None = None) -> Boxes:
    """The boxes of a layer's units, clipped to the image."""
    architecture = subject.architecture
    if architecture is not None and follows_architecture(subject, layer):

        @cache
        def worked_out(row: int, column: int) -> Box | None:
            return reach(architecture, layer, row, column)

        return Boxes(worked_out, "the box is the receptive field, worked out from the layers")
    return _tried_out(subject, layer, teller(progress))


def follows_architecture(subject: Subject, layer: str) -> bool:
    """Whether the subject's architecture holds for its module as it runs, layer by layer."""
    if subject.architecture is None:
        return False
    nodes = [(each.name, _shape(each.output)) for each in walk(subject.architecture.nodes)]
    names = {name for name, _ in nodes}
    called = [(each.name, each.shape) for each in subject.layers if each.name in names]
    return layer in names and called == nodes


def _shape(volume: Volume) -> tuple[int, ...]:
    if volume.flat:
        return (volume.channels,)
    return volume.channels, volume.height, volume.width


def _tried_out(subject: Subject, layer: str, tell: Tell) -> Boxes:
    height, width = subject.preprocessing.size
    whole = Box(0, 0, height, width)

    def everything(row: int, column: int) -> Box | None:
        return whole

    try:
        with borrowed(subject.module), torch.no_grad(), _without_fast_ways():
            rows, columns = (_ends(subject, layer, axis, tell) for axis in (2, 3))
    except (ArithmeticError, AssertionError, RuntimeError, ValueError) as error:
        reason = f"the module stops at not-a-number ({type(error).__name__})"
        return Boxes(everything, f"the whole image is the box: {reason}")
    if rows is None or columns is None:
        return Boxes(everything, "the whole image is the box: the module hides not-a-number")

    def found(row: int, column: int) -> Box | None:
        (top, bottom), (left, right) = rows[row], columns[column]
        return Box(int(top), int(left), int(bottom), int(right)) if min(bottom, right) else None

    step = max(-(-height // BANDS), -(-width // BANDS))
    exact = "" if step == 1 else f", rounded out to {step} pixels"
    return Boxes(found, f"the box is the receptive field, tried out{exact}")


def _ends(subject: Subject, layer: str, axis: int, tell: Tell) -> NDArray[np.int64] | None:
    """(first, behind the last) row or column of the image for each one of the layer's map.

    (0, 0) for one that sees none; None where the layer shows nothing of what was put in.
    """
    image = subject.tensor(subject.images[:1])
    side, step = image.shape[axis], -(-image.shape[axis] // BANDS)
    starts = range(0, side, step)
    at_once = max(1, PIXELS_AT_ONCE // (image.shape[2] * image.shape[3]))
    seen: list[Tensor] = []
    for first in range(0, len(starts), at_once):
        chosen = starts[first : first + at_once]
        batch = image.repeat(len(chosen), 1, 1, 1)
        for place, start in enumerate(chosen):
            batch[place].narrow(axis - 1, start, min(step, side - start)).fill_(torch.nan)
        seen.append(_marked(output_of(subject.module, layer, batch), axis))
        done = (axis - 2) * len(starts) + first + len(chosen)
        tell(Progress(f"trying out what {layer} sees", done, 2 * len(starts), "bands"))
    if _marked(output_of(subject.module, layer, image), axis).any():
        return None
    marks = torch.cat(seen).numpy()
    if not marks.any():
        return None
    first = marks.argmax(0) * step
    last = np.minimum((len(marks) - marks[::-1].argmax(0)) * step, side)
    return np.where(marks.any(0)[:, None], np.stack([first, last], 1), 0)


def _marked(output: Tensor, axis: int) -> Tensor:
    """N×C×H×W → N×H (axis 2) or N×W (axis 3): where any value is not-a-number."""
    if output.ndim == 2:
        output = output[:, :, None, None]
    return torch.isnan(output).any(1).any(4 - axis)


def _without_fast_ways() -> AbstractContextManager[None]:
    """Convolutions by Winograd's or Fourier's way would spread not-a-number to neighbours."""
    return torch.backends.nnpack.flags(enabled=False)
