"""Detectors side by side, as text and as figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convscope.applications.detection.comparing import comparison_of
from convscope.applications.detection.detections import Detections
from convscope.applications.detection.relations import DetectionComparison
from convscope.data.annotated import Objects
from convscope.experiments.table import Row, Table
from convscope.report import notebook
from convscope.report.detection_figure import comparison_figure, methods_figure
from convscope.report.detection_view import METHOD_NAMES, DetectionComparisonView
from convscope.report.looks import LOOKS
from convscope.report.plotting import png_bytes
from convscope.report.view import shown_text

from .test_document import read


def comparison(
    seeds: int = 3, *, baseline: bool = True, quick: bool = False
) -> DetectionComparison:
    shared: dict[str, Any] = {"data": "scenes", "split": "test", "quick": quick}

    def row(method: str, seed: int | None, at_half: float, seconds: tuple[float, ...]) -> Row:
        reads = method in ("rcnn", "fast")
        values = {
            "images": 500,
            "at_half": at_half,
            "mean": at_half - 0.2,
            "recall": 0.96,
            "boxes": 171.0,
            "seconds": dict(zip(("proposals", "features", "heads"), seconds, strict=True)),
            "training_seconds": None if method == "baseline" else 125.0,
            "proposals": "0123456789abcdef" if reads else None,
            "work": 8.2 if method == "rcnn" else None,
        }
        return Row({"method": method, "seed": seed, **shared}, values, 1.0)

    rows = [row("baseline", None, 0.25, (0.001, 0, 0.001))] if baseline else []
    for seed in range(seeds):
        shift = 0.002 * seed
        rows += [
            row("rcnn", seed, 0.6 + shift, (0.02, 0.0164, 0.002)),
            row("fast", seed, 0.66 - shift, (0.02, 0.002, 0.003)),
            row("faster", seed, 0.655 + 3 * shift, (0.001, 0.0015, 0.002 + shift / 10)),
        ]
    conditions = {"threads": 2, "processor": "a processor"}
    return comparison_of(Table("detection", tuple(rows), conditions), [each.cell for each in rows])


def test_the_table_has_a_row_a_method_and_every_number() -> None:
    text = shown_text(DetectionComparisonView(comparison()), width=100)
    lines = text.splitlines()
    assert lines[0].split() == ["mAP@0.5", "mAP@[.5:.95]", "recall", "of", "proposals", "proposals"]
    assert lines[2].split() == [
        "R-CNN", "0.602", "±", "0.002", "0.402", "±", "0.002", "0.960", "±", "0.000", "171",
    ]  # fmt: skip
    assert "threshold           1.0       0.0    1.0   2.0                 –" in text
    assert "R-CNN              20.0      16.4    2.0  38.4 ± 0.0  2 min 05 s" in text
    assert max(map(len, lines)) <= 100


def test_what_was_read_and_worked_is_said() -> None:
    text = shown_text(DetectionComparisonView(comparison()), width=100)
    text = " ".join(text.split())
    assert "on 500 test images of scenes; 3 seeds, mean ± standard deviation; float32, 2 th" in text
    assert "R-CNN and Fast R-CNN read the same stored ones of selective search" in text
    assert "fingerprint 0123456789ab work" in text
    assert "N·S²/(H·W) = 8.2 times" in text
    assert "measured, 8.2 ± 0.0 times" in text


def test_expectations_that_did_not_appear_are_said_to() -> None:
    text = shown_text(DetectionComparisonView(comparison()), width=100)
    told = text[text.index("What the papers") :].splitlines()
    verdicts = [line for line in told if line in ("reproduced", "not reproduced")]
    assert len(verdicts) == 7
    place = next(
        n for n, line in enumerate(told) if "Faster R-CNN is more precise than Fast" in line
    )
    assert told[place - 1] == "not reproduced"
    assert "+0.003 (" in " ".join(told[place : place + 2])


def test_one_seed_has_no_spread_and_no_interval() -> None:
    text = shown_text(DetectionComparisonView(comparison(1, baseline=False)), width=100)
    assert "±" not in text.replace("mean ± standard deviation", "")
    assert "(−" not in text
    assert "inf" not in text
    assert "threshold" not in text.split("What the papers")[0]


def test_a_first_look_is_no_result() -> None:
    text = shown_text(DetectionComparisonView(comparison(quick=True)))
    assert "a shorter training, for a first look: no result" in text


def test_plain_terminals_get_plain_signs() -> None:
    text = shown_text(DetectionComparisonView(comparison()), encoding="ascii")
    assert text.isascii()


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_figure_shows_every_method(seeds: int) -> None:
    figure = comparison_figure(comparison(seeds))
    precision, seconds = figure.axes
    names = [label.get_text() for label in precision.get_yticklabels()]
    assert names == list(METHOD_NAMES.values())
    assert len(seconds.patches) == 3 * 4
    ends = sorted({round(bar.get_x() + bar.get_width(), 4) for bar in seconds.patches})
    assert ends[-1] == pytest.approx(38.4)
    handles = precision.get_legend().get_texts()
    assert [each.get_text() for each in handles] == [
        "mAP@0.5",
        "mAP@[.5:.95]",
        "recall of proposals",
    ]
    assert png_bytes(figure, 50).startswith(b"\x89PNG")


def test_pictures_stand_side_by_side_with_what_is_there() -> None:
    images = [np.full((1, 40, 40), 90, np.uint8)] * 2
    box = np.array([[5, 6, 25, 36]], np.float32)
    truth = [Objects(box, np.array([1]), np.array([number == 1])) for number in range(2)]
    found = [Detections(box + 2, np.array([0]), np.array([0.9], np.float32))] * 2
    figure = methods_figure(images, truth, [("R-CNN", found), ("Fast", found)], ("bag", "coat"))
    assert len(figure.axes) == 6
    assert [text.get_text() for text in figure.texts] == ["what is there", "R-CNN", "Fast"]
    first = figure.axes[0].patches[0]
    # A box's edge is that of its pixel, whose middle is at its number.
    assert (first.get_x(), first.get_y(), first.get_width(), first.get_height()) == (
        4.5,
        5.5,
        20,
        30,
    )
    assert figure.axes[1].patches[0].get_linestyle() == ":"
    assert png_bytes(figure, 50).startswith(b"\x89PNG")


def test_a_notebook_shows_the_figure_with_its_words() -> None:
    found = comparison()
    key = ("applications.detection.relations", type(found).__name__)
    assert type(found).__module__ == f"convscope.{key[0]}"
    names = [name for name, _ in read(notebook.look_html(LOOKS[key], found)).tags]
    assert "svg" in names
    assert "details" in names
