"""One layer's share in a value: what all kinds of layers have in common.

A ``Stage`` is the unit that a layer makes, the numbers it makes it of, and their sum.
Inputs are the float32 numbers that the network computed; products and sums are in double
precision, each sum exactly rounded (``math.fsum``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEW", "Grid", "Read", "Stage", "Unit", "unit_words"]

Unit = tuple[int, ...]
"""(channel, row, column) of maps, (number,) of a vector; counted from 0."""
Grid = NDArray[np.float64]
Read = tuple[str | None, Unit, float]
"""A unit that is read: its layer, its place, and the size of its term."""

FEW = 9
"""Terms that a derivation still writes out."""


def unit_words(layer: str, at: Unit) -> str:
    """conv2[12, 5, 7]"""
    return f"{layer}[{', '.join(map(str, at))}]"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stage(ABC):
    """One unit and how it comes about.

    ``kind`` is the notation's word for the layer, ``module`` its class, ``shape`` that of
    its output.  ``source`` is the layer whose units it reads, ``"input"`` for the image,
    None where something that is no module made them.  ``value`` is worked out of the
    terms, ``recorded`` is what the module made, kept for checks alone; ``size`` is the sum
    of the terms' sizes, by which their difference is to be judged.  ``follows`` are the
    units of the source that the stages before this one work out.
    """

    layer: str
    kind: str
    module: str
    at: Unit
    shape: tuple[int, ...]
    source: str | None
    value: float
    recorded: float
    size: float
    follows: tuple[tuple[str, Unit], ...] = ()

    @property
    @abstractmethod
    def formula(self) -> str:
        """What the layer does, in signs."""

    @property
    @abstractmethod
    def derivation(self) -> str:
        """The same with the numbers put in."""

    @abstractmethod
    def inputs(self) -> list[Read]:
        """(layer, unit, size of its term) for every real unit that is read, in order."""

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """What this kind has of its own, as values of JSON."""

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "layer": self.layer,
            "kind": self.kind,
            "module": self.module,
            "at": list(self.at),
            "shape": list(self.shape),
            "source": self.source,
            "value": self.value,
            "recorded": self.recorded,
            "size": self.size,
            "formula": self.formula,
            "derivation": self.derivation,
            "follows": [{"layer": layer, "at": list(at)} for layer, at in self.follows],
            **self.details(),
        }
