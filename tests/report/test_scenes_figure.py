"""Previews: everything that is known is drawn where it belongs."""

from __future__ import annotations

import pytest
from matplotlib.patches import Rectangle

from convscope.data.annotated import Split
from convscope.data.scenes import CLASSES, make_clips, make_scenes
from convscope.report.plotting import svg_text
from convscope.report.scenes_figure import clips_figure, scenes_figure


@pytest.fixture(scope="module")
def split() -> Split:
    return make_scenes(count=5, seed=2, difficulty="hard", source="fashion-mini")


def test_boxes_masks_and_sentences(split: Split) -> None:
    figure = scenes_figure(split, CLASSES, count=4)
    pictures = figure.axes[::2]
    assert len(figure.axes) == 8
    assert split.objects is not None and split.captions is not None
    for axes, objects in zip(pictures, split.objects, strict=False):
        drawn = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert [patch.get_xy() for patch in drawn] == [
            (box[0] - 0.5, box[1] - 0.5) for box in objects.boxes.tolist()
        ]
        assert [patch.get_linestyle() != "-" for patch in drawn] == objects.difficult.tolist()
        assert [text.get_text() for text in axes.texts] == [CLASSES[n] for n in objects.labels]
    text = svg_text(figure)
    assert "4 of 5 scenes" in text
    for captions in split.captions[:4]:
        assert captions[0].split(" ", 1)[0] in text


def test_what_is_not_known_is_not_drawn(split: Split) -> None:
    bare = Split(split.names, split.images)
    figure = scenes_figure(bare, CLASSES)
    assert len(figure.axes) == 5
    assert not any(axes.patches for axes in figure.axes)


def test_clips() -> None:
    clips = make_clips(count=3, seed=1, source="fashion-mini")
    figure = clips_figure(clips, count=2)
    assert len(figure.axes) == 16
    text = svg_text(figure)
    assert "2 of 3 clips" in text and "8 frames each" in text
    assert clips.captions is not None
    assert clips.captions[1][0] in text
