"""What lies behind the garments, and over them: grounds, light and grain, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.data.scenes.chance import Chance
from convscope.data.scenes.difficulty import Difficulty
from convscope.data.scenes.resampling import resampled

__all__ = ["Light", "ground", "light"]

Field = NDArray[np.int32]

_CELLS = (3, 7, 15)
"""Spots of three sizes: so many across the picture."""


def ground(chance: Chance, size: int, difficulty: Difficulty) -> Field:
    """A ground of size×size: a level, soft spots of three sizes and, in some, stripes."""
    field = np.full((size, size), chance.between(*difficulty.level), np.int32)
    amplitude = chance.between(*difficulty.texture)
    weights = [chance.between(1, 4) for _ in _CELLS]
    for cells, weight in zip(_CELLS, weights, strict=True):
        spots = resampled(chance.bytes(1, cells, cells), size)[0].astype(np.int32)
        field += (spots - 128) * (amplitude * weight) // (128 * max(weights))
    if chance.happens(difficulty.striped):
        field += _stripes(chance, size, chance.between(*difficulty.stripes))
    return np.clip(field, 0, 255, out=field)


def _stripes(chance: Chance, size: int, amplitude: int) -> Field:
    """Waves of straight flanks, −amplitude … amplitude; one direction, or two as in a weave."""
    steps = np.arange(size, dtype=np.int32)
    waves = np.zeros((size, size), np.int32)
    directions = chance.between(1, 2)
    for _ in range(directions):
        period = 4 * chance.between(5, 24)
        across, down = chance.between(-4, 4), chance.between(1, 4)
        phase = (across * steps + down * steps[:, None] + chance.below(period)) % period
        waves += (4 * np.abs(phase - period // 2) - period) * amplitude // period
    return waves // directions


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """A light that fades towards one side (of 256, size×size), and how strong the grain is."""

    share: Field
    grain: int

    def on(self, picture: Field, chance: Chance) -> NDArray[np.uint8]:
        """The picture as it is seen: picture · share / 256 + grain of its own, size×size bytes."""
        noise = chance.bytes(*picture.shape).astype(np.int32) - 128
        seen = (picture * self.share + 128) // 256 + noise * self.grain // 128
        pixels: NDArray[np.uint8] = np.clip(seen, 0, 255).astype(np.uint8)
        return pixels


def light(chance: Chance, size: int, difficulty: Difficulty) -> Light:
    """Light from any side; where it is darkest, the difficulty's share of it is left."""
    darkest = chance.between(*difficulty.light)
    across, down = chance.between(-8, 8), chance.between(-8, 8)
    steps = 2 * np.arange(size, dtype=np.int32) - (size - 1)
    # −span … span over the picture, brought to 256 … darkest
    slope = across * steps + down * steps[:, None]
    span = max((abs(across) + abs(down)) * (size - 1), 1)
    share = 256 - (256 - darkest) * (slope + span) // (2 * span)
    return Light(share, chance.between(*difficulty.grain))
