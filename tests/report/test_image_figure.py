"""The figure shows the image, marks the window, and writes every number of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from PIL import Image

from convscope.errors import UsageError
from convscope.report.image_figure import LARGEST, image_figure
from convscope.report.image_numbers import Window, image_numbers
from convscope.report.plotting import save_figure


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    path = tmp_path / "photo.png"
    Image.fromarray(random.integers(0, 256, (70, 90, 3), dtype=np.uint8)).save(path)
    return path


def test_every_number_of_the_window_stands_in_its_cell(photo: Path) -> None:
    image = image_numbers(photo, window=Window(60, 5, 4, 3))
    picture, *grids = image_figure(image).axes
    np.testing.assert_array_equal(picture.images[0].get_array(), image.pixels)
    assert [axes.get_title(loc="left") for axes in grids] == ["red", "green", "blue"]
    for channel, axes in enumerate(grids):
        written = {text.get_position(): int(text.get_text()) for text in axes.texts}
        expected = image.pixels[60:64, 5:8, channel]
        assert written == {(c, r): expected[r, c] for r in range(4) for c in range(3)}
        shades = np.asarray(axes.images[0].get_array())
        np.testing.assert_array_equal(shades[:, :, channel], expected)
        assert shades.sum() == expected.sum()
        assert [tick.get_text() for tick in axes.get_yticklabels()] == ["60", "61", "62", "63"]
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["5", "6", "7"]


def test_the_window_is_marked_in_the_image(photo: Path) -> None:
    (mark,) = image_figure(image_numbers(photo, window=Window(60, 5, 4, 3))).axes[0].patches
    assert isinstance(mark, Rectangle)
    assert (mark.get_x(), mark.get_y()) == (4.5, 59.5)
    assert (mark.get_width(), mark.get_height()) == (3, 4)


def test_a_grey_image_stands_beside_one_grid(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.fromarray(np.array([[0, 255], [40, 200]], np.uint8)).save(path)
    figure = image_figure(image_numbers(path))
    picture, grid = figure.axes
    assert not picture.patches
    inks = {text.get_text(): to_hex(text.get_color()) for text in grid.texts}
    assert inks == {"0": "#ffffff", "255": "#000000", "40": "#ffffff", "200": "#000000"}
    png, svg = save_figure(figure, tmp_path, "numbers")
    with Image.open(png) as written:
        assert written.width > written.height > 100
    assert ">255</text>" in svg.read_text(encoding="utf-8")


def test_more_numbers_than_can_be_read_are_refused(photo: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read in a figure"):
        image_figure(image_numbers(photo, window=Window(0, 0, 1, LARGEST + 1)))
