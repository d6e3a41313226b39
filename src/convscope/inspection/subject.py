"""What is looked into: a network with what it needs to be used, whoever it comes from.

A run, an architecture, or an ``nn.Module`` of one's own become a ``Subject``, and all of
the room works on subjects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.data.preprocessing import Preprocessing, read_images
from convscope.errors import UsageError, did_you_mean
from convscope.inspection.recording import trace
from convscope.training.task import Normalise, probabilities

__all__ = ["Layer", "Picture", "Subject", "subject_of"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One call of a module: ``kind`` is its class, ``shape`` that of its output for one image.

    ``source`` is the call whose output it takes, ``"input"``, or None where something that
    is no module made its input; ``leaf`` modules hold no others.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    source: str | None
    leaf: bool

    @property
    def spatial(self) -> bool:
        """Whether its output is channels × height × width."""
        return len(self.shape) == 3


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image as a subject takes it: uint8 channels × height × width.

    ``label`` is its class by number, None where that is not known; ``words`` say what was
    done to a file before.
    """

    name: str
    pixels: NDArray[np.uint8]
    label: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A network in eval mode on the processor, in float32, and what it needs to be used.

    ``images`` are samples, uint8 N×C×H×W, with their ``labels`` where these are known (an
    empty array otherwise); ``images_from`` says whose they are, ``note`` what a reader
    must know.  ``architecture`` is None where the module cannot be expressed as one.
    """

    name: str
    module: nn.Module
    layers: tuple[Layer, ...]
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    images_from: str
    architecture: Architecture | None = None
    trained: bool = True
    note: str = ""

    @property
    def volume(self) -> Volume:
        """What the network takes."""
        height, width = self.preprocessing.size
        return Volume(height, width, self.preprocessing.channels)

    def layer(self, name: str) -> Layer:
        """The layer of this name; UsageError where there is none."""
        for each in self.layers:
            if each.name == name:
                return each
        names = [each.name for each in self.layers]
        listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        raise UsageError(
            f"{self.name} has no layer {name!r}",
            remedy=did_you_mean(name, names) or f"its layers are {listed}",
        )

    def tensor(self, pixels: NDArray[np.uint8]) -> Tensor:
        """uint8 N×C×H×W or C×H×W, normalised for the network: float32 N×C×H×W."""
        batch = pixels[None] if pixels.ndim == 3 else pixels
        taken = torch.from_numpy(np.array(batch))
        return Normalise(self.preprocessing)(taken).contiguous()

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """softmax of the outputs: uint8 N×C×H×W → N×classes."""
        batch = pixels[None] if pixels.ndim == 3 else pixels
        return probabilities(self.module, batch, Normalise(self.preprocessing))

    def picture(self, image: int | str | Path | bytes | Picture = 0) -> Picture:
        """A sample by its number, or any picture file, brought to the network's size."""
        if isinstance(image, Picture):
            return image
        text = str(image)
        if isinstance(image, int) or (text.isascii() and text.isdigit()):
            return self._sample(int(image))
        read = read_images([image], self.preprocessing)
        words = self.preprocessing.words(inverted=read.inverted[0])
        return Picture(read.names[0], read.images[0], words=words)

    def _sample(self, number: int) -> Picture:
        if not 0 <= number < len(self.images):
            raise UsageError(
                f"there is no image {number} of {self.images_from}",
                remedy=f"give 0 to {len(self.images) - 1}, or a picture file",
            )
        label = int(self.labels[number]) if len(self.labels) else None
        return Picture(f"{self.images_from}, image {number}", self.images[number], label)

    def class_name(self, number: int) -> str:
        """What class ``number`` is called."""
        return self.classes[number] if number < len(self.classes) else f"class {number}"


def subject_of(
    source: Any,
    *,
    data: str | Path | None = None,
    shape: Volume | None = None,
    seed: int = 0,
) -> Subject:
    """The subject that is meant.

    A run, its name or folder, or ``"example"``; an Architecture, a name of the zoo or a
    notation (untrained: weights drawn with ``seed``); an ``nn.Module``, or ``"FILE.py:NAME"``
    or ``"module:name"``, a module or something that makes one when called.  ``data`` are the
    images to use in the place of the run's own, ``shape`` what a foreign module takes.
    """
    from convscope.inspection import sources

    if isinstance(source, Subject):
        return source
    return sources.found(source, data=data, shape=shape, seed=seed)


def layers_of(module: nn.Module, images: Tensor) -> tuple[Layer, ...]:
    """Every call of a module with the shape of what it makes, in order of execution."""
    return tuple(
        Layer(
            each.name,
            type(each.module).__name__,
            tuple(each.output.shape[1:]),
            each.source,
            each.leaf,
        )
        for each in trace(module, images)
    )


def require_spatial(subject: Subject, names: Sequence[str]) -> None:
    """UsageError unless all of these layers make maps."""
    for name in names:
        layer = subject.layer(name)
        if not layer.spatial:
            maps = [each.name for each in subject.layers if each.spatial and each.leaf]
            raise UsageError(
                f"{name} makes a vector, not maps",
                remedy=f"those that make maps are {', '.join(maps[:12])}" if maps else "",
            )
