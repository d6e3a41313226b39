"""Masks, scores and ladders as text."""

from __future__ import annotations

import math

import numpy as np
import pytest

from convscope.applications.segmentation.answers import Segmentation
from convscope.applications.segmentation.evaluation import SegmentationEvaluation
from convscope.applications.segmentation.ladder import Rung, SegmentationComparison
from convscope.applications.segmentation.scores import Tally
from convscope.experiments.statistics import Estimate, estimate
from convscope.report.segmentation_view import (
    SegmentationComparisonView,
    SegmentationEvaluationView,
    SegmentationsView,
)
from convscope.report.view import shown_text
from convscope.training.conditions import Conditions

CONDITIONS = Conditions("cpu", "float32", 2, "a processor", "Linux x86_64")
REGIONS = ("ground", "boat", "never there")


def segmentation(source: str = "lake.png") -> Segmentation:
    mask = np.zeros((20, 30), np.uint8)
    mask[5:10, 5:20] = 1
    picture = np.full((1, 20, 30), 90, np.uint8)
    return Segmentation(source, mask, REGIONS, np.full((20, 30), 0.75, np.float32), picture)


def comparison(*, seeds: int = 3, quick: bool = False) -> SegmentationComparison:
    def spread(mean: float) -> Estimate:
        return estimate([mean + 0.01 * k for k in range(-(seeds // 2), seeds - seeds // 2)])

    def rung(name: str, method: str, mean: float, gain: Estimate | None) -> Rung:
        scores = {key: spread(mean) for key in ("mean_iou", "pixel_accuracy", "boundary_f")}
        ious = (spread(0.9), spread(mean), None)
        seconds, answering = estimate([75.0] * seeds), estimate([0.0021] * seeds)
        return Rung(name, method, "stage", scores, ious, gain, seconds, answering, 91_234)

    rungs = (
        rung("fcn-stride8", "fcn-stride2", 0.55, None),
        rung("fcn-stride4", "fcn-stride2", 0.62, Estimate(0.07, 0.01, seeds, 0.05, 0.09)),
        rung("+ local", "dpn", 0.61, Estimate(-0.01, 0.02, seeds, -0.05, 0.03)),
    )
    return SegmentationComparison(
        "scenes", "test", 2000, 500, REGIONS, tuple(range(seeds)), rungs, quick,
        CONDITIONS.as_dict(),
    )  # fmt: skip


def test_a_picture_s_regions_with_their_parts() -> None:
    text = shown_text(SegmentationsView([segmentation(), segmentation("sea.png")]))
    assert text.startswith("lake.png  20×30\n")
    assert "ground     525  87.5    75.0\nboat        75  12.5    75.0\n" in text
    assert "\n\nsea.png" in text and "never there" not in text


def test_an_evaluation_region_by_region() -> None:
    found = segmentation()
    tally = Tally(REGIONS)
    tally.add(found.mask[None], np.roll(found.mask, 1, 1)[None])
    evaluation = SegmentationEvaluation(
        "mine", "dpn", "lakes", "test", tally.scores(), 0.5, CONDITIONS
    )
    text = shown_text(SegmentationEvaluationView(evaluation))
    boat = 70 / 80
    assert text.startswith(f"{100 * (boat + 520 / 530) / 2:.2f} % mean IoU\n")
    assert "98.33 % of 600 right" in text
    assert "on 1 test image of lakes, float32" in text
    assert "boat          87.5       100.0      12.5" in text
    assert "never there    –           –         0.0" in text


def test_a_ladder_says_what_is_not_shown_to_help() -> None:
    text = shown_text(SegmentationComparisonView(comparison()), width=120)
    assert "62.0 ± 1.0" in text and "+7.0 (+5.0 to +9.0)" in text
    assert "−1.0 (−5.0 to +3.0)" in text
    assert "unclear      not shown to help: + local" in text
    assert "never there          –            –        –" in text
    assert "91,234" in text and "1 min 15 s" in text and "2.1" in text
    assert "2 threads of a processor" in " ".join(text.split()) and "first look" not in text


def test_of_one_seed_no_spread_is_known() -> None:
    one = comparison(seeds=1, quick=True)
    text = shown_text(SegmentationComparisonView(one))
    assert "± " not in text and "not shown" not in text
    assert "a shorter training, for a first look: no result" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_terminals_without_our_signs(encoding: str) -> None:
    for view in (SegmentationsView([segmentation()]), SegmentationComparisonView(comparison())):
        shown_text(view, encoding=encoding).encode(encoding)


def test_numbers_of_a_single_seed_are_json() -> None:
    gains = [rung.gain for rung in comparison(seeds=1).rungs]
    assert gains[0] is None and not math.isnan(gains[1].mean)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("module", "result"),
    [("answers", segmentation()), ("ladder", comparison())],
    ids=["Segmentation", "SegmentationComparison"],
)
def test_results_show_themselves_in_a_notebook(module: str, result: object) -> None:
    from convscope.report.looks import LOOKS, figure_html, view_text

    look = LOOKS[f"applications.segmentation.{module}", type(result).__name__]
    assert "<svg" in str(figure_html(look, result))
    assert "boat" in view_text(look, result)
