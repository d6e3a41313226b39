"""Masks as palette PNGs with Pascal VOC's colours, as others read and score them."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["mask_picture", "mask_png", "voc_palette"]


def voc_palette() -> NDArray[np.uint8]:
    """The 256 colours of VOC's development kit, 256×3: region k's bits spread over the three.

    Bits 0, 3, 6 of k are the highest of red, bits 1, 4, 7 of green, 2, 5 of blue, the lower
    ones coming first: 0 is black, 1 is (128, 0, 0), and void, 255, is (224, 224, 192).
    """
    numbers = np.arange(256)
    colours = np.zeros((256, 3), np.int64)
    for digit in range(8):
        for channel in range(3):
            bit = numbers >> (3 * digit + channel) & 1
            colours[:, channel] |= bit << (7 - digit)
    return colours.astype(np.uint8)


def mask_picture(mask: NDArray[np.uint8]) -> Image.Image:
    """A mask, H×W, as a picture of mode P: its pixels are the regions' numbers."""
    picture = Image.fromarray(np.ascontiguousarray(mask))
    picture.putpalette(voc_palette().tobytes())
    return picture


def mask_png(mask: NDArray[np.uint8]) -> bytes:
    """A mask as the bytes of a palette PNG."""
    file = io.BytesIO()
    mask_picture(mask).save(file, format="PNG", optimize=True)
    return file.getvalue()
