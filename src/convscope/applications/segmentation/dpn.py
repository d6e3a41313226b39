"""The Deep Parsing Network (Liu, Li, Luo, Loy and Tang 2015): a network that ends in a Markov
random field, and takes one mean-field step of it.

    p     = softmax(unary(images))                                  the unary term, a network
    local = p_j^v · Σ_z d(j, z)·p_z^v                               LocalConvolution
    cost  = min over k of Σ_v Σ_j μ_k(u, v, j − i) · local_j^v      LabelContexts, least_cost
    q     = softmax(log p − cost)                                   what comes out

It is learnt rung by rung, as in the paper: the unary term; then the local convolution's
distances, while all before it stays; then the label contexts, likewise; at last all together.
The paper's unary term is a VGG of stride 8 for photographs of 512 pixels; ours is the FCN of
stride 2 for scenes of 128, which makes as many scores.  Its windows are 50 and 9 pixels wide.
"""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.segmentation.fcn import FCN
from convscope.applications.segmentation.smoothness import (
    LabelContexts,
    LocalConvolution,
    Measure,
    least_cost,
)

__all__ = ["DPN", "RUNGS"]

RUNGS = ("unary", "local", "context", "joint")
"""What is learnt, one after another."""


class DPN(nn.Module):
    """Images of any size into scores of every pixel: N×C×H×W → N×regions×H×W.

    The scores are log p − cost, whose softmax is q.  ``rung`` says what is used and learnt:
    ``unary`` stops at the unary term, ``local`` at the local convolution (contexts are then
    those of the beginning: the same label at the same pixel), the others use all.
    """

    def __init__(
        self,
        unary: FCN,
        regions: int,
        *,
        window: int = 9,
        context: int = 5,
        mixtures: int = 5,
        measure: Measure = "likeness",
    ) -> None:
        """``window`` and ``context`` are the sides of the two neighbourhoods, in pixels, odd."""
        super().__init__()
        self.unary = unary
        self.local = LocalConvolution(window // 2, measure)
        sign = -1.0 if measure == "likeness" else 1.0
        self.contexts = LabelContexts(regions, side=context, mixtures=mixtures, sign=sign)
        self.rung = RUNGS[-1]

    def learn(self, rung: str) -> None:
        """Goes to a rung: what is learnt there takes gradients, all else stays as it is."""
        self.rung = rung
        joint = rung == "joint"
        self.local.requires_grad_(rung == "local" or joint)
        self.contexts.requires_grad_(rung == "context" or joint)
        self.unary.requires_grad_(rung == "unary" or joint)
        if rung == "unary" or joint:
            self.unary.learn(self.unary.finest)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """A unary term that is not learnt keeps the statistics of its normalisations, too."""
        super().train(mode)
        if self.rung in ("local", "context"):
            self.unary.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.unary(images)
        return scores if self.rung == "unary" else self.smoothed(scores, images)

    def smoothed(self, scores: Tensor, images: Tensor) -> Tensor:
        """One mean-field step from the unary scores: log p − cost."""
        likely = functional.log_softmax(scores.float(), 1)
        local = self.local(likely.exp(), images.float())
        cost = least_cost(self.contexts(local), self.contexts.mixtures)
        step: Tensor = likely - cost
        return step
