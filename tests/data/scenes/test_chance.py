"""Chance out of raw bits: the numbers themselves are promised, not only their distribution."""

from __future__ import annotations

import numpy as np
import pytest

from convscope.data.scenes.chance import Chance


def test_the_stream_is_that_of_pcg64() -> None:
    """⌊word · count / 2⁶⁴⌋, worked out by hand from numpy's own raw words."""
    words = np.random.PCG64(np.random.SeedSequence((3, 1))).random_raw(128).tolist()
    chance = Chance(3, 1)
    drawn = [chance.below(1000) for _ in range(128)]
    assert drawn == [word * 1000 // 2**64 for word in reversed(words)]


def test_known_numbers() -> None:
    chance = Chance(0)
    assert [chance.below(100) for _ in range(8)] == [22, 88, 24, 25, 56, 96, 43, 34]
    assert Chance(0).bytes(4).tolist() == [95, 130, 194, 217]


def test_a_key_is_a_stream_of_its_own() -> None:
    drawn = {tuple(Chance(*key).bytes(8).tolist()) for key in ((0,), (1,), (0, 0, 1), (0, 1))}
    assert len(drawn) == 4
    assert Chance(5, 6).bytes(9).tolist() == Chance(5, 6).bytes(9).tolist()


def test_ranges_are_reached_and_kept() -> None:
    chance = Chance(1)
    assert {chance.below(3) for _ in range(100)} == {0, 1, 2}
    assert {chance.between(-2, 1) for _ in range(100)} == {-2, -1, 0, 1}
    assert {chance.one_of("ab") for _ in range(50)} == {"a", "b"}
    assert not any(chance.happens(0) for _ in range(50))
    assert all(chance.happens(100) for _ in range(50))


def test_weights() -> None:
    chance = Chance(2)
    counts = np.bincount([chance.weighted((1, 0, 3)) for _ in range(4000)], minlength=3)
    assert counts[1] == 0
    # a binomial's deviation is √(4000 · ¾ · ¼) ≈ 27
    assert counts[2] == pytest.approx(3000, abs=5 * 27)


def test_mixing_keeps_all_and_reaches_every_order() -> None:
    chance = Chance(4)
    values = (1, 2, 3)
    orders = {tuple(chance.mixed(values)) for _ in range(200)}
    assert len(orders) == 6
    assert values == (1, 2, 3)


def test_bytes_are_even() -> None:
    drawn = Chance(7).bytes(64, 1000)
    assert drawn.shape == (64, 1000) and drawn.dtype == np.uint8
    counts = np.bincount(drawn.ravel(), minlength=256)
    # χ² with 255 degrees of freedom: mean 255, deviation √510 ≈ 23
    assert ((counts - 250) ** 2 / 250).sum() == pytest.approx(255, abs=5 * 23)
