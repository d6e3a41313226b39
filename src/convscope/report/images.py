"""Pictures as the content of files, so that a page or a drawing can hold them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EncodedImage", "encoded"]

LARGEST = 160
EXACT = 64
"""Pictures up to this side are kept to the pixel, larger ones become thumbnails."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A PNG (to the pixel) or a JPEG (a thumbnail); sides in its own pixels."""

    content: bytes
    kind: str
    width: int
    height: int

    @property
    def exact(self) -> bool:
        """Whether every pixel is one of the image's own."""
        return self.kind == "image/png"


def encoded(image: NDArray[np.uint8]) -> EncodedImage:
    """uint8 C×H×W as a small file: a photograph takes a few kilobytes at most."""
    from convscope.data.opening import picture_of

    picture = picture_of(image)
    file = io.BytesIO()
    if max(picture.size) <= EXACT:
        picture.save(file, "PNG", optimize=True)
        return EncodedImage(file.getvalue(), "image/png", *picture.size)
    picture.thumbnail((LARGEST, LARGEST))
    picture.save(file, "JPEG", quality=82)
    return EncodedImage(file.getvalue(), "image/jpeg", *picture.size)
