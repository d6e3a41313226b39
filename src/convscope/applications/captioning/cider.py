"""CIDEr: how alike a caption and its references are in runs of words that tell images apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from convscope.applications.captioning.ngrams import LONGEST, ngrams
from convscope.applications.captioning.tokens import Words

__all__ = ["cider"]

SIGMA = 6.0
"""Of the penalty on a difference in length."""


@dataclass(frozen=True, slots=True)
class _Vector:
    """A caption as weights of its runs of words, by their length; ``bigrams`` is its length."""

    weights: tuple[dict[Words, float], ...]
    norms: tuple[float, ...]
    bigrams: int


def cider(captions: Sequence[Words], references: Sequence[Sequence[Words]]) -> tuple[float, ...]:
    """CIDEr of each caption, 0…10; that of a corpus is their mean (Vedantam et al. 2015).

    A run of words weighs (how often it stands there) · log(images / images in whose
    references it stands); for n = 1 … 4 the similarity of caption c and reference r is
    Σ min(c, r)·r / (|c|·|r|), times exp(−(difference in length)²/(2·6²)).  Mean over n and
    over the references, times 10.

    This is CIDEr-D as pycocoevalcap's ``Cider`` computes it, and equal to that; two details
    of it are easily missed: the length in the penalty counts bigrams (one fewer than words),
    and the images that are counted are those that are scored here, so that the score of
    a caption depends on the corpus around it, and of a single image it is 0.
    """
    if not captions:
        return ()
    cooked = [[ngrams(reference) for reference in own] for own in references]
    images: Counter[Words] = Counter(
        run for own in cooked for run in {run for reference in own for run in reference}
    )
    everything = math.log(len(references))
    rarity = {run: everything - math.log(count) for run, count in images.items()}
    return tuple(
        _score(
            _vector(ngrams(caption), rarity, everything),
            [_vector(reference, rarity, everything) for reference in own],
        )
        for caption, own in zip(captions, cooked, strict=True)
    )


def _vector(counts: Counter[Words], rarity: dict[Words, float], unseen: float) -> _Vector:
    """Weights of the runs; one that stands in no reference weighs as if it stood in one image's."""
    weights: tuple[dict[Words, float], ...] = tuple({} for _ in range(LONGEST))
    for run, count in counts.items():
        weights[len(run) - 1][run] = count * rarity.get(run, unseen)
    norms = tuple(math.sqrt(sum(value**2 for value in part.values())) for part in weights)
    bigrams = sum(count for run, count in counts.items() if len(run) == 2)
    return _Vector(weights, norms, bigrams)


def _score(caption: _Vector, references: Sequence[_Vector]) -> float:
    total = sum(_similarity(caption, reference) for reference in references)
    return 10 * total / len(references)


def _similarity(caption: _Vector, reference: _Vector) -> float:
    """The mean over the lengths of runs, with the penalty on length."""
    found = 0.0
    for n in range(LONGEST):
        wanted = reference.weights[n]
        shared = sum(
            min(weight, wanted[run]) * wanted[run]
            for run, weight in caption.weights[n].items()
            if run in wanted
        )
        norms = caption.norms[n] * reference.norms[n]
        found += shared / norms if norms else shared
    difference = caption.bigrams - reference.bigrams
    return found / LONGEST * math.exp(-(difference**2) / (2 * SIGMA**2))
