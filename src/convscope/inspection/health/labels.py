"""Whether images that look alike have the same label: they should, whatever is learnt."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["LabelSignal", "label_signal"]


@dataclass(frozen=True, slots=True)
class LabelSignal:
    """The part of images whose nearest neighbour has their label, beside pure chance.

    ``p`` is how likely so many or more are if labels have nothing to do with the images.
    """

    agreement: float
    expected: float
    count: int
    p: float


def label_signal(images: Tensor, labels: Tensor) -> LabelSignal:
    """Leave-one-out nearest neighbours by Euclidean distance (Cover and Hart 1967).

    Images N×…, labels N.  ``expected`` is Σ share², what shuffled labels give.
    """
    from scipy.stats import binom

    flat = images.flatten(1).float()
    distances = torch.cdist(flat, flat)
    distances.fill_diagonal_(torch.inf)
    same = int((labels[distances.argmin(1)] == labels).sum())
    count = len(labels)
    shares = torch.bincount(labels).double() / count
    expected = float((shares**2).sum())
    return LabelSignal(same / count, expected, count, float(binom.sf(same - 1, count, expected)))
