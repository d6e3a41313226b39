"""Data that are learnt in a second: bright squares, dark bars, and rings of void."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import VOID, Annotated, Split, fingerprint_of_annotated

REGIONS = ("background", "square", "bar")


def scene(
    chance: np.random.Generator, height: int, width: int, channels: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    image = chance.integers(90, 120, (channels, height, width)).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    for region, (down, right), value in ((1, (9, 9), 240), (2, (4, 14), 10)):
        top, left = (int(chance.integers(1, side - 15)) for side in (height, width))
        image[:, top : top + down, left : left + right] = value
        mask[top : top + down, left : left + right] = region
        mask[top : top + down, left] = VOID
    return image, mask


def split(count: int, sizes: Sequence[tuple[int, int]], channels: int = 1, seed: int = 0) -> Split:
    chance = np.random.default_rng(seed)
    made = [scene(chance, *sizes[k % len(sizes)], channels) for k in range(count)]
    images, masks = [image for image, _ in made], [mask for _, mask in made]
    names = tuple(f"{seed}-{k}" for k in range(count))
    if len(set(sizes)) == 1:
        return Split(names, np.stack(images), masks=np.stack(masks))
    return Split(names, images, masks=masks)


def tiny(
    *,
    count: int = 32,
    sizes: Sequence[tuple[int, int]] = ((32, 32),),
    channels: int = 1,
    regions: tuple[str, ...] = REGIONS,
) -> Annotated:
    parts = [split(n, sizes, channels, seed) for seed, n in enumerate((count, 8, 8))]
    return Annotated(
        name="tiny",
        place="made by the tests",
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        classes=(),
        regions=regions,
        channels=channels,
        fingerprint=fingerprint_of_annotated(parts, regions),
        source="tiny",
    )
