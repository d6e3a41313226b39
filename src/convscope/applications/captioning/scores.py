"""How good captions are, by all measures at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from convscope.applications.captioning.bleu import bleu
from convscope.applications.captioning.cider import cider
from convscope.applications.captioning.facts import FactScores, fact_scores
from convscope.applications.captioning.rouge import rouge_l
from convscope.applications.captioning.tokens import words_of
from convscope.errors import DataError

__all__ = ["CaptionScores", "caption_scores"]


@dataclass(frozen=True, slots=True)
class CaptionScores:
    """Scores of captions beside their references, over ``count`` images.

    ``bleu`` is BLEU-1 to BLEU-4, 0…1, ``rouge_l`` 0…1, ``cider`` 0…10 (it hangs on the
    corpus: only captions of the same images compare).  ``facts`` is None where the
    references name nothing that is known from scenes.
    """

    count: int
    bleu: tuple[float, float, float, float]
    rouge_l: float
    cider: float
    facts: FactScores | None

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "count": self.count,
            **{f"bleu_{n}": value for n, value in enumerate(self.bleu, 1)},
            "rouge_l": self.rouge_l,
            "cider": self.cider,
            "facts": None if self.facts is None else self.facts.as_dict(),
        }


def caption_scores(captions: Sequence[str], references: Sequence[Sequence[str]]) -> CaptionScores:
    """Scores one caption an image beside that image's references.

    Raises DataError where an image has none, or there are no images.
    """
    if not captions or not all(references):
        raise DataError(
            "captions are scored beside references, and an image has none",
            remedy="give images with captions",
        )
    said = [words_of(caption) for caption in captions]
    wanted = [[words_of(reference) for reference in own] for own in references]
    return CaptionScores(
        len(said),
        bleu(said, wanted),
        fmean(rouge_l(said, wanted)),
        fmean(cider(said, wanted)),
        fact_scores(captions, references),
    )
