"""Learning to say the next word: images with captions, as a task for the one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.captioning.tokens import words_of
from convscope.applications.captioning.vocabulary import PAD, Vocabulary

__all__ = ["Captioning", "Sentences", "sentences_of", "some_frames"]


@dataclass(frozen=True, slots=True, eq=False)
class Sentences:
    """The captions of N images as numbers of words, all in one table: M×(longest + 2).

    Those of image n are the rows from ``first[n]`` on, ``count[n]`` of them.
    """

    table: Tensor
    first: Tensor
    count: Tensor

    def drawn(self, indices: Tensor, paraphrases: int) -> Tensor:
        """``paraphrases`` captions of each image, at random: (images · paraphrases)×length.

        They begin with any and go on with its neighbours, so that none comes twice while
        there are enough; columns that hold no word in any of them are left out.
        """
        count = self.count[indices]
        start = (torch.rand(len(indices)) * count).long()
        places = (start[:, None] + torch.arange(paraphrases)) % count[:, None]
        rows = self.table[(self.first[indices][:, None] + places).flatten()]
        return rows[:, : int((rows != PAD).sum(1).max())]


def sentences_of(captions: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Sentences:
    """All captions of all images, tokenised; words that are not known as UNKNOWN."""
    words = [words_of(caption) for own in captions for caption in own]
    count = torch.tensor([len(own) for own in captions])
    return Sentences(torch.from_numpy(vocabulary.table(words)), count.cumsum(0) - count, count)


class Captioning:
    """Cross-entropy of each next word (teacher forcing); how often it is right as the score.

    ``features`` of the images were computed before, in half precision; ``prepare`` makes of
    some of them what the decoder takes.  An image is read once and its ``paraphrases`` are
    learnt together, since reading is the larger part of the work.
    """

    def __init__(
        self,
        features: Tensor,
        sentences: Sentences,
        prepare: Callable[[Tensor], Tensor],
        *,
        paraphrases: int,
        held: tuple[Tensor, Sentences] | None = None,
    ) -> None:
        self._features = features
        self._sentences = sentences
        self._prepare = prepare
        self._paraphrases = paraphrases
        self._held = held

    @property
    def count(self) -> int:
        return len(self._features)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        chosen = torch.from_numpy(indices)
        prepared = self._prepare(self._features[chosen])
        words = self._sentences.drawn(chosen, self._paraphrases)
        return prepared, words.to(prepared.device)

    def loss(self, network: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs, words = batch
        logits, _ = network(inputs, words[:, :-1])
        return functional.cross_entropy(
            logits.float().flatten(0, 1), words[:, 1:].flatten(), ignore_index=PAD
        )

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """``words``: the part of the held captions' words that come first where all before
        them are given."""
        if self._held is None:
            return {}
        features, sentences = self._held
        decode: Callable[..., Any] = network.decode  # type: ignore[assignment]
        right = total = 0
        with torch.inference_mode():
            for start in range(0, len(features), _AT_ONCE):
                prepared = self._prepare(features[start : start + _AT_ONCE])
                words = sentences.table[sentences.first[start : start + _AT_ONCE]]
                words = words.to(prepared.device)
                logits, _ = decode(prepared, words[:, :-1])
                wanted = words[:, 1:]
                right += int(((logits.argmax(2) == wanted) & (wanted != PAD)).sum())
                total += int((wanted != PAD).sum())
        return {"words": right / total}


_AT_ONCE = 100


def some_frames(clips: Tensor, count: int) -> Tensor:
    """One frame of each of ``count`` equal parts of time (Wang et al. 2016): N×count×…"""
    length = clips.shape[1]
    edges = torch.arange(count + 1) * length // count
    places = edges[:-1] + (torch.rand(len(clips), count) * (edges[1:] - edges[:-1])).long()
    return clips[torch.arange(len(clips))[:, None], places]
