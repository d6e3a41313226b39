"""The negative control of captioning: sentences beside the images of others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convscope.data.images import order

__all__ = ["CONTROL", "other_images"]

CONTROL = "other-images"
"""Every image with another one's captions: what is then still right needs no image."""


def other_images(count: int, seed: int) -> NDArray[np.int64]:
    """For each of ``count`` images the number of another one, each taken once, by ``seed``.

    The images stand in a circle in an order by chance, and each takes its neighbour's place;
    a single image has no other.
    """
    circle = order(count, seed, 0)
    others = np.empty(count, np.int64)
    others[circle] = np.roll(circle, 1)
    return others
