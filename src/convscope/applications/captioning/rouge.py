"""ROUGE-L: the longest run of words, with gaps, that a caption shares with a reference."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.applications.captioning.tokens import Words

__all__ = ["longest_common", "rouge_l"]

BETA = 1.2
"""How much more recall weighs than precision; pycocoevalcap's value."""


def rouge_l(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> tuple[float, ...]:
    """ROUGE-L of each caption, 0…1 (Lin 2004); the score of a corpus is their mean.

    (1 + β²)·P·R / (R + β²·P): with the longest common subsequence of caption and reference,
    P is its part of the caption and R of the reference, each the best over the references
    (not of one and the same).  Equal to pycocoevalcap's ``Rouge``.
    """
    return tuple(_score(caption, own) for caption, own in zip(captions, references, strict=True))


def longest_common(one: Words, other: Words) -> int:
    """Words of the longest subsequence that both have; in |one| · |other| steps.

    c(i, j) = c(i − 1, j − 1) + 1 where word i is word j, else max(c(i − 1, j), c(i, j − 1)).
    """
    row = [0] * (len(other) + 1)
    for word in one:
        before = row
        row = [0]
        for j, candidate in enumerate(other):
            row.append(before[j] + 1 if word == candidate else max(before[j + 1], row[j]))
    return row[-1]


def _score(caption: Words, references: Sequence[Words]) -> float:
    said = caption or ("",)  # no words are one empty word: pycocoevalcap splits at blanks
    common = [
        (longest_common(said, wanted), len(wanted))
        for wanted in (reference or ("",) for reference in references)
    ]
    precision = max(count for count, _ in common) / len(said)
    recall = max(count / length for count, length in common)
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)
