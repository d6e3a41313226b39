"""The gradient of one weight as a record: the places that it is a sum over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.inspection.subject import Picture
from convscope.inspection.walking.stage import Grid
from convscope.inspection.walking.windows import Geometry

__all__ = ["Index", "Places", "WeightGradient"]

SCHEMA = "convscope.gradient/1"

Index = tuple[int, int, int, int]
"""(output channel, input channel, row, column); the input channel counts within its group."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The terms of one call of the layer: H×W, a place of its output each.

    ``upstream`` is the gradient of the loss by the output there, ``inputs`` the value
    under the weight, which came from ``rows`` and ``columns`` of the input; where it lies
    in the padding, the place is not ``inside``.
    """

    call: str
    upstream: Grid
    inputs: Grid
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    inside: NDArray[np.bool_]

    @property
    def products(self) -> Grid:
        """upstream · input, place by place."""
        return self.upstream * self.inputs

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "call": self.call,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "inside": self.inside.tolist(),
            "upstream": self.upstream.tolist(),
            "inputs": self.inputs.tolist(),
            "products": self.products.tolist(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class WeightGradient:
    """dL/dw of one kernel weight, for the cross-entropy of one image.

    ``weight`` is where it stands in the layer's weights and ``kernel`` the output channel's
    kernel for that input channel; ``target`` is the class that the loss asks for, by
    number, ``probability`` the network's for it.  ``value`` is the sum of all products,
    exactly rounded, ``recorded`` torch's gradient, kept for checks alone; ``size`` is the
    sum of the terms' sizes.
    """

    subject: str
    trained: bool
    picture: Picture
    label: str | None
    layer: str
    module: str
    weight: Index
    weight_value: float
    kernel: Grid
    geometry: Geometry
    channel: int
    source: str | None
    target: int
    target_name: str
    probability: float
    loss: float
    places: tuple[Places, ...]
    value: float
    recorded: float
    size: float
    chosen: str = ""

    def __repr__(self) -> str:
        return (
            f"<WeightGradient of {self.subject}: {self.layer}{list(self.weight)}, {self.value:.4g}>"
        )

    @property
    def unit(self) -> str:
        """conv2.weight[12, 3, 0, 4]"""
        return f"{self.layer}.weight[{', '.join(map(str, self.weight))}]"

    @property
    def formula(self) -> str:
        """What is added up, in signs."""
        return "∂L/∂w = Σ ∂L/∂y · x over the places y of the output, x the input under w there"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "trained": self.trained,
            "image": {
                "name": self.picture.name,
                "label": self.picture.label,
                "class": self.label,
            },
            "layer": self.layer,
            "module": self.module,
            "weight": list(self.weight),
            "weight_value": self.weight_value,
            "kernel": self.kernel.tolist(),
            "geometry": self.geometry.as_dict(),
            "channel": self.channel,
            "source": self.source,
            "target": self.target,
            "class": self.target_name,
            "probability": self.probability,
            "loss": self.loss,
            "value": self.value,
            "recorded": self.recorded,
            "size": self.size,
            "chosen": self.chosen,
            "formula": self.formula,
            "places": [each.as_dict() for each in self.places],
        }
