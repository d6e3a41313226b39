"""What a trained captioner says of images, and where it looked for each word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.applications.captioning.beam import SILENT, beam_search
from convscope.applications.captioning.network import CaptionNetwork
from convscope.applications.captioning.tokens import sentence
from convscope.applications.captioning.vocabulary import Vocabulary

__all__ = ["Caption", "Reading", "Sentence", "SpokenWord", "captions_of", "said_of"]

AT_ONCE = 50
"""Images whose beams are searched together."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its probability: the product of those of its words, and of its end."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class SpokenWord:
    """A word of a sentence, its probability after the words before it, and where it came from.

    ``weights`` are how much each cell of the grid was looked at for it, rows×columns with
    a sum of 1; None of a decoder that does not look.
    """

    word: str
    probability: float
    weights: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class Caption:
    """What was said of one image or clip: the likeliest sentences, the first word by word.

    ``picture`` is what the network was shown, uint8 C×H×W (a clip's frames T×C×H×W).
    """

    source: str
    sentences: tuple[Sentence, ...]
    words: tuple[SpokenWord, ...]
    picture: NDArray[np.uint8]

    def __repr__(self) -> str:
        return f"<Caption of {self.source}: {self.text!r}>"

    @property
    def text(self) -> str:
        """The likeliest sentence."""
        return self.sentences[0].text

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": "convscope.caption/1",
            "source": self.source,
            "sentences": [
                {"text": each.text, "probability": each.probability} for each in self.sentences
            ],
            "words": [
                {
                    "word": each.word,
                    "probability": each.probability,
                    "weights": None if each.weights is None else each.weights.tolist(),
                }
                for each in self.words
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A trained network with the words that it knows: all that is needed to say something."""

    network: CaptionNetwork
    vocabulary: Vocabulary


def said_of(reading: Reading, images: Tensor, *, width: int) -> list[list[Sentence]]:
    """Of each normalised image the likeliest sentences, at most ``width``, the best first."""
    found = []
    for features in _features(reading.network, images):
        best = beam_search(
            reading.network, features, width=width, longest=reading.vocabulary.longest
        )
        for words, scores in zip(best.words.tolist(), best.scores.exp().tolist(), strict=True):
            found.append(
                [
                    Sentence(sentence(reading.vocabulary.said(numbers)), chance)
                    for numbers, chance in zip(words, scores, strict=True)
                    if chance > 0
                ]
            )
    return found


def captions_of(
    reading: Reading,
    prepared: Tensor,
    pictures: NDArray[np.uint8],
    names: Sequence[str],
    *,
    width: int,
) -> tuple[Caption, ...]:
    """Of each image the likeliest sentences, and how the best of them came about.

    ``prepared`` are the normalised ``pictures``.
    """
    sentences = said_of(reading, prepared, width=width)
    spoken = _spoken(reading, prepared, [own[0].text.split() for own in sentences])
    return tuple(
        Caption(name, tuple(own), words, picture)
        for name, own, words, picture in zip(names, sentences, spoken, pictures, strict=True)
    )


def _spoken(
    reading: Reading, images: Tensor, said: Sequence[Sequence[str]]
) -> Iterator[tuple[SpokenWord, ...]]:
    """The words of sentences with their probabilities and weights: each is read once more."""
    vocabulary, place = reading.vocabulary, 0
    for features in _features(reading.network, images):
        part = said[place : place + len(features)]
        place += len(features)
        table = torch.from_numpy(vocabulary.table([tuple(words) for words in part]))
        table = table.to(features.device)
        with torch.inference_mode():
            logits, weights = reading.network.decode(features, table[:, :-1])
            logits[..., list(SILENT)] = -torch.inf
            chances = torch.softmax(logits.float(), 2).gather(2, table[:, 1:, None])[:, :, 0]
        for row, words in enumerate(part):
            yield tuple(
                SpokenWord(word, float(chances[row, at]), _grid(weights, row, at))
                for at, word in enumerate(words)
            )


def _grid(weights: Tensor | None, row: int, place: int) -> NDArray[np.float32] | None:
    if weights is None:
        return None
    cells = weights[row, place].float().cpu().numpy()
    side = round(len(cells) ** 0.5)
    grid: NDArray[np.float32] = cells.reshape(side, side)
    return grid


def _features(network: CaptionNetwork, images: Tensor) -> Iterator[Tensor]:
    """Features of images, so many at a time."""
    for start in range(0, len(images), AT_ONCE):
        with torch.inference_mode():
            features = network.see(images[start : start + AT_ONCE])
        yield features
