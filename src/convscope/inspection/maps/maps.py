"""What a layer makes of one image, and with which weights: activation maps and kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.errors import UsageError
from convscope.inspection.channels import (
    chosen_channels,
    output_of,
    readable_layer,
    unit_names,
)
from convscope.inspection.recording import borrowed
from convscope.inspection.subject import Layer, Picture, Subject, subject_of
from convscope.inspection.walking.passage import Passage

__all__ = [
    "ActivationMaps",
    "MapStatistics",
    "activation_maps",
    "image_record",
    "maps_in",
    "short_floats",
]

SCHEMA = "convscope.maps/1"


@dataclass(frozen=True, slots=True)
class MapStatistics:
    """One channel's values: the least, mean and greatest, the share that is exactly zero.

    ``strength`` is the mean of |value|: how active the channel is.
    """

    channel: int
    minimum: float
    mean: float
    maximum: float
    zeros: float
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class ActivationMaps:
    """What a layer makes of one image: ``values``, channels × height × width.

    A vector is channels × 1 × 1.  ``names`` are the classes where the channels are the
    result, else empty; ``shown`` is the image's class where it is known, else "".
    """

    subject: str
    layer: str
    kind: str
    picture: Picture
    shown: str
    values: NDArray[np.float32]
    names: tuple[str, ...] = ()
    note: str = ""

    def __repr__(self) -> str:
        return (
            f"<ActivationMaps of {self.subject}, {self.layer}: "
            f"{'×'.join(map(str, self.values.shape))}>"
        )

    @property
    def vector(self) -> bool:
        """Whether each channel is one number."""
        return self.values.shape[1:] == (1, 1)

    def name_of(self, channel: int) -> str:
        """The class that a channel stands for, or the empty string."""
        return self.names[channel] if self.names else ""

    def statistics(self, channels: str | Sequence[int] | None = None) -> tuple[MapStatistics, ...]:
        """Of the channels that are named, by default of all."""
        count = len(self.values)
        return tuple(
            MapStatistics(
                number,
                float(values.min()),
                float(values.mean(dtype=np.float64)),
                float(values.max()),
                float((values == 0).mean()),
                float(np.abs(values).mean(dtype=np.float64)),
            )
            for number in chosen_channels(channels, count, page=count)
            for values in [self.values[number]]
        )

    def as_dict(self, channels: str | Sequence[int] | None = None) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md; by default of the first 64 channels."""
        chosen = chosen_channels(channels, len(self.values))
        count, height, width = self.values.shape
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "layer": self.layer,
            "kind": self.kind,
            "image": image_record(self.picture, self.shown),
            "shape": {"channels": count, "height": height, "width": width},
            "channels": [
                {
                    **asdict(each),
                    "name": self.name_of(each.channel) or None,
                    "values": short_floats(self.values[each.channel]),
                }
                for each in self.statistics(chosen)
            ],
            "note": self.note,
        }


def activation_maps(
    subject: Any, layer: str, image: int | str | Path | bytes | Picture = 0
) -> ActivationMaps:
    """The maps that a layer makes of an image: channels × H × W, a copy.

    ``layer`` is any call of a module, such as ``conv2`` or ``features.1:2``; ``image`` the
    number of a sample, a picture file, or a Picture.  ``subject`` is whatever ``subject_of`` takes.
    """
    opened = subject_of(subject)
    known = readable_layer(opened, layer)
    picture = opened.picture(image)
    with borrowed(opened.module), torch.no_grad():
        made = output_of(opened.module, layer, opened.tensor(picture.pixels))[0]
    return _finished(opened, known, picture, np.array(made.float().cpu().numpy()))


def maps_in(passage: Passage, layer: str) -> ActivationMaps:
    """The same for an image that has gone through already: for many layers of one image."""
    subject = passage.subject
    known = readable_layer(subject, layer)
    made = next(call.output for call in passage.calls if call.name == layer)
    return _finished(subject, known, passage.picture, made[0].float().numpy())


def _finished(
    opened: Subject, known: Layer, picture: Picture, values: NDArray[np.float32]
) -> ActivationMaps:
    if not np.isfinite(values).all():
        raise UsageError(
            f"{known.name} makes values that are not finite of {picture.name}",
            place=opened.name,
            remedy="look into the layers before it, or into an earlier checkpoint",
        )
    return ActivationMaps(
        subject=opened.name,
        layer=known.name,
        kind=known.kind,
        picture=picture,
        shown="" if picture.label is None else opened.class_name(picture.label),
        values=values.reshape(len(values), *(known.shape[1:] or (1, 1))),
        names=unit_names(opened, known.name),
        note=opened.note,
    )


def image_record(picture: Picture, shown: str) -> dict[str, Any]:
    """A picture as values of JSON, without its pixels."""
    return {
        "name": picture.name,
        "label": picture.label,
        "class": shown or None,
        "words": picture.words,
    }


def short_floats(values: NDArray[np.float32]) -> Any:
    """Lists of the floats with the fewest digits that give the same float32 again."""
    return values.astype(np.float32).astype(str).astype(np.float64).tolist()
