"""Grounds, light and grain stay within what the difficulty allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convscope.data.scenes.chance import Chance
from convscope.data.scenes.difficulty import LEVELS
from convscope.data.scenes.textures import ground, light


@pytest.mark.parametrize("level", LEVELS)
def test_grounds_vary_within_their_ranges(level: str) -> None:
    difficulty = LEVELS[level]
    most = len((3, 7, 15)) * difficulty.texture[1] + difficulty.stripes[1]
    means = []
    for number in range(40):
        field = ground(Chance(number), 64, difficulty)
        assert field.min() >= 0 and field.max() <= min(255, difficulty.level[1] + most)
        means.append(field.mean())
    assert max(means) - min(means) > (difficulty.level[1] - difficulty.level[0]) / 3


def test_stripes_swing_around_the_level() -> None:
    striped = replace(
        LEVELS["default"], level=(100, 100), texture=(0, 0), striped=100, stripes=(20, 20)
    )
    lowest, highest = [], []
    for number in range(20):
        field = ground(Chance(number), 256, striped)
        assert len(np.unique(field)) > 4
        assert 80 <= field.min() < 95 and 105 < field.max() <= 120
        assert abs(field.mean() - 100) < 4
        lowest.append(int(field.min()))
        highest.append(int(field.max()))
    assert min(lowest) == 80 and max(highest) == 120


def test_light_fades_from_full_to_the_darkest() -> None:
    for number in range(30):
        shine = light(Chance(number), 128, LEVELS["default"])
        assert 170 <= shine.share.min() <= shine.share.max() <= 256
        assert shine.share.max() >= 250


def test_grain_is_no_brighter_than_it_says() -> None:
    chance = Chance(3)
    shine = light(chance, 64, LEVELS["hard"])
    flat = np.full((64, 64), 120, np.int32)
    seen = shine.on(flat, chance).astype(int)
    still = (flat * shine.share + 128) // 256
    assert 0 < np.abs(seen - still).max() <= shine.grain
    assert not np.array_equal(seen, shine.on(flat, chance))
