"""Pictures as files: to the pixel where they are small, a few kilobytes where they are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from convscope.report.images import encoded


@pytest.mark.parametrize("channels", [1, 3])
def test_small_pictures_keep_every_pixel(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 20, 64), np.uint8)
    made = encoded(image)
    assert (made.kind, made.width, made.height, made.exact) == ("image/png", 64, 20, True)
    pixels = np.asarray(Image.open(io.BytesIO(made.content)))
    assert (pixels == (image[0] if channels == 1 else image.transpose(1, 2, 0))).all()


def test_large_pictures_become_thumbnails_of_the_same_shape() -> None:
    made = encoded(np.random.default_rng(0).integers(0, 256, (3, 1000, 500), np.uint8))
    assert (made.kind, made.width, made.height, made.exact) == ("image/jpeg", 80, 160, False)
    assert len(made.content) < 20_000
