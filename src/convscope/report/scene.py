"""A drawing as a value: shapes and words in a plane, with roles in place of colours.

x runs to the right, y downwards, one unit is one CSS pixel.  ``svg`` writes a scene
as SVG, ``figures`` draws the same one with matplotlib; neither lays anything out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "LABEL",
    "SMALL",
    "Mark",
    "Picture",
    "Point",
    "Polygon",
    "Polyline",
    "Scene",
    "Words",
    "width_of",
]

LABEL = 13.0
"""Size of the type of names."""
SMALL = 11.5
"""Size of the type of what stands below a name."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Polygon:
    """A filled shape.  ``edge`` is the role of its outline, empty for none.

    ``opacity`` is that of the filling.
    """

    points: tuple[Point, ...]
    fill: str
    edge: str = ""
    thickness: float = 0.8
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Polyline:
    """A line through points; ``arrow`` puts a small head on its end."""

    points: tuple[Point, ...]
    stroke: str
    thickness: float = 0.8
    arrow: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """One line of type, its baseline at y."""

    x: float
    y: float
    text: str
    role: str = "ink"
    size: float = SMALL
    anchor: Literal["start", "middle", "end"] = "middle"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph in its place: the content of a PNG or JPEG file, stretched to fill it."""

    x: float
    y: float
    width: float
    height: float
    content: bytes
    kind: str


Mark = Polygon | Polyline | Words | Picture


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be drawn, from back to front; ``description`` says it in words."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str
    description: str


_NARROW = frozenset("iljtfrI.,:;'|()[]· ")
_WIDE = frozenset("mwMWG@%→—×−+=<>")


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a line of type is, on the generous side for any common sans-serif."""
    ems = sum(0.42 if sign in _NARROW else 0.95 if sign in _WIDE else 0.64 for sign in text)
    return ems * size * (1.12 if bold else 1.0)
