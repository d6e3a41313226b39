"""Runs of words, counted: what BLEU and CIDEr compare."""

from __future__ import annotations

from collections import Counter

from convscope.applications.captioning.tokens import Words

__all__ = ["LONGEST", "ngrams"]

LONGEST = 4
"""Words in the longest run that is compared."""


def ngrams(words: Words) -> Counter[Words]:
    """How often each run of 1 to 4 words stands in ``words``."""
    return Counter(
        words[start : start + length]
        for length in range(1, LONGEST + 1)
        for start in range(len(words) - length + 1)
    )
