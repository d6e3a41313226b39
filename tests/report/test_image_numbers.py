"""An image's numbers are shown whole, in place, and legibly."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from convscope.data.preprocessing import fit_image
from convscope.errors import DataError, UsageError
from convscope.report.image_numbers import (
    ImageNumbersView,
    Window,
    image_numbers,
    shade,
    wants_black,
)


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """28×28, every number different in its row."""
    values = (np.arange(28)[:, None] * 9 + np.arange(28)[None, :]).astype(np.uint8)
    path = tmp_path / "grey.png"
    Image.fromarray(values).save(path)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """70 rows, 1200 columns, in colour."""
    random = np.random.default_rng(1)
    path = tmp_path / "photo.png"
    Image.fromarray(random.integers(0, 256, (70, 1200, 3), dtype=np.uint8)).save(path)
    return path


def shown(source: Path, width: int = 80, **options: object) -> str:
    """What a console without colours prints."""
    file = io.StringIO()
    console = Console(file=file, width=width, no_color=True)
    console.print(ImageNumbersView(image_numbers(source, **options)))  # type: ignore[arg-type]
    return file.getvalue()


def grid_of(text: str) -> dict[tuple[int, int], int]:
    """(row, column) → number, read back from one channel's lines."""
    found: dict[tuple[int, int], int] = {}
    for part in text.split("\n\n"):
        head, *rows = part.strip("\n").splitlines() or [""]
        if re.fullmatch(r"[ \d]+", head):
            columns = [int(word) for word in head.split()]
            for line in rows:
                row, *values = (int(word) for word in line.split())
                found |= {(row, c): value for c, value in zip(columns, values, strict=True)}
    return found


@pytest.mark.parametrize("width", [10, 40, 80, 115, 200])
def test_every_number_is_shown_in_its_place_at_any_width(grey: Path, width: int) -> None:
    text = shown(grey, width)
    grid = text.split("\n\n", 1)[1]
    pixels = np.asarray(Image.open(grey))
    expected = {(r, c): int(pixels[r, c]) for r in range(28) for c in range(28)}
    assert {**expected, **grid_of(grid)} == expected
    assert grid_of(grid).keys() == expected.keys()
    assert max(len(line) for line in grid.splitlines()) <= width


def test_a_grid_that_fits_stands_in_one_piece(grey: Path) -> None:
    needed = 2 + 1 + 28 * 4
    assert "in parts" not in shown(grey, needed)
    narrow = shown(grey, needed - 1)
    assert f"in parts of 14 columns: side by side they need {needed} characters" in narrow


def test_a_small_image_word_for_word(tmp_path: Path) -> None:
    path = tmp_path / "tiny.png"
    Image.fromarray(np.array([[0, 7], [128, 255]], np.uint8)).save(path)
    assert shown(path, 200).splitlines() == [
        f"{path}  2×2×1",
        "height × width × channels; 0 is black, 255 is white",
        "",
        "     0   1",
        "0    0   7",
        "1  128 255",
    ]


def test_a_window_shows_that_part_and_how_to_see_others(grey: Path) -> None:
    text = shown(grey, window=Window.parse("4,10,2x3"))
    assert "shown: rows 4–5, columns 10–12" in text
    assert grid_of(text) == {(r, c): 9 * r + c for r in (4, 5) for c in (10, 11, 12)}
    assert "the image has rows 0–27 and columns 0–27" in text
    assert "--window 0,0,24x24" in text and "--size" not in text


def test_of_a_large_image_the_middle_is_shown(photo: Path) -> None:
    image = image_numbers(photo)
    assert str(image.window) == "23,588,24x24"
    text = shown(photo)
    assert [name for name in ("red", "green", "blue") if f"\n{name}\n" in text] == [
        "red",
        "green",
        "blue",
    ]
    pixels = np.asarray(Image.open(photo))
    parts = re.split(r"\n(?:red|green|blue)\n", text)[1:]
    for channel, part in enumerate(parts):
        grid = grid_of(part)
        assert len(grid) == 24 * 24
        assert all(pixels[r, c, channel] == value for (r, c), value in grid.items())
    assert "--size 28x28" in text


