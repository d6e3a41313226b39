"""What is drawn for a sheet: whole numbers that are the same on every machine, for ever.

The n-th word of a draw is SHA-256(key, n), its first eight bytes.  Neither the release of
Python nor the machine has a say in it, as they might with ``random``.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

__all__ = ["Dice"]

T = TypeVar("T")
_WORDS = 2**64


class Dice:
    """A stream of draws that its key (texts and whole numbers) determines.

    >>> Dice("sheet", 3).whole(1, 6), Dice("sheet", 3).whole(1, 6)
    (3, 3)
    """

    def __init__(self, *key: str | int) -> None:
        self._key = "\x1f".join(str(part) for part in key).encode("utf-8")
        self._drawn = 0

    def below(self, count: int) -> int:
        """0 … count − 1, each as likely: words beyond a whole multiple of count are left out."""
        last = _WORDS - _WORDS % count
        while True:
            text = self._key + b"\x1f#" + str(self._drawn).encode("ascii")
            self._drawn += 1
            word = int.from_bytes(sha256(text).digest()[:8], "big")
            if word < last:
                return word % count

    def whole(self, low: int, high: int) -> int:
        """low … high, both included."""
        return low + self.below(high - low + 1)

    def one_of(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """All of them in a drawn order (Fisher and Yates)."""
        order = list(things)
        for place in range(len(order) - 1, 0, -1):
            other = self.below(place + 1)
            order[place], order[other] = order[other], order[place]
        return order

    def some_of(self, things: Sequence[T], count: int) -> list[T]:
        """``count`` of them, or all where there are fewer."""
        return self.shuffled(things)[:count]

    def grid(self, rows: int, columns: int, low: int, high: int) -> tuple[tuple[int, ...], ...]:
        """Rows of whole numbers, low … high."""
        return tuple(tuple(self.whole(low, high) for _ in range(columns)) for _ in range(rows))
