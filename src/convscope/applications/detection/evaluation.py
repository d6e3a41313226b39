"""How good a detector is, and how long it takes: whole batches of images of one size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.applications.detection.detections import Detections, coco_entries
from convscope.applications.detection.method import Method, Stopwatch, looked
from convscope.applications.detection.precision import Precision, average_precision
from convscope.data.annotated import Split
from convscope.training.task import Normalise

__all__ = ["DetectionEvaluation", "detected", "groups_of", "precision_of"]

SCHEMA = "convscope.detection-evaluation/1"
PIXELS_AT_ONCE = 16 * 128 * 128
"""Of a channel, when a detector is only used."""

Boxes = NDArray[np.float32]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class DetectionEvaluation:
    """How good a run is on a part of its data (or of others).

    ``seconds`` an image of proposals, features and heads, on ``processor`` with so many
    ``threads``; ``proposals`` says of which selective search a method read, if it did.
    ``found`` is what was found in each image, ``names`` what the images are called.  ``ids``
    and ``category_ids`` are the numbers of images and classes in a COCO file, ``scales`` how
    much higher and wider each image was before it was brought down, N×2.
    """

    run: str
    method: str
    data: str
    split: str
    precision: Precision
    seconds: dict[str, float]
    threads: int
    processor: str
    proposals: dict[str, Any] | None = None
    found: tuple[Detections, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    ids: tuple[int | str, ...] | None = field(default=None, repr=False)
    category_ids: tuple[int, ...] | None = field(default=None, repr=False)
    scales: NDArray[np.float64] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return (
            f"<DetectionEvaluation of {self.run}: mAP@0.5 {self.precision.at(0.5):.3f}, "
            f"{self.precision.images:,} {self.split} images of {self.data}>"
        )

    def results(self) -> list[dict[str, Any]]:
        """All that was found, as COCO's result files have it, in pixels of the full images.

        Images and classes have the numbers of the COCO file that the data come from.  Else
        ``image_id`` is the number that an image is called by (000000397133), or its place
        among the images, from 1, and classes count from 1.
        """
        ids = self.ids or tuple(
            int(name) if _is_number(name) else place for place, name in enumerate(self.names, 1)
        )
        scales = np.ones((len(ids), 2)) if self.scales is None else self.scales
        return [
            entry
            for own, found, scale in zip(ids, self.found, scales, strict=True)
            for entry in coco_entries(found.scaled(*scale), own, self.category_ids)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "method": self.method,
            "data": self.data,
            "split": self.split,
            "precision": self.precision.as_dict(),
            "seconds_an_image": {**self.seconds, "all": sum(self.seconds.values())},
            "threads": self.threads,
            "processor": self.processor,
            "proposals": self.proposals,
        }


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()


def precision_of(
    network: nn.Module,
    split: Split,
    normalise: Normalise,
    classes: Sequence[str],
    *,
    stored: Sequence[Boxes] | None = None,
    watch: Stopwatch | None = None,
) -> Precision:
    """Average precision on images whose objects are known; ``stored`` are their proposals."""
    assert split.objects is not None
    found = detected(network, split.images, normalise, stored=stored, watch=watch)
    return average_precision(found, split.objects, classes)


def detected(
    network: nn.Module,
    images: Sequence[Pixels] | Pixels,
    normalise: Normalise,
    *,
    stored: Sequence[Boxes] | None = None,
    watch: Stopwatch | None = None,
) -> tuple[Detections, ...]:
    """What a network in eval mode finds in each image, whatever their sizes.

    Images of one size are looked at together; none is padded, so that what is found in one
    does not depend on the others.
    """
    method = cast(Method, network)
    found: dict[int, Detections] = {}
    for indices in groups_of([image.shape[-2:] for image in images]):
        together = torch.from_numpy(np.stack([images[index] for index in indices]))
        proposals = [torch.from_numpy(stored[index]) for index in indices] if stored else []
        answers = looked(method, normalise(together), proposals, watch=watch)
        found.update(zip(indices, answers, strict=True))
    return tuple(found[index] for index in range(len(images)))


def groups_of(sizes: Sequence[tuple[int, ...]]) -> Iterator[list[int]]:
    """Places of images of one size, as many together as memory is meant for."""
    places: dict[tuple[int, ...], list[int]] = {}
    for index, size in enumerate(sizes):
        places.setdefault(tuple(size), []).append(index)
    for (height, width), own in places.items():
        count = max(1, PIXELS_AT_ONCE // (height * width))
        for start in range(0, len(own), count):
            yield own[start : start + count]
