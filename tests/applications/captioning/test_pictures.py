"""What a captioner is shown: pictures and clips at its size, inverted if that is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.applications.captioning.pictures import as_batch, read_sources
from convscope.data.preprocessing import fit_image
from convscope.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20), np.uint8)


def test_pictures_are_inverted_before_they_are_padded() -> None:
    ((name, shown),) = read_sources(PIXELS, 16, 1, clips=False, invert=True)
    inverted = Image.fromarray(255 - PIXELS)
    assert name == "image 1"
    assert np.array_equal(shown, fit_image(inverted, (16, 16), 1, "pad"))
    assert shown[0, 0].max() == 0  # what was padded is black all the same
    ((_, colour),) = read_sources(PIXELS, 16, 3, clips=False, invert=False)
    assert np.array_equal(colour, as_batch([np.stack([PIXELS] * 3)], 16, 3)[0])


def test_a_clip_is_a_folder_of_frames_and_no_folder_of_clips(tmp_path: Path) -> None:
    for clip in ("one", "two"):
        (tmp_path / clip).mkdir()
        for number in range(3):
            Image.fromarray(PIXELS // (number + 1)).save(tmp_path / clip / f"{number}.png")
    ((name, frames),) = read_sources(tmp_path / "one", 16, 1, clips=True, invert=False)
    assert (name, frames.shape) == (str(tmp_path / "one"), (3, 1, 16, 16))
    assert frames[0].max() > 200 > frames[1].max() > frames[2].max()
    with pytest.raises(DataError, match="this folder holds no images"):
        read_sources(tmp_path, 16, 1, clips=True, invert=False)
