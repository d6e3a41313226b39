"""What a detector found, and how good it is, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import count_of
from convscope.report.view import Say, View, labelled, table_lines

if TYPE_CHECKING:
    from convscope.applications.detection.evaluation import DetectionEvaluation
    from convscope.applications.detection.prediction import DetectionPrediction

__all__ = ["DetectionEvaluationView", "DetectionsView"]

_WIDEST = 110


@dataclass(frozen=True)
class DetectionsView(View):
    """Each picture with its objects, the surest first: class, score, box."""

    predictions: Sequence[DetectionPrediction]

    def lines(self, width: int, say: Say) -> list[Line]:
        lines: list[Line] = []
        for prediction in self.predictions:
            lines += [[]] if lines else []
            lines.append([(say(prediction.source), "bold"), (f"  {say(prediction.words)}", "dim")])
            if prediction.objects:
                rows = [["", "score", "left", "top", "right", "bottom"]]
                rows += [
                    [each.name, f"{each.score:.3f}", *(f"{edge:.1f}" for edge in each.box)]
                    for each in prediction.objects
                ]
                lines += table_lines(rows, say)
        return lines


@dataclass(frozen=True)
class DetectionEvaluationView(View):
    """Average precision class by class, then the means and what they cost."""

    evaluation: DetectionEvaluation

    def lines(self, width: int, say: Say) -> list[Line]:
        found = self.evaluation
        precision, narrow = found.precision, min(width, _WIDEST)
        rows = [["class", "objects", "AP@0.5", "AP@[.5:.95]", "recall"]]
        for each in precision.per_class:
            values = (each.at_half, each.average_precision, each.recall)
            rows.append([each.name, f"{each.objects:,}", *map(_number, values)])
        mean = (precision.at(0.5), precision.mean, precision.average_recall())
        rows.append(["mean", f"{sum(precision.objects):,}", *map(_number, mean)])
        lines = table_lines(rows, say)
        lines.append([])
        for label, text in self._notes():
            lines += labelled(label, text, narrow, 12)
        return [[(say(text), style) for text, style in line] for line in lines]

    def _notes(self) -> list[tuple[str, str]]:
        found = self.evaluation
        notes = [
            (
                "measured",
                f"{found.method}, on {found.precision.images:,} {found.split} images of "
                f"{found.data}; AP as COCO counts it, recall of at most 100 detections an image",
            )
        ]
        parts = ", ".join(f"{name} {_time(spent)}" for name, spent in found.seconds.items())
        threads = count_of(found.threads, "thread")
        notes.append(
            (
                "time",
                f"{_time(sum(found.seconds.values()))} an image: {parts}; {threads}",
            )
        )
        if found.proposals is not None:
            notes.append(
                (
                    "proposals",
                    f"{found.proposals['method']}, {found.proposals['boxes_an_image']:.0f} an "
                    f"image, {str(found.proposals['fingerprint'])[:12]}",
                )
            )
        return notes


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
