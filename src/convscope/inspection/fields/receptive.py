"""Receptive fields: which pixels a unit can see, and which of them it listens to.

The *geometric* field follows from kernels, strides and paddings (``architecture.fields``;
for modules that are no architecture of ours it is found by trying, ``reaching``).  The
*effective* field is where the gradient of the unit is, on average over images: Luo, Li,
Urtasun and Zemel, Understanding the effective receptive field in deep convolutional neural
networks, NeurIPS 2016, found it bell-shaped and much smaller than the geometric one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.pixels import Box
from convscope.data.progress import Tell
from convscope.errors import UsageError
from convscope.inspection.fields.effective import (
    Place,
    area_of,
    deviation,
    field_heats,
    middle_of,
    share_in,
    shortest_run,
)
from convscope.inspection.fields.field_results import HELD, ReceptiveField, ReceptiveFields
from convscope.inspection.fields.geometric import Geometry, geometry_of
from convscope.inspection.subject import Picture, Subject, subject_of

__all__ = ["HELD", "ReceptiveField", "ReceptiveFields", "receptive_field", "receptive_fields"]

_IMAGES, _FEWEST = 32, 4
_PIXELS = 32 * 64 * 64
"""So many pixels of a channel are looked at by default: 32 images of up to 64×64."""


def receptive_field(
    subject: Any,
    layer: str,
    at: tuple[int, int] | None = None,
    *,
    channel: int | None = None,
    image: int | str | Path | bytes | Picture = 0,
    images: int | None = None,
    seed: int = 0,
    progress: Tell | None = None,
) -> ReceptiveField:
    """The field of one unit: of ``layer`` at (row, column), by default the map's middle.

    ``images`` is how many samples, drawn with ``seed``, the gradient is averaged over, by
    default 32 and fewer of large ones; ``image`` is the picture that it is shown on.
    """
    opened = subject_of(subject)
    place = _place(opened, layer, at, channel)
    return _found(opened, {layer: place}, opened.picture(image), images, seed, progress)[0]


def receptive_fields(
    subject: Any,
    layers: Sequence[str] | None = None,
    *,
    image: int | str | Path | bytes | Picture = 0,
    images: int | None = None,
    seed: int = 0,
    progress: Tell | None = None,
) -> ReceptiveFields:
    """The fields of the middle units of ``layers``, by default of all that widen a field."""
    opened = subject_of(subject)
    names = _widening(opened) if layers is None else list(layers)
    places = {name: _place(opened, name, None, None) for name in names}
    found = tuple(_found(opened, places, opened.picture(image), images, seed, progress))
    return ReceptiveFields(opened.name, opened.preprocessing.size, found, _remarks(opened, found))


def _widening(subject: Subject) -> list[str]:
    """Convolutions, poolings, blocks and full connections; all layers where there are none."""
    words = ("Conv", "Pool", "Linear", "ResidualBlock")
    names = [
        each.name
        for each in subject.layers
        if (each.leaf or each.kind == "ResidualBlock") and any(word in each.kind for word in words)
    ]
    if not names:
        names = [each.name for each in subject.layers if each.leaf]
    if not names:
        raise UsageError(
            f"{subject.name} holds no layers that could be asked for their fields",
            remedy="give a module that is made of modules",
        )
    return names


def _place(subject: Subject, name: str, at: tuple[int, int] | None, channel: int | None) -> Place:
    """The unit that is meant; UsageError where the layer has none there."""
    layer = subject.layer(name)
    height, width = layer.shape[1:] if layer.spatial else (1, 1)
    row, column = at if at is not None else (height // 2, width // 2)
    if not (0 <= row < height and 0 <= column < width):
        raise UsageError(
            f"{name} has no unit at row {row}, column {column}",
            remedy=f"its rows are 0 to {height - 1}, its columns 0 to {width - 1}",
        )
    if channel is not None and not 0 <= channel < layer.shape[0]:
        raise UsageError(
            f"{name} has no channel {channel}", remedy=f"give 0 to {layer.shape[0] - 1}"
        )
    return Place(row, column, channel)


def _found(
    subject: Subject,
    places: Mapping[str, Place],
    picture: Picture,
    images: int | None,
    seed: int,
    progress: Tell | None,
) -> list[ReceptiveField]:
    count = _count(subject, images)
    chosen = np.random.default_rng(seed).permutation(len(subject.images))[:count]
    samples = subject.tensor(subject.images[np.sort(chosen)])
    heats = field_heats(subject.module, samples, places, seed=seed, progress=progress)
    geometry = geometry_of(subject, places, progress)
    return [
        _field(subject, name, places[name], geometry[name], heats[name], picture, count, seed)
        for name in places
    ]


def _count(subject: Subject, images: int | None) -> int:
    if images is not None and images < 1:
        raise UsageError(f"{images} images cannot be averaged", remedy="give 1 or more")
    height, width = subject.preprocessing.size
    usual = min(_IMAGES, max(_FEWEST, _PIXELS // (height * width)))
    return min(usual if images is None else images, len(subject.images))


def _field(
    subject: Subject,
    name: str,
    place: Place,
    geometry: Geometry,
    total: NDArray[np.float64],
    picture: Picture,
    count: int,
    seed: int,
) -> ReceptiveField:
    mass = float(total.sum())
    heat = total / mass if mass > 0 else np.zeros_like(total)
    inner = middle_of(geometry.box)
    return ReceptiveField(
        subject=subject.name,
        layer=subject.layer(name),
        at=(place.row, place.column),
        channel=place.channel,
        image=picture,
        sides=geometry.sides,
        derivation=geometry.derivation,
        everything=geometry.everything,
        box=geometry.box,
        heat=heat,
        effective=_effective(heat),
        deviation=(deviation(heat.sum(1)), deviation(heat.sum(0))),
        inside=share_in(heat, geometry.box),
        middle=share_in(heat, inner),
        middle_area=area_of(inner) / area_of(geometry.box) if geometry.box else 0.0,
        count=count,
        images_from=subject.images_from,
        seed=seed,
        after_global=_after_global(subject, name),
    )


def _after_global(subject: Subject, name: str) -> bool:
    """Whether a layer that makes one place of each map has run before, such as a global mean."""
    names = [each.name for each in subject.layers]
    return any(
        each.spatial and each.shape[1:] == (1, 1)
        for each in subject.layers[: names.index(name) + 1]
    )


def _effective(heat: NDArray[np.float64]) -> Box | None:
    if not heat.any():
        return None
    (top, bottom), (left, right) = (shortest_run(heat.sum(axis), HELD) for axis in (1, 0))
    return Box(top, left, bottom, right)


def _remarks(subject: Subject, found: Sequence[ReceptiveField]) -> tuple[str, ...]:
    remarks: list[str] = []
    larger = [field.layer.name for field in found if field.larger]
    if larger:
        height, width = subject.preprocessing.size
        named = ", ".join(larger) if len(larger) < 6 else f"{larger[0]} to {larger[-1]}"
        one = len(larger) == 1
        remarks.append(
            f"unproductive: {named} {'has a field' if one else 'have fields'} larger than the "
            f"{height}×{width} image. A convolution adds to what a network sees by looking wider; "
            f"where each unit sees the whole image already, it finds no new patterns and mostly "
            "passes on what it is given (Richter et al. 2021). Larger images, smaller kernels, "
            "less pooling before or fewer layers would mend that"
        )
        nodes = () if subject.architecture is None else subject.architecture.nodes
        if any(node.body for node in nodes) or not all(field.by_arithmetic for field in found):
            remarks.append(
                "the size is that of the longest way; ways past a layer (shortcuts, branches) "
                "bring smaller fields along, so that such layers may still see something new"
            )
    silent = [field.layer.name for field in found if field.effective is None]
    if silent:
        remarks.append(
            f"no effective field for {', '.join(silent)}: the gradient is 0 on all "
            f"{found[0].count} images, as where a ReLU before it lets nothing pass"
        )
    return tuple(remarks)
