"""Movements of the image plane, and what a map should do when the image is moved.

Each is one class: how it moves an image, which part of the moved image was in the image
before, and how it moves a map of units that lie ``step`` pixels apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.architecture.layers import Pair, Volume
from convscope.architecture.pixels import Box
from convscope.errors import UsageError

__all__ = ["Flip", "Rotation", "Shift", "Transform", "default_transforms"]


class Transform(Protocol):
    """A movement of the image plane."""

    @property
    def name(self) -> str:
        """What a person calls it: ``4 right``, ``flip left-right``."""
        ...

    def require_fits(self, volume: Volume) -> None:
        """UsageError where images of this volume cannot be moved so."""
        ...

    def move(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """N×C×H×W, moved; what comes in from outside is black (0)."""
        ...

    def kept(self, volume: Volume) -> Box:
        """Of the moved image, the part that was in the image before, in one piece."""
        ...

    def on_map(self, maps: Tensor, step: Pair) -> tuple[Tensor, Tensor]:
        """Maps N×C×h×w, moved, and which places h×w of them have come from the map."""
        ...


@dataclass(frozen=True, slots=True)
class Shift:
    """So many pixels ``down`` and to the ``right``; negative ones go up and left.

    What leaves a ``circular`` shift on one side comes in on the other.
    """

    down: int = 0
    right: int = 0
    circular: bool = False

    @property
    def name(self) -> str:
        parts = [
            f"{abs(count)} {word if count > 0 else opposite}"
            for count, word, opposite in ((self.down, "down", "up"), (self.right, "right", "left"))
            if count
        ]
        return (", ".join(parts) or "not at all") + (", circular" if self.circular else "")

    def require_fits(self, volume: Volume) -> None:
        for count, side in ((self.down, volume.height), (self.right, volume.width)):
            if abs(count) >= side:
                raise UsageError(
                    f"a shift by {abs(count)} leaves nothing of {side} pixels",
                    remedy=f"shift by {side - 1} at most",
                )

    def move(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        moved = np.roll(images, (self.down, self.right), (2, 3))
        if not self.circular:
            for axis, count in ((2, self.down), (3, self.right)):
                rows: list[slice] = [slice(None)] * 4
                rows[axis] = slice(0, count) if count >= 0 else slice(count, None)
                moved[tuple(rows)] = 0
        return moved

    def kept(self, volume: Volume) -> Box:
        return Box(
            max(0, self.down),
            max(0, self.right),
            volume.height + min(0, self.down),
            volume.width + min(0, self.right),
        )

    def on_map(self, maps: Tensor, step: Pair) -> tuple[Tensor, Tensor]:
        known = torch.ones(maps.shape[2:], dtype=torch.bool)
        for axis, count in ((0, self.down), (1, self.right)):
            maps, places = _slid(maps, 2 + axis, count / step[axis], self.circular)
            known &= places[:, None] if axis == 0 else places[None, :]
        return maps, known


def _slid(maps: Tensor, axis: int, amount: float, circular: bool) -> tuple[Tensor, Tensor]:
    """Along one axis; between two places, the line through both (linear interpolation)."""
    near = math.floor(amount)
    part = amount - near
    side = maps.shape[axis]
    places = torch.arange(side)

    def inside(count: int) -> Tensor:
        return (
            torch.full((side,), True) if circular else (places >= count) & (places < side + count)
        )

    if part == 0:
        return (maps.roll(near, axis) if near else maps), inside(near)
    between = (1 - part) * maps.roll(near, axis) + part * maps.roll(near + 1, axis)
    return between, inside(near) & inside(near + 1)


@dataclass(frozen=True, slots=True)
class Flip:
    """A mirror: left and right change places, or up and down."""

    axis: Literal["left-right", "up-down"] = "left-right"

    @property
    def name(self) -> str:
        return f"flip {self.axis}"

    def require_fits(self, volume: Volume) -> None:
        if self.axis not in ("left-right", "up-down"):
            raise UsageError(f"there is no flip {self.axis!r}", remedy="flip left-right or up-down")

    def move(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.flip(images, 3 if self.axis == "left-right" else 2))

    def kept(self, volume: Volume) -> Box:
        return Box(0, 0, volume.height, volume.width)

    def on_map(self, maps: Tensor, step: Pair) -> tuple[Tensor, Tensor]:
        flipped = maps.flip(3 if self.axis == "left-right" else 2)
        return flipped, torch.ones(maps.shape[2:], dtype=torch.bool)


@dataclass(frozen=True, slots=True)
class Rotation:
    """So many ``quarters`` of a turn, against the clock."""

    quarters: int = 1

    @property
    def name(self) -> str:
        return f"turn {90 * (self.quarters % 4)}°"

    def require_fits(self, volume: Volume) -> None:
        if self.quarters % 2 and volume.height != volume.width:
            raise UsageError(
                f"images of {volume.height}×{volume.width} turned by 90° have another size",
                remedy="turn by 180° (two quarters), or leave turns out",
            )

    def move(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.rot90(images, self.quarters, (2, 3)))

    def kept(self, volume: Volume) -> Box:
        return Box(0, 0, volume.height, volume.width)

    def on_map(self, maps: Tensor, step: Pair) -> tuple[Tensor, Tensor]:
        turned = torch.rot90(maps, self.quarters, (2, 3))
        return turned, torch.ones(turned.shape[2:], dtype=torch.bool)


def default_transforms(
    volume: Volume, shifts: tuple[int, ...] = (1, 2, 4)
) -> tuple[Transform, ...]:
    """Shifts to the right, filled with black and circular, both flips, a quarter turn."""
    return (
        *(Shift(right=count) for count in shifts),
        *(Shift(right=count, circular=True) for count in shifts),
        Flip("left-right"),
        Flip("up-down"),
        *([Rotation(1)] if volume.height == volume.width else []),
    )
