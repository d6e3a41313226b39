"""Evaluations and predictions as text: complete, aligned, readable without colour."""

from __future__ import annotations

import re

import pytest

from convscope.report.numbers import percent, thousands
from convscope.report.terminal import EvaluationView, PredictionView, result_sentence
from convscope.report.view import shown_text
from convscope.training.predict import Prediction

from .samples import evaluation


def text_of(classes: int | tuple[str, ...] = 10, width: int = 80, **options: object) -> str:
    return shown_text(EvaluationView(evaluation(classes, 4000)), width=width, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("classes", [2, 10, 40])
def test_no_line_is_wider_than_the_terminal(classes: int, width: int) -> None:
    assert max(map(len, text_of(classes, width).splitlines())) <= width


def test_every_count_of_the_matrix_is_there() -> None:
    found = evaluation(10, 4000)
    rows = [
        line for line in text_of().splitlines() if re.match(r"class \d +\d( +(\d+|·)){10}$", line)
    ]
    assert len(rows) == 10
    for row, counts in zip(rows, found.confusion.tolist(), strict=True):
        cells = row.split()[3:]
        assert cells == ["·" if count == 0 else str(count) for count in counts]


def test_columns_of_the_matrix_stand_below_one_another() -> None:
    lines = text_of().splitlines()
    start = next(k for k, line in enumerate(lines) if line.split() == [str(i) for i in range(10)])
    ends = [match.end() for match in re.finditer(r"\d+", lines[start])]
    for line in lines[start + 1 : start + 11]:
        assert all(line[end - 1] != " " and (line + " ")[end] == " " for end in ends)


def test_a_matrix_too_wide_is_left_out_and_its_worst_pairs_are_told() -> None:
    text = text_of(40)
    assert "the grid of 40 classes needs 132 columns, there are 80" in text
    found = evaluation(40, 4000)
    wrong = found.confusion.copy()
    for place in range(40):
        wrong[place, place] = 0
    true, answer = divmod(int(wrong.argmax()), 40)
    line = text.split("most often confused\n")[1].splitlines()[0]
    assert re.match(rf"class {true} +called class {answer} +{wrong.max()} of ", line)
    assert re.search(r"^class 39 +39 +.* 84$", text_of(40, 200), re.MULTILINE)


def test_each_class_has_its_numbers() -> None:
    found = evaluation(10, 4000)
    for score in found.per_class:
        line = next(x for x in text_of().splitlines() if x.startswith(score.name + " "))
        values = [f"{100 * v:.1f}" for v in (score.precision, score.recall, score.f1)]
        assert line.split()[2:6] == [*values, thousands(score.support)]


def test_decimal_points_of_a_column_stand_below_one_another() -> None:
    for line_start in ("class 1 ", "class 9 "):
        first = next(x for x in text_of().splitlines() if x.startswith("class 0 "))
        other = next(x for x in text_of().splitlines() if x.startswith(line_start))
        points = [m.start() for m in re.finditer(r"\.\d", first)]
        assert points == [m.start() for m in re.finditer(r"\.\d", other)]


def test_calibration_tells_every_filled_bin() -> None:
    found = evaluation(10, 4000)
    part = text_of().split("\ncalibration\n")[1].split("\n\n")[0]
    for bin_ in (b for b in found.bins if b.count):
        gap = f"{100 * (bin_.accuracy - bin_.confidence):+.1f}".replace("-", "−")
        range_ = f"{100 * bin_.low:.0f}–{100 * bin_.high:.0f} %"
        line = rf"^ *{range_} +{thousands(bin_.count)} .*{re.escape(gap)}$"
        assert re.search(line, part, re.MULTILINE)


def test_mistakes_are_told_the_surest_first() -> None:
    found = evaluation(10, 4000)
    part = text_of().split("most confident mistakes\n")[1].splitlines()
    assert len(part) == 10
    first = found.mistakes[0]
    assert re.match(
        rf"no\. +{first.index} +class {first.true} +called class {first.predicted} +"
        rf"{percent(first.confidence, 2)} sure$",
        part[0],
    )


def test_a_network_without_mistakes_says_so() -> None:
    text = shown_text(EvaluationView(evaluation(3, right=1.0)))
    assert text.endswith("most confident mistakes\nnone: every answer is right\n")
    assert "100.00 % right" in text


def test_a_note_is_told() -> None:
    from dataclasses import replace

    text = shown_text(EvaluationView(replace(evaluation(), note="measured on other data")))
    assert re.search(r"^note +measured on other data$", text, re.MULTILINE)


def test_where_signs_cannot_be_shown_all_is_ascii() -> None:
    assert text_of(encoding="ascii").isascii()


def test_the_result_is_one_sentence() -> None:
    found = evaluation(4, 400)
    low, high = found.interval
    assert result_sentence(found) == (
        f"{100 * found.accuracy:.2f} % of the 400 test images of some-data are right "
        f"(95 % interval {100 * low:.2f} to {100 * high:.2f} %)"
    )


BOOT = Prediction(
    "boot.png",
    (("Ankle boot", 0.98765), ("Bag", 0.01234), ("Shirt", 0.00001)),
    "grey, scaled to fit inside 28×28 and padded with black, divided by 255, minus 0.2860",
    False,
)


def test_a_prediction_shows_its_classes_as_bars() -> None:
    lines = shown_text(PredictionView(BOOT)).splitlines()
    assert lines[0] == "boot.png"
    assert lines[1].startswith("  Ankle boot   98.77 %  █████")
    assert lines[2].startswith("  Bag           1.23 %  ")
    assert lines[3].startswith("  Shirt       < 0.01 %  ▏")
    assert lines[1].count("█") > 20 * lines[2].count("█")


def test_a_prediction_says_what_was_done_to_the_picture() -> None:
    text = " ".join(shown_text(PredictionView(BOOT)).split())
    assert f"prepared {BOOT.preprocessing}" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_prediction_fits(width: int) -> None:
    assert all(
        len(line) <= width for line in shown_text(PredictionView(BOOT), width=width).split("\n")
    )
