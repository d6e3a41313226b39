"""The images that excite each channel of a layer most, and the part of them that did it.

Erhan, Bengio, Courville and Vincent, Visualizing higher-layer features of a deep network
(2009), and Zeiler and Fergus, Visualizing and understanding convolutional networks (2014).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.architecture.pixels import Box
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError
from convscope.inspection.channels import (
    chosen_channels,
    output_of,
    readable_layer,
    unit_names,
)
from convscope.inspection.maps.boxes import Boxes, boxes_of
from convscope.inspection.recording import borrowed
from convscope.inspection.subject import Subject, subject_of
from convscope.training.task import PIXELS_AT_ONCE

__all__ = ["COUNT", "ChannelExcitement", "Excitement", "Exciting", "excited", "exciting"]

SCHEMA = "convscope.exciting/1"
COUNT = 9
MOST = 100


@dataclass(frozen=True, slots=True)
class Excitement:
    """One image that excites a channel: its number, and where its map is greatest.

    ``box`` are the pixels that the unit at ``row``, ``column`` sees; None where it sees
    padding alone.
    """

    image: int
    label: int | None
    value: float
    row: int
    column: int
    box: Box | None


@dataclass(frozen=True, slots=True)
class ChannelExcitement:
    """A channel's ``best`` images, the most exciting first; empty where none stands out.

    ``active`` is the share of all images with a value above zero anywhere in the map,
    ``mean`` the mean over the images of the map's greatest value.
    """

    channel: int
    name: str
    best: tuple[Excitement, ...]
    active: float
    mean: float

    @property
    def greatest(self) -> float:
        """The greatest value of all images; where none stands out, what they all give."""
        return self.best[0].value if self.best else self.mean


@dataclass(frozen=True, slots=True, eq=False)
class Exciting:
    """What excites the channels of a layer among ``count`` images of ``images_from``.

    ``pixels`` are the images that are named in it, uint8 C×H×W by number.  ``boxes`` says
    in words where the boxes come from, ``total`` is how many channels the layer has.
    """

    subject: str
    layer: str
    kind: str
    images_from: str
    count: int
    total: int
    channels: tuple[ChannelExcitement, ...]
    pixels: Mapping[int, NDArray[np.uint8]]
    classes: tuple[str, ...]
    boxes: str
    note: str = ""

    def __repr__(self) -> str:
        return f"<Exciting images of {self.subject}, {self.layer}: {len(self.channels)} channels>"

    def patch(self, excitement: Excitement) -> NDArray[np.uint8]:
        """The part of the image that the unit saw: uint8 C×h×w, empty where it saw none."""
        box = excitement.box or Box(0, 0, 0, 0)
        return self.pixels[excitement.image][:, box.top : box.bottom, box.left : box.right]

    def class_of(self, excitement: Excitement) -> str:
        """What the image shows, where that is known; else the empty string."""
        label = excitement.label
        if label is None:
            return ""
        return self.classes[label] if label < len(self.classes) else f"class {label}"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md; the images by number, without pixels."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "layer": self.layer,
            "kind": self.kind,
            "images_from": self.images_from,
            "count": self.count,
            "total": self.total,
            "channels": [
                {
                    "channel": each.channel,
                    "name": each.name or None,
                    "active": each.active,
                    "mean": each.mean,
                    "best": [
                        {**asdict(one), "class": self.class_of(one) or None} for one in each.best
                    ],
                }
                for each in self.channels
            ],
            "boxes": self.boxes,
            "note": self.note,
        }


def exciting(
    subject: Any,
    layer: str,
    channels: str | Sequence[int] | None = None,
    count: int = COUNT,
    *,
    progress: Tell | None = None,
) -> Exciting:
    """The ``count`` images of the subject that excite each channel most.

    An image excites a channel as much as the greatest value of its map.  Of images that
    excite it alike, the one with the lower number comes first.  By default the first 64
    channels.
    """
    opened = subject_of(subject)
    known = readable_layer(opened, layer)
    chosen = chosen_channels(channels, known.shape[0])
    return excited(opened, layer, chosen, count, boxes_of(opened, layer, progress), progress)


def excited(
    subject: Subject,
    layer: str,
    chosen: tuple[int, ...],
    count: int,
    places: Boxes,
    progress: Tell | None,
) -> Exciting:
    """What ``exciting`` gives, once it is known what is meant and what each unit sees."""
    if not 1 <= count <= MOST:
        raise UsageError(
            f"{count} images cannot be shown", place="count", remedy=f"give 1 to {MOST}"
        )
    known = subject.layer(layer)
    ranking = _ranked(subject, layer, chosen, count, teller(progress))
    width = known.shape[2] if known.spatial else 1
    names = unit_names(subject, layer)
    found = tuple(
        ChannelExcitement(
            channel,
            names[channel] if names else "",
            _best(ranking, index, places, width, subject.labels),
            float(ranking.active[index]) / len(subject.images),
            float(ranking.total[index]) / len(subject.images),
        )
        for index, channel in enumerate(chosen)
    )
    numbers = sorted({one.image for each in found for one in each.best})
    return Exciting(
        subject=subject.name,
        layer=layer,
        kind=known.kind,
        images_from=subject.images_from,
        count=len(subject.images),
        total=known.shape[0],
        channels=found,
        pixels={number: np.array(subject.images[number]) for number in numbers},
        classes=subject.classes,
        boxes=places.how,
        note=subject.note,
    )


class _Ranking:
    """The best images so far of each channel: k×C, with what is known of all images."""

    def __init__(self, channels: int, count: int) -> None:
        self.count = count
        self.values = torch.empty(0, channels)
        self.images = torch.empty(0, channels, dtype=torch.int64)
        self.places = torch.empty(0, channels, dtype=torch.int64)
        self.active = torch.zeros(channels, dtype=torch.int64)
        self.total = torch.zeros(channels, dtype=torch.float64)
        self.least = torch.full((channels,), torch.inf)
        self.at_least = torch.zeros(channels, dtype=torch.int64)

    def take(self, values: Tensor, places: Tensor, first: int) -> None:
        """The greatest value of each map of a batch, N×C, and where; ``first`` is its number."""
        numbers = torch.arange(first, first + len(values))[:, None].expand_as(places)
        everything = torch.cat([self.values, values])
        # A stable sort: of equal values the one with the lower number stays in front.
        self.values, order = everything.sort(dim=0, descending=True, stable=True)
        self.values, order = self.values[: self.count], order[: self.count]
        self.images = torch.cat([self.images, numbers]).gather(0, order)
        self.places = torch.cat([self.places, places]).gather(0, order)
        self.active += (values > 0).sum(0)
        self.total += values.double().sum(0)
        least = torch.minimum(self.least, values.amin(0))
        self.at_least = self.at_least * (least == self.least) + (values == least).sum(0)
        self.least = least


def _ranked(
    subject: Subject, layer: str, channels: tuple[int, ...], count: int, tell: Tell
) -> _Ranking:
    """All images through the layer, batch by batch; of each batch only the best are kept."""
    ranking = _Ranking(len(channels), count)
    images, wanted = subject.images, torch.tensor(channels)
    height, width = images.shape[2:]
    at_once = max(1, PIXELS_AT_ONCE // (height * width))
    with borrowed(subject.module), torch.no_grad():
        for first in range(0, len(images), at_once):
            batch = subject.tensor(images[first : first + at_once])
            made = output_of(subject.module, layer, batch)[:, wanted].float()
            values, places = made.reshape(*made.shape[:2], -1).max(2)
            if not bool(torch.isfinite(values).all()):
                raise UsageError(
                    f"{layer} makes values that are not finite of images of {subject.images_from}",
                    place=subject.name,
                    remedy="look into the layers before it, or into an earlier checkpoint",
                )
            ranking.take(values, places, first)
            done = min(first + at_once, len(images))
            tell(Progress(f"{subject.images_from} through {layer}", done, len(images), "images"))
    return ranking


def _best(
    ranking: _Ranking, index: int, boxes: Boxes, width: int, labels: NDArray[np.int64]
) -> tuple[Excitement, ...]:
    """A channel's images, without those that leave it as low as it ever is.

    So a ReLU that is silent for all but three images has three, and a dead one has none.
    """
    floor = float(ranking.least[index]) if int(ranking.at_least[index]) > 1 else -np.inf
    best = []
    for value, image, place in zip(
        ranking.values[:, index].tolist(),
        ranking.images[:, index].tolist(),
        ranking.places[:, index].tolist(),
        strict=True,
    ):
        if value > floor:
            row, column = divmod(place, width)
            label = int(labels[image]) if len(labels) else None
            best.append(Excitement(image, label, value, row, column, boxes.find(row, column)))
    return tuple(best)
