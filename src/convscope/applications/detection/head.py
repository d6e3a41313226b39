"""What a region is and where exactly: the layers behind the 7×7 map, one for all detectors.

The article's layers make 7×7×32 of a crop of 28×28, and RoI pooling makes 7×7×32 of a
region: so R-CNN, Fast R-CNN and Faster R-CNN are compared with the same head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convscope.applications.detection.boxes import decoded
from convscope.applications.detection.roi import PLACES

__all__ = ["SPREAD", "Head"]

SPREAD = (0.1, 0.1, 0.2, 0.2)
"""Deviations by which codes of boxes are divided before they are learnt, so that they are
about 1 (Girshick 2015, 2.3, asks for unit variance; the values are those of his code)."""


class Head(nn.Module):
    """N×D×7×7 → scores N×(classes + 1), the last for the background, and codes N×classes×4.

    A convolution 3×3 of stride 2 and a fully connected layer, where the papers have two of
    4,096 units, each with batch normalisation and ReLU, as the article's layers are; then one
    layer for the classes and one for the boxes, which start near 0 with the deviations of
    Girshick 2015.
    """

    spread: Tensor

    def __init__(self, features: int, classes: int, *, channels: int = 32, units: int = 64) -> None:
        super().__init__()
        self.classes = classes
        side = (PLACES - 3) // 2 + 1
        self.conv = nn.Conv2d(features, channels, 3, stride=2)
        self.batch1 = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels * side * side, units)
        self.batch2 = nn.BatchNorm1d(units)
        self.scores = nn.Linear(units, classes + 1)
        self.codes = nn.Linear(units, 4 * classes)
        self.register_buffer("spread", torch.tensor(SPREAD), persistent=False)
        for layer, deviation in ((self.scores, 0.01), (self.codes, 0.001)):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)

    def places(self, features: Tensor) -> Tensor:
        """The maps of the convolution, flat: N×D×7×7 → N×F."""
        found: Tensor = self.batch1(self.conv(features)).relu().flatten(1)
        return found

    def units(self, places: Tensor) -> Tensor:
        """The last layer before the answers: N×F → N×U."""
        found: Tensor = self.batch2(self.fc(places)).relu()
        return found

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        units = self.units(self.places(features))
        return self.scores(units), self.codes(units).unflatten(1, (-1, 4))

    def boxes(self, codes: Tensor, references: Tensor) -> Tensor:
        """Where each class's object is: codes N×classes×4, regions N×4 → N×classes×4."""
        return decoded(codes * self.spread, references[:, None])
