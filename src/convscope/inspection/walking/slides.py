"""A convolution whose kernel slides over true places: all numbers that its sums are made of.

``walk`` works one value out; this gives the input's numbers, the weights and the geometry
from which the value at every place can be worked out by whoever shows it, and the layers
that follow up to the next pooling, which act on one channel alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.errors import UsageError
from convscope.inspection.changes.switching import silent_channels
from convscope.inspection.recording import INPUT, Call, trace
from convscope.inspection.subject import Picture, Subject
from convscope.inspection.walking.windows import Geometry, geometry_of
from convscope.network.pooling import DistancePool2d

__all__ = ["Following", "Slide", "slide", "slide_of", "slides_of"]

_PADDED_BY_ZEROS = "zeros"


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """A layer behind the convolution that acts on each channel alone.

    ``kind`` is ``batchnorm``, an activation (``relu``, ``leakyrelu``, ``sigmoid``, ``tanh``,
    ``silu``) or ``pool``.  ``numbers`` are plain values (a slope, the summary of a pooling,
    its geometry), ``arrays`` one value for each of the kernels that are shown, or a
    pooling's weights.  ``off`` are the kernels, by their place among those that are shown, whose
    channel is switched off here: 0 is handed on.
    """

    name: str
    kind: str
    numbers: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    off: tuple[int, ...] = ()

    def first(self, count: int) -> Following:
        """The same for the first kernels only."""
        off = tuple(place for place in self.off if place < count)
        if self.kind == "pool":
            return replace(self, off=off)
        cut = {key: values[:count] for key, values in self.arrays.items()}
        return replace(self, arrays=cut, off=off)


@dataclass(frozen=True, slots=True, eq=False)
class Slide:
    """Kernels ``channels`` of ``layer`` and what they slide over.

    ``inputs`` are images × C × H × W, ``kernels`` K × C/groups × h × w, and kernel k reads
    the channels of the input from ``first_channels[k]`` on.  ``size`` is (H_out, W_out).
    The value at (row, column) is biases[k] + Σ_c Σ_i Σ_j inputs[c, row·S − P + i·D, …] ·
    kernels[k, c, i, j], zeros standing in the padding; 0 for the kernels in ``off``, by their
    place in ``channels``, which are switched off.  ``strongest`` is the (kernel, row, column)
    of the largest of these values for the first image.
    """

    layer: str
    source: str
    inputs: NDArray[np.float32]
    channels: tuple[int, ...]
    kernels: NDArray[np.float32]
    biases: NDArray[np.float32] | None
    first_channels: tuple[int, ...]
    geometry: Geometry
    size: tuple[int, int]
    after: tuple[Following, ...]
    strongest: tuple[int, int, int]
    off: tuple[int, ...] = ()

    def first(self, count: int) -> Slide:
        """The same with the first kernels only."""
        return replace(
            self,
            channels=self.channels[:count],
            kernels=self.kernels[:count],
            biases=None if self.biases is None else self.biases[:count],
            first_channels=self.first_channels[:count],
            after=tuple(each.first(count) for each in self.after),
            off=tuple(place for place in self.off if place < count),
        )


def slides_of(subject: Subject) -> tuple[str, ...]:
    """The convolutions of maps that can slide, in order of execution."""
    modules = dict(subject.module.named_modules())
    return tuple(
        each.name
        for each in subject.layers
        if each.leaf and _slides(modules[each.name.partition(":")[0]])
    )


def _slides(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.padding_mode == _PADDED_BY_ZEROS


def slide(
    subject: Subject,
    layer: str,
    images: Sequence[Picture | int] = (0,),
    *,
    channels: Sequence[int] | None = None,
) -> Slide:
    """What is needed to slide ``channels`` of a convolution (all of them) over some images.

    Raises UsageError where the layer is no convolution, or pads with anything but zeros.
    """
    subject.layer(layer)
    pixels = np.stack([subject.picture(image).pixels for image in images])
    return slide_of(subject, trace(subject.module, subject.tensor(pixels)), layer, channels)


def slide_of(
    subject: Subject, calls: Sequence[Call], layer: str, channels: Sequence[int] | None = None
) -> Slide:
    """The same where the images have gone through already, as in a ``Passage``."""
    subject.layer(layer)
    place = next(number for number, call in enumerate(calls) if call.name == layer)
    call = calls[place]
    if not isinstance(call.module, nn.Conv2d) or not _slides(call.module):
        listed = ", ".join(slides_of(subject)) or "none of them"
        raise UsageError(
            f"{layer} is no convolution over zeros that could slide", remedy=f"these can: {listed}"
        )
    count = call.module.out_channels
    chosen = tuple(range(count)) if channels is None else tuple(channels)
    if not chosen or min(chosen) < 0 or max(chosen) >= count:
        raise UsageError(
            f"{layer} has no channel {max(chosen, default=0)}", remedy=f"give 0 to {count - 1}"
        )
    geometry = geometry_of(call.module)
    assert geometry is not None
    each = count // call.module.groups
    depth = call.module.in_channels // call.module.groups
    rows = list(chosen)
    return Slide(
        layer=layer,
        source=_source(calls, call),
        inputs=_array(call.input),
        channels=chosen,
        kernels=_array(call.module.weight)[rows],
        biases=None if call.module.bias is None else _array(call.module.bias)[rows],
        first_channels=tuple(channel // each * depth for channel in chosen),
        geometry=geometry,
        size=(int(call.output.shape[2]), int(call.output.shape[3])),
        after=tuple(_following(calls, place, rows)),
        strongest=_strongest(call.output[0, rows]),
        off=_off(call.module, rows),
    )


def _off(module: nn.Module, rows: Sequence[int]) -> tuple[int, ...]:
    """The places of the channels that are switched off in a module."""
    silent = silent_channels(module)
    return tuple(place for place, channel in enumerate(rows) if channel in silent)


def _strongest(maps: Tensor) -> tuple[int, int, int]:
    kernel, row, column = np.unravel_index(int(maps.argmax()), maps.shape)
    return int(kernel), int(row), int(column)


def _source(calls: Sequence[Call], call: Call) -> str:
    if call.source == INPUT:
        return "the image, normalised"
    return call.source or "what comes before it"


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.array(tensor.detach().numpy(), np.float32)


def _following(calls: Sequence[Call], place: int, rows: list[int]) -> list[Following]:
    """Layers that alone take what the one before them made, up to the first pooling."""
    found: list[Following] = []
    name = calls[place].name
    while True:
        takers = [call for call in calls if call.leaf and call.source == name]
        step = _step(takers[0], rows) if len(takers) == 1 else None
        if step is None:
            return found
        found.append(replace(step, off=_off(takers[0].module, rows)))
        if step.kind == "pool":
            return found
        name = step.name


def _step(call: Call, rows: list[int]) -> Following | None:
    """The layer as something that acts on one channel; None where it does not."""
    match call.module:
        case nn.BatchNorm2d(running_mean=Tensor(), running_var=Tensor()) as norm:
            assert norm.running_mean is not None
            assert norm.running_var is not None
            arrays = {"mean": _array(norm.running_mean), "variance": _array(norm.running_var)}
            if norm.affine:
                arrays |= {"scale": _array(norm.weight), "shift": _array(norm.bias)}
            kept = {key: values[rows] for key, values in arrays.items()}
            return Following(call.name, "batchnorm", {"epsilon": norm.eps}, kept)
        case nn.ReLU():
            return Following(call.name, "relu")
        case nn.LeakyReLU(negative_slope=slope):
            return Following(call.name, "leakyrelu", {"slope": slope})
        case nn.Sigmoid():
            return Following(call.name, "sigmoid")
        case nn.Tanh():
            return Following(call.name, "tanh")
        case nn.SiLU():
            return Following(call.name, "silu")
    return _pool(call)


def _pool(call: Call) -> Following | None:
    module = call.module
    arrays: dict[str, NDArray[np.float32]] = {}
    match module:
        case nn.MaxPool2d(dilation=1 | (1, 1)):
            summary = "max"
        case nn.AvgPool2d(ceil_mode=False, divisor_override=None, padding=0 | (0, 0)):
            summary = "average"
        case nn.LPPool2d(norm_type=2, ceil_mode=False):
            summary = "l2"
        case DistancePool2d():
            summary = "weighted"
            arrays["weights"] = _array(module.weight)[0, 0]
        case _:
            return None
    geometry = geometry_of(module)
    assert geometry is not None
    numbers = {
        "summary": summary,
        "kernel": list(geometry.kernel),
        "stride": list(geometry.stride),
        "padding": [geometry.padding[0][0], geometry.padding[1][0]],
        "size": list(call.output.shape[2:]),
    }
    return Following(call.name, "pool", numbers, arrays)
