"""The drawing is to scale, and no words meet: measured with matplotlib's own type."""

from __future__ import annotations

from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest

from convscope.architecture import Architecture
from convscope.architecture.arithmetic import Explanation, explain
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.report.images import encoded
from convscope.report.network_drawing import draw_network
from convscope.report.network_figure import scene_figure
from convscope.report.network_layout import MARGIN, laid_out
from convscope.report.plotting import png_bytes
from convscope.report.scene import Picture, Polygon, Scene, width_of
from convscope.report.stages import stages_of

from ..architecture.random_architectures import random_architecture

LONG = "input 64x64x3 -> " + " -> ".join(f"conv {c} 3x3 pad 1 -> relu" for c in range(8, 58))


def explained(text: str) -> Explanation:
    return explain(find_architecture(text))


@pytest.mark.parametrize("name", [*ZOO, LONG])
@pytest.mark.parametrize("width", [324.0, 600.0, 960.0])
def test_volumes_are_to_scale(name: str, width: float) -> None:
    scale, rows, _ = laid_out(stages_of(explained(name)), width)
    for box in (box for row in rows for box in row.boxes):
        volume = box.stage.output
        if volume.flat:
            continue
        assert box.width == pytest.approx(max(volume.width * scale.pixel, 1.5))
        assert box.height == pytest.approx(max(volume.height * scale.pixel, 1.5))
        depth = (box.depth[0] ** 2 + box.depth[1] ** 2) ** 0.5
        assert depth == pytest.approx(max(volume.channels * scale.channel, 1.0))


@pytest.mark.parametrize("name", ["article", "resnet20", "vgg16", LONG])
@pytest.mark.parametrize("width", [600.0, 960.0])
def test_rows_fit_and_boxes_of_a_row_do_not_touch(name: str, width: float) -> None:
    _, rows, _ = laid_out(stages_of(explained(name)), width)
    for row in rows:
        assert row.boxes[0].x >= MARGIN
        for left, right in pairwise(row.boxes):
            assert left.right < right.x
        assert row.boxes[-1].right <= width


def text_boxes(scene: Scene) -> list[tuple[str, float, float, float, float]]:
    """What matplotlib says that the words cover, in units of the scene."""
    figure = scene_figure(scene)
    figure.canvas.draw()
    height = figure.get_figheight() * figure.dpi
    factor = 96 / figure.dpi
    found = []
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        found.append(
            (
                text.get_text(),
                box.x0 * factor,
                (height - box.y1) * factor,
                box.x1 * factor,
                (height - box.y0) * factor,
            )
        )
    return found


@pytest.mark.parametrize("name", ["article", "resnet20", "resnet56", "vgg16", "nin", LONG])
@pytest.mark.parametrize("width", [324.0, 960.0])
def test_no_words_meet_or_leave_the_drawing(name: str, width: float) -> None:
    scene = draw_network(explained(name), width)
    boxes = text_boxes(scene)
    assert boxes
    for text, x0, _, x1, y1 in boxes:
        assert x0 >= 0 and x1 <= scene.width + 1 and y1 <= scene.height + 1, text
    for one, other in combinations(boxes, 2):
        across = min(one[3], other[3]) - max(one[1], other[1])
        down = min(one[4], other[4]) - max(one[2], other[2])
        assert across <= 0.5 or down <= 4, (one[0], other[0])


def test_random_architectures_can_be_drawn() -> None:
    for seed in range(40):
        scene = draw_network(explain(random_architecture(Random(seed))), 600)
        for mark in scene.marks:
            points = getattr(mark, "points", None) or [(mark.x, mark.y)]  # type: ignore[union-attr]
            assert all(-1 <= x <= scene.width + 30 for x, _ in points)
            assert all(-1 <= y <= scene.height + 1 for _, y in points)


def test_the_window_is_as_large_as_the_kernel() -> None:
    explanation = explained("article")
    scale, _, _ = laid_out(stages_of(explanation), 960)
    windows = [
        mark
        for mark in draw_network(explanation, 960).marks
        if isinstance(mark, Polygon) and mark.fill == "warm-soft"
    ]
    sides = [window.points[1][0] - window.points[0][0] for window in windows[:4]]
    assert sides == pytest.approx([size * scale.pixel for size in (5, 2, 5, 2)])


def test_the_bars_are_shares_of_the_work() -> None:
    explanation = explained("article")
    bars = [
        mark.points[1][0] - mark.points[0][0]
        for mark in draw_network(explanation, 960).marks
        if isinstance(mark, Polygon) and mark.fill == "accent"
    ]
    conv1, conv2, fc, _ = bars
    work = [explanation[name].multiply_adds.value for name in ("conv1", "conv2", "fc")]
    assert conv1 / conv2 == pytest.approx(work[0] / work[1])
    assert 0 < fc < conv1


def test_a_vector_too_long_for_the_row_is_broken() -> None:
    scene = draw_network(explain(Architecture.parse("input 8x8x1 -> fc 4096 -> fc 10")))
    assert any(isinstance(mark, Polygon) and mark.fill == "paper" for mark in scene.marks)
    assert scene.height < 600


def test_an_image_stands_on_the_input_below_its_window() -> None:
    image = encoded(np.arange(28 * 28, dtype=np.uint8).reshape(1, 28, 28))
    explanation = explained("article")
    marks = draw_network(explanation, 960, image).marks
    pictures = [place for place, mark in enumerate(marks) if isinstance(mark, Picture)]
    assert len(pictures) == 1
    picture = marks[pictures[0]]
    assert isinstance(picture, Picture)
    box = laid_out(stages_of(explanation), 960)[1][0].boxes[0]
    assert (picture.x, picture.y, picture.width, picture.height) == (
        box.x, box.y, box.width, box.height,
    )  # fmt: skip
    window = next(k for k, m in enumerate(marks) if isinstance(m, Polygon) and m.opacity < 1)
    assert window > pictures[0]


def test_in_pixels_the_image_is_where_the_drawing_has_it() -> None:
    image = encoded(np.full((1, 8, 8), 255, np.uint8))
    dark = encoded(np.zeros((1, 8, 8), np.uint8))
    explanation = explain(Architecture.parse("input 8x8x1 -> fc 2"))
    light_axes, dark_axes = (
        scene_figure(draw_network(explanation, 400, each)).axes[0] for each in (image, dark)
    )
    box = laid_out(stages_of(explanation), 400)[1][0].boxes[0]
    for axes in (light_axes, dark_axes):
        left, right, bottom, top = axes.images[0].get_extent()
        assert (left, right) == pytest.approx((box.x, box.x + box.width))
        assert (top, bottom) == pytest.approx((box.y, box.y + box.height))
        assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_it_is_told_in_words_too() -> None:
    told = draw_network(explained("article")).description
    assert told == (
        "From left to right: input 28×28×1, conv1 28×28×16, pool1 14×14×16, conv2 14×14×32, "
        "pool2 7×7×32, fc 10."
    )


def test_words_are_measured_on_the_generous_side() -> None:
    figure = scene_figure(draw_network(explained("resnet20"), 960))
    figure.canvas.draw()
    for text in figure.axes[0].texts:
        bold = text.get_fontweight() == "bold"
        size = text.get_fontsize() * 96 / 72
        real = text.get_window_extent().width * 96 / figure.dpi
        assert real <= width_of(text.get_text(), size, bold=bold) + 1, text.get_text()


def test_it_can_be_had_in_pixels() -> None:
    content = png_bytes(scene_figure(draw_network(explained("article"))), 50)
    assert content.startswith(b"\x89PNG")
