"""Draws that never change: a release of Python has no say in them."""

from __future__ import annotations

import doctest
from collections import Counter
from hashlib import sha256

from convscope.exercises import dice
from convscope.exercises.dice import Dice


def test_the_draws_are_those_of_all_time() -> None:
    """If this fails, every sheet that was ever handed out is another: raise GENERATOR."""
    drawn = Dice("a", 1)
    assert [drawn.below(10) for _ in range(8)] == [2, 7, 8, 1, 8, 2, 2, 8]
    assert Dice("a", 2).shuffled("abcdef") == ["f", "c", "b", "d", "a", "e"]
    assert Dice("b").grid(2, 2, -3, 3) == ((1, -3), (-1, -1))


def test_a_draw_is_a_digest() -> None:
    words = [sha256(b"a\x1f1\x1f#%d" % place).digest()[:8] for place in range(5)]
    drawn = Dice("a", 1)
    assert [drawn.below(1000) for _ in words] == [int.from_bytes(w) % 1000 for w in words]


def test_all_sides_come_about_as_often() -> None:
    drawn = Dice("fair")
    counts = Counter(drawn.whole(1, 6) for _ in range(6000))
    assert set(counts) == {1, 2, 3, 4, 5, 6}
    assert all(850 < count < 1150 for count in counts.values())


def test_every_order_can_be_drawn() -> None:
    orders = {tuple(Dice("order", seed).shuffled("abc")) for seed in range(60)}
    assert len(orders) == 6


def test_keys_are_told_apart() -> None:
    def words(*key: str | int) -> list[int]:
        drawn = Dice(*key)
        return [drawn.below(1000) for _ in range(4)]

    assert words("a", "b") != words("ab") != words("a", 1)
    assert words("a", "b") == words("a", "b")
    assert len(Dice("x").some_of(range(3), 5)) == 3


def test_the_example_in_the_docstring_holds() -> None:
    assert doctest.testmod(dice) == (0, 1)
