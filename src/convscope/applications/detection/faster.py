"""Faster R-CNN (Ren et al. 2015): Fast R-CNN whose proposals come from its own map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from convscope.applications.detection.anchors import inside
from convscope.applications.detection.batches import Batch
from convscope.applications.detection.fast import FastRCNN
from convscope.applications.detection.head import Head
from convscope.applications.detection.losses import anchor_losses
from convscope.applications.detection.rpn import RegionProposals, best_proposals
from convscope.applications.detection.sampling import (
    ANCHORS,
    BACKGROUND_FLOOR,
    assigned_anchors,
    sampled,
)

__all__ = ["FasterRCNN"]

BEFORE = 2
"""Times as many boxes are looked at as there are to be proposals, before doubles go."""


class FasterRCNN(FastRCNN):
    """A region proposal network on the backbone's map, and Fast R-CNN's head.

    Both learn at once; no gradient passes through the proposals' coordinates ("approximate
    joint training").  ``proposals`` is how many of an image the heads are given.
    """

    stored = False

    def __init__(
        self,
        backbone: nn.Module,
        proposer: RegionProposals,
        head: Head,
        stride: int,
        *,
        proposals: int = 100,
        floor: float = BACKGROUND_FLOOR,
    ) -> None:
        super().__init__(backbone, head, stride, floor=floor)
        self.proposer = proposer
        self.proposals = proposals

    def propose(self, images: Tensor, maps: Tensor, stored: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The surest boxes of the proposal network."""
        height, width = images.shape[-2:]
        window = torch.tensor([0.0, 0.0, width, height], device=images.device)
        scores, codes, anchors = self.proposer(maps)
        boxes, there = best_proposals(
            scores,
            codes,
            anchors,
            window.expand(len(images), 4),
            before=BEFORE * self.proposals,
            after=self.proposals,
        )
        return tuple(own[known] for own, known in zip(boxes, there, strict=True))

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """Objectness and boxes of anchors, classes and boxes of regions."""
        maps = self.maps(batch.images)
        scores, codes, anchors = self.proposer(maps)
        assigned = assigned_anchors(anchors, inside(anchors, batch.windows), batch.targets)
        objectness, shifts = anchor_losses(
            scores,
            codes,
            anchors,
            sampled(assigned, ANCHORS, ANCHORS // 2),
            batch.targets,
            len(anchors) // len(self.proposer.sides),
        )
        boxes, there = best_proposals(
            scores.detach(),
            codes.detach(),
            anchors,
            batch.windows,
            before=BEFORE * self.proposals,
            after=self.proposals,
        )
        return {
            "objectness": objectness,
            "anchors": shifts,
            **self.region_losses(maps, batch, boxes, there),
        }
