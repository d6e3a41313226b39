"""Rows of exciting images: the right pictures, boxes and parts; padding in grey."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from convscope.architecture.pixels import Box
from convscope.inspection.maps.exciting import ChannelExcitement, Excitement, Exciting, exciting
from convscope.inspection.maps.kernels import image_kernels
from convscope.inspection.maps.visualisation import visualise
from convscope.inspection.subject import Subject, subject_of
from convscope.report.exciting_figure import ROWS, exciting_figure, visualisation_figure
from convscope.report.picture_figures import picture
from convscope.report.sheet import coloured, limit_of

from .samples import HOSTILE
from .test_figures import leaves_the_paper, words_meet


@cache
def example() -> Subject:
    return subject_of("example", data="fashion-mini")


def written(figure: object) -> list[str]:
    return [text.get_text() for text in figure.texts]  # type: ignore[attr-defined]


_CUT = Box(0, 7, 3, 10)


def synthetic(
    sides: tuple[int, int] = (10, 10), channels: int = 2, box: Box | None = _CUT
) -> Exciting:
    """One image for each channel; the field is 4×4, and box is cut off at the top right."""
    draw = np.random.default_rng(0)
    pixels = {n: draw.integers(0, 256, (1, *sides), np.uint8) for n in range(channels)}
    inner = None if box is None else Box(2, 3, 6, 7)
    found = [ChannelExcitement(0, HOSTILE, (Excitement(0, 0, 1.5, 0, 9, box),), 0.5, 0.1)]
    found += [
        ChannelExcitement(n, "", (Excitement(n, None, -0.25, 3, 4, inner),), 1.0, 0.1)
        for n in range(1, channels)
    ]
    return Exciting("run", "conv1", "Conv2d", "data", 3, channels, tuple(found), pixels,
                    ("a class with a name that goes on and on",), "worked out")  # fmt: skip


def images_of(figure: object) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for image in figure.axes[0].images]  # type: ignore[attr-defined]


def test_images_boxes_and_parts() -> None:
    found = synthetic()
    figure = exciting_figure(found)
    whole, grey, part, other, _, inner = images_of(figure)
    assert (whole == picture(found.pixels[0])).all()
    assert (part == picture(found.pixels[0][:, 0:3, 7:10])).all()
    assert (other == picture(found.pixels[1])).all()
    assert (inner == picture(found.pixels[1][:, 2:6, 3:7])).all()
    assert (grey == 214).all()
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_a_part_that_is_cut_off_lies_where_it_lay_in_the_field() -> None:
    """3×3 of a field of 4×4, cut at the top and at the right: grey above and to the right."""
    images = exciting_figure(synthetic()).axes[0].images
    (left, right, bottom, top), (a, b, c, d) = images[1].get_extent(), images[2].get_extent()
    pixel = (right - left) / 4
    assert (a, b) == pytest.approx((left, right - pixel))
    assert (d, c) == pytest.approx((top + pixel, bottom))


def test_a_kernel_stands_beside_the_parts_that_it_sees() -> None:
    found = exciting(example(), "conv1", "0-2", 3)
    kernels = image_kernels(example(), "conv1")
    assert kernels is not None
    figure = exciting_figure(found, kernels=kernels)
    images = images_of(figure)
    assert len(images) == 3 * (1 + 3 * 3)
    limit = limit_of(kernels.weights[:3])
    assert (images[0] == coloured(kernels.weights[0, 0], limit)).all()
    assert len(figure.axes) == 2  # the sheet, and the scale of the kernels
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


@pytest.mark.parametrize("layer", ["conv2", "fc"])
def test_made_images_stand_before_the_real_ones(layer: str) -> None:
    made = visualise(example(), layer, "0-2", steps=2, count=3)
    figure = visualisation_figure(made)
    images = images_of(figure)
    step = 4 * (3 if layer == "conv2" else 1)  # image, grey, part; of fc the image alone
    assert len(images) == 3 * step
    for number, image in enumerate(made.images):
        assert (images[number * step] == picture(image.pixels)).all()
    said = written(figure)
    assert said.count("made") == 3
    assert "What " + layer + " of example looks for" in said
    assert ("Each unit sees more than half" in " ".join(said)) == (layer == "fc")
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_pages() -> None:
    found = synthetic(channels=20)
    assert len([text for text in written(exciting_figure(found)) if "channel " in text]) == ROWS
    said = written(exciting_figure(found, [3, 18]))
    assert [text for text in said if text.startswith("channel ")] == ["channel 3", "channel 18"]
    assert any("channels 3, 18 of 20" in text for text in said)


@pytest.mark.parametrize("sides", [(40, 10), (10, 40), (3, 3)])
def test_other_shapes(sides: tuple[int, int]) -> None:
    figure = exciting_figure(synthetic(sides, box=None))
    assert len(images_of(figure)) == 2
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_a_silent_channel_says_so() -> None:
    found = replace(synthetic(), channels=(ChannelExcitement(1, "", (), 0.0, 0.0),), pixels={})
    figure = exciting_figure(found)
    assert "no image stands out" in written(figure)
    assert images_of(figure) == []
