"""What a detector found, as text and as pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convscope.applications.detection.detections import Detections
from convscope.applications.detection.evaluation import DetectionEvaluation
from convscope.applications.detection.precision import average_precision
from convscope.applications.detection.prediction import DetectionPrediction
from convscope.applications.pictures import Picture
from convscope.data.annotated import Objects
from convscope.report import notebook
from convscope.report.boxes_figure import boxes_figure
from convscope.report.detections_view import DetectionEvaluationView, DetectionsView
from convscope.report.looks import LOOKS
from convscope.report.plotting import save_figure, svg_text
from convscope.report.view import shown_text

CLASSES = tuple(f"thing {k}" for k in range(13))


def prediction(
    source: str = "street.png", labels: tuple[int, ...] = (3, 3, 12), least: float = 0.5
) -> DetectionPrediction:
    boxes = np.array([[4 * k, 5, 4 * k + 20, 30 + k] for k in range(len(labels))], np.float32)
    scores = np.linspace(0.95, 0.6, len(labels)).astype(np.float32)
    pixels = np.full((1, 40, 60), 90, np.uint8)
    found = Detections(boxes.reshape(-1, 4), np.array(labels, np.int64), scores)
    return DetectionPrediction.of(Picture(source, pixels, (80, 120)), found, CLASSES, least)


def evaluation(*, stored: bool) -> DetectionEvaluation:
    found = prediction().detections
    truth = Objects(found.boxes[:2], np.array([3, 12]), np.zeros(2, bool))
    return DetectionEvaluation(
        run="mine",
        method="fast",
        data="streets",
        split="test",
        precision=average_precision([found], [truth], CLASSES),
        seconds={"proposals": 1.25, "features": 0.004, "heads": 0.002},
        threads=1,
        processor="a processor",
        proposals={"method": "selective search", "boxes_an_image": 99.6, "fingerprint": "ab" * 32}
        if stored
        else None,
        found=(found,),
        names=("000000397133",),
    )


def test_each_picture_is_listed_with_its_objects_in_its_own_pixels() -> None:
    text = shown_text(DetectionsView([prediction(), prediction("empty.png", ())]))
    assert text == (
        "street.png  2 thing 3, 1 thing 12\n"
        "          score  left   top  right  bottom\n"
        "thing 3   0.950   0.0  10.0   40.0    60.0\n"
        "thing 3   0.775   8.0  10.0   48.0    62.0\n"
        "thing 12  0.600  16.0  10.0   56.0    64.0\n"
        "\n"
        "empty.png  nothing\n"
    )


def test_precision_is_told_class_by_class_with_what_it_costs() -> None:
    text = shown_text(DetectionEvaluationView(evaluation(stored=True)), width=110)
    lines = text.splitlines()
    assert lines[0].split() == ["class", "objects", "AP@0.5", "AP@[.5:.95]", "recall"]
    assert lines[4].split() == ["thing", "3", "1", "1.000", "1.000", "1.000"]
    assert lines[1].split() == ["thing", "0", "0", "–", "–", "–"]
    assert lines[14].split()[:2] == ["mean", "2"]
    assert "1.26 s an image: proposals 1.25 s, features 4.0 ms, heads 2.0 ms; 1 thread" in text
    assert "selective search, 100 an image, abababababab" in text
    assert "selective search" not in shown_text(DetectionEvaluationView(evaluation(stored=False)))


def test_an_evaluation_gives_its_boxes_for_other_programs() -> None:
    entries = evaluation(stored=False).results()
    assert entries[0] == {
        "image_id": 397133,
        "category_id": 4,
        "bbox": [0.0, 5.0, 20.0, 25.0],
        "score": pytest.approx(0.95),
    }
    assert len(entries) == 3


def test_a_figure_shows_every_box_with_its_class_and_what_is_true(tmp_path: Path) -> None:
    truth = Objects(np.array([[1, 1, 9, 9]], np.float32), np.zeros(1, np.int64), np.ones(1, bool))
    figure = boxes_figure([prediction(), prediction("b", (0,))], [truth, truth])
    svg = svg_text(figure)
    assert "thing 12 0.60" in svg and "2 thing 3, 1 thing 12" in svg and "thin white lines" in svg
    # a white line and a coloured one for every box, one for what is true
    assert [len(axes.patches) for axes in figure.axes] == [7, 3]
    left = figure.axes[0].patches[1].get_bbox()
    assert (left.x0, left.y0, left.x1, left.y1) == (-0.5, 4.5, 19.5, 29.5)
    assert all(path.stat().st_size > 1000 for path in save_figure(figure, tmp_path, "boxes"))


def test_many_boxes_stand_without_names() -> None:
    many = prediction(labels=(1,) * 20)
    svg = svg_text(boxes_figure([many]))
    assert "20 thing 1" in svg and "thing 1 0.9" not in svg and "thin white" not in svg


@pytest.mark.parametrize("kind", ["DetectionPrediction", "DetectionEvaluation"])
def test_in_a_notebook_a_result_draws_itself_escaped(kind: str) -> None:
    hostile = "<script>alert(1)</script>"
    result = prediction(hostile) if kind == "DetectionPrediction" else evaluation(stored=True)
    module = type(result).__module__.removeprefix("convscope.")
    markup = notebook.look_html(LOOKS[module, kind], result)
    assert "<script" not in markup
    assert ("<svg" in markup) == (kind == "DetectionPrediction")
    assert repr(result).startswith(f"<{kind}") and "\n" not in repr(result)
