"""Values of few terms: batch normalisation, functions of one value, and sums of two ways."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from convscope.inspection.walking.digits import bracketed, shown, summed
from convscope.inspection.walking.stage import Read, Stage, Unit

__all__ = ["Activated", "Added", "Multiplied", "Normalised", "Passed", "Silenced", "Way"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Normalised(Stage):
    """Batch normalisation in use: (x − mean)/√(variance + ε)·γ + β.

    ``statistics`` are those of the training (``"running"``), or ``"image"`` where the
    layer keeps none and takes those of what it is given.
    """

    x: float
    mean: float
    variance: float
    epsilon: float
    scale: float
    shift: float
    statistics: str = "running"

    @property
    def normalised(self) -> float:
        """(x − mean)/√(variance + ε)"""
        return (self.x - self.mean) / math.sqrt(self.variance + self.epsilon)

    @property
    def formula(self) -> str:
        return "(x − mean)/√(variance + ε)·γ + β"

    @property
    def derivation(self) -> str:
        epsilon = f"{self.epsilon:.12f}".rstrip("0").rstrip(".")
        spread = f"√({shown(self.variance)} + {epsilon})"
        scaled = f"({summed([self.x, -self.mean])})/{spread}·{bracketed(self.scale)}"
        return f"{scaled} {'−' if self.shift < 0 else '+'} {shown(abs(self.shift))}"

    def inputs(self) -> list[Read]:
        return [(self.source, self.at, abs(self.x))]

    def details(self) -> dict[str, Any]:
        return {
            "x": self.x,
            "mean": self.mean,
            "variance": self.variance,
            "epsilon": self.epsilon,
            "scale": self.scale,
            "shift": self.shift,
            "normalised": self.normalised,
            "statistics": self.statistics,
        }


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Activated(Stage):
    """A function of one value; ``pattern`` is its formula with ``{x}`` in x's place."""

    x: float
    pattern: str

    @property
    def formula(self) -> str:
        return self.pattern.format(x="x")

    @property
    def derivation(self) -> str:
        # A number that stands alone, as in max(0, −0.5), needs no brackets.
        alone = self.pattern.startswith(("max(0, {x})", "tanh", "min(max(0, {x})"))
        return self.pattern.format(x=shown(self.x) if alone else bracketed(self.x))

    def inputs(self) -> list[Read]:
        return [(self.source, self.at, abs(self.x))]

    def details(self) -> dict[str, Any]:
        return {"x": self.x}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Passed(Stage):
    """A value that is handed on unchanged: dropout in use, flatten, a choice of channels.

    ``unit`` is the unit of the source that it is; ``words`` say why.
    """

    unit: Unit
    words: str

    @property
    def formula(self) -> str:
        return f"x, {self.words}"

    @property
    def derivation(self) -> str:
        return shown(self.value)

    def inputs(self) -> list[Read]:
        return [(self.source, self.unit, abs(self.value))]

    def details(self) -> dict[str, Any]:
        return {"unit": list(self.unit), "words": self.words}


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways whose ends are added: the layer that it ends in, and its value."""

    source: str | None
    value: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Added(Stage):
    """The sum of a residual block: the body's value and the shortcut's."""

    ways: tuple[Way, ...]

    @property
    def formula(self) -> str:
        return " + ".join(way.source or "?" for way in self.ways)

    @property
    def derivation(self) -> str:
        return summed([way.value for way in self.ways])

    def inputs(self) -> list[Read]:
        return [(way.source, self.at, abs(way.value)) for way in self.ways]

    def details(self) -> dict[str, Any]:
        return {"ways": [{"source": way.source, "value": way.value} for way in self.ways]}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Multiplied(Stage):
    """The product of two ways, as where a channel is scaled (squeeze and excitation).

    ``units`` are the places of the ways: one that is a single number for a whole channel
    stands at row 0, column 0.
    """

    ways: tuple[Way, ...]
    units: tuple[Unit, ...]

    @property
    def formula(self) -> str:
        return " · ".join(way.source or "?" for way in self.ways)

    @property
    def derivation(self) -> str:
        return "·".join(bracketed(way.value) for way in self.ways)

    def inputs(self) -> list[Read]:
        return [
            (way.source, unit, abs(way.value))
            for way, unit in zip(self.ways, self.units, strict=True)
        ]

    def details(self) -> dict[str, Any]:
        return {
            "ways": [
                {"source": way.source, "value": way.value, "at": list(unit)}
                for way, unit in zip(self.ways, self.units, strict=True)
            ]
        }


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Silenced(Stage):
    """A unit whose channel is switched off: 0, whatever its layer computes.

    ``instead`` is what the layer computes, and would hand on; None where that is not known.
    """

    instead: Stage | None

    @property
    def formula(self) -> str:
        return f"0, for channel {self.at[0]} is switched off"

    @property
    def derivation(self) -> str:
        return "0" if self.instead is None else f"0 in the place of {shown(self.instead.value)}"

    def inputs(self) -> list[Read]:
        return [] if self.instead is None else self.instead.inputs()

    def details(self) -> dict[str, Any]:
        if self.instead is None:
            return {"instead": None}
        keys = ("kind", "value", "formula", "derivation")
        return {"instead": {key: getattr(self.instead, key) for key in keys}}
