"""The weights of a layer as kernels: what each of its channels looks for in its input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.errors import UsageError
from convscope.inspection.channels import chosen_channels, unit_names
from convscope.inspection.maps.maps import short_floats
from convscope.inspection.recording import INPUT, trace
from convscope.inspection.subject import Layer, Subject, subject_of
from convscope.network.pooling import DistancePool2d

__all__ = [
    "KernelStatistics",
    "Kernels",
    "deepest_maps",
    "first_kernels",
    "has_kernels",
    "image_kernels",
    "kernels",
]

SCHEMA = "convscope.kernels/1"


@dataclass(frozen=True, slots=True)
class KernelStatistics:
    """One kernel's weights; ``norm`` is √Σw², ``bias`` None where there is none."""

    channel: int
    minimum: float
    mean: float
    maximum: float
    norm: float
    bias: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Kernels:
    """A layer's ``weights``: output channels × input channels × height × width.

    With ``groups`` a kernel sees only its group's input channels (``inputs_of``).  A fully
    connected layer's rows have the shape of its input volume where that is known, and
    are input × 1 × 1 elsewhere.  ``names`` are the classes where the channels are the result.
    """

    subject: str
    layer: str
    kind: str
    weights: NDArray[np.float32]
    biases: NDArray[np.float32] | None
    groups: int = 1
    names: tuple[str, ...] = ()
    note: str = ""

    def __repr__(self) -> str:
        return (
            f"<Kernels of {self.subject}, {self.layer}: {'×'.join(map(str, self.weights.shape))}>"
        )

    def name_of(self, channel: int) -> str:
        """The class that a channel stands for, or the empty string."""
        return self.names[channel] if self.names else ""

    def inputs_of(self, channel: int) -> range:
        """The input channels that a kernel sees, in the order of its slices."""
        slices = self.weights.shape[1]
        first = channel // max(1, len(self.weights) // self.groups) * slices
        return range(first, first + slices)

    def statistics(
        self, channels: str | Sequence[int] | None = None
    ) -> tuple[KernelStatistics, ...]:
        """Of the kernels that are named, by default of all."""
        count = len(self.weights)
        return tuple(
            KernelStatistics(
                number,
                float(weights.min()),
                float(weights.mean()),
                float(weights.max()),
                float(np.sqrt((weights**2).sum())),
                None if self.biases is None else float(self.biases[number]),
            )
            for number in chosen_channels(channels, count, page=count)
            for weights in [self.weights[number].astype(np.float64)]
        )

    def as_dict(
        self,
        channels: str | Sequence[int] | None = None,
        inputs: str | Sequence[int] | None = None,
    ) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md; by default the first 64 × 64 slices."""
        count, slices, height, width = self.weights.shape
        taken = list(chosen_channels(inputs, slices, place="inputs"))
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "layer": self.layer,
            "kind": self.kind,
            "shape": {"channels": count, "inputs": slices, "height": height, "width": width},
            "groups": self.groups,
            "inputs": taken,
            "kernels": [
                {
                    **asdict(each),
                    "name": self.name_of(each.channel) or None,
                    "weights": short_floats(self.weights[each.channel, taken]),
                }
                for each in self.statistics(chosen_channels(channels, count))
            ],
            "note": self.note,
        }


def has_kernels(subject: Subject, layer: str) -> bool:
    """Whether ``kernels`` can show this layer."""
    return _weights(_module(subject, layer)) is not None


def first_kernels(subject: Subject) -> str:
    """The first layer with kernels; UsageError where none has any."""
    for each in subject.layers:
        if has_kernels(subject, each.name):
            return each.name
    raise UsageError(f"no layer of {subject.name} has kernels")


def deepest_maps(subject: Subject) -> str:
    """The last convolution, or whatever else has kernels and makes maps; else the last layer."""
    leaves = [each for each in subject.layers if each.leaf and len(each.shape) in (1, 3)]
    made = [each for each in leaves if each.spatial and has_kernels(subject, each.name)]
    if not leaves:
        raise UsageError(f"no layer of {subject.name} makes maps or a vector")
    return (made or leaves)[-1].name


def kernels(subject: Any, layer: str) -> Kernels:
    """The weights of a convolution, out × in × height × width, or of a fully connected layer.

    A row of the latter is given the shape of the volume that was laid out as its input.
    ``subject`` is whatever ``subject_of`` takes.
    """
    opened = subject_of(subject)
    known = opened.layer(layer)
    module = _module(opened, layer)
    weights = _weights(module)
    if weights is None:
        raise _without_kernels(opened, known)
    if not bool(torch.isfinite(weights).all()):
        raise UsageError(
            f"weights of {layer} are not finite",
            place=opened.name,
            remedy="look into an earlier checkpoint",
        )
    notes = [opened.note] if opened.note else []
    if isinstance(module, nn.Linear):
        volume = _volume(opened, layer, weights.shape[1])
        if volume is None:
            notes.append(f"the volume that {layer} reads is not known: its rows stay rows")
        else:
            weights = weights.reshape(len(weights), *volume)
    elif isinstance(module, DistancePool2d):
        notes.append("nothing of it is learnt, and it weights each channel alone")
    bias = getattr(module, "bias", None)
    return Kernels(
        subject=opened.name,
        layer=layer,
        kind=known.kind,
        weights=_numbers(weights),
        biases=_numbers(bias) if isinstance(bias, Tensor) else None,
        groups=int(getattr(module, "groups", 1)),
        names=unit_names(opened, layer),
        note="; ".join(notes),
    )


def image_kernels(subject: Subject, layer: str) -> Kernels | None:
    """The kernels of a layer that looks at the image itself; None for all others."""
    if subject.layer(layer).source != INPUT or not has_kernels(subject, layer):
        return None
    found = kernels(subject, layer)
    return found if found.weights.shape[1] == subject.preprocessing.channels else None


def _without_kernels(subject: Subject, layer: Layer) -> UsageError:
    having = [each.name for each in subject.layers if has_kernels(subject, each.name)]
    listed = ", ".join(having[:12]) + (", …" if len(having) > 12 else "")
    return UsageError(
        f"{layer.name} ({layer.kind}) has no kernels",
        place=subject.name,
        remedy=f"layers that have some are {listed}" if having else "none of its layers has any",
    )


def _module(subject: Subject, layer: str) -> nn.Module:
    return subject.module.get_submodule(subject.layer(layer).name.partition(":")[0])


def _weights(module: nn.Module) -> Tensor | None:
    """out × in × height × width; None for a module that has no such weights."""
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor):
        return None
    if isinstance(module, nn.Linear):
        return weight[:, :, None, None]
    if weight.ndim != 4:
        return None
    if isinstance(module, nn.ConvTranspose2d):  # torch holds these as in × out
        parts = torch.stack(weight.chunk(module.groups)).transpose(1, 2)
        return parts.flatten(0, 1)
    return weight


def _volume(subject: Subject, layer: str, features: int) -> tuple[int, ...] | None:
    """Channels × height × width of what a fully connected layer reads; None where unknown.

    Networks flatten by a module, a function or a view: what was flattened is the last
    volume before whose numbers, in order, are those that the layer was given.
    """
    image = subject.tensor(subject.images[:1])
    calls = trace(subject.module, image)
    place = next(index for index, call in enumerate(calls) if call.name == layer)
    given = calls[place].input
    if given.ndim == 4 and given[:1].numel() == features:
        return tuple(given.shape[1:])
    if given.ndim != 2:
        return None
    made = {INPUT: image} | {call.name: call.output for call in calls[:place]}
    for output in reversed(made.values()):
        fits = output.ndim == 4 and output[:1].numel() == features
        if fits and torch.equal(output.flatten(1), given):
            return tuple(output.shape[1:])
    source = calls[place].source
    return (features, 1, 1) if source in made and made[source].ndim == 2 else None


def _numbers(tensor: Tensor) -> NDArray[np.float32]:
    return np.array(tensor.detach().float().cpu().numpy())
