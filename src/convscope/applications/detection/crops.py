"""Regions warped to one size, with some of what surrounds them: what R-CNN looks at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import roi_align

from convscope.applications.detection.batches import padded_images
from convscope.training.task import Normalise

__all__ = ["CONTEXT", "SIDE", "crops_of", "warped", "with_context"]

SIDE = 28
"""Pixels of a crop's side: the article's network was made for that."""
CONTEXT = 2
"""Pixels of it, on each side, that show what surrounds the region: 16 of 227 in the paper."""
SAMPLES = 2
"""Values in each direction whose mean is a pixel of the crop: large regions are not aliased."""


def with_context(boxes: Tensor, side: int = SIDE, context: int = CONTEXT) -> Tensor:
    """Boxes so enlarged that they themselves fill all but ``context`` pixels of ``side``: …×4.

    Each side moves outwards by context / (side − 2·context) of the box's own side.
    """
    extent = boxes[..., 2:] - boxes[..., :2]
    more = extent * (context / (side - 2 * context))
    return torch.cat([boxes[..., :2] - more, boxes[..., 2:] + more], -1)


def warped(
    images: Tensor, boxes: Sequence[Tensor], side: int = SIDE, context: int = CONTEXT
) -> Tensor:
    """Each region as a picture of side×side, whatever its shape: B×C×H×W → R×C×side×side.

    "Tightest box with context, warped" (Girshick et al. 2014, appendix A): ``boxes`` are B
    tensors of N_i×4, R in all.  What lies outside of the image is 0, its mean where it is
    normalised.
    """
    wanted = [with_context(each.to(images.dtype), side, context) for each in boxes]
    found: Tensor = roi_align(images, wanted, (side, side), 1.0, SAMPLES, aligned=True)
    return found


def crops_of(
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    normalise: Normalise,
    image: NDArray[np.int64],
    boxes: NDArray[np.float32],
    side: int = SIDE,
) -> Tensor:
    """Crops of R regions of a data set: box r lies in the image number ``image[r]``.

    In the order of the boxes: R×C×side×side, normalised, on the device.
    """
    order = np.argsort(image, kind="stable")
    needed, counts = np.unique(image, return_counts=True)
    pictures, _ = padded_images(images, needed, normalise)
    sorted_boxes = torch.from_numpy(boxes[order]).to(pictures.device)
    found = warped(pictures, torch.split(sorted_boxes, counts.tolist()), side)
    back = torch.from_numpy(np.argsort(order, kind="stable")).to(pictures.device)
    return found[back]
