"""What the three detectors have in common: proposals, their features, the heads.

R-CNN, Fast R-CNN and Faster R-CNN answer the same three questions in different ways: where
could something be, what does the network see there, what is it and where exactly.  A
``Method`` has one function for each, and ``looked`` asks them in turn, so that the seconds
of an image fall into the same three parts whatever the method.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from convscope.applications.detection.boxes import clipped
from convscope.applications.detection.detections import Detections

__all__ = ["OVERLAP", "PARTS", "Method", "Regions", "Stopwatch", "chosen", "looked"]

PARTS = ("proposals", "features", "heads")
"""What the seconds of an image are split into."""

OVERLAP = 0.3
"""Of two detections of a class that overlap by more, the surer one stays: the papers' own
value (Girshick et al. 2014, Girshick 2015)."""


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """What the heads say of R regions, of one image after another.

    ``scores`` are R×K, one for each class and none for the background; larger is surer.
    ``boxes`` are R×K×4: where the object is if it is of that class, not yet clipped.
    """

    scores: Tensor
    boxes: Tensor


class Method(Protocol):
    """A network that detects; images are B×C×H×W, float32, normalised, of one size.

    Boxes are given image by image: B tensors of N_i×4, left, top, right, bottom in pixels.
    """

    stored: bool
    """Whether it reads proposals from outside (selective search) rather than make its own."""
    least: float
    """Scores below it are not worth reporting."""

    def maps(self, images: Tensor) -> Tensor:
        """What is computed once an image and shared by its regions: B×D×h×w.

        R-CNN shares nothing: it gives the images back.
        """
        ...

    def propose(self, images: Tensor, maps: Tensor, stored: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Where something could be; ``stored`` is what was proposed before, if it is read."""
        ...

    def features(self, images: Tensor, maps: Tensor, boxes: Sequence[Tensor]) -> Tensor:
        """What is seen in each region, of one image after another: R×D×7×7."""
        ...

    def heads(self, features: Tensor, boxes: Sequence[Tensor]) -> Regions:
        """What each region is, and where exactly."""
        ...


@dataclass(slots=True)
class Stopwatch:
    """Seconds spent on each of ``PARTS``, summed over ``images`` images."""

    images: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))

    @contextmanager
    def during(self, part: str) -> Iterator[None]:
        """Adds what passes inside to one of ``PARTS``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - start

    def each(self) -> dict[str, float]:
        """Seconds an image of each part."""
        return {part: spent / max(1, self.images) for part, spent in self.seconds.items()}


@torch.inference_mode()
def looked(
    method: Method,
    images: Tensor,
    stored: Sequence[Tensor] = (),
    *,
    most: int = 100,
    watch: Stopwatch | None = None,
) -> tuple[Detections, ...]:
    """What is found in each of B images of one size: the ``most`` surest, the surest first.

    ``watch`` is told how long each part took; on an accelerator, where work is only queued,
    its parts are not to be trusted.  Call ``eval()`` on the network first.
    """
    watch = watch or Stopwatch()
    watch.images += len(images)
    with watch.during("features"):
        maps = method.maps(images)
    with watch.during("proposals"):
        boxes = method.propose(images, maps, stored)
    with watch.during("features"):
        features = method.features(images, maps, boxes)
    with watch.during("heads"):
        regions = method.heads(features, boxes)
        counts = [len(each) for each in boxes]
        return chosen(regions, counts, _size(images), least=method.least, most=most)


def chosen(
    regions: Regions, counts: Sequence[int], size: tuple[int, int], *, least: float, most: int
) -> tuple[Detections, ...]:
    """What is worth reporting of the regions, of which the first image has ``counts[0]`` …

    Boxes are clipped to the images' ``size`` (height, width); those without area, and those
    whose score is below ``least``, are left out; then a surer box suppresses others of its
    class that overlap it by more than ``OVERLAP``, and the ``most`` surest of each image stay.
    """
    boxes = clipped(regions.boxes, size)
    sides = boxes[..., 2:] - boxes[..., :2]
    worth = (regions.scores >= least) & (sides > 0).all(-1)
    region, label = torch.nonzero(worth, as_tuple=True)
    scores, boxes = regions.scores[region, label].float(), boxes[region, label].float()
    images = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts, dtype=torch.int64))
    image = images.to(region.device)[region]
    keep = batched_nms(boxes, scores, image * regions.scores.shape[1] + label, OVERLAP)
    found = []
    for number in range(len(counts)):
        own = keep[image[keep] == number][:most]  # the surest first
        found.append(
            Detections(
                boxes[own].cpu().numpy(), label[own].cpu().numpy(), scores[own].cpu().numpy()
            )
        )
    return tuple(found)


def _size(images: Tensor) -> tuple[int, int]:
    height, width = images.shape[-2:]
    return height, width
