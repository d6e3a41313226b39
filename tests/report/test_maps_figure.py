"""Maps and kernels as tiles: the right numbers in the right places, on one scale."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from convscope.architecture.pixels import Box
from convscope.inspection.maps.kernels import Kernels
from convscope.inspection.maps.maps import ActivationMaps
from convscope.inspection.subject import Picture
from convscope.report.maps_figure import kernel_figure, maps_figure
from convscope.report.palette import DIVERGING, LIGHT
from convscope.report.plotting import figure_style, new_figure, svg_text
from convscope.report.sheet import Sheet, coloured, limit_of, mosaic

from .samples import HOSTILE
from .test_figures import leaves_the_paper, words_meet

DRAW = np.random.default_rng(0)


def maps_of(shape: tuple[int, ...], names: tuple[str, ...] = (), side: int = 8) -> ActivationMaps:
    pixels = DRAW.integers(0, 256, (1, side, side), np.uint8)
    values = DRAW.normal(size=shape).astype(np.float32)
    return ActivationMaps("some-run", "conv1", "Conv2d", Picture("image", pixels, 0), "boot",
                          values, names)  # fmt: skip


def kernels_of(shape: tuple[int, ...], **rest: object) -> Kernels:
    weights = DRAW.normal(size=shape).astype(np.float32)
    return Kernels("some-run", "conv1", "Conv2d", weights, None, **rest)  # type: ignore[arg-type]


def near(one: object, other: str) -> bool:
    return bool(np.abs(np.asarray(one) / 255 - to_rgb(other)).max() < 0.01)


def test_zero_is_white_and_the_ends_are_those_of_the_palette() -> None:
    painted = coloured(np.array([[-2.0, 0.0, 2.0]]), 2.0)[0]
    assert near(painted[0], DIVERGING[0])
    assert near(painted[1], "#ffffff")
    assert near(painted[2], DIVERGING[-1])
    assert limit_of(np.zeros((2, 2))) == 1.0
    assert limit_of(np.array([-3.0, 1.0])) == 3.0


@pytest.mark.parametrize("shape", [(3, 2, 5, 5), (2, 4, 1, 1), (1, 1, 3, 7)])
def test_a_mosaic_holds_every_tile(shape: tuple[int, int, int, int]) -> None:
    weights = DRAW.normal(size=shape)
    limit = limit_of(weights)
    sheet = mosaic(weights, limit)
    down, across = sheet.shape[0] // shape[0], sheet.shape[1] // shape[1]
    larger = (down - 4) // shape[2]
    for row in range(shape[0]):
        for column in range(shape[1]):
            tile = sheet[row * down : (row + 1) * down, column * across : (column + 1) * across]
            inner = tile[2:-2, 2:-2][larger // 2 :: larger, larger // 2 :: larger]
            assert (inner == coloured(weights[row, column], limit)).all()
            assert near(tile[1, 1], LIGHT["rule"])
            assert near(tile[0, 0], "#ffffff")


def test_a_box_lies_on_its_pixels() -> None:
    with figure_style():
        figure = new_figure(4, 3, arranged=False)
        sheet = Sheet(figure)
        sheet.box(Box(1, 2, 3, 6), (10, 20), (1.0, 0.5, 2.0, 1.0))
    marked = sheet.axes.patches[-1]
    assert np.allclose(marked.get_xy(), (1 + 2 * 0.1, 0.5 + 1 * 0.1))
    assert np.allclose((marked.get_width(), marked.get_height()), (0.4, 0.2))


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((16, 5, 5), ()),
        ((70, 3, 3), ()),
        ((3, 40, 4), ()),
        ((2, 4, 60), ()),
        ((1, 9, 9), ()),
        ((3, 6, 6), (HOSTILE, "b" * 60, "c")),
    ],
)
def test_maps_are_tiles_of_one_scale(shape: tuple[int, ...], names: tuple[str, ...]) -> None:
    maps = maps_of(shape, names)
    figure = maps_figure(maps)
    images = figure.axes[0].images
    shown = maps.values[:64]
    assert len(images) == 1 + len(shown)
    for image, values in zip(images[1:], shown, strict=True):
        assert (np.asarray(image.get_array()) == coloured(values, limit_of(shown))).all()
    ticks = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    limit = limit_of(shown)
    assert ticks[1] == "0"
    assert float(ticks[2]) == pytest.approx(limit, abs=1e-2)
    assert float(ticks[0].replace("−", "-")) == pytest.approx(-limit, abs=1e-2)
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_pages_of_maps_are_named() -> None:
    figure = maps_figure(maps_of((70, 3, 3)), "64-99")
    assert len(figure.axes[0].images) == 1 + 6
    written = " ".join(text.get_text() for text in figure.texts)
    assert "channels 64–69 of 70" in written
    assert "first" not in written
    assert "channels 0–63 of 70" in " ".join(
        text.get_text() for text in maps_figure(maps_of((70, 3, 3))).texts
    )


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (DRAW.normal(size=10), tuple(f"class {n}" for n in range(10))),
        (-DRAW.random(5), ()),
        (np.zeros(3), ()),
        (DRAW.normal(size=90), ()),
        (np.array([1e-9, -1e6]), (HOSTILE, "b" * 60)),
    ],
)
def test_a_vector_is_bars(values: np.ndarray, names: tuple[str, ...]) -> None:
    maps = replace(maps_of((len(values), 1, 1), names), values=values[:, None, None].astype("f4"))
    figure = maps_figure(maps)
    bars = figure.axes[1].patches
    assert [bar.get_width() for bar in bars] == pytest.approx(values[:64].tolist(), rel=1e-6)
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


@pytest.mark.parametrize(
    ("shape", "tiles"),
    [((16, 1, 5, 5), 16), ((7, 3, 3, 3), 21), ((70, 2, 3, 3), 128), ((1, 1, 1, 1), 1)],
)
def test_kernels_of_few_slices_stand_side_by_side(shape: tuple[int, ...], tiles: int) -> None:
    kernels = kernels_of(shape)
    figure = kernel_figure(kernels)
    images = figure.axes[0].images
    assert len(images) == tiles
    shown = kernels.weights[:64]
    last = coloured(shown[-1, -1], limit_of(shown))
    assert (np.asarray(images[-1].get_array()) == last).all()
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


@pytest.mark.parametrize(
    ("shape", "rest"),
    [
        ((32, 16, 5, 5), {}),
        ((10, 32, 7, 7), {"names": tuple(f"a class called {n}" for n in range(10))}),
        ((100, 100, 1, 1), {}),
        ((12, 6, 3, 3), {"groups": 2}),
        ((2, 64, 1, 5), {}),
    ],
)
def test_kernels_of_many_slices_are_a_table(
    shape: tuple[int, ...], rest: dict[str, object]
) -> None:
    kernels = kernels_of(shape, **rest)
    figure = kernel_figure(kernels)
    shown = kernels.weights[:64, :64]
    (image,) = figure.axes[0].images
    assert (np.asarray(image.get_array()) == mosaic(shown, limit_of(shown))).all()
    labels = figure.axes[1]
    assert "group" in labels.get_xlabel() or "groups" not in rest
    assert labels.get_yticklabels()[0].get_text().startswith("0")
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_chosen_kernels_and_slices() -> None:
    kernels = kernels_of((8, 12, 3, 3))
    figure = kernel_figure(kernels, "2,5", "7-11")
    (image,) = figure.axes[0].images
    shown = kernels.weights[[2, 5]][:, 7:12]
    assert (np.asarray(image.get_array()) == mosaic(shown, limit_of(shown))).all()
    labels = figure.axes[1]
    assert [label.get_text() for label in labels.get_yticklabels()] == ["2", "5"]
    assert [label.get_text() for label in labels.get_xticklabels()] == ["7", "8", "9", "10", "11"]


def test_every_map_is_in_the_svg_to_the_pixel() -> None:
    root = ElementTree.fromstring(svg_text(maps_figure(maps_of((5, 4, 4)))))
    images = [each for each in root.iter() if each.tag.endswith("image")]
    assert len(images) >= 1 + 5
    assert not any("style" in each.attrib for each in root.iter())
