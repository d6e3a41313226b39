"""Batches of images with their objects, for a detector to learn from; and the task itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.applications.detection.boxes import mirrored_boxes
from convscope.applications.detection.sampling import Targets, targets_of
from convscope.data.annotated import Objects, Split
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise

__all__ = ["Batch", "Detecting", "padded_images", "shuffled_labels"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B images and what is in them.

    ``images`` are B×C×H×W, normalised; a smaller one lies in a corner, and ``windows``
    (B×4) say where.  ``proposals``, if a method reads them, are boxes B×N×4 and which of
    them are there, B×N.
    """

    images: Tensor
    windows: Tensor
    targets: Targets
    proposals: tuple[Tensor, Tensor] | None = None


class Detecting:
    """The task of a detector: batches, the sum of its losses, and a score.

    ``objects`` may be others than the images' own (a control); ``proposals`` are boxes for
    each image; ``score`` measures a network on what was kept for choosing.
    """

    def __init__(
        self,
        train: Split,
        normalise: Normalise,
        recipe: Recipe,
        *,
        objects: Sequence[Objects] | None = None,
        proposals: Sequence[NDArray[np.float32]] | None = None,
        score: Callable[[nn.Module], Mapping[str, float]] | None = None,
    ) -> None:
        known = train.objects if objects is None else objects
        assert known is not None
        self._images, self._objects, self._proposals = train.images, known, proposals
        self._normalise, self._recipe, self._score = normalise, recipe, score

    @property
    def count(self) -> int:
        return len(self._images)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """Images of several sizes become as large as the largest; what is added is grey."""
        images, windows = padded_images(self._images, indices, self._normalise)
        device = self._normalise.device
        proposals = None
        if self._proposals is not None:
            proposals = _padded([self._proposals[index] for index in indices], device)
        targets = targets_of([self._objects[index] for index in indices], device)
        batch = Batch(images, windows.to(device), targets, proposals)
        return _flipped(batch) if self._recipe.flip else batch

    def loss(self, network: Any, batch: Batch) -> Tensor:
        """The sum of what the network calls its losses; in float32."""
        total: Tensor = sum(network.losses(batch).values(), torch.zeros(()))
        return total

    def score(self, network: nn.Module) -> Mapping[str, float]:
        return {} if self._score is None else self._score(network)


def padded_images(
    images: Sequence[Pixels] | Pixels, indices: NDArray[np.int64], normalise: Normalise
) -> tuple[Tensor, Tensor]:
    """Some images together: normalised B×C×H×W, and where each lies, B×4.

    Those of several sizes become as large as the largest, each in the upper left, and what is
    added is 0: the mean of all.
    """
    if isinstance(images, np.ndarray):
        together = torch.from_numpy(images[indices])
        sizes = np.tile(np.array(together.shape[-2:], np.int64), (len(indices), 1))
    else:
        together, sizes = _stacked([images[index] for index in indices])
    windows = torch.zeros(len(indices), 4)
    windows[:, 2:] = torch.from_numpy(sizes[:, ::-1].copy())
    return _normalised(together, windows, normalise), windows


def shuffled_labels(objects: Sequence[Objects], seed: int) -> tuple[Objects, ...]:
    """The same boxes, whose labels were exchanged among all of them at random: a control."""
    labels = np.concatenate([np.zeros(0, np.int64), *(each.labels for each in objects)])
    mixed = np.random.default_rng(seed).permutation(labels)
    parts = np.split(mixed, np.cumsum([len(each) for each in objects])[:-1])
    return tuple(replace(each, labels=own) for each, own in zip(objects, parts, strict=True))


def _stacked(images: Sequence[Pixels]) -> tuple[Tensor, NDArray[np.int64]]:
    """Images of several sizes in one array, each in the upper left: and their sizes, B×2."""
    sizes = np.array([image.shape[-2:] for image in images], np.int64)
    height, width = sizes.max(0)
    together = np.zeros((len(images), images[0].shape[0], height, width), np.uint8)
    for place, image in enumerate(images):
        together[place, :, : image.shape[1], : image.shape[2]] = image
    return torch.from_numpy(together), sizes


def _normalised(images: Tensor, windows: Tensor, normalise: Normalise) -> Tensor:
    """Normalised, and 0 where an image does not reach: the mean of all."""
    found = normalise(images)
    height, width = found.shape[-2:]
    if bool((windows[:, 2] < width).any() or (windows[:, 3] < height).any()):
        within_columns = torch.arange(width) < windows[:, 2, None]
        within_rows = torch.arange(height) < windows[:, 3, None]
        within = within_rows[:, None, :, None] & within_columns[:, None, None, :]
        found = found * within.to(found.device)
    return found


def _flipped(batch: Batch) -> Batch:
    """About half of the images mirrored left to right, with all that lies in them."""
    width = batch.images.shape[-1]
    chosen = (torch.rand(len(batch.images)) < 0.5).to(batch.images.device)

    def either(boxes: Tensor) -> Tensor:
        where = chosen.view(-1, *[1] * (boxes.ndim - 1))
        return torch.where(where, mirrored_boxes(boxes, width), boxes)

    proposals = batch.proposals
    return Batch(
        torch.where(chosen.view(-1, 1, 1, 1), batch.images.flip(3), batch.images),
        either(batch.windows),
        replace(batch.targets, boxes=either(batch.targets.boxes)),
        None if proposals is None else (either(proposals[0]), proposals[1]),
    )


def _padded(boxes: Sequence[NDArray[np.float32]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Boxes of B images as B×N×4, and which of them are there, B×N."""
    counts = torch.tensor([len(each) for each in boxes])
    found = nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in boxes], True)
    there = torch.arange(found.shape[1]) < counts[:, None]
    return found.to(device), there.to(device)
