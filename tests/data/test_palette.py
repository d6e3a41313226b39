"""Masks as palette PNGs."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from convscope.data.palette import mask_png, voc_palette


def test_the_colours_are_those_of_the_development_kit() -> None:
    colours = voc_palette()
    # From VOCdevkit's own list: background, aeroplane, person, tvmonitor, void.
    assert colours[[0, 1, 15, 20, 255]].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [192, 128, 128],
        [0, 64, 128],
        [224, 224, 192],
    ]
    assert len(np.unique(colours, axis=0)) == 256


def test_a_mask_is_read_back_as_its_numbers() -> None:
    mask = np.random.default_rng(0).integers(0, 256, (7, 11)).astype(np.uint8)
    with Image.open(io.BytesIO(mask_png(mask))) as picture:
        assert (picture.mode, picture.format) == ("P", "PNG")
        assert np.array_equal(np.asarray(picture), mask)
        assert picture.getpalette() == voc_palette().ravel().tolist()
