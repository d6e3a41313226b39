"""Captions as words: what every score and every vocabulary reads.

The tokeniser is our own, and plain: lower case; a word is a run of letters and digits, with
apostrophes and hyphens inside it ("t-shirt", "don't"); punctuation is left out.  The COCO
captioning server splits with Stanford's PTBTokenizer (Java) instead, which makes "do n't" of
"don't" and "dog 's" of "dog's", and is equal to ours on text without such endings.  Scores
of captions are comparable only where the tokeniser is the same.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["NUMBERS", "Words", "sentence", "words_of"]

Words = tuple[str, ...]
"""A caption after tokenising."""

NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
"""English words that say how many there are of what the next word means."""

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def words_of(text: str) -> Words:
    """The words of a caption.

    >>> words_of("A T-shirt is left of two bags.")
    ('a', 't-shirt', 'is', 'left', 'of', 'two', 'bags')
    """
    # One spelling of each letter, and of the apostrophe; case last, since it may compose anew.
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'").lower()
    return tuple(_WORD.findall(plain))


def sentence(words: Words) -> str:
    """Words as the text of a caption: without capitals and without a full stop, as they are."""
    return " ".join(words)
