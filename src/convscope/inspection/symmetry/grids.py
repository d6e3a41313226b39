"""How the units of a layer lie on the image, found for any module by running it.

Two probes, and no reading of the module's code.  On an image that is larger by Δ pixels
a map is larger by Δ/step.  And where an image that is NaN outside a box gives a value
that is not NaN, the unit has seen the box alone: neither padding, at whatever layer, nor
anything beyond.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from convscope.architecture.fields import fields
from convscope.architecture.layers import Pair
from convscope.architecture.pixels import Box
from convscope.inspection.recording import borrowed, recording
from convscope.inspection.subject import Subject
from convscope.network.build import Network

__all__ = ["Grid", "grids_of"]

ENLARGED = 2**6 * 3**2 * 5 * 7
"""Pixels; a step that divides it is found exactly.  The larger image exists by its shape
alone, and costs nothing."""

LARGEST_MARGIN = 256


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The places of one layer's units.

    ``step`` is by how many pixels neighbours lie apart, None where that is no fixed
    number.  ``interior`` has for each box which units see nothing outside it (None where
    that could not be found).  ``centred`` tells for each axis whether the grid is its
    own mirror image, None where that is not known.
    """

    step: Pair | None
    interior: Mapping[Box, NDArray[np.bool_]] | None
    centred: tuple[bool, bool] | None


def grids_of(subject: Subject, names: Sequence[str], boxes: Sequence[Box]) -> dict[str, Grid]:
    """The grid of each layer; ``boxes`` are parts of the image."""
    whole = Box(0, 0, subject.volume.height, subject.volume.width)
    steps = _steps(subject, names)
    insides = _interiors(subject, steps, list(dict.fromkeys([whole, *boxes])))
    return {
        name: Grid(
            steps.get(name),
            insides.get(name),
            _centred(subject, name, insides[name][whole]) if name in insides else None,
        )
        for name in names
    }


def _steps(subject: Subject, names: Sequence[str]) -> dict[str, Pair]:
    """Δ divided by how much the map grows, for the layers where that is a whole number."""
    module, volume = subject.module, subject.volume
    weights = {
        name: value.to("meta")
        for name, value in [*module.named_parameters(), *module.named_buffers()]
    }
    image = torch.empty(
        (1, volume.channels, volume.height + ENLARGED, volume.width + ENLARGED), device="meta"
    )
    # Layers that take no other size, such as fc, end this; those before are recorded.
    with (
        borrowed(module),
        torch.no_grad(),
        recording(module, names) as outputs,
        suppress(Exception),
    ):
        functional_call(module, weights, (image,))
    found: dict[str, Pair] = {}
    for name, output in outputs.items():
        before = subject.layer(name).shape
        if output.dim() != 4 or len(before) != 3:
            continue
        grown = [int(output.shape[2 + axis]) - before[1 + axis] for axis in (0, 1)]
        if all(more > 0 and ENLARGED % more == 0 for more in grown):
            found[name] = (ENLARGED // grown[0], ENLARGED // grown[1])
    return found


def _interiors(
    subject: Subject, steps: Mapping[str, Pair], boxes: Sequence[Box]
) -> dict[str, dict[Box, NDArray[np.bool_]]]:
    """Per layer and box which units see the box alone."""
    usable = {name: step for name, step in steps.items() if max(step) <= LARGEST_MARGIN}
    margin = math.lcm(*(side for step in usable.values() for side in step))
    if not usable or margin > LARGEST_MARGIN:
        return {}
    outputs = _seen(subject.module, list(usable), _canvas(subject, boxes, margin))
    found: dict[str, dict[Box, NDArray[np.bool_]]] = {}
    for name, output in outputs.items():
        _, height, width = subject.layer(name).shape
        top, left = (margin // side for side in usable[name])
        if output.shape[2:] != (height + 2 * top, width + 2 * left):
            continue
        clear = ~output.isnan().any(1)[:, top : top + height, left : left + width]
        found[name] = dict(zip(boxes, clear.numpy(), strict=True))
    return found


def _canvas(subject: Subject, boxes: Sequence[Box], margin: int) -> Tensor:
    """One image per box: 0 inside it, NaN around it, far beyond the image's own edge."""
    volume = subject.volume
    size = (volume.height + 2 * margin, volume.width + 2 * margin)
    canvas = torch.full((len(boxes), volume.channels, *size), math.nan)
    for image, box in zip(canvas, boxes, strict=True):
        rows = slice(margin + box.top, margin + box.bottom)
        image[:, rows, margin + box.left : margin + box.right] = 0
    return canvas


def _seen(module: nn.Module, names: Sequence[str], images: Tensor) -> dict[str, Tensor]:
    # As above: layers that take no other size come last.
    with (
        borrowed(module),
        torch.no_grad(),
        recording(module, names) as outputs,
        suppress(Exception),
    ):
        module(images)
    return {name: output for name, output in outputs.items() if output.dim() == 4}


def _centred(subject: Subject, name: str, inside: NDArray[np.bool_]) -> tuple[bool, bool]:
    """Whether unit i and the i-th from the end see mirrored pixels, by rows and columns.

    For networks of ours from the arithmetic; for others from the border, which is the
    same at both ends of a centred grid.
    """
    if subject.architecture is not None and isinstance(subject.module, Network):
        field = fields(subject.architecture).get(name)
        if field is not None:
            sides = (subject.volume.height, subject.volume.width)
            middles = []
            for span, units, side in zip(
                (field.height, field.width), inside.shape, sides, strict=True
            ):
                if span.jump is None or span.start is None:
                    break
                last = span.start.value + (units - 1) * span.jump.value + span.size.value - 1
                middles.append(span.start.value + last == side - 1)
            else:
                return middles[0], middles[1]
    return bool((inside == inside[::-1]).all()), bool((inside == inside[:, ::-1]).all())
