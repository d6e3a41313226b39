"""Maps of attribution as text and as figures: the label stands in all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.inspection.attribution.attribution import (
    Attribution,
    Attributions,
    attribute,
    attribute_all,
)
from convscope.inspection.subject import Picture, subject_of
from convscope.report.attribution_figure import attribution_figure
from convscope.report.attribution_view import AttributionsView, AttributionView
from convscope.report.overlay import overlaid
from convscope.report.plotting import svg_text
from convscope.report.view import shown_text


def edges(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
    return np.hypot(*np.gradient(image[0, 0].numpy().astype(np.float64)))


@pytest.fixture(scope="module")
def bad() -> Attribution:
    return attribute(subject_of("example", data="fashion-mini"), 0, edges)


@pytest.fixture(scope="module")
def good() -> Attribution:
    return attribute(subject_of("example", data="fashion-mini"), 0, "integrated-gradients")


@pytest.fixture(scope="module")
def some() -> Attributions:
    return attribute_all("perceptron", 0, ["saliency", "grad-cam"])


def test_a_failed_map_is_labelled_in_text_record_and_figure(bad: Attribution) -> None:
    assert bad.failed
    text = shown_text(AttributionView(bad), width=100)
    assert "label        FAILED: randomisation" in text
    assert "stays alike: rank correlation 1.00" in text
    assert bad.as_dict()["label"] == bad.label
    assert bad.as_dict()["trust"]["verdict"] == "failed"
    assert f">{bad.label}<" in svg_text(attribution_figure(bad))


def test_a_good_one_too(good: Attribution) -> None:
    text = shown_text(AttributionView(good), width=100)
    assert "label        passed both checks" in text
    assert "which is the network's answer" in text
    assert "settings     baseline black, steps 32, sum " in text
    assert ">passed both checks<" in svg_text(attribution_figure(good))


def test_several_have_a_line_each_and_what_is_missing_a_reason(
    good: Attribution, bad: Attribution
) -> None:
    found = Attributions((good, bad), {"grad-cam": "there is no convolution"})
    lines = shown_text(AttributionsView(found), width=100).splitlines()
    assert lines[3].split() == ["method", "random", "ρ", "deletion", "by", "chance", "label"]
    assert lines[4].startswith("integrated gradients  ")
    assert lines[4].endswith("passed both checks")
    assert lines[5].split()[:2] == ["edges", "+1.00"]
    assert "FAILED: randomisation" in lines[5]
    assert lines[-1] == "left out     grad-cam: there is no convolution"
    assert max(map(len, lines)) <= 100


def test_what_cannot_be_used_is_left_out_of_all(some: Attributions) -> None:
    text = " ".join(shown_text(AttributionsView(some), width=100).split())
    assert "left out grad-cam: perceptron has no convolution" in text
    assert "the network is untrained" in text


@pytest.mark.parametrize(
    ("state", "words"), [("zero", "0 everywhere"), ("not finite", "not finite"), ("flat", "flat")]
)
def test_a_map_that_shows_nothing_is_told_and_not_painted(
    good: Attribution, state: str, words: str
) -> None:
    values = {"zero": 0.0, "flat": 2.0, "not finite": np.nan}[state]
    empty = replace(
        good,
        state=state,  # type: ignore[arg-type]
        values=np.full((28, 28), values),
        explanation="relu1 gives 0 everywhere",
        trust=None,
    )
    figure = attribution_figure(empty)
    assert words in svg_text(figure)
    painted = np.asarray(figure.axes[1].get_images()[0].get_array())
    assert np.ptp(painted, axis=2).max() < 1e-9  # grey: nothing that looks like a finding
    text = shown_text(AttributionView(empty))
    assert "no map" in text
    assert "relu1 gives 0 everywhere" in text
    assert "not checked" in text


def test_several_share_a_figure_and_unchecked_ones_need_no_charts(good: Attribution) -> None:
    assert len(attribution_figure([good, good]).axes) == 2 * 5
    unchecked = replace(good, trust=None)
    figure = attribution_figure(unchecked)
    assert len(figure.axes) == 3  # image, map, its scale
    assert ">not checked<" in svg_text(figure)


def test_zero_is_the_middle_of_the_scale_and_shows_the_image() -> None:
    image = np.array([[[0, 255]]], np.uint8)
    painted = overlaid(image, np.zeros((1, 2)), 1.0, signed=True)
    assert painted[0, 1] == pytest.approx([1, 1, 1])  # white pixel, no attribution
    assert painted[0, 0].max() < painted[0, 1].min()  # the black one stays darker
    ends = overlaid(np.full((1, 1, 2), 255, np.uint8), np.array([[-1.0, 1.0]]), 1.0, signed=True)
    assert ends[0, 0, 2] > ends[0, 0, 0]  # blue below
    assert ends[0, 1, 0] > ends[0, 1, 2]  # orange above


def test_signs_that_cannot_be_shown_are_spelt(good: Attribution) -> None:
    text = shown_text(AttributionView(good), encoding="ascii")
    assert all(ord(sign) < 128 or sign.isalpha() for sign in text)


def test_the_legend_of_deletion_covers_no_curve(good: Attribution) -> None:
    figure = attribution_figure(good)
    figure.canvas.draw()
    [(axes, legend)] = [(each, each.get_legend()) for each in figure.axes if each.get_legend()]
    box = legend.get_window_extent()
    assert not box.overlaps(axes.get_window_extent())
    assert box.x1 <= figure.bbox.x1


def test_numbers_stand_on_their_points(some: Attributions) -> None:
    lines = shown_text(AttributionsView(some), width=100).splitlines()
    head = next(line for line in lines if line.startswith("method"))
    end = head.index("deletion") + len("deletion")
    rows = [line for line in lines if line.startswith(("saliency", "Grad-CAM"))]
    checked = [row for row in rows if row[end - 1].isdigit()]
    assert checked
    assert {row[end - 4] for row in checked} == {"."}


def test_a_picture_of_ones_own_says_what_was_done_to_it(good: Attribution) -> None:
    own = Picture("boot.png", good.image.pixels, None, "grey, inverted, padded", inverted=True)
    found = replace(good, image=own)
    assert "prepared     grey, inverted, padded" in shown_text(AttributionView(found), width=100)
    several = shown_text(AttributionsView(Attributions((found,), {})), width=100)
    assert "prepared     grey, inverted, padded" in several
    assert "boot.png, inverted" in svg_text(attribution_figure(found))
