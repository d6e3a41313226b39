"""Plans become pictures: garments are resampled in whole batches, then painted one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import Objects
from convscope.data.scenes.garments import SIDE, Garments, silhouettes
from convscope.data.scenes.planning import Item
from convscope.data.scenes.resampling import resampled

__all__ = ["DIFFICULT_BELOW", "Painting", "Patch", "objects_of", "paint", "patches_of"]

DIFFICULT_BELOW = 40
"""Percent: of a garment that is called difficult less than this is visible."""
_SEEN = 10
"""Percent: a garment of which less is visible is no object at all, and left to the ground."""
_LEAST_SIDE = 2
"""Pixels: nor is one whose box is thinner; Pascal VOC could not tell it from an empty box."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The part of an item that is painted: values and opacity of 255, and where."""

    values: NDArray[np.int32]
    opacity: NDArray[np.int32]
    inside: NDArray[np.bool_]
    top: int
    left: int


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """A picture before light and grain: brightness, whose each pixel is (0 = nobody's,
    k = garment k of the plan, counted from 1), and each garment's pixels, were it alone."""

    picture: NDArray[np.int32]
    owners: Pixels
    whole: tuple[int, ...]


def patches_of(items: Sequence[Item], garments: Garments) -> list[Patch]:
    """A patch for each item; those of one size are resampled together."""
    if not items:
        return []
    images = np.asarray(garments.images[[item.garment for item in items], 0])
    masks = silhouettes(images)
    by_side: dict[int, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        by_side[item.side].append(index)
    patches: dict[int, Patch] = {}
    for side, indices in by_side.items():
        values = resampled(images[indices], side)
        opacity = resampled(masks[indices].astype(np.uint8) * np.uint8(255), side)
        for place, index in enumerate(indices):
            patches[index] = _patch(items[index], values[place], opacity[place])
    return [patches[index] for index in range(len(items))]


def _patch(item: Item, values: Pixels, opacity: Pixels) -> Patch:
    if item.mirrored:
        values, opacity = values[:, ::-1], opacity[:, ::-1]
    top, left, height, width = (edge * item.side // SIDE for edge in item.window)
    part = (slice(top, top + height), slice(left, left + width))
    bright = np.minimum(item.lift + values[part].astype(np.int32) * item.contrast // 256, 255)
    return Patch(
        values=bright,
        opacity=opacity[part].astype(np.int32),
        inside=opacity[part] >= 128,
        top=item.top + top,
        left=item.left + left,
    )


def paint(
    ground: NDArray[np.int32], fragments: Sequence[Patch], garments: Sequence[Patch]
) -> Painting:
    """Fragments, then garments, each over what is there: (o·value + (255 − o)·below) / 255."""
    picture = ground.copy()
    owners = np.zeros(ground.shape, np.uint8)
    for patch in fragments:
        _blend(picture, patch)
    for number, patch in enumerate(garments, 1):
        window = _blend(picture, patch)
        owners[window][patch.inside] = number
    return Painting(picture, owners, tuple(int(patch.inside.sum()) for patch in garments))


def _blend(picture: NDArray[np.int32], patch: Patch) -> tuple[slice, slice]:
    height, width = patch.values.shape
    window = (slice(patch.top, patch.top + height), slice(patch.left, patch.left + width))
    below = picture[window]
    below += ((patch.values - below) * patch.opacity + 127) // 255
    return window


def objects_of(painting: Painting, items: Sequence[Item]) -> tuple[Objects, NDArray[np.uint8]]:
    """What can be seen of each garment, in boxes around its visible pixels.

    Also the number that each object has among the owners.
    """
    seen = np.bincount(painting.owners.ravel(), minlength=len(items) + 1)[1:].tolist()
    found = []
    for number, (item, pixels, whole) in enumerate(
        zip(items, seen, painting.whole, strict=True), 1
    ):
        if pixels == 0 or 100 * pixels < _SEEN * whole:
            continue
        left, top, right, bottom = _box(painting.owners, item, number)
        if min(right - left, bottom - top) >= _LEAST_SIDE:
            difficult = 100 * pixels < DIFFICULT_BELOW * whole
            found.append(((left, top, right, bottom), item.label, difficult, number))
    objects = Objects(
        boxes=np.array([box for box, *_ in found], np.float32).reshape(-1, 4),
        labels=np.array([label for _, label, _, _ in found], np.int64),
        difficult=np.array([difficult for _, _, difficult, _ in found], bool),
    )
    return objects, np.array([number for *_, number in found], np.uint8)


def _box(owners: Pixels, item: Item, number: int) -> tuple[int, int, int, int]:
    """Edges around the visible pixels: left, top, right, bottom."""
    window = owners[item.top : item.top + item.side, item.left : item.left + item.side] == number
    across, down = np.flatnonzero(window.any(0)), np.flatnonzero(window.any(1))
    return (
        item.left + int(across[0]),
        item.top + int(down[0]),
        item.left + int(across[-1]) + 1,
        item.top + int(down[-1]) + 1,
    )
