"""What R-CNN learns from: all regions of the training images, and how they lie to objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.detection.boxes import overlaps
from convscope.applications.detection.crops import SIDE, crops_of
from convscope.data.annotated import Objects
from convscope.errors import DataError
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise

__all__ = ["BACKGROUNDS", "POSITIVE", "FineTuning", "Windows", "windows_of"]

POSITIVE = 0.5
"""Overlap with an object from which a region shows it while fine-tuning."""
SCORED = 500
"""Held-out regions, at most, that show an object, by which fine-tuning is scored."""
BACKGROUNDS = 3
"""Regions of background for each that shows an object: 96 beside 32 in the paper."""

Images = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """R regions of the images: the proposals, and the objects themselves.

    Region r is the box ``boxes[r]`` in the image number ``image[r]``; ``overlap[r]`` is the
    largest with an object that is to be found, ``target[r]`` and ``label[r]`` that object's
    box and class (−1 where there is none).  ``by_class`` (R×K) is the largest overlap with
    an object of each class, and ``difficult`` that with a difficult one.  ``exact`` marks
    the objects themselves.
    """

    images: Images
    image: NDArray[np.int64]
    boxes: NDArray[np.float32]
    overlap: NDArray[np.float32]
    target: NDArray[np.float32]
    label: NDArray[np.int64]
    by_class: NDArray[np.float32]
    difficult: NDArray[np.float32]
    exact: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.image)

    def crops(self, chosen: NDArray[np.int64], normalise: Normalise, side: int = SIDE) -> Tensor:
        """These regions as pictures: n×C×side×side, normalised, on the device."""
        return crops_of(self.images, normalise, self.image[chosen], self.boxes[chosen], side)

    @property
    def positive(self) -> NDArray[np.int64]:
        """Numbers of the regions that show an object."""
        return np.flatnonzero(self.overlap >= POSITIVE)

    @property
    def background(self) -> NDArray[np.int64]:
        """Numbers of those that show none, and do not cover a difficult one either."""
        return np.flatnonzero((self.overlap < POSITIVE) & (self.difficult < POSITIVE))


def windows_of(
    images: Images,
    objects: Sequence[Objects],
    proposals: Sequence[NDArray[np.float32]],
    classes: int,
) -> Windows:
    """All regions of the images, compared with the objects of their image."""
    rows = [
        _compared(number, own, boxes, classes)
        for number, (own, boxes) in enumerate(zip(objects, proposals, strict=True))
    ]
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return Windows(images, *columns)


def _compared(
    number: int, objects: Objects, proposals: NDArray[np.float32], classes: int
) -> tuple[NDArray[np.generic], ...]:
    """One image's regions: the fields of ``Windows`` from ``image`` on."""
    there = ~objects.difficult
    boxes = np.concatenate([proposals, objects.boxes[there]])
    count, known = len(boxes), int(there.sum())
    found = overlaps(torch.from_numpy(boxes), torch.from_numpy(objects.boxes)).numpy()
    by_class = np.zeros((count, classes), np.float32)
    for place, label in enumerate(objects.labels.tolist()):
        np.maximum(by_class[:, label], found[:, place], out=by_class[:, label])
    own = found[:, there]
    overlap = own.max(1, initial=0.0)
    target, label = np.zeros((count, 4), np.float32), np.full(count, -1, np.int64)
    if known:
        nearest = own.argmax(1)
        touching = overlap > 0
        target[touching] = objects.boxes[there][nearest[touching]]
        label[touching] = objects.labels[there][nearest[touching]]
    return (
        np.full(count, number, np.int64),
        boxes,
        overlap,
        target,
        label,
        by_class,
        found[:, objects.difficult].max(1, initial=0.0),
        np.arange(count) >= len(proposals),
    )


class FineTuning:
    """The first stage of R-CNN's training: crops into the classes and the background.

    An example is a region that shows an object; with each come ``BACKGROUNDS`` others, drawn
    from all of the data set.  ``held`` are regions kept for choosing: the score is the part
    of them that is told rightly.
    """

    def __init__(
        self,
        windows: Windows,
        normalise: Normalise,
        recipe: Recipe,
        *,
        held: Windows | None = None,
        side: int = SIDE,
    ) -> None:
        self._windows, self._held, self._side = windows, held, side
        self._positive, self._background = windows.positive, windows.background
        self._normalise, self._flip = normalise, recipe.flip
        self._classes = windows.by_class.shape[1]
        if not len(self._positive):
            raise DataError(
                "there is no object to learn from", remedy="give images with objects in them"
            )

    @property
    def count(self) -> int:
        return len(self._positive)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Crops, half of them mirrored if the recipe flips; labels, K for the background."""
        drawn = np.empty(0, np.int64)
        if len(self._background):
            wanted = (BACKGROUNDS * len(indices),)
            drawn = self._background[torch.randint(len(self._background), wanted).numpy()]
        chosen = np.concatenate([self._positive[indices], drawn])
        crops, labels = self._shown(self._windows, chosen)
        if self._flip:
            mirrored = (torch.rand(len(crops)) < 0.5).to(crops.device)
            crops = torch.where(mirrored[:, None, None, None], crops.flip(3), crops)
        return crops, labels

    def loss(self, network: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> Tensor:
        """Cross-entropy over K + 1 classes."""
        crops, labels = batch
        return functional.cross_entropy(network(crops).float(), labels)

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """The part of held-out regions that are told rightly: some that show an object, and
        as many of the background for each as a batch has."""
        if self._held is None or not len(self._held.positive):
            return {}
        positive = _some(self._held.positive, SCORED)
        background = _some(self._held.background, BACKGROUNDS * len(positive))
        chosen = np.concatenate([positive, background])
        right = 0
        for start in range(0, len(chosen), 250):
            crops, labels = self._shown(self._held, chosen[start : start + 250])
            right += int((network(crops).argmax(1) == labels).sum())
        return {"accuracy": right / len(chosen)}

    def _shown(self, windows: Windows, chosen: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Crops of these regions, and what they show."""
        crops = windows.crops(chosen, self._normalise, self._side)
        shows = windows.overlap[chosen] >= POSITIVE
        labels = np.where(shows, windows.label[chosen], self._classes)
        return crops, torch.from_numpy(labels).to(crops.device)


def _some(numbers: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of them, from all over."""
    return numbers[:: max(1, -(-len(numbers) // most))]
