"""An Evaluation and a Prediction for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.confusion_grid import grid_lines
from convscope.report.lines import Line, bar
from convscope.report.numbers import aligned, percent, plain_percent, thousands
from convscope.report.view import Say, View, labelled, widths_of

if TYPE_CHECKING:
    from convscope.training.evaluate import Evaluation
    from convscope.training.predict import Prediction

__all__ = ["EvaluationView", "PredictionView", "result_sentence"]

_BLUE, _ORANGE = "#0072B2", "#D55E00"
_WIDEST = 100
_GAP = "  "
_CONFUSION = "confusion: true classes in rows, answers in columns"


def result_sentence(evaluation: Evaluation) -> str:
    """``90.36 % of the 10,000 test images of fashion-mnist are right (95 % interval …)``"""
    low, high = (plain_percent(bound, 2) for bound in evaluation.interval)
    return (
        f"{percent(evaluation.accuracy, 2)} of the {thousands(evaluation.count)} "
        f"{evaluation.split} images of {evaluation.data} are right "
        f"(95 % interval {low} to {high} %)"
    )


@dataclass(frozen=True)
class EvaluationView(View):
    """What ``rich.print`` shows of an Evaluation; ``mistakes`` is how many of them."""

    evaluation: Evaluation
    mistakes: int = 10

    def lines(self, width: int, say: Say) -> list[Line]:
        evaluation, narrow = self.evaluation, min(width, _WIDEST)
        lines = _head(evaluation, narrow, say)
        parts = (
            ("classes", class_lines(evaluation, narrow, say)),
            (
                "confusion: true classes in rows, answers in columns",
                grid_lines(evaluation, width, say),
            ),
            ("calibration", _calibration(evaluation, narrow, say)),
            ("most confident mistakes", self._mistakes(say)),
        )
        for title, part in parts:
            lines += [[], [(say(title), "bold")], *part]
        return lines

    def _mistakes(self, say: Say) -> list[Line]:
        """``no. 68   Ankle boot   called Sneaker   99.3 %``"""
        evaluation = self.evaluation
        shown = evaluation.mistakes[: self.mistakes]
        if not shown:
            return [[("none: every answer is right", "")]]
        sure = aligned([say(percent(mistake.confidence, 2)) for mistake in shown])
        digits = max(len(str(mistake.index)) for mistake in shown)
        rows = [
            (
                f"no. {mistake.index:>{digits}}",
                say(evaluation.classes[mistake.true]),
                say(f"called {evaluation.classes[mistake.predicted]}"),
                f"{confidence} sure",
            )
            for mistake, confidence in zip(shown, sure, strict=True)
        ]
        widths = widths_of(rows)
        styles = ("dim", "", _ORANGE, "")
        return [
            [
                (f"{cell:<{width}}{_GAP}", style)
                for cell, width, style in zip(row, widths, styles, strict=True)
            ]
            for row in rows
        ]


def _head(evaluation: Evaluation, width: int, say: Say) -> list[Line]:
    conditions = evaluation.conditions
    computed = f"on {conditions.device} in {conditions.precision}"
    lines: list[Line] = [[(say(f"{percent(evaluation.accuracy, 2)} right"), "bold")]]
    low, high = (plain_percent(bound, 2) for bound in evaluation.interval)
    rows = [
        (
            "measured",
            f"{thousands(evaluation.correct)} of {thousands(evaluation.count)} "
            f"{evaluation.split} images of {evaluation.data}, {computed}",
        ),
        ("interval", f"{low} to {high} % (95 %, Wilson)"),
        ("calibration", f"error {percent(evaluation.calibration_error, 2)}"),
        ("run", evaluation.run),
    ]
    if evaluation.note:
        rows.append(("note", evaluation.note))
    for label, text in rows:
        lines += labelled(label, say(text), width)
    return lines


def class_lines(evaluation: Evaluation, width: int, say: Say) -> list[Line]:
    """Precision, recall and F1 in %, and a bar of F1; below them the plain means."""
    scores = evaluation.per_class
    count = len(scores)
    means = [
        sum(getattr(score, key) for score in scores) / count
        for key in ("precision", "recall", "f1")
    ]
    columns = [
        aligned([say(plain_percent(value)) for value in [*values, mean]])
        for values, mean in zip(
            (
                [score.precision for score in scores],
                [score.recall for score in scores],
                [score.f1 for score in scores],
            ),
            means,
            strict=True,
        )
    ]
    names = [*(say(score.name) for score in scores), "mean"]
    counts = [*(thousands(score.support) for score in scores), thousands(evaluation.count)]
    cells = [names, *columns, counts]
    titles = ["", "precision %", "recall %", "F1 %", "images"]
    widths = [max(len(t), *map(len, column)) for t, column in zip(titles, cells, strict=True)]
    free = width - sum(widths) - len(_GAP) * len(widths)
    bars = min(20, free) if free >= 6 else 0

    lines: list[Line] = [[(_cells(titles, widths), "dim")]]
    for place in range(len(names)):
        last = place == count
        if last:
            lines.append([(say("─" * (sum(widths) + len(_GAP) * (len(widths) - 1))), "dim")])
        row = _cells([column[place] for column in cells], widths)
        line: Line = [(row, "bold" if last else "")]
        if bars and not last:
            line.append((_GAP + say(bar(scores[place].f1, bars)), _BLUE))
        lines.append(line)
    return lines


def _cells(cells: list[str], widths: list[int]) -> str:
    """The first cell to the left, all others to the right."""
    first = f"{cells[0]:<{widths[0]}}"
    return _GAP.join(
        [first, *(f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True))]
    )


def _calibration(evaluation: Evaluation, width: int, say: Say) -> list[Line]:
    """Bin by bin: how sure the answers were on average, and how many were right."""
    filled = [part for part in evaluation.bins if part.count]
    told = (
        f"expected calibration error {percent(evaluation.calibration_error, 2)}: the mean distance "
        f"between how sure the answers are and how often they are right"
    )
    lines: list[Line] = [[(line, "")] for line in _wrapped(say(told), width)]
    columns = [
        [say(f"{100 * part.low:.0f}–{100 * part.high:.0f} %") for part in filled],
        [thousands(part.count) for part in filled],
        aligned([say(plain_percent(part.confidence)) for part in filled]),
        aligned([say(plain_percent(part.accuracy)) for part in filled]),
        aligned([say(_signed(part.accuracy - part.confidence)) for part in filled]),
    ]
    titles = ["confidence", "answers", "sure %", "right %", say("right − sure")]
    widths = [max(len(t), *map(len, column)) for t, column in zip(titles, columns, strict=True)]
    lines.append([(_cells(titles, widths), "dim")])
    for row in zip(*columns, strict=True):
        lines.append([(_cells(list(row), widths), "")])
    return lines


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, 40), break_long_words=False)


@dataclass(frozen=True)
class PredictionView(View):
    """What ``rich.print`` shows of a Prediction: the likeliest classes as bars.

    ``prepared`` says below them what was done to the picture.
    """

    prediction: Prediction
    prepared: bool = True

    def lines(self, width: int, say: Say) -> list[Line]:
        return list(self._lines(min(width, _WIDEST), say))

    def _lines(self, width: int, say: Say) -> Iterator[Line]:
        prediction = self.prediction
        yield [(say(prediction.source), "bold")]
        names = [say(name) for name, _ in prediction.top]
        shares = aligned([say(percent(value, 2)) for _, value in prediction.top])
        longest = max(map(len, names))
        bars = max(6, min(30, width - 2 - longest - 2 - len(shares[0]) - 2))
        for place, (name, share) in enumerate(zip(names, shares, strict=True)):
            first = place == 0
            yield [
                (f"  {name:<{longest}}{_GAP}{share}{_GAP}", "bold" if first else ""),
                (say(bar(prediction.top[place][1], bars)), _BLUE if first else "dim"),
            ]
        if self.prepared:
            yield from (
                [("  ", ""), *line]
                for line in labelled("prepared", say(prediction.preprocessing), width - 2, 10)
            )
