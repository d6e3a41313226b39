"""Opening the images of a listing, and what shows only then: sizes, damage, boxes outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.architecture.layers import Pair
from convscope.data.annotated import Objects
from convscope.data.annotations.listing import Item
from convscope.data.folders import workers
from convscope.data.images import Skipped
from convscope.data.opening import bombs_are_errors, measure, open_image, pixels_of
from convscope.errors import DataError

__all__ = ["Opened", "Wanted", "brought_down", "headers_of", "opened", "threads"]

_ROUNDING = 0.5
"""Pixels by which an edge may lie beyond the image: rounded coordinates do; it is moved in."""
_BLOCK = 64
_NOTHING = np.zeros((0, 0, 0), np.uint8)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How images are to be read: 1 or 3 channels (None: as each has them), the longest side."""

    channels: int | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """An image, C×H×W, with what is known of it, all brought down; a clip is T×C×H×W.

    ``full_size`` is its (height, width) before.
    """

    item: Item
    full_size: Pair
    pixels: NDArray[np.uint8]
    objects: Objects | None
    mask: NDArray[np.uint8] | None

    def without_pixels(self) -> Opened:
        """What stays in memory when the pixels are on the disk."""
        return Opened(self.item, self.full_size, _NOTHING, self.objects, None)


@contextmanager
def threads() -> Iterator[ThreadPoolExecutor]:
    """A pool to decode with."""
    with bombs_are_errors(), ThreadPoolExecutor(workers()) as pool:
        yield pool


def headers_of(
    root: Path, items: Iterable[Item], pool: ThreadPoolExecutor
) -> list[tuple[Pair, bool]]:
    """(height, width) of each image, and whether it is grey; without those that have no header."""

    def header(item: Item) -> tuple[Pair, bool] | None:
        try:
            height, width, grey = measure(root / item.image)
        except DataError:
            return None  # decoding will name it
        return (height, width), grey

    return [found for found in pool.map(header, items) if found]


def opened(
    root: Path, items: Iterable[Item], wanted: Wanted, pool: ThreadPoolExecutor
) -> Iterator[Opened | Skipped]:
    """Each image in order; what cannot be used comes as Skipped.  A block waits in memory."""
    items = list(items)
    for start in range(0, len(items), _BLOCK):
        yield from pool.map(lambda item: _one(root, item, wanted), items[start : start + _BLOCK])


def brought_down(size: Pair, longest: int | None) -> Pair:
    """(height, width) with the longer side at most ``longest``, in proportion, 1 at least."""
    if longest is None or max(size) <= longest:
        return size
    height, width = (max(1, round(side * longest / max(size))) for side in size)
    return height, width


def _one(root: Path, item: Item, wanted: Wanted) -> Opened | Skipped:
    try:
        frames = [_frame(root, path, wanted) for path in item.frames or (item.image,)]
        size = (frames[0].height, frames[0].width)
        if any(frame.size != frames[0].size or frame.mode != frames[0].mode for frame in frames):
            raise DataError("its frames are not all of one size and colour")
        if item.size is not None and item.size != size:
            raise _other_size(item.size, size)
        objects = None if item.objects is None else _inside(item.objects, size)
        mask = None if item.mask is None else item.mask.read(size)
    except DataError as problem:
        return Skipped(item.place, problem.problem)
    smaller = brought_down(size, wanted.longest)
    if smaller != size:
        to = (smaller[1], smaller[0])
        frames = [frame.resize(to, Image.Resampling.BILINEAR) for frame in frames]
        objects = objects and _scaled(objects, size, smaller)
        mask = None if mask is None else _shrunk(mask, smaller)
    pixels = [pixels_of(frame) for frame in frames]
    stacked = np.stack(pixels) if item.frames else pixels[0]
    return Opened(item, size, stacked, objects, mask)


def _frame(root: Path, path: str, wanted: Wanted) -> Image.Image:
    try:
        grey = None if wanted.channels is None else wanted.channels == 1
        return open_image(root / path, path, grey=grey)
    except DataError as problem:
        raise DataError(f"its image {path} {problem.problem}") from problem


def _other_size(said: Pair, size: Pair) -> DataError:
    turned = " (a quarter turn: EXIF turns the picture upright)" if said == size[::-1] else ""
    return DataError(
        f"says that its image is {said[0]}×{said[1]} (height × width), and it is "
        f"{size[0]}×{size[1]}{turned}"
    )


def _inside(objects: Objects, size: Pair) -> Objects:
    """The objects with edges inside the image; DataError where one lies beyond it."""
    limits = np.array([size[1], size[0], size[1], size[0]], np.float32)
    boxes = objects.boxes
    beyond = (boxes < -_ROUNDING) | (boxes > limits + _ROUNDING)
    clipped = np.clip(boxes, 0, limits)
    empty = (clipped[:, 2:] <= clipped[:, :2]).any(1)
    reasons = []
    for index in np.flatnonzero(beyond.any(1) | empty).tolist():
        edges = ", ".join(f"{value:g}" for value in boxes[index].tolist())
        what = "lies beyond" if beyond[index].any() else "leaves nothing inside"
        reasons.append(
            f"object {index + 1}: the box {edges} (left, top, right, bottom) {what} "
            f"the image of {size[1]}×{size[0]} (width × height)"
        )
    if reasons:
        raise DataError("; ".join(reasons))
    return Objects(clipped, objects.labels, objects.difficult)


def _scaled(objects: Objects, size: Pair, smaller: Pair) -> Objects:
    across, down = smaller[1] / size[1], smaller[0] / size[0]
    factors = np.array([across, down, across, down], np.float32)
    return Objects(objects.boxes * factors, objects.labels, objects.difficult)


def _shrunk(mask: NDArray[np.uint8], size: Pair) -> NDArray[np.uint8]:
    """Each pixel takes the region of the nearest: regions have no means."""
    image = Image.fromarray(mask)
    return np.asarray(image.resize((size[1], size[0]), Image.Resampling.NEAREST))
