"""Bilinear resampling in whole numbers: the same bytes on every machine."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["resampled"]

Whole = NDArray[np.int32]


def resampled(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """N×A×A → N×side×side.

    Pixel i lies at (i + ½)·A/side − ½ of the source, which is n/2·side for a whole number n;
    what lies beyond the first or last pixel takes its value.  Halves are rounded up.
    """
    low, high, share = _places(images.shape[-1], side)
    unit = 2 * side
    rows = images[:, low].astype(np.int32) * (unit - share)[:, None]
    rows += images[:, high].astype(np.int32) * share[:, None]
    whole = rows[:, :, low] * (unit - share)
    whole += rows[:, :, high] * share
    whole += unit * unit // 2
    whole //= unit * unit
    return whole.astype(np.uint8)


@lru_cache(maxsize=512)
def _places(length: int, side: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Whole]:
    """The two source pixels of each pixel, and the second one's share of 2·side."""
    unit = 2 * side
    numerators = np.clip((2 * np.arange(side) + 1) * length - side, 0, (length - 1) * unit)
    low = numerators // unit
    high = np.minimum(low + 1, length - 1)
    return low, high, (numerators - low * unit).astype(np.int32)
