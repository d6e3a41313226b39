"""``shapes``: synthetic pictures of six figures, the same bytes on every machine.

28×28 grey; place, size, rotation, brightness and noise differ from picture to picture.
Only additions, products, quotients and square roots are used, which IEEE 754 rounds
in one way, on raw bits of PCG64, whose stream numpy keeps the same.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from convscope.data.images import Data, ImageSet, fingerprint_of, order
from convscope.data.preprocessing import dark_background

__all__ = ["CLASSES", "load_shapes"]

SIDE = 28
TRAIN_OF_EACH, TEST_OF_EACH = 500, 100

Field = NDArray[np.float64]
Figure = Callable[[Field, Field, Field], Field]
"""(x, y, size) → signed distance to the outline, about: below 0 is inside."""


class _Chance:
    """Uniform numbers in 0..1 from raw bits."""

    def __init__(self, seed: tuple[int, ...]) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed))

    def uniform(self, low: float, high: float, *shape: int) -> Field:
        raw = self._bits.random_raw(int(np.prod(shape)))
        unit = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return np.reshape(low + (high - low) * unit, shape)

    def noise(self, *shape: int) -> Field:
        """About normal, variance 1: the sum of four uniforms (each has variance 1/12),
        cut out of the 64 bits of one draw."""
        raw = self._bits.random_raw(int(np.prod(shape)))
        total = np.zeros(raw.shape, np.int64)
        for shift in (0, 16, 32, 48):
            total += ((raw >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
        centred = total.astype(np.float64) / 65535.0 - 2.0
        return np.reshape(centred / np.sqrt(4.0 / 12.0), shape)


def _disc(x: Field, y: Field, size: Field) -> Field:
    return np.subtract(np.sqrt(x * x + y * y), size)


def _ring(x: Field, y: Field, size: Field) -> Field:
    return np.abs(_disc(x, y, size * 0.8)) - size * 0.2


def _square(x: Field, y: Field, size: Field) -> Field:
    return np.maximum(np.abs(x), np.abs(y)) - size * 0.7


def _frame(x: Field, y: Field, size: Field) -> Field:
    return np.abs(_square(x, y, size * 0.8)) - size * 0.15


def _triangle(x: Field, y: Field, size: Field) -> Field:
    slope = np.abs(x) * (sqrt(3.0) / 2.0) - y * 0.5
    return np.maximum(slope, y) - size * 0.5


def _cross(x: Field, y: Field, size: Field) -> Field:
    across, along = np.abs(x), np.abs(y)
    arm, reach = size * 0.3, size * 0.95
    level = np.maximum(across - reach, along - arm)
    upright = np.maximum(across - arm, along - reach)
    return np.minimum(level, upright)


FIGURES: dict[str, Figure] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "frame": _frame,
    "triangle": _triangle,
    "cross": _cross,
}
CLASSES = tuple(FIGURES)


def load_shapes() -> Data:
    """500 training and 100 test pictures of each of six figures; made, not read."""
    train = _made(TRAIN_OF_EACH, seed=0)
    test = _made(TEST_OF_EACH, seed=1)
    return Data(
        name="shapes",
        place="made by convscope (synthetic)",
        train=train,
        test=test,
        classes=CLASSES,
        fingerprint=fingerprint_of(train, test, CLASSES),
        fit="pad",
        size=(SIDE, SIDE),
        dark_background=dark_background(train.images),
    )


def _made(of_each: int, seed: int) -> ImageSet:
    pictures = [_drawn(figure, of_each, (seed, label)) for label, figure in enumerate(CLASSES)]
    labels = np.repeat(np.arange(len(CLASSES), dtype=np.int64), of_each)
    mixed = order(len(labels), seed, 0)
    return ImageSet(np.concatenate(pictures)[mixed][:, None], labels[mixed])


def _drawn(name: str, count: int, seed: tuple[int, ...]) -> NDArray[np.uint8]:
    """``count`` pictures of one figure, count×28×28."""
    chance = _Chance(seed)
    size = chance.uniform(7.0, 11.0, count, 1, 1)
    # the whole figure stays inside: its centre keeps its size away from the edges
    room = SIDE / 2 - size
    centre_x = SIDE / 2 + room * chance.uniform(-1.0, 1.0, count, 1, 1)
    centre_y = SIDE / 2 + room * chance.uniform(-1.0, 1.0, count, 1, 1)
    # a point of the circle from one number, without sine and cosine: t → (1−t², 2t)/(1+t²)
    t = chance.uniform(-0.2, 0.2, count, 1, 1)
    cosine, sine = (1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t)
    dark = chance.uniform(0.0, 60.0, count, 1, 1)
    light = dark + chance.uniform(70.0, 160.0, count, 1, 1)
    grain = chance.uniform(4.0, 20.0, count, 1, 1)
    steps = np.arange(SIDE, dtype=np.float64) + 0.5
    x = steps[None, None, :] - centre_x
    y = steps[None, :, None] - centre_y
    distance = FIGURES[name](cosine * x + sine * y, cosine * y - sine * x, size)
    inside = np.clip(0.5 - distance, 0.0, 1.0)  # one pixel of soft edge
    brightness = dark + (light - dark) * inside + grain * chance.noise(count, SIDE, SIDE)
    return np.floor(np.clip(brightness, 0.0, 255.0) + 0.5).clip(0.0, 255.0).astype(np.uint8)
