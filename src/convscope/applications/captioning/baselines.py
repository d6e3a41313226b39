"""What captions are worth that no decoder had to learn for: to be beaten, or explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from convscope.applications.captioning.tokens import sentence, words_of

__all__ = ["most_frequent_caption", "nearest", "signature"]

Captions = Sequence[Sequence[str]]
PLACES = 4
"""An image is compared by the mean of its activation maps on a grid of 4×4."""


def most_frequent_caption(captions: Captions) -> str:
    """The sentence that stands under the most images; of equally frequent ones the first."""
    counts = Counter(
        said for own in captions for said in dict.fromkeys(words_of(each) for each in own)
    )
    return sentence(max(counts, key=lambda said: counts[said]))


def signature(maps: Tensor) -> Tensor:
    """Activation maps N×D×H×W (of clips N×T×D×H×W) as vectors, to be compared by angle.

    The mean over 4×4 parts of the image, and over the frames.
    """
    if maps.ndim == 5:
        maps = maps.mean(1)
    pooled = torch.nn.functional.adaptive_avg_pool2d(maps.float(), PLACES)
    return pooled.flatten(1)


def nearest(wanted: Tensor, known: Tensor) -> Tensor:
    """For each of N vectors the number of the one among M known that is most like it.

    Each dimension is first brought to mean 0 and deviation 1 over the known ones, since
    some maps are much brighter than others; then the largest cosine wins.  The caption of the
    nearest training image is a strong baseline (Devlin et al. 2015).
    """
    mean, deviation = known.mean(0), known.std(0).clamp_min(1e-6)
    ours, theirs = (
        torch.nn.functional.normalize((vectors - mean) / deviation, dim=1)
        for vectors in (wanted, known)
    )
    return (ours @ theirs.T).argmax(1)
