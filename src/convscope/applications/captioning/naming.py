"""Learning what is in an image and how often, before learning to say it in order.

Captions as bags of words: a word is evident in an image if it is in one of its cells
(Fang et al. 2015), and the number before it says in how many.  It is the same supervision as
the sentences, and far more direct: no gradient has to come through a recurrent network first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.captioning.task import some_frames
from convscope.applications.captioning.tokens import NUMBERS, words_of
from convscope.applications.captioning.vocabulary import Vocabulary

__all__ = ["SOME", "Naming", "WordDetector", "number_chances", "numbers_in"]

RARE = 4.0
"""At the beginning a word is in a cell with the probability 1 / (1 + e⁴)."""
SOME = -1
"""How often a word is there that is said without a number, or with several."""
MOST = max(NUMBERS.values())


class WordDetector(nn.Module):
    """Of every word, the log odds that a cell of the grid shows it: v_w·a_i + b_w.

    Features …×cells×``features`` → …×cells×``words``.
    """

    def __init__(self, features: int, words: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, words)
        nn.init.constant_(self.score.bias, -RARE)

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = self.score(features).float()
        return found


def numbers_in(captions: Sequence[Sequence[str]], vocabulary: Vocabulary, concepts: int) -> Tensor:
    """How often an image shows what each word means: N × ``concepts``, int8.

    0 where the word stands in none of its captions; the number before it, where those that
    have one agree; else ``SOME``.  Two words that differ by a final s or es mean the same: "two
    bags" are two of "bags" and two of "bag".  Asked are the most frequent words, which come
    first in the vocabulary.
    """
    forms = _forms(vocabulary.words, concepts)
    found = torch.zeros(len(captions), min(concepts, len(vocabulary.words)), dtype=torch.int8)
    for row, own in zip(found, captions, strict=True):
        told: dict[int, set[int]] = {}
        for before, word in _pairs(own):
            for place in forms.get(word, ()):
                numbers = told.setdefault(place, set())
                if before in NUMBERS:
                    numbers.add(NUMBERS[before])
        for place, numbers in told.items():
            row[place] = min(numbers) if len(numbers) == 1 else SOME
    return found


def _pairs(captions: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every word with the one before it, which is empty of the first."""
    for caption in captions:
        words = words_of(caption)
        yield from zip(("", *words), words, strict=False)


def _forms(words: Sequence[str], asked: int) -> dict[str, list[int]]:
    """Of each word the places of the ``asked`` first ones that mean the same."""
    known = set(words)
    found: dict[str, list[int]] = {}
    for place, word in enumerate(words[:asked]):
        plural = {f"{word}s", f"{word}es"}
        single = {word.removesuffix("s"), word.removesuffix("es")}
        for form in {word, *plural, *single} & known:
            found.setdefault(form, []).append(place)
    return found


def number_chances(chances: Tensor, most: int) -> Tensor:
    """How likely 0, 1, … ``most`` of the cells show a word: N×cells×words → N×words×(most + 1).

    The cells show it or not, each on its own: the Poisson binomial distribution, cell by cell
    P(Σ = n) ← (1 − p_i)·P(Σ = n) + p_i·P(Σ = n − 1).
    """
    found = functional.one_hot(torch.zeros_like(chances[:, 0], dtype=torch.int64), most + 1)
    found = found.to(chances.dtype)
    for own in chances.unsqueeze(-1).unbind(1):
        found = found * (1 - own) + functional.pad(found[..., :-1], (1, 0)) * own
    return found


class Naming:
    """The words of each image, and how many of each: −log of their likelihood, all words alike.

    With p_{w,i} = σ(v_w·a_i + b_w) in cell i of an image the likelihood is Π_i (1 − p_{w,i})
    of a word that is not there, 1 − Π_i (1 − p_{w,i}) of one that is (the noisy or of Fang et
    al. 2015, equation 1), and P(Σ_i = n) of one that is there n times (``number_chances``).

    Of a clip two frames are read, one of each half of its time: a word is there if it is in
    either, and P(Σ_i = n) is the mean of theirs.
    """

    def __init__(
        self, inputs: Tensor, numbers: Tensor, prepare: Callable[[Tensor], Tensor]
    ) -> None:
        self._inputs, self._numbers, self._prepare = inputs, numbers, prepare

    @property
    def count(self) -> int:
        return len(self._inputs)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        chosen = torch.from_numpy(indices)
        inputs = self._inputs[chosen]
        prepared = self._prepare(some_frames(inputs, 2) if inputs.ndim == 5 else inputs)
        return prepared, self._numbers[chosen].to(prepared.device)

    def loss(self, network: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, numbers = batch
        odds = network(inputs)
        frames = odds if odds.ndim == 4 else odds[:, None]
        absent = functional.logsigmoid(-frames).sum((1, 2))
        present = torch.log(-torch.expm1(absent.clamp(max=-_LEAST)))  # log 0 has no gradient
        known = numbers.clamp(min=0).long()[:, None, :, None].expand(-1, frames.shape[1], -1, 1)
        chances = number_chances(torch.sigmoid(frames).flatten(0, 1), MOST)
        exact = chances.view(*frames.shape[:2], -1, MOST + 1).gather(3, known).mean(1)[..., 0]
        told = torch.where(numbers == SOME, present, torch.log(exact.clamp_min(_TINY)))
        return -torch.where(numbers == 0, absent, told).mean()

    def score(self, network: nn.Module) -> Mapping[str, float]:
        return {}


_LEAST = 1e-6
_TINY = 1e-30
"""Least likelihood of a number that is learnt from; float32 ends near 1e-38."""
