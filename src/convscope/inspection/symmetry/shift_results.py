"""What stays under shifts, as results: answers and maps, for each kind of pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convscope.architecture.layers import Pair
from convscope.errors import UsageError
from convscope.inspection.intervals import Estimate

__all__ = ["Invariance", "MapChange", "Pooling", "PredictionChange"]

SCHEMA = "convscope.invariance/1"


@dataclass(frozen=True, slots=True)
class PredictionChange:
    """The answers to images shifted by ``shift`` pixels, against those to the same ones unshifted.

    ``unchanged`` is the share of the same answers (Wilson's interval), ``change`` the mean
    of |p − p₀|, p the probability of the class that was answered first (bootstrap).
    """

    shift: int
    unchanged: Estimate
    change: Estimate


@dataclass(frozen=True, slots=True)
class MapChange:
    """The mean relative change of a layer's map under a shift of the image (bootstrap)."""

    layer: str
    shift: int
    change: Estimate


@dataclass(frozen=True, slots=True)
class Pooling:
    """The network with one kind of pooling everywhere.

    ``kind`` is max, avg, l2, distance, none, or ``as it is`` for a network whose own
    poolings are none of these or not all alike; ``window`` its height and width, None where
    it has no one.  ``own`` marks what the weights were learnt with, or drawn for.
    """

    kind: str
    window: Pair | None
    own: bool
    accuracy: Estimate | None
    predictions: tuple[PredictionChange, ...]
    maps: tuple[MapChange, ...]

    @property
    def name(self) -> str:
        """``max 2×2``"""
        if self.window is None or self.kind == "none":
            return self.kind
        return f"{self.kind} {self.window[0]}×{self.window[1]}"

    def map_changes(self, layer: str) -> tuple[MapChange, ...]:
        """Those of one layer, by the shift."""
        return tuple(each for each in self.maps if each.layer == layer)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "kind": self.kind,
            "window": None if self.window is None else list(self.window),
            "own": self.own,
            "accuracy": self.accuracy.as_dict() if self.accuracy else None,
            "predictions": [
                {
                    "shift": each.shift,
                    "unchanged": each.unchanged.as_dict(),
                    "change": each.change.as_dict(),
                }
                for each in self.predictions
            ],
            "maps": [
                {"layer": each.layer, "shift": each.shift, "change": each.change.as_dict()}
                for each in self.maps
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Invariance:
    """What stays under shifts, for each pooling, on ``count`` images drawn with ``seed``.

    Image i is always shifted into one direction, i mod 4: right, down, left, up; what comes
    in is black.  ``layers`` are those whose maps are compared.
    """

    subject: str
    trained: bool
    images_from: str
    count: int
    seed: int
    shifts: tuple[int, ...]
    layers: tuple[str, ...]
    poolings: tuple[Pooling, ...]
    note: str = ""

    def __repr__(self) -> str:
        return f"<Invariance of {self.subject}: {len(self.shifts)} shifts, {self.count} images>"

    @property
    def own(self) -> Pooling:
        """The network as it is."""
        return next(each for each in self.poolings if each.own)

    def pooling(self, kind: str, window: Pair | None = None) -> Pooling:
        """That of one kind, and of one window where several were measured."""
        for each in self.poolings:
            if each.kind == kind and window in (None, each.window):
                return each
        raise UsageError(
            f"no pooling {kind!r} was measured",
            remedy=f"there are {', '.join(each.name for each in self.poolings)}",
        )

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "trained": self.trained,
            "images_from": self.images_from,
            "count": self.count,
            "seed": self.seed,
            "shifts": list(self.shifts),
            "layers": list(self.layers),
            "poolings": [each.as_dict() for each in self.poolings],
            "note": self.note,
        }
