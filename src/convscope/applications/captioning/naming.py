"""Learning which words belong to an image, before learning to say them in order.

Captions as bags of words: a word is evident in an image if it is in one of its cells
(Fang et al. 2015).  It is the same supervision as the sentences, and far more direct: no
gradient has to come through a recurrent network first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.captioning.task import some_frames
from convscope.applications.captioning.tokens import words_of
from convscope.applications.captioning.vocabulary import SPECIAL, Vocabulary

__all__ = ["Naming", "WordDetector", "words_in"]

RARE = 4.0
"""At the beginning a word is in a cell with the probability 1 / (1 + e⁴)."""


class WordDetector(nn.Module):
    """Of every word, how likely it is that no cell of the grid shows it.

    p_{w,i} = σ(v_w·a_i + b_w) in cell i;  log Π_i (1 − p_{w,i}), the noisy or over the cells
    (Fang et al. 2015, equation 1).  Features N×cells×``features`` → N×``words``.
    """

    def __init__(self, features: int, words: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, words)
        nn.init.constant_(self.score.bias, -RARE)

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = functional.logsigmoid(-self.score(features).float()).sum(-2)
        return found

    def chances(self, features: Tensor) -> Tensor:
        """p of each word in each cell: …×cells×features → …×cells×``words``."""
        return torch.sigmoid(self.score(features).float())


def words_in(captions: Sequence[Sequence[str]], vocabulary: Vocabulary, concepts: int) -> Tensor:
    """True where a word stands in any caption of the image: N × ``concepts``, bool.

    Asked are the most frequent words, which come first in the vocabulary.
    """
    found = torch.zeros(len(captions), min(concepts, len(vocabulary.words)), dtype=torch.bool)
    for row, own in zip(found, captions, strict=True):
        for caption in own:
            for number in vocabulary.numbers(words_of(caption)):
                if 0 <= number - len(SPECIAL) < len(row):
                    row[number - len(SPECIAL)] = True
    return found


class Naming:
    """The words of each image: binary cross-entropy, each word counting as much as any other.

    Of a clip two frames are read, one of each half of its time.
    """

    def __init__(self, inputs: Tensor, words: Tensor, prepare: Callable[[Tensor], Tensor]) -> None:
        self._inputs, self._words, self._prepare = inputs, words, prepare

    @property
    def count(self) -> int:
        return len(self._inputs)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        chosen = torch.from_numpy(indices)
        inputs = self._inputs[chosen]
        prepared = self._prepare(some_frames(inputs, 2) if inputs.ndim == 5 else inputs)
        return prepared, self._words[chosen].to(prepared.device)

    def loss(self, network: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, words = batch
        absent = network(inputs).clamp(max=-1e-6)  # log 0 has no gradient
        return -torch.where(words, torch.log(-torch.expm1(absent)), absent).mean()

    def score(self, network: nn.Module) -> Mapping[str, float]:
        return {}
