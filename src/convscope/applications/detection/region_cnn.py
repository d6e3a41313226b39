"""R-CNN (Girshick et al. 2014): the network looks at every region by itself.

Regions come from selective search; each is cut out, warped to a square (28×28 for the
article's layers) and seen by the network as if it were an image of its own.  Support vector
machines say what it shows, and ridge regression where exactly the object is.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.detection.boxes import decoded
from convscope.applications.detection.crops import warped
from convscope.applications.detection.head import Head
from convscope.applications.detection.method import Regions
from convscope.applications.detection.roi import PLACES
from convscope.network.fast import fast_forward

__all__ = ["AT_ONCE", "RegionCNN"]

AT_ONCE = 250
"""Crops that pass through the network together: their maps then stay below the size from
which the C library fetches fresh memory each time."""


class RegionCNN(nn.Module):
    """Reads stored proposals, and runs the backbone once for each of them.

    While it is fine-tuned it is a classifier of crops: N×C×S×S → N×(classes + 1), with S = 7
    times the backbone's ``stride``, so that the head is given a map of 7×7.  What
    the two fits find afterwards is kept in buffers: a linear machine a class on the head's
    units (K×U), and four numbers a class on the maps of its convolution (K×4×F).
    """

    stored = True
    least = 0.1
    """Regions that a machine places far on the other side, below a margin of −2.2."""

    vectors: Tensor
    vector_offsets: Tensor
    shifts: Tensor
    shift_offsets: Tensor

    def __init__(self, backbone: nn.Module, head: Head, stride: int) -> None:
        super().__init__()
        self.side = PLACES * stride
        self.backbone = backbone
        self.head = head
        # Its boxes come from regression, and the head's own layer for them would stay unused.
        del self.head.codes
        units, places = head.fc.out_features, head.fc.in_features
        self.register_buffer("vectors", torch.zeros(head.classes, units))
        self.register_buffer("vector_offsets", torch.zeros(head.classes))
        self.register_buffer("shifts", torch.zeros(head.classes, 4, places))
        self.register_buffer("shift_offsets", torch.zeros(head.classes, 4))

    def forward(self, crops: Tensor) -> Tensor:
        """Scores of the fine-tuned classifier, the last for the background."""
        scores: Tensor = self.head.scores(self.units(self.places(self.seen(crops))))
        return scores

    def maps(self, images: Tensor) -> Tensor:
        """Nothing is shared between regions: the images themselves."""
        return images

    def propose(self, images: Tensor, maps: Tensor, stored: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The stored proposals as they are."""
        return tuple(each.to(images.device) for each in stored)

    def features(self, images: Tensor, maps: Tensor, boxes: Sequence[Tensor]) -> Tensor:
        """Every region cut out of its image and seen by itself: R×D×7×7."""
        crops = warped(images, boxes, self.side)
        return torch.cat([self.seen(part) for part in torch.split(crops, AT_ONCE)])

    def heads(self, features: Tensor, boxes: Sequence[Tensor]) -> Regions:
        """The machines' margins as 1/(1 + e^(−margin)), 0.5 where they are in two minds."""
        places = self.places(features)
        margins = torch.addmm(self.vector_offsets, self.units(places), self.vectors.T)
        codes = torch.einsum("nf,kcf->nkc", places, self.shifts) + self.shift_offsets
        return Regions(margins.sigmoid(), decoded(codes, torch.cat(list(boxes))[:, None]))

    def places(self, features: Tensor) -> Tensor:
        """The maps of the last convolution, flat, where the box is read from: N×F."""
        return self.head.places(features)

    def units(self, places: Tensor) -> Tensor:
        """The last layer before the scores, which the machines are given: N×U."""
        return self.head.units(places)

    def seen(self, crops: Tensor) -> Tensor:
        """The backbone on crops: N×C×S×S → N×D×7×7, pooled to that where it is not."""
        maps = fast_forward(self.backbone)(crops)
        if maps.shape[-2:] == (PLACES, PLACES):
            return maps
        found: Tensor = functional.adaptive_max_pool2d(maps, PLACES)
        return found
