"""Images made to excite a channel: what it looks for, if nothing binds it to real images.

Activation maximisation (Erhan, Bengio, Courville and Vincent, 2009), with what Olah,
Mordvintsev and Schubert, Feature visualization (Distill 2017), found to keep images calm:
the image is a sum of waves (``waves``), it trembles while it is improved, and unrest (total
variation) and distance from grey have a price.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError
from convscope.inspection.channels import chosen_channels, output_of, readable_layer
from convscope.inspection.maps.boxes import Boxes, boxes_of
from convscope.inspection.maps.exciting import ChannelExcitement, Exciting, excited
from convscope.inspection.maps.made_images import MadeImage, Visualisation
from convscope.inspection.maps.waves import DECAY, VARIATION, WaveImages
from convscope.inspection.recording import INPUT, borrowed
from convscope.inspection.subject import Layer, Subject, subject_of

__all__ = ["MADE", "STEPS", "MadeImage", "Visualisation", "visualise"]

STEPS = 160
MADE = 16
"""How many channels are visualised where none are named."""

_RATE = 0.08
_SETTLED = 0.25
"""The last part of the steps, in which the image holds still."""
_RISING = (nn.ReLU, nn.MaxPool2d, nn.Identity, nn.Dropout, nn.Dropout2d)
"""Layers whose greatest value is that of their input, or 0: the way goes past them."""
_PIXELS = 256 * 28 * 28
"""Of a channel, that are improved at once."""


def visualise(
    subject: Any,
    layer: str,
    channels: str | Sequence[int] | None = None,
    *,
    seed: int = 0,
    steps: int = STEPS,
    count: int = 6,
    progress: Tell | None = None,
) -> Visualisation:
    """Makes an image for each channel, all in one batch; by default for the first 16.

    An image is improved for ``steps`` steps so that a unit near the middle of the map
    answers as strongly as it can.  Equal seeds give equal images on one machine.
    ``count`` real images are found for each channel to stand beside it.
    """
    opened = subject_of(subject)
    known = readable_layer(opened, layer)
    if steps < 1:
        raise UsageError(f"{steps} steps make no image", place="steps", remedy="give 1 or more")
    chosen = chosen_channels(channels, known.shape[0], page=MADE)
    places = boxes_of(opened, layer, progress)
    real = excited(opened, layer, chosen, count, places, progress)
    cutoff, scales = _cutoff(known, places), _scales(real)
    images: list[MadeImage] = []
    for part in _parts(opened, real):
        maker = WaveImages(opened.preprocessing, opened.images, len(part), cutoff=cutoff, seed=seed)
        begun = maker.pixels()
        _improve(opened, layer, part, scales, maker, steps, teller(progress))
        images += _measured(opened, layer, part, begun, maker.pixels(), places)
    return Visualisation(
        subject=opened.name,
        layer=layer,
        kind=known.kind,
        total=known.shape[0],
        images=tuple(images),
        exciting=real,
        seed=seed,
        settings={
            "steps": steps,
            "rate": _RATE,
            "trembling": maker.trembling,
            "cutoff": cutoff,
            "variation": VARIATION,
            "decay": DECAY,
        },
        note=opened.note,
    )


def _measured(
    subject: Subject,
    layer: str,
    part: tuple[ChannelExcitement, ...],
    begun: NDArray[np.uint8],
    made: NDArray[np.uint8],
    places: Boxes,
) -> Iterator[MadeImage]:
    starts, ends = (_greatest(subject, layer, part, pixels) for pixels in (begun, made))
    for each, pixels, (start, *_), (value, row, column) in zip(
        part, made, starts, ends, strict=True
    ):
        yield MadeImage(
            each.channel,
            each.name,
            pixels,
            value,
            start,
            row,
            column,
            places.find(row, column),
            each.greatest,
        )


def _parts(subject: Subject, real: Exciting) -> list[tuple[ChannelExcitement, ...]]:
    """The channels in batches: all in one where images are small."""
    height, width = subject.preprocessing.size
    at_once = max(1, _PIXELS // (height * width))
    return [
        real.channels[first : first + at_once] for first in range(0, len(real.channels), at_once)
    ]


def _cutoff(layer: Layer, places: Boxes) -> float:
    """Up to which waves per pixel an image is drawn: finer for units that see little."""
    height, width = layer.shape[1:] if layer.spatial else (1, 1)
    box = places.find(height // 2, width // 2)
    return max(0.2, 2.5 / max(box.height, box.width)) if box else 0.2


def _scales(real: Exciting) -> dict[int, float]:
    """What counts as much for each channel: so one price of unrest suits all layers."""
    sizes = {each.channel: abs(each.greatest) for each in real.channels}
    usual = sum(sizes.values()) / len(sizes) or 1.0
    return {channel: max(size, 0.1 * usual) for channel, size in sizes.items()}


def _target(subject: Subject, layer: str) -> str:
    """The layer that is made to answer: the one before ReLUs and max pools.

    A ReLU that is silent at first has no gradient to begin with.
    """
    while True:
        known = subject.layer(layer)
        module = subject.module.get_submodule(layer.partition(":")[0])
        if not isinstance(module, _RISING) or known.source in (None, INPUT):
            return layer
        before = subject.layer(str(known.source))
        if before.shape[:1] != known.shape[:1] or len(before.shape) != len(known.shape):
            return layer
        layer = before.name


def _improve(
    subject: Subject,
    layer: str,
    part: tuple[ChannelExcitement, ...],
    scales: Mapping[int, float],
    maker: WaveImages,
    steps: int,
    tell: Tell,
) -> None:
    """Adam on −activation/scale + the prices of unrest and of distance from grey."""
    target = _target(subject, layer)
    channels = torch.tensor([each.channel for each in part])
    sizes = torch.tensor([scales[each.channel] for each in part])
    optimizer = torch.optim.Adam([maker.waves], lr=_RATE)
    said = f"making images for {layer}, channels {part[0].channel} to {part[-1].channel}"
    with borrowed(subject.module), torch.enable_grad():
        for parameter in subject.module.parameters():
            parameter.requires_grad_(False)
        for step in range(steps):
            images = maker.images()
            settled = step >= steps * (1 - _SETTLED)
            shown = maker.normalised(images if settled else maker.moved(images))
            answers = _middle(output_of(subject.module, target, shown), channels, maker)
            loss = (maker.price(images) - answers / sizes).sum()
            if not answers.requires_grad or not bool(torch.isfinite(loss)):
                why = "its values are not finite" if answers.requires_grad else "no gradient comes"
                raise UsageError(
                    f"no image can be made for {layer}: {why} from it",
                    place=subject.name,
                    remedy="choose another layer",
                )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            tell(Progress(said, step + 1, steps, "steps"))


def _middle(output: Tensor, channels: Tensor, maker: WaveImages) -> Tensor:
    """For each image the strongest unit of its channel in the middle of the map.

    As far around the middle as the image trembles: so what it shows may stay in its place.
    """
    own = output[torch.arange(len(channels)), channels].float()
    if own.ndim == 1:
        return own
    for axis, side in ((1, maker.size[0]), (2, maker.size[1])):
        units = own.shape[axis]
        around = -(-maker.trembling * units // side)
        first = max(0, (units - 1) // 2 - around)
        own = own.narrow(axis, first, min(2 * around + 1, units - first))
    return own.amax((1, 2))


def _greatest(
    subject: Subject, layer: str, part: tuple[ChannelExcitement, ...], pixels: NDArray[np.uint8]
) -> list[tuple[float, int, int]]:
    """What ``exciting`` says of images, one for each channel: the greatest value, and where."""
    with borrowed(subject.module), torch.no_grad():
        output = output_of(subject.module, layer, subject.tensor(pixels))
    own = output[torch.arange(len(part)), torch.tensor([each.channel for each in part])].float()
    width = own.shape[2] if own.ndim == 3 else 1
    values, places = own.reshape(len(part), -1).max(1)
    return [
        (value, *divmod(place, width))
        for value, place in zip(values.tolist(), places.tolist(), strict=True)
    ]
