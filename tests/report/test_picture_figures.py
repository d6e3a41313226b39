"""Mistakes and kernels as pictures: the right ones, on one scale with zero in the middle."""

from __future__ import annotations

import numpy as np
import pytest

from convscope.report.picture_figures import MOST_KERNELS, kernels_figure, mistakes_figure, picture

from .samples import HOSTILE, evaluation
from .test_figures import leaves_the_paper, words_meet


def images(count: int, channels: int = 1, side: int = 8) -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.integers(0, 256, (channels, side, side), np.uint8) for _ in range(count)]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_has_three_channels_behind(channels: int) -> None:
    image = images(1, channels)[0]
    assert (picture(image) == np.moveaxis(np.resize(image, (3, 8, 8)), 0, 2)).all()


def test_each_mistake_stands_below_its_own_picture() -> None:
    found, shown = evaluation(4), images(8)
    figure = mistakes_figure(found, shown)
    assert len(figure.axes) == 8
    for axes, image in zip(figure.axes, shown, strict=True):
        assert (np.asarray(axes.images[0].get_array()) == picture(image)).all()
    written = [text.get_text() for text in figure.texts]
    for mistake in found.mistakes[:8]:
        assert found.classes[mistake.true] in written
        assert f"called {found.classes[mistake.predicted]}" in written
        assert any(text.endswith(f"no. {mistake.index}") for text in written)


@pytest.mark.parametrize(
    ("classes", "count", "channels", "side"),
    [(4, 9, 1, 28), (3, 5, 3, 8), ((HOSTILE, "b" * 90), 7, 1, 32)],
)
def test_words_of_mistakes_do_not_meet(
    classes: int | tuple[str, ...], count: int, channels: int, side: int
) -> None:
    figure = mistakes_figure(evaluation(classes), images(count, channels, side))
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_no_mistakes_make_an_empty_figure() -> None:
    assert mistakes_figure(evaluation(3, right=1.0), []).axes == []


@pytest.mark.parametrize("shape", [(16, 1, 5, 5), (8, 3, 7, 5), (65, 1, 3, 3), (1, 1, 1, 1)])
def test_kernels_share_one_scale_around_zero(shape: tuple[int, ...]) -> None:
    weights = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    figure = kernels_figure(weights, "conv1")
    maps = [axes.images[0] for axes in figure.axes if axes.images]
    shown = min(shape[0], MOST_KERNELS)
    assert len(maps) == shown * shape[1]
    assert len({image.get_clim() for image in maps}) == 1
    low, high = maps[0].get_clim()
    assert low == -high == pytest.approx(-np.abs(weights[:shown]).max())
    assert (np.asarray(maps[-1].get_array()) == weights[shown - 1, -1]).all()
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_kernels_of_nothing_but_zeros_can_be_drawn() -> None:
    low, high = (
        kernels_figure(np.zeros((2, 1, 3, 3), np.float32), "conv1").axes[0].images[0].get_clim()
    )
    assert (low, high) == (-1, 1)
