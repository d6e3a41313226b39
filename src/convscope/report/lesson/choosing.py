"""Which pictures a lesson follows, and which layers it shows where there are too many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.inspection.subject import Layer, Picture, Subject

__all__ = ["chosen_pictures", "reduced", "shown_layers"]

_PICTURES = 5
_LOOKED_AT = 200
_PICTURE_BYTES = 200_000
_LAYERS = 14
_SIDE = 56
_UNCHANGED = ("Dropout", "Identity", "Flatten")


def chosen_pictures(
    subject: Subject, images: Sequence[int | str | Path] | None = None
) -> tuple[Picture, ...]:
    """Those that are asked for; otherwise a few of different classes, one of them mistaken.

    Of the first 200 samples: the first that is called rightly of each class, in their
    order, and in the last place the first that is called wrongly.
    """
    if images:
        return tuple(subject.picture(image) for image in images)
    size = int(np.prod(subject.images.shape[1:]))
    count = max(1, min(_PICTURES, _PICTURE_BYTES // size, len(subject.images)))
    if not len(subject.labels):
        return tuple(subject.picture(number) for number in range(count))
    looked = subject.images[:_LOOKED_AT]
    labels = subject.labels[: len(looked)]
    right = subject.probabilities(looked).argmax(1) == labels
    first = {int(labels[number]): number for number in np.flatnonzero(right)[::-1].tolist()}
    numbers = sorted(first.values())
    wrong = np.flatnonzero(~right)[:1].tolist()
    numbers = numbers[: count - len(wrong)] if count > 1 else numbers[:1]
    rest = [number for number in range(len(looked)) if number not in numbers + wrong]
    numbers = [*numbers, *wrong, *rest][:count]
    return tuple(subject.picture(number) for number in numbers)


def shown_layers(subject: Subject) -> tuple[Layer, ...]:
    """All that make maps, or where they are many, the outermost of them."""
    spatial = [each for each in subject.layers if each.spatial and each.kind not in _UNCHANGED]
    single = [each for each in spatial if each.leaf]
    if len(single) <= _LAYERS:
        return tuple(single)
    outer = [each for each in spatial if "." not in each.name]
    if 5 <= len(outer) <= _LAYERS:
        return tuple(outer)
    some = outer if len(outer) > _LAYERS else single
    places = np.linspace(0, len(some) - 1, _LAYERS).round().astype(int).tolist()
    return tuple(some[place] for place in places)


def reduced(maps: NDArray[np.floating], side: int = _SIDE) -> NDArray[np.floating]:
    """N×C×H×W with no longer side than ``side``: means of squares of pixels where it is needed."""
    factor = -(-max(maps.shape[2:]) // side)
    if factor == 1:
        return maps
    count, channels, height, width = maps.shape
    rows, columns = height // factor, width // factor
    kept = maps[:, :, : rows * factor, : columns * factor]
    squares = kept.reshape(count, channels, rows, factor, columns, factor)
    made: NDArray[np.floating] = squares.mean((3, 5), dtype=maps.dtype)
    return made
