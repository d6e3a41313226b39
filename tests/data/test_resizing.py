"""Whole sets at another size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.data import resizing
from convscope.data.gathering import Folder, gather
from convscope.data.images import Data
from convscope.data.mini import load_mini
from convscope.data.preprocessing import fit_image
from convscope.data.progress import Progress, teller
from convscope.data.resizing import data_resized, resized
from tests.data.making import collection, idx_folder, idx_payloads, pixels

QUIET = teller(None)


def test_each_image_is_fitted() -> None:
    images = pixels(5, 3, 8, 6)
    out = resized(images, (4, 10), 3, "pad")
    for index in range(5):
        picture = Image.fromarray(images[index].transpose(1, 2, 0))
        assert np.array_equal(out[index], fit_image(picture, (4, 10), 3, "pad"))


def test_nothing_is_done_where_nothing_changes() -> None:
    images = pixels(5, 1, 8, 6)
    assert resized(images, (8, 6), 1, "squash") is images


def test_grey_becomes_colour_and_back() -> None:
    images = pixels(2, 1, 8, 6)
    colour = resized(images, (8, 6), 3, "pad")
    assert np.array_equal(colour, np.repeat(images, 3, axis=1))
    assert np.array_equal(resized(colour, (8, 6), 1, "pad"), images)


def test_small_data_are_resized_in_memory() -> None:
    data = load_mini()
    out = data_resized(data, (14, 10), None, "squash", QUIET)
    assert out.train.images.shape == (2000, 1, 14, 10)
    assert (out.size, out.fit, out.kept, out.name) == ((14, 10), "squash", "", "fashion-mini")
    assert out.fingerprint != data.fingerprint
    assert data_resized(data, None, None, "pad", QUIET).fingerprint == data.fingerprint
    assert data_resized(data, (28, 28), 1, "crop", QUIET).fit == "crop"


def test_cached_data_are_kept_in_the_new_form(
    cache: Path, tmp_path: Path, heard: list[Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = idx_payloads(train=2100)
    copy = Folder("a copy", idx_folder(tmp_path / "copy", payloads))
    data = gather(collection(payloads), (copy,), QUIET, network=False)
    first = data_resized(data, (9, 9), 3, "pad", heard.append)
    assert [one.text for one in heard] == ["bringing little to 9×9×3"]
    monkeypatch.setattr(resizing, "resized", lambda *_: pytest.fail("resized again"))
    again = data_resized(data, (9, 9), 3, "pad", QUIET)
    assert again.fingerprint == first.fingerprint
    assert again.kept == first.kept != data.kept
    assert same_story(first, data)


def same_story(one: Data, other: Data) -> bool:
    return (one.name, one.place, one.classes) == (other.name, other.place, other.classes)
