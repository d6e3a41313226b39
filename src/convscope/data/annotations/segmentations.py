"""COCO's two ways to write the pixels of an object: polygons and run lengths.

Pixel for pixel what pycocotools makes of them (Lin et al., Microsoft COCO, 2014;
``maskApi.c``): pixels in the order of columns, polygons on a grid five times as fine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotations.json_shapes import number_in
from convscope.errors import DataError

__all__ = ["Painted", "Region", "decoded_counts", "filled_polygon", "pixels_of"]

Mask = NDArray[np.bool_]
_SCALE = 5
_FAR = 1e5
"""No coordinate of a polygon may lie further out: its border is walked step by step."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One object's pixels as the file has them, and the value they get in the mask."""

    value: int
    segmentation: Any
    crowd: bool
    place: str


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """The mask of an image out of its objects': 0 where there is none.

    Crowds lie below all single objects, and larger ones below smaller ones.
    """

    regions: tuple[Region, ...]

    def read(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """H×W; DataError names the object whose segmentation is wrong."""
        mask = np.zeros(size, np.uint8)
        shapes = []
        for region in self.regions:
            try:
                inside = pixels_of(region.segmentation, size)
            except DataError as problem:
                raise DataError(f"{region.place}: {problem.problem}") from problem
            shapes.append((not region.crowd, -np.count_nonzero(inside), region.value, inside))
        for _, _, value, inside in sorted(shapes, key=lambda shape: shape[:2]):
            mask[inside] = value
        return mask


def pixels_of(segmentation: Any, size: tuple[int, int]) -> Mask:
    """H×W from polygons ``[[x, y, x, y, …], …]`` or from ``{"counts": …, "size": [h, w]}``."""
    if isinstance(segmentation, dict):
        said = segmentation.get("size")
        if said != list(size):
            raise DataError(f"the run lengths are for {_by(said)}, not for {_by(list(size))}")
        return _from_counts(decoded_counts(segmentation.get("counts")), size)
    if not isinstance(segmentation, list) or not segmentation:
        raise DataError("there is no segmentation")
    inside = np.zeros(size, bool)
    for polygon in segmentation:
        inside |= filled_polygon(_points(polygon), size)
    return inside


def decoded_counts(counts: Any) -> NDArray[np.int64]:
    """Run lengths, background first, from a list or from pycocotools' compressed text.

    The text holds six bits a sign, from "0" on: five of the number, one that says whether
    it goes on; from the third on, the difference to the number two before.
    """
    if isinstance(counts, list):
        if not all(isinstance(one, int) and 0 <= one < 1 << 32 for one in counts):
            raise DataError("the run lengths are not all whole numbers of 0 or more")
        return np.array(counts, np.int64)
    if not isinstance(counts, str):
        raise DataError("the run lengths are neither a list nor a text")
    numbers: list[int] = []
    value = shift = 0
    for sign in counts:
        bits = ord(sign) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise DataError("the compressed run lengths are damaged")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            numbers.append(value + (numbers[-2] if len(numbers) > 2 else 0))
            value = shift = 0
    if shift or min(numbers, default=0) < 0:
        raise DataError("the compressed run lengths are damaged")
    return np.array(numbers, np.int64)


def filled_polygon(points: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """The pixels inside a polygon of N×2 (x, y), as pycocotools fills it.

    Its border is walked on a grid five times as fine; where it crosses the centre of a
    column, inside and outside change places from the next row's centre on.
    """
    height, width = size
    corners = np.trunc(_SCALE * points + 0.5).astype(np.int64)
    u, v = _border(corners)
    step = np.flatnonzero(np.diff(u))
    left = np.where(u[step + 1] < u[step], u[step + 1], u[step + 1] - 1)
    column = (left + 0.5) / _SCALE - 0.5
    row = (np.minimum(v[step], v[step + 1]) + 0.5) / _SCALE - 0.5
    hit = (np.floor(column) == column) & (column >= 0) & (column <= width - 1)
    rows = np.ceil(np.clip(row[hit], 0, height)).astype(np.int64)
    places = column[hit].astype(np.int64) * height + rows
    changes = np.bincount(places, minlength=height * width + 1)[: height * width]
    return _upright(np.cumsum(changes) & 1 == 1, size)


def _border(corners: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All points of the closed border, edge after edge, both ends of each included."""
    first, last = corners, np.roll(corners, -1, 0)
    reach = np.abs(last - first)
    flat = reach[:, 0] >= reach[:, 1]
    # each edge is walked towards the larger coordinate, whichever way the border goes
    turned = np.where(flat, first[:, 0] > last[:, 0], first[:, 1] > last[:, 1])
    low = np.where(turned[:, None], last, first)
    high = np.where(turned[:, None], first, last)
    steps = reach.max(1)
    edge = np.repeat(np.arange(len(corners)), steps + 1)
    t = np.arange(len(edge)) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    t = np.where(turned[edge], steps[edge] - t, t)
    across = np.where(flat, high[:, 1] - low[:, 1], high[:, 0] - low[:, 0])
    slope = across / np.maximum(steps, 1)
    along = np.where(flat, low[:, 0], low[:, 1])[edge] + t
    aside = np.where(flat, low[:, 1], low[:, 0])[edge]
    aside = np.trunc(aside + slope[edge] * t + 0.5).astype(np.int64)
    return np.where(flat[edge], along, aside), np.where(flat[edge], aside, along)


def _from_counts(counts: NDArray[np.int64], size: tuple[int, int]) -> Mask:
    total = size[0] * size[1]
    if int(counts.sum()) != total:
        raise DataError(f"the run lengths add up to {int(counts.sum()):,}, not to {total:,}")
    values = np.arange(len(counts)) % 2 == 1
    return _upright(np.repeat(values, counts), size)


def _upright(flat: Mask, size: tuple[int, int]) -> Mask:
    return flat.reshape(size[1], size[0]).T


def _points(polygon: Any) -> NDArray[np.float64]:
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        raise DataError("a polygon is no list of three points or more (x, y, x, y, …)")
    points = np.array([number_in(value) for value in polygon], np.float64).reshape(-1, 2)
    if np.abs(points).max() > _FAR:
        raise DataError("a polygon has a corner far outside the image")
    return points


def _by(size: Sequence[Any] | Any) -> str:
    known = isinstance(size, list) and len(size) == 2 and all(isinstance(s, int) for s in size)
    return f"{size[0]}×{size[1]}" if known else "no size"
