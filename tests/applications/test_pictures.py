"""Pictures to be asked about: from files, folders and memory, at their size or brought down."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convscope.applications.pictures import is_one, pictures_in, read_pictures
from convscope.errors import DataError, UsageError

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    for name in ("b.png", "a.PNG", "more/c.png"):
        Image.fromarray(PIXELS).save(tmp_path / name, "PNG")
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    return tmp_path


def test_every_way_gives_the_same_pixels(folder: Path) -> None:
    path = folder / "b.png"
    ways: list[Any] = [path, str(path), path.read_bytes(), Image.fromarray(PIXELS), PIXELS]
    found = list(read_pictures(ways, 3))
    assert [each.name for each in found] == [str(path)] * 2 + ["image 3", "image 4", "image 5"]
    for each in found:
        assert np.array_equal(each.pixels, PIXELS.transpose(2, 0, 1))
        assert each.size == (12, 20) and each.scale == (1, 1)
    (grey,) = read_pictures(PIXELS, 1)
    assert np.array_equal(grey.pixels[0], np.asarray(Image.fromarray(PIXELS).convert("L")))


def test_a_folder_stands_for_its_pictures(folder: Path) -> None:
    found = [each.name for each in read_pictures(folder, 3)]
    assert found == [str(folder / name) for name in ("a.PNG", "b.png", "more/c.png")]
    assert [path.name for path in pictures_in(folder, below=False)] == ["a.PNG", "b.png"]
    assert is_one(folder / "b.png") and not is_one(folder) and not is_one([folder / "b.png"])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_large_picture_is_brought_down(channels: int) -> None:
    whole, smaller = (next(read_pictures(PIXELS, channels, longest)) for longest in (None, 10))
    assert smaller.pixels.shape == (channels, 6, 10)
    assert (smaller.size, smaller.scale) == ((12, 20), (0.5, 0.5))
    image = Image.fromarray(PIXELS).convert("L" if channels == 1 else "RGB")
    expected = np.asarray(image.resize((10, 6), Image.Resampling.BILINEAR))
    assert np.array_equal(np.moveaxis(smaller.pixels, 0, -1).squeeze(), expected)
    assert whole.brought_down(20) is whole


def test_standard_input_is_a_picture_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO((folder / "b.png").read_bytes()))
    monkeypatch.setattr("sys.stdin", stdin)
    (found,) = read_pictures("-", 3)
    assert found.name == "standard input"
    assert np.array_equal(found.pixels, PIXELS.transpose(2, 0, 1))


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no image was given"):
        next(read_pictures([], 1))
    with pytest.raises(UsageError, match="this is of the type int: give a path"):
        next(read_pictures([3], 1))  # type: ignore[list-item]
    with pytest.raises(DataError, match="holds no images"):
        next(read_pictures(tmp_path, 1))
    with pytest.raises(DataError, match=r"none\.png: cannot be read"):
        next(read_pictures(tmp_path / "none.png", 1))
