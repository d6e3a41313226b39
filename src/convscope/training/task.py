"""What is learnt: a Task gives the batch, the loss and the score, and the one loop the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.data.images import ImageSet
from convscope.data.preprocessing import Preprocessing
from convscope.training.augmentation import augmented
from convscope.training.recipe import Recipe

__all__ = ["Classification", "Normalise", "Statistics", "Task", "probabilities"]

PIXELS_AT_ONCE = 250 * 28 * 28
"""Of a channel, when a network is only used: 250 images of 28×28.  With four times as many,
maps of 16 channels pass the 32 MiB from which the C library fetches fresh memory each time,
and it takes twice as long."""


Batch = TypeVar("Batch")


class Task(Protocol[Batch]):
    """All that the loop asks of a task; ``Batch`` is the task's own affair.

    Whatever ``batch`` and ``loss`` draw at random from torch's default generator is a
    pure function of (seed, step): the loop seeds it anew for every step.
    """

    @property
    def count(self) -> int:
        """How many training examples there are."""
        ...

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """These examples, changed at random if the recipe says so, on the device."""
        ...

    def loss(self, network: Callable[..., Any], batch: Batch) -> Tensor:
        """The mean loss of the batch: one number, with its gradient."""
        ...

    def score(self, network: nn.Module) -> Mapping[str, float]:
        """How good the network is on what was kept for choosing; empty if nothing was."""
        ...


class Statistics(Protocol):
    """What normalises images: a Preprocessing, or the run of an application."""

    @property
    def mean(self) -> tuple[float, ...]: ...
    @property
    def std(self) -> tuple[float, ...]: ...


class Normalise:
    """uint8 N×C×H×W → float32 N×C×H×W on the device: (v/255 − mean) / std, per channel."""

    def __init__(self, preprocessing: Statistics, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self._mean = torch.tensor(preprocessing.mean, device=device).view(1, -1, 1, 1)
        self._std = torch.tensor(preprocessing.std, device=device).view(1, -1, 1, 1)
        # Convolutions on processors and CUDA cards are faster so; MPS has had faults with it.
        channels_last = self.device.type != "mps"
        self._format = torch.channels_last if channels_last else torch.contiguous_format

    def __call__(self, images: Tensor) -> Tensor:
        moved = images.to(self.device, torch.float32, memory_format=self._format)
        return moved.div_(255).sub_(self._mean).div_(self._std)


class Classification:
    """Images into classes: cross-entropy, and accuracy as the score."""

    def __init__(
        self,
        train: ImageSet,
        preprocessing: Preprocessing,
        recipe: Recipe,
        *,
        held: ImageSet | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self._train = train
        self._held = held
        self._recipe = recipe
        self._normalise = Normalise(preprocessing, device)

    @property
    def count(self) -> int:
        return len(self._train)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        images, labels = self._train.batch(indices)
        changed = augmented(torch.from_numpy(images), self._recipe)
        return self._normalise(changed), torch.from_numpy(labels).to(self._normalise.device)

    def loss(self, network: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> Tensor:
        images, labels = batch
        return functional.cross_entropy(
            network(images).float(), labels, label_smoothing=self._recipe.label_smoothing
        )

    def score(self, network: nn.Module) -> Mapping[str, float]:
        if self._held is None:
            return {}
        found = probabilities(network, self._held.images, self._normalise)
        right = found.argmax(1) == self._held.labels
        return {"accuracy": float(right.mean())}


def probabilities(
    network: Callable[[Tensor], Tensor], images: NDArray[np.uint8], normalise: Normalise
) -> NDArray[np.float32]:
    """softmax of the network's output, in float32: uint8 N×C×H×W → N×classes.

    The network is used as it stands: call ``eval()`` first.
    """
    found = []
    count = max(1, PIXELS_AT_ONCE // (images.shape[2] * images.shape[3]))
    with torch.inference_mode():
        for start in range(0, len(images), count):
            # A copy, since memory-mapped images cannot be written to, and torch warns of that.
            chosen = torch.from_numpy(np.array(images[start : start + count]))
            found.append(torch.softmax(network(normalise(chosen)).float(), 1).cpu())
    return torch.cat(found).numpy()
