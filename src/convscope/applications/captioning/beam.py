"""Beam search: the likeliest sentences that a decoder can find, for many images at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from convscope.applications.captioning.vocabulary import END, PAD, START, UNKNOWN

__all__ = ["SILENT", "Found", "Speaker", "State", "beam_search"]

State = tuple[Tensor, ...]
"""What a decoder remembers between two words: tensors with a row for each sentence."""

SILENT = (PAD, START, UNKNOWN)
"""What is never said; the probabilities of all other words are scaled to a sum of 1."""


class Speaker(Protocol):
    """A decoder that says one word at a time."""

    def begin(self, features: Tensor) -> State:
        """What it remembers once it has seen the images: features N×… → state of N rows."""
        ...

    def step(self, state: State, words: Tensor) -> tuple[Tensor, State]:
        """After these words (N): logits of the next ones (N × vocabulary), and the state."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The sentences of N images, ``width`` each, the likeliest first.

    ``words`` is N×width×(longest + 1): numbers of words, END, then PAD.  ``scores`` is
    N×width: log p of the sentence with its END; −∞ where there are fewer sentences.
    """

    words: Tensor
    scores: Tensor


@torch.inference_mode()
def beam_search(speaker: Speaker, features: Tensor, *, width: int, longest: int) -> Found:
    """Sentences of at most ``longest`` words, found with ``width`` hypotheses an image.

    After each word the ``width`` likeliest beginnings of an image are kept, of all that go
    on with one more word and of those that have ended: log p(w₁…w_t) = Σ log p(w_i | w₁…w_{i−1}),
    without any bonus for length (Vinyals et al. 2015).  Width 1 is greedy; a width that
    holds all beginnings is exhaustive.
    """
    count, device = len(features), features.device
    # All images at once: row n·width + k is hypothesis k of image n.
    images = torch.arange(count, device=device)
    state = _rows(speaker.begin(features), images.repeat_interleave(width))
    scores = torch.full((count, width), -torch.inf, device=device)
    scores[:, 0] = 0  # at first there is one beginning only
    words = torch.full((count, width, longest + 1), PAD, device=device)
    last = torch.full((count, width), START, device=device)
    ended = torch.zeros((count, width), dtype=torch.bool, device=device)
    for place in range(longest + 1):
        logits, state = speaker.step(state, last.flatten())
        chances = _chances(logits, ended.flatten(), only_end=place == longest)
        candidates = scores[:, :, None] + chances.view(count, width, -1)
        scores, chosen = candidates.flatten(1).topk(width)
        parent, last = chosen // chances.shape[1], chosen % chances.shape[1]
        words = words.gather(1, parent[:, :, None].expand_as(words))
        ended = ended.gather(1, parent) | (last == END) | (scores == -torch.inf)
        words[:, :, place] = last
        if bool(ended.all()):
            break
        state = _rows(state, (images[:, None] * width + parent).flatten())
    words[scores == -torch.inf] = PAD
    return Found(words, scores)


def _chances(logits: Tensor, ended: Tensor, *, only_end: bool) -> Tensor:
    """log p of each next word: rows × vocabulary.

    A sentence that has ended goes on with PAD, at no cost.  ``only_end`` leaves the end
    alone, at its own probability: the sentence is long enough.
    """
    logits = logits.float()
    logits[:, list(SILENT)] = -torch.inf
    chances = torch.log_softmax(logits, 1)
    if only_end:
        end = chances[:, END].clone()
        chances[:] = -torch.inf
        chances[:, END] = end
    chances[ended] = -torch.inf
    chances[ended, PAD] = 0
    return chances


def _rows(state: State, rows: Tensor) -> State:
    return tuple(part.index_select(0, rows) for part in state)
