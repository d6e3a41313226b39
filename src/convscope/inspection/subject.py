"""What is looked into: a network with what it needs to be used, whoever it comes from.

A run, an architecture, or an ``nn.Module`` of one's own become a ``Subject``, and all of
the room works on subjects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.shapes import Node, walk
from convscope.data.named import named_image
from convscope.data.preprocessing import Preprocessing, Source, read_images
from convscope.errors import UsageError, did_you_mean
from convscope.inspection.recording import borrowed, trace
from convscope.network.build import Network
from convscope.training.task import Normalise, probabilities

if TYPE_CHECKING:
    from convscope.inspection.foreign.chain import Unexpressed

_TINY = float(np.finfo(np.float32).tiny)

__all__ = ["Layer", "Picture", "Subject", "shape_of", "subject_of"]


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
    done to a file before, ``inverted`` that this exchanged black and white.
    """

    name: str
    pixels: NDArray[np.uint8]
    label: int | None = None
    words: str = ""
    inverted: bool = False

    def __repr__(self) -> str:
        return f"<Picture {self.title}: {'×'.join(map(str, self.pixels.shape))}>"

    @property
    def title(self) -> str:
        """Its name, and that black and white were exchanged where they were."""
        return f"{self.name}, inverted" if self.inverted else self.name


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A network in eval mode on the processor, in float32, and what it needs to be used.

    ``images`` are samples, uint8 N×C×H×W, with their ``labels`` where these are known (an
    empty array otherwise); ``images_from`` says whose they are, ``note`` what a reader
    must know.  ``architecture`` is None where the module cannot be expressed as one
    (``unexpressed`` says what stands against it); its
    layers are called as the module's, unless ``names`` tell ours for those of the module
    (see ``node``).  ``outputs`` says what the module gives: scores, or what a softmax has
    already made probabilities.  ``trained`` is False where the weights are known to be drawn
    at random; of somebody else's module that is not known.
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
    names: Mapping[str, str] | None = None
    outputs: Literal["scores", "probabilities"] = "scores"
    unexpressed: tuple[Unexpressed, ...] = ()

    def __repr__(self) -> str:
        return f"<Subject {self.name}: {self.volume} → {len(self.classes)} classes>"

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
        listed = f"its layers are {', '.join(names[:12])}{', …' if len(names) > 12 else ''}"
        if not names:
            listed = "none of its parts is a module of its own"
        raise UsageError(
            f"{self.name} has no layer {name!r}",
            remedy=did_you_mean(name, names) or listed,
        )

    def node(self, name: str) -> Node | None:
        """The layer of the architecture that the module's layer of this name is, if any.

        Where ours are called otherwise than the module's, going by the name alone would
        show numbers of another layer.  None also where the module makes another shape.
        """
        ours = name if self.names is None else self.names.get(name)
        nodes = () if self.architecture is None else walk(self.architecture.nodes)
        node = next((each for each in nodes if each.name == ours), None)
        shape = next((each.shape for each in self.layers if each.name == name), None)
        return node if node is not None and shape == shape_of(node) else None

    def tensor(self, pixels: NDArray[np.uint8]) -> Tensor:
        """uint8 N×C×H×W or C×H×W, normalised for the network: float32 N×C×H×W."""
        batch = pixels[None] if pixels.ndim == 3 else pixels
        taken = torch.from_numpy(np.array(batch))
        # Not contiguous(), which leaves one channel as it is: channels last, and then a `view`
        # in somebody's forward fails on what a convolution makes of it.
        return Normalise(self.preprocessing)(taken).clone(memory_format=torch.contiguous_format)

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """softmax of the scores: uint8 N×C×H×W → N×classes."""
        batch = pixels[None] if pixels.ndim == 3 else pixels
        with borrowed(self.module):
            return probabilities(self.scores, batch, Normalise(self.preprocessing))

    def scores(self, images: Tensor) -> Tensor:
        """What the softmax is taken of: N×C×H×W, normalised → N×classes.

        Of a module that gives probabilities their logarithms, which are scores of them.
        """
        if not isinstance(self.module, Network):
            images = images.clone(memory_format=torch.contiguous_format)
        made: Tensor = self.module(images)
        self.require_finite(made)
        return made if self.outputs == "scores" else logarithms(made)

    def require_finite(self, scores: Tensor) -> None:
        """UsageError where some are not: no class is the answer then, not even the first."""
        if not bool(torch.isfinite(scores).all()):
            raise UsageError(
                "its scores are not finite: a value overflows on the way, or is no number",
                place=self.name,
                remedy="look for the first layer whose maps are not finite",
            )

    def require_vector(self, scores: object) -> None:
        """UsageError where they are not N×classes: maps are the answer of no class."""
        if not isinstance(scores, Tensor) or scores.ndim != 2:
            raise UsageError(
                "its result is no vector of scores, one for each class", place=self.name
            )

    def picture(self, image: int | Source | Picture = 0) -> Picture:
        """A sample by its number, or any picture, brought to the network's size.

        A picture is a file, ``fashion-mini:7``, one of Pillow, or an array of uint8.
        """
        if isinstance(image, Picture):
            return self._fitting(image)
        text = str(image) if isinstance(image, int | str | Path) else ""
        if isinstance(image, int) or (text.isascii() and text.isdigit()):
            return self._sample(image if isinstance(image, int) else int(text))
        named = named_image(text)
        read = read_images([image if named is None else named], self.preprocessing)
        words = self.preprocessing.words(inverted=read.inverted[0])
        name = read.names[0] if named is None else text
        return Picture(name, read.images[0], words=words, inverted=read.inverted[0])

    def _fitting(self, picture: Picture) -> Picture:
        volume = self.volume
        wanted, given = (volume.channels, volume.height, volume.width), picture.pixels.shape
        if given != wanted or picture.pixels.dtype != np.uint8:
            raise UsageError(
                f"the picture is {picture.pixels.dtype} {'×'.join(map(str, given))}, and "
                f"{self.name} takes uint8 {'×'.join(map(str, wanted))}",
                remedy="give a picture file, which is brought to the size",
            )
        return picture

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


def logarithms(probabilities: Tensor) -> Tensor:
    """Scores whose softmax these probabilities are; finite also where one of them is 0."""
    return probabilities.clamp_min(_TINY).log()


def shape_of(node: Node) -> tuple[int, ...]:
    volume = node.output
    return (volume.channels,) if volume.flat else (volume.channels, volume.height, volume.width)


def subject_of(
    source: Any,
    *,
    data: str | Path | None = None,
    shape: Volume | None = None,
    seed: int = 0,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    step: int | None = None,
) -> Subject:
    """The subject that is meant.

    A run, its name or folder, or ``"example"``; an Architecture, a name of the zoo or a
    notation (untrained: weights drawn with ``seed``); an ``nn.Module``, or ``"FILE.py:NAME"``
    or ``"module:name"``, a module or something that makes one when called.  ``data`` are the
    images to use in the place of the run's own.

    An ``nn.Module`` is copied (to the processor, in float32, in eval mode): whoever trains
    it on finds it as it was.  ``shape`` is what it takes, where its layers do not tell;
    ``preprocessing`` what is done to a picture before, which only its owner knows, and
    ``classes`` are the names of what it tells apart.  ``step`` is the moment of a run's
    training that is meant, one of ``run.snapshots()``, by default its end.
    """
    from convscope.inspection import sources

    if isinstance(source, Subject):
        return source
    about = sources.About(data, shape, seed, preprocessing, tuple(classes or ()), step)
    return sources.found(source, about)


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
