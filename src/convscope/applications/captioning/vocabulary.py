"""The words that a captioner knows, and captions as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from convscope.applications.captioning.tokens import Words, words_of
from convscope.errors import DataError

__all__ = ["END", "PAD", "SPECIAL", "START", "UNKNOWN", "Vocabulary", "vocabulary_of"]

PAD, START, END, UNKNOWN = range(4)
"""Numbers of what is no word: nothing any more, the beginning, the end, a word not known."""

SPECIAL = ("<pad>", "<start>", "<end>", "<unknown>")
LONGEST_CAPTION = 64
"""Words; what a photograph's caption has beyond is cut off in training."""


@dataclass(frozen=True)
class Vocabulary:
    """Words by number; the first four numbers are no words (``SPECIAL``).

    ``longest`` is how many words the longest caption had that it was made from: no longer
    one is ever said.
    """

    words: tuple[str, ...]
    longest: int

    def __len__(self) -> int:
        return len(SPECIAL) + len(self.words)

    def __repr__(self) -> str:
        return f"<Vocabulary: {len(self.words):,} words>"

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, len(SPECIAL))}

    def knows(self, word: str) -> bool:
        """Whether it is a word of its own here."""
        return word in self._numbers

    def numbers(self, words: Iterable[str]) -> tuple[int, ...]:
        """Words as numbers, without beginning and end; unknown ones as UNKNOWN."""
        return tuple(self._numbers.get(word, UNKNOWN) for word in words)

    def said(self, numbers: Iterable[int]) -> Words:
        """Numbers as words, up to the end; what is no word is left out."""
        found = []
        for number in numbers:
            if number == END:
                break
            if number >= len(SPECIAL):
                found.append(self.words[number - len(SPECIAL)])
            elif number == UNKNOWN:
                found.append(SPECIAL[UNKNOWN])
        return tuple(found)

    def table(self, captions: Sequence[Words]) -> NDArray[np.int64]:
        """Captions as rows: START, the words, END, then PAD: N × (longest + 2).

        Of a caption that is longer than ``longest`` the rest is left out, and its END too.
        """
        rows = np.full((len(captions), self.longest + 2), PAD, np.int64)
        for row, words in zip(rows, captions, strict=True):
            numbers = (START, *self.numbers(words), END)[: self.longest + 2]
            row[: len(numbers)] = numbers
        return rows


def vocabulary_of(captions: Iterable[Sequence[str]], *, least: int = 1) -> Vocabulary:
    """The words that stand ``least`` times or more in all captions (several an image).

    The most frequent ones first, equally frequent ones by the alphabet, so that the same
    captions give the same numbers.  Raises DataError where nothing is left.
    """
    counts: Counter[str] = Counter()
    longest = 0
    for own in captions:
        for caption in own:
            words = words_of(caption)
            counts.update(words)
            longest = max(longest, len(words))
    kept = sorted((-count, word) for word, count in counts.items() if count >= least)
    if not kept:
        raise DataError(
            f"no word stands {least} times or more in the captions",
            remedy="give captions in words, or a lower least count",
        )
    return Vocabulary(tuple(word for _, word in kept), min(longest, LONGEST_CAPTION))
