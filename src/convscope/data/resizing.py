"""Whole sets of images brought to another size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from convscope.architecture.layers import Pair
from convscope.data.cache import locked, need_room
from convscope.data.decoded import Part, Story, entry_folder, keep, open_entry
from convscope.data.images import Data, Images, ImageSet, Labels, fingerprint_of
from convscope.data.opening import picture_of
from convscope.data.preprocessing import Fit, fit_image
from convscope.data.progress import Progress, Tell

__all__ = ["data_resized", "resized"]


def resized(images: Images, size: Pair, channels: int, fit: Fit) -> Images:
    """N×C×H×W at another size or with other channels; the same array where nothing changes."""
    if images.shape[1:] == (channels, *size):
        return images
    out = np.empty((len(images), channels, *size), np.uint8)
    for index, image in enumerate(images):
        out[index] = fit_image(picture_of(image), size, channels, fit)
    return out


def data_resized(data: Data, size: Pair | None, channels: int | None, fit: Fit, tell: Tell) -> Data:
    """Data at another size or with other channels, and a fingerprint of their own.

    What lies in the cache is kept there in the new form too; the rest is small.
    """
    size, channels = size or data.size, channels or data.channels
    if (channels, *size) == (data.channels, *data.size):
        return replace(data, fit=fit)
    if not data.kept:
        return _in_memory(data, size, channels, fit)
    form = f"{size[0]}x{size[1]}x{channels}-{fit}-{data.fingerprint[:16]}"
    folder = entry_folder(f"{data.name}-{form}")
    found = open_entry(folder)
    if found is None:
        with locked(folder, tell):
            found = open_entry(folder)  # another process may have made it meanwhile
            if found is None:
                found = _kept(data, size, channels, fit, folder, tell)
    return found


def _in_memory(data: Data, size: Pair, channels: int, fit: Fit) -> Data:
    train, test = (
        ImageSet(resized(part.images, size, channels, fit), part.labels)
        for part in (data.train, data.test)
    )
    fingerprint = fingerprint_of(train, test, data.classes)
    return replace(data, train=train, test=test, fingerprint=fingerprint, fit=fit, size=size)


def _kept(data: Data, size: Pair, channels: int, fit: Fit, folder: Path, tell: Tell) -> Data:
    tell(Progress(f"bringing {data.name} to {size[0]}×{size[1]}×{channels}"))
    need_room(folder, (len(data.train) + len(data.test)) * channels * size[0] * size[1])

    def blocks(part: ImageSet) -> Iterator[tuple[Images, Labels]]:
        for start in range(0, len(part), 1024):
            block = slice(start, start + 1024)
            yield resized(part.images[block], size, channels, fit), part.labels[block]

    story = Story(
        name=data.name,
        place=data.place,
        classes=data.classes,
        fit=fit,
        size=size,
        channels=channels,
        dark_background=data.dark_background,
    )
    parts = (Part("train", blocks(data.train)), Part("test", blocks(data.test)))
    return keep(folder, parts, lambda: story)
