"""What visualisation gives: images made for channels, beside the real ones that excite these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.pixels import Box
from convscope.inspection.maps.exciting import Exciting

__all__ = ["MadeImage", "Visualisation"]

SCHEMA = "convscope.visualisation/1"
_LARGEST_IN_JSON = 64


@dataclass(frozen=True, slots=True, eq=False)
class MadeImage:
    """An image made for a channel: uint8 C×H×W, in the range of real ones.

    ``value`` is the greatest value of its map, at ``row``, ``column``; ``start`` that of the
    grey noise it began as; ``box`` what the unit sees.  ``real`` is the greatest value of any
    real image.
    """

    channel: int
    name: str
    pixels: NDArray[np.uint8]
    value: float
    start: float
    row: int
    column: int
    box: Box | None
    real: float

    @property
    def exceeds(self) -> bool:
        """Whether it excites the channel more than every real image."""
        return self.value > self.real


@dataclass(frozen=True, slots=True, eq=False)
class Visualisation:
    """Images made for the channels of a layer, and the real images that excite these most.

    ``settings`` are those of the making: steps, learning rate, trembling in pixels, and the
    prices of total variation and of distance from grey.
    """

    subject: str
    layer: str
    kind: str
    total: int
    images: tuple[MadeImage, ...]
    exciting: Exciting
    seed: int
    settings: Mapping[str, float]
    note: str = ""

    def __repr__(self) -> str:
        return f"<Visualisation of {self.subject}, {self.layer}: {len(self.images)} images>"

    @property
    def exceeding(self) -> int:
        """How many of the images excite their channel more than every real image."""
        return sum(image.exceeds for image in self.images)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md; ``pixels`` for sides up to 64."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "layer": self.layer,
            "kind": self.kind,
            "total": self.total,
            "images": [_record(image) for image in self.images],
            "exceeding": self.exceeding,
            "real_images_from": self.exciting.images_from,
            "real_images": self.exciting.count,
            "seed": self.seed,
            "settings": dict(self.settings),
            "note": self.note,
        }


def _record(image: MadeImage) -> dict[str, Any]:
    box = image.box
    small = max(image.pixels.shape[1:]) <= _LARGEST_IN_JSON
    return {
        "channel": image.channel,
        "name": image.name or None,
        "value": image.value,
        "start": image.start,
        "real": image.real,
        "exceeds": image.exceeds,
        "row": image.row,
        "column": image.column,
        "box": asdict(box) if box else None,
        "pixels": image.pixels.tolist() if small else None,
    }
