"""Fast R-CNN (Girshick 2015): one pass over the image, RoI pooling, one loss for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from convscope.applications.detection.batches import Batch
from convscope.applications.detection.boxes import coded
from convscope.applications.detection.head import Head
from convscope.applications.detection.losses import region_losses
from convscope.applications.detection.method import Regions
from convscope.applications.detection.roi import pooled
from convscope.applications.detection.sampling import (
    BACKGROUND_FLOOR,
    REGIONS,
    assigned_regions,
    sampled,
)
from convscope.network.fast import fast_forward

__all__ = ["FastRCNN", "Learner"]


class Learner(Protocol):
    """A network that says itself what it has to learn from a batch."""

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """The parts of the loss by name; their sum is to be made small."""
        ...


class FastRCNN(nn.Module):
    """Reads stored proposals, and pools all of them from one map.

    ``backbone`` gives maps of ``features`` channels at ``stride``; ``floor`` is the least
    overlap of a proposal that serves as background in training.
    """

    stored = True
    least = 0.01

    def __init__(
        self, backbone: nn.Module, head: Head, stride: int, *, floor: float = BACKGROUND_FLOOR
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.stride = stride
        self.floor = floor

    def maps(self, images: Tensor) -> Tensor:
        """B×C×H×W → B×D×h×w, once for all regions."""
        return fast_forward(self.backbone)(images)

    def propose(self, images: Tensor, maps: Tensor, stored: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The stored proposals as they are."""
        return tuple(each.to(images.device) for each in stored)

    def features(self, images: Tensor, maps: Tensor, boxes: Sequence[Tensor]) -> Tensor:
        """RoI max-pooling: R×D×7×7."""
        return pooled(maps, boxes, self.stride)

    def heads(self, features: Tensor, boxes: Sequence[Tensor]) -> Regions:
        """softmax, without the background; and the boxes of all classes."""
        scores, codes = self.head(features)
        places = self.head.boxes(codes.float(), torch.cat(list(boxes)))
        return Regions(scores.float().softmax(1)[:, :-1], places)

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """The multi-task loss on sampled proposals."""
        assert batch.proposals is not None
        return self.region_losses(self.maps(batch.images), batch, *batch.proposals)

    def region_losses(
        self, maps: Tensor, batch: Batch, boxes: Tensor, usable: Tensor
    ) -> Mapping[str, Tensor]:
        """The loss on 64 regions an image of the proposals B×N×4, of which some are usable.

        As in Girshick's training, the objects themselves are among the proposals.
        """
        targets = batch.targets
        boxes = torch.cat([boxes, targets.boxes], 1)
        usable = torch.cat([usable, targets.there], 1)
        assigned = assigned_regions(boxes, usable, targets, floor=self.floor)
        assigned = sampled(assigned, REGIONS, REGIONS // 4)
        chosen = assigned.positive | assigned.negative
        image, region = torch.nonzero(chosen, as_tuple=True)
        if len(image) < 2:  # images without objects: no statistics to normalise by
            nothing = 0.0 * maps.sum()
            return {"classes": nothing, "boxes": nothing}
        places, own = boxes[image, region], assigned.object[image, region]
        background = self.head.classes
        labels = torch.where(
            assigned.positive[image, region], targets.labels[image, own], background
        )
        counts = torch.bincount(image, minlength=len(boxes)).tolist()
        features = self.features(batch.images, maps, torch.split(places, counts))
        scores, codes = self.head(features)
        wanted = coded(targets.boxes[image, own], places) / self.head.spread
        classes, shifts = region_losses(scores.float(), codes.float(), labels, wanted)
        return {"classes": classes, "boxes": shifts}
