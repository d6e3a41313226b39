"""Image files of every kind come out as the same plain pixels, or are refused by name."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.data import opening
from convscope.data.opening import bombs_are_errors, measure, open_image, picture_of, pixels_of
from convscope.errors import DataError
from tests.data.making import picture, pixels


def as_bytes(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that promises width × height pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(bytes(100))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
@pytest.mark.parametrize("grey", [True, False])
def test_lossless_formats_keep_every_pixel(kind: str, grey: bool) -> None:
    shown = pixels(9, 7) if grey else pixels(9, 7, 3)
    options = {"lossless": True} if kind == "WEBP" else {}
    opened = open_image(as_bytes(Image.fromarray(shown), kind, **options), grey=grey)
    assert np.array_equal(np.asarray(opened), shown)


def test_jpeg_is_opened_in_its_own_colours() -> None:
    grey = open_image(as_bytes(Image.fromarray(np.full((8, 8), 99, np.uint8)), "JPEG"))
    colour = open_image(as_bytes(Image.fromarray(np.full((8, 8, 3), 99, np.uint8)), "JPEG"))
    assert (grey.mode, colour.mode) == ("L", "RGB")
    assert abs(int(np.asarray(grey)[0, 0]) - 99) <= 1


def test_sixteen_bits_are_scaled_not_cut() -> None:
    wide = np.array([[0, 257, 32768, 65535, 128, 129]], np.uint16)
    opened = open_image(as_bytes(Image.fromarray(wide)))
    assert np.asarray(opened).tolist() == [[0, 1, 128, 255, 0, 1]]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    kept = image.convert(mode) if mode != "PA" else image.quantize(4)
    opened = open_image(as_bytes(kept), grey=True)
    assert np.asarray(opened).tolist() == [[255, 0]]


def test_half_transparent_black_on_white_is_grey() -> None:
    opened = open_image(as_bytes(Image.new("RGBA", (1, 1), (0, 0, 0, 128))), grey=True)
    assert np.asarray(opened).tolist() == [[127]]


def test_exif_turns_the_picture_upright(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 255], [0, 255], [0, 255]], np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise to see it upright
    path = tmp_path / "x.webp"
    image.save(path, exif=exif, lossless=True)
    opened = open_image(path, grey=True)
    assert opened.size == (3, 2)
    assert np.asarray(opened).tolist() == [[0, 0, 0], [255, 255, 255]]
    assert measure(path)[:2] == (2, 3)


def test_damaged_exif_says_nothing_against_the_pixels(tmp_path: Path) -> None:
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff\x12\x01"
    shown = pixels(6, 9)
    path = tmp_path / "x.jpg"
    Image.fromarray(shown).save(path, exif=exif, quality=100)
    assert path.read_bytes().find(exif) > 0
    with bombs_are_errors():
        assert measure(path) == (6, 9, True)
        opened = np.asarray(open_image(path)).astype(int)
    assert np.abs(opened - shown).max() < 9
    path.write_bytes(path.read_bytes().replace(b"II*", b"XX*"))
    with bombs_are_errors():
        assert measure(path) == (6, 9, True)
        assert open_image(path).size == (9, 6)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "L", "RGB"])
def test_every_mode_becomes_grey_or_colour(mode: str) -> None:
    image = Image.new("L", (3, 2), 255).convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    for grey, wanted in ((True, "L"), (False, "RGB")):
        opened = open_image(as_bytes(image, kind), grey=grey)
        assert opened.mode == wanted
        assert np.asarray(opened).min() >= 254


def test_measure_reads_size_and_colour(tmp_path: Path) -> None:
    assert measure(picture(tmp_path / "a.png", 5, 9)) == (5, 9, True)
    assert measure(picture(tmp_path / "b.jpg", 6, 4, grey=False)) == (6, 4, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello, I am a text", "is not a PNG, JPEG, WebP or BMP image"),
        (as_bytes(Image.new("L", (40, 40)), "GIF"), "is not a PNG"),
        (bomb(12_000, 12_000), "more than 89,478,485 pixels"),
        (bomb(60_000, 60_000), "more than 89,478,485 pixels"),
        (as_bytes(Image.fromarray(pixels(40, 40)))[:900], "is damaged"),
        (as_bytes(Image.fromarray(pixels(40, 40)), "JPEG")[:800], "is damaged"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "strange.png"
    path.write_bytes(content)
    with bombs_are_errors(), pytest.raises(DataError, match=said) as caught:
        open_image(path)
    assert caught.value.place == str(path)
    with bombs_are_errors(), pytest.raises(DataError, match=said):
        open_image(content, "it")


def test_pillows_limit_may_be_lifted_and_ours_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    monkeypatch.setattr(opening, "LARGEST_PIXELS", 100)
    with pytest.raises(DataError, match="more than 100 pixels"):
        open_image(as_bytes(Image.new("L", (11, 10))))


def test_an_absent_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            open_image(path)
        with pytest.raises(DataError):
            measure(path)


def test_measure_names_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(as_bytes(Image.new("L", (9, 9)))[:20])
    with pytest.raises(DataError, match=r"x\.png"):
        measure(path)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_become_a_picture_and_pixels_again(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (channels, 5, 7), np.uint8)
    shown = picture_of(image)
    assert (shown.size, shown.mode) == ((7, 5), "L" if channels == 1 else "RGB")
    assert np.array_equal(np.asarray(shown)[4, 6].ravel(), image[:, 4, 6])
    assert np.array_equal(pixels_of(shown), image)


def test_mutated_files_never_raise_anything_else(tmp_path: Path) -> None:
    """Whatever a few altered bytes provoke in a decoder is a DataError, or an image."""
    random = np.random.default_rng(0)
    outcomes = set()
    for kind in ("PNG", "JPEG", "WEBP", "BMP"):
        good = as_bytes(Image.fromarray(pixels(24, 24, 3)), kind)
        for _ in range(60):
            content = bytearray(good)
            for at in random.integers(0, len(content), 3):
                content[at] = int(random.integers(0, 256))
            try:
                with bombs_are_errors():
                    outcomes.add(open_image(bytes(content)).mode)
            except DataError:
                outcomes.add("refused")
    assert {"RGB", "refused"} <= outcomes
