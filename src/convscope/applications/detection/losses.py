"""What a detector is to make small: the losses of the two papers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from convscope.applications.detection.boxes import coded
from convscope.applications.detection.sampling import Assigned, Targets

__all__ = ["anchor_losses", "region_losses"]

BALANCE = 10.0
"""λ of Ren et al. 2015, equation 1."""


def anchor_losses(
    scores: Tensor,
    codes: Tensor,
    anchors: Tensor,
    assigned: Assigned,
    targets: Targets,
    places: int,
) -> tuple[Tensor, Tensor]:
    """An RPN's loss: (1/N_cls) Σ L_cls + (λ/N_reg) Σ p*·L_reg, its two parts.

    ``scores`` B×P and ``codes`` B×P×4 of ``anchors`` P×4; N_cls is the anchors that were
    sampled, N_reg the places of the map, L_cls logistic, L_reg smooth L1 with β = 1, λ = 10.
    """
    chosen = assigned.positive | assigned.negative
    objectness = functional.binary_cross_entropy_with_logits(
        scores[chosen], assigned.positive[chosen].float(), reduction="sum"
    ) / chosen.sum().clamp(min=1)
    image, anchor = torch.nonzero(assigned.positive, as_tuple=True)
    wanted = coded(targets.boxes[image, assigned.object[image, anchor]], anchors[anchor])
    shift = functional.smooth_l1_loss(codes[image, anchor], wanted, reduction="sum")
    return objectness, BALANCE * shift / (len(scores) * places)


def region_losses(
    scores: Tensor, codes: Tensor, labels: Tensor, wanted: Tensor
) -> tuple[Tensor, Tensor]:
    """The multi-task loss of R regions (Girshick 2015, equation 1): its two parts.

    ``scores`` R×(K+1), ``codes`` R×K×4, ``labels`` R (K is the background), ``wanted`` R×4:
    −log softmax of the true class, and smooth L1 with β = 1 of that class's code where it is
    no background, both over R.
    """
    count, classes = codes.shape[:2]
    regions = torch.nonzero(labels < classes)[:, 0]
    found = codes[regions, labels[regions]]
    shift = functional.smooth_l1_loss(found, wanted[regions], reduction="sum") / count
    return functional.cross_entropy(scores, labels), shift
