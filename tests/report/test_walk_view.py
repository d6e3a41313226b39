"""Text and figure of walks and gradients: complete, aligned, and nothing on top of another."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.inspection.fields.receptive import receptive_field
from convscope.inspection.maps.maps import activation_maps
from convscope.inspection.subject import subject_of
from convscope.inspection.walking.digits import bracketed, shown, summed
from convscope.inspection.walking.gradient import weight_gradient
from convscope.inspection.walking.sums import Weighted
from convscope.inspection.walking.walk import walk
from convscope.report.fields_view import FieldView
from convscope.report.gradient_figure import gradient_figure
from convscope.report.gradient_view import GradientView
from convscope.report.grids import beside, grid_lines, in_columns, value_texts
from convscope.report.maps_view import MapsView
from convscope.report.view import shown_text
from convscope.report.walk_figure import walk_figure
from convscope.report.walk_view import WalkView, field_words, span_words

from .test_figures import leaves_the_paper, words_meet


def test_values_in_words() -> None:
    assert [shown(v) for v in (0.0, 0.5, -12.0, 1.25e-5, 3e6)] == [
        "0",
        "0.5000",
        "−12.0000",
        "1.250e−05",
        "3.000e+06",
    ]
    assert bracketed(-0.5) == "(−0.5000)"
    assert summed([-1.5, 2.0, -0.25]) == "−1.5000 + 2.0000 − 0.2500"
    assert summed([]) == "0"
    assert shown(float("-inf")) == "−inf"


def test_values_of_a_grid_share_their_decimals() -> None:
    assert value_texts([1.0, -0.5, 0.0, 12.346]) == [" 1.00", "−0.50", " 0   ", "12.35"]
    assert value_texts([0.0, 0.0]) == ["0", "0"]
    assert value_texts([2e-9, 0.0]) == ["2.000e−09", "0        "]
    assert value_texts([123456.0]) == ["123456"]


def test_a_grid_names_rows_and_columns_and_marks_padding() -> None:
    inside = np.array([[False, True], [False, True]])
    lines = grid_lines("x", np.array([[0, 0.5], [0, -2.25]]), (3, 4), (-1, 0), inside)
    assert lines == ["x      −1       0", "3     pad   0.500", "4     pad  −2.250"]
    marked = grid_lines("x", np.ones((1, 2)), (0,), (0, 1), np.ones((1, 2), bool), (0, 1))
    assert marked == ["x      0       1 ", "0  1.000   1.000*"]


def test_blocks_stand_beside_one_another_as_far_as_they_fit() -> None:
    blocks = [["aaa", "a"], ["bb"], ["ccccc", "c", "cc"]]
    assert beside(blocks, 40) == ["aaa   bb   ccccc", "a          c", "           cc"]
    assert beside(blocks, 9) == ["aaa   bb", "a", "", "ccccc", "c", "cc"]
    assert in_columns(["aa", "bb", "cc"], 8) == ["aa   bb", "cc"]


def test_words_for_places() -> None:
    assert span_words((3, 4, 5), "row") == "rows 3 to 5"
    assert span_words((3, 5, 7), "row") == "rows 3, 5, 7"
    assert span_words((-1,), "column") == "column −1"
    assert field_words(None, "it sees padding alone") == "none: it sees padding alone"
    told = field_words(Box(0, 2, 3, 3), "")
    assert told == "rows 0 to 2, column 2 of the image: 3×1 pixels"


def test_every_stage_and_every_sum_of_a_channel_is_in_the_text() -> None:
    found = walk("example", "pool2", (4, 3, 2), image=1)
    text = shown_text(WalkView(found), width=100)
    assert text.startswith(f"pool2[4, 3, 2] of example = {shown(found.value)}\n")
    for stage in found.stages:
        assert f"\n{stage.layer}[" in text
        assert f"= {shown(stage.value)}" in text
    conv = found.stages[0]
    assert isinstance(conv, Weighted)
    for channel, number in enumerate(value_texts([float(each) for each in conv.sums])):
        assert re.search(rf"\b{channel}  {re.escape(number.rstrip())}", text)
    assert '… 375 more terms, of 15 channels: "--terms all" writes them out' in text
    assert max(map(len, text.splitlines())) <= 100


def test_all_terms_are_written_out_if_asked() -> None:
    found = walk("example", "conv2", (4, 3, 0), image=1)
    text = shown_text(WalkView(found, channels=None), width=100)
    assert "more terms" not in text
    numbers = re.findall(r"(?<![\w.])−?[0-9]+\.[0-9]+(?:e[−+][0-9]+)?|\bpad\b", text)
    conv = found.stages[0]
    assert isinstance(conv, Weighted)
    zeros = int((conv.patch == 0).sum() + (conv.products == 0).sum())
    assert len(numbers) + zeros >= 3 * conv.terms
    assert all(f"channel {channel}" in text for channel in conv.channels)
    assert text.count("pad") - 2 >= 2 * conv.padded * len(conv.channels) - 2


@pytest.mark.parametrize(
    ("subject", "layer", "at", "words"),
    [
        (
            "example",
            "fc",
            (9,),
            ["is         the score of Ankle boot", "of pool2: 1,568"],
        ),
        ("input 6x6x1 -> fc 12 -> tanh -> fc 3", "fc2", (1,), ["all 12 units of tanh1"]),
        ("input 6x6x1 -> fc 12 -> tanh -> fc 3", "fc2", (1,), ["… 2 more terms, together"]),
        ("nin", "globalpool", (1, 0, 0), ["more", "AdaptiveAvgPool2d: Σ x/"]),
        ("resnet20", "block4", (3, 4, 5), ["block4.batch2", "block4.shortcut.batch1"]),
        ("input 9x9x1 -> distancepool 3", None, None, ["w      ", "of the image"]),
        ("input 9x9x1 -> conv 2 3x3 -> dropout -> flatten", "flatten", None, ["dropout leaves"]),
    ],
)
def test_texts_of_other_layers(
    subject: str, layer: str | None, at: tuple[int, ...] | None, words: list[str]
) -> None:
    text = shown_text(WalkView(walk(subject, layer, at)), width=100)
    for each in words:
        assert each in text
    assert ("untrained" in text) == (subject != "example")
    assert max(map(len, text.splitlines())) <= 100


def test_in_ascii_too() -> None:
    view = WalkView(walk("example", "pool2", (4, 3, 2)))
    text = shown_text(view, width=100, encoding="ascii")
    text += shown_text(GradientView(weight_gradient("example")), width=100, encoding="ascii")
    assert text.encode("ascii")
    assert "(x - mean)/sqrt(variance + epsilon)*gamma + beta" in text
    assert "dL/dconv2.weight[" in text


@pytest.mark.parametrize(
    ("subject", "layer", "at", "through"),
    [
        ("example", "pool2", (4, 0, 2), None),
        ("example", "fc", (9,), "input"),
        ("resnet20", "block4", (3, 4, 0), None),
        ("nin", "globalpool", (1, 0, 0), None),
        ("input 6x6x1 -> fc 12 -> tanh -> fc 3", "fc2", (1,), None),
        ("input 9x9x3 -> maxpool 2", "pool1", (0, 1, 1), None),
        ("input 9x9x3 -> conv 2 1x7 pad 3 -> relu", "relu1", (0, 0, 1), None),
    ],
)
def test_figures_hold_their_words(
    subject: str, layer: str, at: tuple[int, ...], through: str | None
) -> None:
    found = walk(subject, layer, at, through=through)
    figure = walk_figure(found)
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []
    written = "".join(text.get_text() for text in figure.texts)
    for stage in found.stages:
        assert shown(stage.value) in written


def test_the_figure_draws_field_patch_and_sums() -> None:
    found = walk("example", "conv2", (4, 0, 3))
    conv = found.last
    assert isinstance(conv, Weighted)
    figure = walk_figure(found)
    image, *axes = figure.axes
    box = [each for each in image.patches if isinstance(each, Rectangle)][-1]
    assert found.field is not None
    assert (box.get_width(), box.get_height()) == (found.field.width, found.field.height)
    assert (box.get_x() + 0.5, box.get_y() + 0.5) == (found.field.left, found.field.top)
    largest = int(np.abs(conv.sums).argmax())
    drawn = [each.images[0] for each in axes if each.images]
    assert (drawn[0].get_array() == conv.patch[largest]).all()
    assert all(each.norm.vmin == -each.norm.vmax for each in drawn)
    hatched = [patch for patch in axes[0].patches if patch.get_hatch()]
    assert len(hatched) == conv.padded == 10
    bars = axes[-1].patches
    assert [bar.get_width() for bar in bars] == pytest.approx(conv.sums.tolist())


def test_the_text_of_a_gradient() -> None:
    subject = subject_of("example")
    found = weight_gradient(subject, "conv2", (1, 13, 4, 2), image=0, target=2)
    text = shown_text(GradientView(found), width=100)
    assert text.startswith(f"∂L/∂conv2.weight[1, 13, 4, 2] of example = {shown(found.value)}\n")
    assert "196 places, at 28 of which the weight lies on padding" in text
    assert "more places, together" in text
    step = "smaller" if found.value > 0 else "greater"
    assert text.endswith(f"the loss falls if this weight becomes {step}\n")
    whole = shown_text(GradientView(found, whole=True), width=100)
    assert "more places" not in whole
    assert whole.count("pad") == 2 * 28 + 2
    assert max(map(len, text.splitlines())) <= 100


def test_a_small_gradient_is_written_out_whole() -> None:
    found = weight_gradient("input 7x7x1 -> conv 2 3x3 -> sigmoid -> fc 3", "conv1", (0, 0, 1, 1))
    text = shown_text(GradientView(found), width=100)
    assert "  25 places\n" in text
    assert "∂L/∂y·x" in text
    assert "weights    untrained" in text


@pytest.mark.parametrize("notation", ["example", "input 9x30x1 -> conv 2 7x1 pad 3 -> fc 3"])
def test_the_figure_of_a_gradient(notation: str) -> None:
    found = weight_gradient(notation)
    figure = gradient_figure(found)
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []
    drawn = [each.images[0].get_array() for each in figure.axes if each.images]
    places = found.places[0]
    assert (drawn[0] == found.kernel).all()
    for array, true in zip(
        drawn[1:], (places.upstream, places.inputs, places.products), strict=True
    ):
        assert (array == true).all()


def test_a_layer_that_is_used_twice_shows_the_places_of_both_calls() -> None:
    from torch import nn

    twice = nn.Conv2d(1, 1, 3, padding=1)
    module = nn.Sequential(twice, nn.Tanh(), twice, nn.Flatten(), nn.Linear(784, 10))
    found = weight_gradient(subject_of(module, shape=Volume(28, 28, 1)), "0", (0, 0, 1, 2))
    text = shown_text(GradientView(found), width=100)
    assert "784 places of 0," in text
    assert "784 places of 0:2," in text
    sums = [float(places.products.sum()) for places in found.places]
    assert f"  = {summed(sums)}\n  = {shown(found.value)}\n" in text
    figure = gradient_figure(found)
    assert words_meet(figure) == []
    assert leaves_the_paper(figure) == []


def test_what_was_done_to_a_picture_of_ones_own_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)  # a long path would wrap
    Image.new("L", (40, 40), 255).save("white.png")
    subject = subject_of("example", data="fashion-mini")
    picture = subject.picture("white.png")
    assert picture.inverted
    views = [
        WalkView(walk(subject, "conv1", (0, 14, 14), image=picture)),
        GradientView(weight_gradient(subject, "conv1", image=picture)),
        MapsView(activation_maps(subject, "conv1", picture)),
        FieldView(receptive_field(subject, "conv1", image=picture)),
    ]
    for view in views:
        text = shown_text(view, width=100)
        assert "white.png, inverted" in text
        assert re.search(r"prepared +grey, inverted, scaled to fit", text)
    sample = shown_text(WalkView(walk(subject, "conv1", (0, 14, 14))), width=100)
    assert "prepared" not in sample
    assert "inverted" not in sample
