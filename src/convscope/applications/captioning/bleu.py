"""BLEU: how many of a caption's runs of words stand in one of its references."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from convscope.applications.captioning.ngrams import LONGEST, ngrams
from convscope.applications.captioning.tokens import Words

__all__ = ["bleu"]

SMALL = 1e-9
TINY = 1e-15
"""Added to denominators and numerators by pycocoevalcap, so that nothing is divided by 0."""


def bleu(
    captions: Sequence[Words], references: Sequence[Sequence[Words]]
) -> tuple[float, float, float, float]:
    """BLEU-1, -2, -3 and -4 of a corpus, each 0…1 (Papineni et al. 2002).

    BLEU-n = penalty · (p₁·p₂·…·pₙ)^(1/n): p_k is the part of all runs of k words, over the
    whole corpus, that stand in a reference of the same image; a run counts as often as in
    the one reference that has it most often.  penalty = min(1, exp(1 − r/c)), where c counts
    the words of the captions and r those of their references, for each caption of the one
    that is closest in length (of two equally close the shorter).

    Equal to pycocoevalcap's ``Bleu(4)``.
    """
    right, made = [0] * LONGEST, [0] * LONGEST
    length, wanted = 0, 0
    for caption, own in zip(captions, references, strict=True):
        length += len(caption)
        wanted += _closest(len(caption), own)
        for k, (found, count) in enumerate(_matches(caption, own)):
            right[k] += found
            made[k] += count
    penalty = _penalty(length, wanted)
    product, scores = 1.0, []
    for k in range(LONGEST):
        product *= (right[k] + TINY) / (made[k] + SMALL)
        scores.append(penalty * product ** (1 / (k + 1)))
    return scores[0], scores[1], scores[2], scores[3]


def _matches(caption: Words, references: Sequence[Words]) -> list[tuple[int, int]]:
    """(those found in a reference, all) of the runs of 1, 2, 3 and 4 words."""
    most: Counter[Words] = Counter()
    for reference in references:
        most |= ngrams(reference)
    found = [0] * LONGEST
    for run, count in ngrams(caption).items():
        found[len(run) - 1] += min(count, most[run])
    return [(found[k], max(0, len(caption) - k)) for k in range(LONGEST)]


def _closest(length: int, references: Sequence[Words]) -> int:
    return min((abs(len(reference) - length), len(reference)) for reference in references)[1]


def _penalty(length: int, wanted: int) -> float:
    ratio = (length + TINY) / (wanted + SMALL)
    return math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
