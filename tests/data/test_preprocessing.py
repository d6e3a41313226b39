"""From any picture to the numbers that a network was trained on."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.data.preprocessing import (
    Preprocessing,
    border_brightness,
    dark_background,
    fit_image,
    read_images,
)
from convscope.errors import ConvscopeError, DataError, UsageError
from tests.data.making import picture, pixels

GREY = Preprocessing((8, 6), 1, "pad", (0.25,), (0.5,), dark_background=True)
COLOUR = Preprocessing((8, 6), 3, "crop", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def flat(height: int, width: int, value: int) -> Image.Image:
    return Image.fromarray(np.full((height, width), value, np.uint8))


@pytest.mark.parametrize("fit", ["pad", "crop", "squash"])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_of_the_size_is_left_alone(fit, channels) -> None:  # type: ignore[no-untyped-def]
    shown = pixels(8, 6) if channels == 1 else pixels(8, 6, 3)
    fitted = fit_image(Image.fromarray(shown), (8, 6), channels, fit)
    expected = shown[None] if channels == 1 else shown.transpose(2, 0, 1)
    assert np.array_equal(fitted, expected)


def test_pad_keeps_all_of_the_picture_on_black() -> None:
    fitted = fit_image(flat(10, 20, 200), (8, 8), 1, "pad")
    assert fitted.shape == (1, 8, 8)
    assert (fitted[0, 2:6] == 200).all()
    assert not fitted[0, [0, 1, 6, 7]].any()


def test_crop_cuts_around_the_centre() -> None:
    shown = np.zeros((10, 30), np.uint8)
    shown[:, 10:20] = 250
    fitted = fit_image(Image.fromarray(shown), (10, 10), 1, "crop")
    assert (fitted == 250).all()


def test_squash_stretches() -> None:
    shown = np.zeros((10, 30), np.uint8)
    shown[:, :15] = 250
    fitted = fit_image(Image.fromarray(shown), (10, 10), 1, "squash")
    assert (fitted[0, :, :4] == 250).all()
    assert not fitted[0, :, 6:].any()


@pytest.mark.parametrize("fit", ["pad", "crop", "squash"])
@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (1, 1), (2, 3)])
def test_the_longest_splinter_fits(fit, size) -> None:  # type: ignore[no-untyped-def]
    fitted = fit_image(flat(*size, 255), (7, 9), 3, fit)
    assert fitted.shape == (3, 7, 9)
    assert fitted.dtype == np.uint8
    assert fitted.any()


def test_shrinking_takes_the_mean_of_all_pixels() -> None:
    """A fine chequerboard becomes an even grey, without moiré."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    fitted = fit_image(Image.fromarray(board), (8, 8), 1, "squash")
    assert np.abs(fitted.astype(int) - 127).max() <= 8


def test_an_unknown_fit_is_refused_with_a_guess() -> None:
    with pytest.raises(UsageError, match='did you mean "squash"'):
        fit_image(flat(2, 2, 0), (4, 4), 1, "squish")  # type: ignore[arg-type]


@pytest.mark.parametrize("preprocessing", [GREY, COLOUR])
def test_it_passes_through_json(preprocessing: Preprocessing) -> None:
    text = json.dumps(preprocessing.as_dict())
    assert Preprocessing.from_dict(json.loads(text)) == preprocessing


def test_an_older_record_without_background_is_read() -> None:
    record = GREY.as_dict()
    del record["dark_background"]
    assert Preprocessing.from_dict(record).dark_background is False


@pytest.mark.parametrize(
    "change",
    [
        {"size": None},
        {"size": [3]},
        {"size": [0, 3]},
        {"channels": 2},
        {"fit": "stretch"},
        {"mean": [0.1, 0.2]},
        {"std": "x"},
    ],
)
def test_a_damaged_record_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConvscopeError):
        Preprocessing.from_dict({**GREY.as_dict(), **change})
    with pytest.raises(DataError, match="incomplete or damaged"):
        Preprocessing.from_dict({})


def test_normalising_agrees_with_torch() -> None:
    images = pixels(4, 3, 8, 6)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (COLOUR.mean, COLOUR.std))
    theirs = (torch.from_numpy(images).float() / 255 - mean) / std
    assert np.allclose(COLOUR.normalised(images), theirs.numpy(), atol=1e-6)


def test_it_says_in_words_what_it_does() -> None:
    assert GREY.words(inverted=True) == (
        "grey, inverted, scaled to fit inside 8×6 and padded with black, "
        "divided by 255, minus 0.2500, divided by 0.5000"
    )
    assert "red, green and blue, scaled to cover 8×6 and cut around" in COLOUR.words()


def test_pictures_are_read_from_paths_bytes_and_standard_input(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", 8, 6)
    content = path.read_bytes()
    read = read_images(
        [str(path), path, content, "-"], GREY, invert=False, stdin=io.BytesIO(content)
    )
    assert read.images.shape == (4, 1, 8, 6)
    assert (read.images == read.images[0]).all()
    assert read.names == (str(path), str(path), "image 3", "standard input")


def test_inverting_comes_before_padding(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    flat(6, 6, 255).save(path)
    wide = Preprocessing((6, 12), 1, "pad", (0.5,), (0.5,))
    plain = read_images([path], wide, invert=False)
    turned = read_images([path], wide, invert=True)
    assert (plain.images[0, 0, :, 3:9] == 255).all()
    assert not turned.images.any()
    assert (plain.inverted, turned.inverted) == ((False,), (True,))


def test_the_rule_inverts_light_borders_where_dark_ones_were_learnt(tmp_path: Path) -> None:
    light, dark = tmp_path / "light.png", tmp_path / "dark.png"
    shown = np.full((8, 6), 230, np.uint8)
    shown[2:6, 2:4] = 10
    Image.fromarray(shown).save(light)
    Image.fromarray(255 - shown).save(dark)
    read = read_images([light, dark], GREY)
    assert read.inverted == (True, False)
    assert np.array_equal(read.images[0], read.images[1])
    light_learnt = Preprocessing((8, 6), 1, "pad", (0.25,), (0.5,), dark_background=False)
    assert read_images([light], light_learnt).inverted == (False,)


def test_a_dark_background_is_one_of_grey_images_only() -> None:
    black = np.zeros((3, 1, 5, 5), np.uint8)
    black[:, :, 1:4, 1:4] = 255
    assert dark_background(black)
    assert not dark_background(255 - black)
    assert not dark_background(np.repeat(black, 3, axis=1))
    assert border_brightness(np.array([[9]], np.uint8)) == 9


def test_no_image_and_no_image_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no image was given"):
        read_images([], GREY)
    text = tmp_path / "notes.txt"
    text.write_text("no picture", encoding="utf-8")
    with pytest.raises(DataError, match=r"notes.txt: is not a PNG"):
        read_images([text], GREY)
    with pytest.raises(DataError, match="standard input: is empty"):
        read_images(["-"], GREY, stdin=io.BytesIO())
