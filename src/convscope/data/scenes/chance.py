"""Whole numbers by chance, the same on every machine and with every version of numpy.

Everything is drawn from the raw 64 bits of PCG64 (O'Neill 2014), a stream that numpy keeps
the same for ever (NEP 19), which it does not promise of its distributions; and all
arithmetic is that of whole numbers, so that no rounding differs between processors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chance"]

T = TypeVar("T")

_BLOCK = 128
"""Words that are drawn at once: most scenes need fewer."""


class Chance:
    """A stream of chance that belongs to a key, such as (seed, part, number of the scene)."""

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))
        self._words: list[int] = []

    def below(self, count: int) -> int:
        """0 … count − 1, each as likely: ⌊word · count / 2⁶⁴⌋."""
        if not self._words:
            self._words = self._bits.random_raw(_BLOCK).tolist()
        return (self._words.pop() * count) >> 64

    def between(self, low: int, high: int) -> int:
        """low … high, both included."""
        return low + self.below(high - low + 1)

    def happens(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.below(100) < percent

    def one_of(self, values: Sequence[T]) -> T:
        """One of the values, each as likely."""
        return values[self.below(len(values))]

    def weighted(self, weights: Sequence[int]) -> int:
        """An index, as likely as its weight says."""
        drawn = self.below(sum(weights))
        for index, weight in enumerate(weights):
            drawn -= weight
            if drawn < 0:
                return index
        raise AssertionError("a number below the sum lies in one of its terms")

    def mixed(self, values: Sequence[T]) -> list[T]:
        """The values in another order (Fisher and Yates 1938)."""
        mixed = list(values)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed

    def bytes(self, *shape: int) -> NDArray[np.uint8]:
        """Bytes of the stream in an array, the lowest of each word first."""
        count = int(np.prod(shape))
        words = self._bits.random_raw((count + 7) // 8)
        return words.astype("<u8", copy=False).view(np.uint8)[:count].reshape(shape)