def test_wide_column_numbers_are_not_cut(photo: Path) -> None:
    text = shown(photo, window=Window(0, 1190, 1, 10), grey=True)
    assert "  1190 1191" in text and "1199" in text


def test_a_size_shows_what_a_network_gets(photo: Path) -> None:
    image = image_numbers(photo, size=(6, 9), fit="crop", grey=True)
    expected = fit_image(Image.open(photo), (6, 9), 1, "crop")
    assert image.whole and image.channels == ("grey",)
    np.testing.assert_array_equal(image.pixels.transpose(2, 0, 1), expected)


def test_a_number_stands_on_its_own_shade(tmp_path: Path) -> None:
    path = tmp_path / "two.png"
    Image.fromarray(np.array([[3, 250]], np.uint8)).save(path)
    styles = {
        text.strip(): style
        for line in ImageNumbersView(image_numbers(path)).lines(80)
        for text, style in line
        if " on " in style
    }
    assert styles == {
        "3": "rgb(255,255,255) on rgb(3,3,3)",
        "250": "rgb(0,0,0) on rgb(250,250,250)",
    }


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """WCAG 2.2's contrast ratio, by its text."""
    lights = []
    for colour in (one, other):
        channels = [v / 255 for v in colour]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("channel", ["grey", "red", "green", "blue"])
def test_digits_are_legible_on_every_shade(channel: str) -> None:
    for value in range(256):
        patch = shade(value, channel)
        ink = (0, 0, 0) if wants_black(patch) else (255, 255, 255)
        assert _contrast(ink, patch) > 4.5, value


def test_the_same_as_json(grey: Path, photo: Path) -> None:
    values = image_numbers(grey, window=Window.parse("0, 1, 2x2"), name="a boot").as_dict()
    assert json.loads(json.dumps(values)) == {
        "schema": "convscope.image/1",
        "source": "a boot",
        "height": 28,
        "width": 28,
        "channels": ["grey"],
        "window": {"row": 0, "column": 1, "height": 2, "width": 2},
        "numbers": {"grey": [[1, 2], [10, 11]]},
    }
    colour = image_numbers(photo, window=Window(69, 1199, 1, 1)).as_dict()
    pixel = np.asarray(Image.open(photo))[69, 1199].tolist()
    assert colour["numbers"] == {"red": [[pixel[0]]], "green": [[pixel[1]]], "blue": [[pixel[2]]]}


def test_bytes_are_read_as_files_are(grey: Path) -> None:
    from_bytes = image_numbers(grey.read_bytes(), name="standard input")
    np.testing.assert_array_equal(from_bytes.pixels, image_numbers(grey).pixels)
    assert from_bytes.source == "standard input"


def test_consoles_without_our_signs_get_ascii(grey: Path) -> None:
    lines = ImageNumbersView(image_numbers(grey, window=Window(1, 1, 2, 2))).lines(80, signs=False)
    text = "\n".join("".join(piece for piece, _ in line) for line in lines)
    assert text.replace(str(grey), "").isascii()
    assert "28x28x1" in text and "rows 1-2" in text


@pytest.mark.parametrize("text", ["4,10,5x5", " 0, 0, 28 x 28 ", "1,2,3×4"])
def test_a_window_is_read_and_printed(text: str) -> None:
    window = Window.parse(text)
    assert Window.parse(str(window)) == window


@pytest.mark.parametrize("text", ["", "4,10", "4,10,5", "-1,0,5x5", "a,b,cxd", "٣,1,1x1"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not ROW,COLUMN,HEIGHTxWIDTH"):
        Window.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,0,0x3", "the window 0,0,0x3 is empty"),
        ("27,0,2x1", "goes beyond the image, which has 28 rows and 28 columns"),
        ("0,28,1x1", "goes beyond the image"),
        ("0,0,999999999x1", "goes beyond the image"),
    ],
)
def test_a_window_outside_the_image_is_refused(grey: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        image_numbers(grey, window=Window.parse(text))


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("no image", encoding="utf-8")
    with pytest.raises(DataError, match="is not a PNG"):
        image_numbers(path)
    with pytest.raises(DataError, match="cannot be read"):
        image_numbers(tmp_path / "absent.png")
