"""What is known of a unit's receptive field: the geometric one, and the effective one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.pixels import Box
from convscope.inspection.fields.reaching import Side
from convscope.inspection.subject import Layer, Picture

__all__ = ["HELD", "ReceptiveField", "ReceptiveFields"]

HELD = 0.9545
"""The part of the gradient that the effective field holds: ±2 deviations of a bell curve."""


@dataclass(frozen=True, slots=True, eq=False)
class ReceptiveField:
    """What one unit of a layer sees of the image, and how much it listens to each pixel.

    ``at`` is the unit's row and column; with ``channel`` None all channels at the place
    are taken together.  ``sides`` are the geometric height and width, padding counted as
    if it were image, ``box`` the real pixels among them (None: the unit sees none), and
    ``everything`` says that every unit of the layer sees all there is.  ``derivation`` is
    the arithmetic of the height and the width, empty where the field was found by trying.

    ``heat`` (H×W, its sum 1) is the mean absolute gradient over ``count`` images; with no
    channel given that of Σ ±y over the channels, signs drawn anew for each image.
    ``effective`` is the box of the shortest run of rows and the shortest run of columns
    that hold 95.45 % of it; None where the gradient is 0 everywhere.  ``inside`` is the
    heat's share in ``box``, ``middle`` that in the middle half of the box's height and
    width, where a flat field would have ``middle_area``.  ``after_global`` says that a layer
    which makes one place of each map has run before.
    """

    subject: str
    layer: Layer
    at: tuple[int, int]
    channel: int | None
    image: Picture
    sides: tuple[Side, Side]
    derivation: tuple[str, str]
    everything: bool
    box: Box | None
    heat: NDArray[np.float64]
    effective: Box | None
    deviation: tuple[float, float]
    inside: float
    middle: float
    middle_area: float
    count: int
    images_from: str
    seed: int
    after_global: bool = False

    def __repr__(self) -> str:
        return f"<ReceptiveField of {self.subject}, {self.layer.name} at {self.at}>"

    @property
    def by_arithmetic(self) -> bool:
        """Whether the geometric field was worked out; otherwise it was found by trying."""
        return bool(self.derivation[0])

    @property
    def larger(self) -> bool:
        """Whether a window's field is larger than the image, along either axis.

        Of a layer whose units all see everything by their kind (fully connected, a global
        mean) it is not said, nor of those after them.  A field found by trying counts where all
        of its units see the image from end to end.
        """
        if self.everything and (self.after_global or not self._window):
            return False
        return any(
            side.size > length or (not side.whole and side.size == length)
            for side, length in zip(self.sides, self.heat.shape, strict=True)
        )

    @property
    def _window(self) -> bool:
        kind = self.layer.kind
        return self.layer.spatial and ("Conv" in kind or "Pool" in kind) and "Adaptive" not in kind

    def as_dict(self, *, heat: bool = True) -> dict[str, Any]:
        """Values of JSON, in docs/json.md."""
        return {
            "schema": "convscope.field/1",
            "subject": self.subject,
            "layer": self.layer.name,
            "kind": self.layer.kind,
            "at": list(self.at),
            "channel": self.channel,
            "image": self.image.name,
            "geometric": {
                "height": _side_record(self.sides[0], self.derivation[0]),
                "width": _side_record(self.sides[1], self.derivation[1]),
                "everything": self.everything,
                "larger_than_image": self.larger,
                "by": "arithmetic" if self.by_arithmetic else "trying",
                "box": _box_record(self.box),
            },
            "effective": {
                "held": HELD,
                "box": _box_record(self.effective),
                "deviation": list(self.deviation),
                "inside_box": self.inside,
                "middle": self.middle,
                "middle_if_flat": self.middle_area,
                **({"heat": self.heat.tolist()} if heat else {}),
            },
            "images": {"count": self.count, "from": self.images_from, "seed": self.seed},
        }


@dataclass(frozen=True, slots=True, eq=False)
class ReceptiveFields:
    """The fields of several layers, in order of execution, and what is to be said of them."""

    subject: str
    size: tuple[int, int]
    fields: tuple[ReceptiveField, ...]
    remarks: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<ReceptiveFields of {self.subject}: {len(self.fields)} layers>"

    @property
    def unproductive(self) -> tuple[str, ...]:
        """Layers whose field is larger than the image (Richter et al. 2021)."""
        return tuple(field.layer.name for field in self.fields if field.larger)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, in docs/json.md."""
        return {
            "schema": "convscope.fields/1",
            "subject": self.subject,
            "size": list(self.size),
            "layers": [field.as_dict(heat=False) for field in self.fields],
            "unproductive": list(self.unproductive),
            "remarks": list(self.remarks),
        }


def _side_record(side: Side, derivation: str) -> dict[str, Any]:
    return {
        "size": side.size,
        "jump": side.jump,
        "at_least": not side.whole,
        "derivation": derivation or None,
    }


def _box_record(box: Box | None) -> dict[str, int] | None:
    if box is None:
        return None
    return {"top": box.top, "left": box.left, "height": box.height, "width": box.width}
