"""Detectors side by side for the terminal: precision, seconds, and what the papers expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import count_of, duration
from convscope.report.view import Say, View, labelled, table_lines

if TYPE_CHECKING:
    from convscope.applications.detection.relations import (
        DetectionComparison,
        MethodResult,
        Relation,
    )
    from convscope.experiments.statistics import Estimate

__all__ = ["METHOD_NAMES", "PARTS", "DetectionComparisonView", "spread"]

_WIDEST = 100
_ORANGE = "#D55E00"
METHOD_NAMES = {
    "baseline": "threshold",
    "rcnn": "R-CNN",
    "fast": "Fast R-CNN",
    "faster": "Faster R-CNN",
}
"""As people call them."""
PARTS = ("proposals", "features", "heads")


@dataclass(frozen=True)
class DetectionComparisonView(View):
    """Precision, seconds, the work of convolutions, and what was expected of it all."""

    comparison: DetectionComparison

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.comparison, min(width, _WIDEST)
        head = ["", "mAP@0.5", "mAP@[.5:.95]", "recall of proposals", "proposals"]
        lines = table_lines([head, *(_quality(each) for each in found.results)], say)
        head = ["ms an image", *PARTS, "all", "trained in"]
        lines += [[], *table_lines([head, *(_times(each) for each in found.results)], say), []]
        for label, text in self._notes():
            lines += labelled(label, say(text), narrow)
        if found.relations:
            lines += [[], [(say("What the papers lead one to expect"), "bold")]]
        for relation in found.relations:
            style = _ORANGE if relation.verdict == "not reproduced" else ""
            text = f"{relation.says}: {_measured(relation)}"
            lines.append([(say(relation.verdict), style)])
            lines += [[("  ", ""), *line] for line in labelled("", say(text), narrow - 2, 0)]
        return lines

    def _notes(self) -> list[tuple[str, str]]:
        found = self.comparison
        threads = count_of(int(found.conditions["threads"]), "thread")
        notes = [
            (
                "measured",
                f"on {found.images:,} {found.split} images of {found.data}; "
                f"{count_of(len(found.seeds), 'seed')}, mean ± standard deviation; float32, "
                f"{threads} of {found.conditions['processor']}",
            )
        ]
        prints = {each.fingerprint for each in found.results if each.fingerprint}
        if prints:
            names = [METHOD_NAMES[each.method] for each in found.results if each.fingerprint]
            notes.append(
                (
                    "proposals",
                    f"{' and '.join(names)} read the same stored ones of selective search, "
                    f"fingerprint {', '.join(sorted(each[:12] for each in prints))}",
                )
            )
        if found.work is not None:
            text = f"R-CNN's convolutions are N·S²/(H·W) = {found.work:.1f} times Fast R-CNN's"
            if found.work_measured is not None:
                text += f"; their seconds, measured, {spread(found.work_measured, 1)} times"
            notes.append(("work", text))
        if found.quick:
            notes.append(("quick", "a shorter training, for a first look: no result"))
        return notes


def _quality(result: MethodResult) -> list[str]:
    return [
        METHOD_NAMES[result.method],
        spread(result.at_half, 3),
        spread(result.mean, 3),
        spread(result.recall, 3),
        f"{result.boxes.mean:.0f}",
    ]


def _times(result: MethodResult) -> list[str]:
    parts = [_milliseconds(result.seconds[part].mean) for part in PARTS]
    whole = result.seconds["all"]
    together = _milliseconds(whole.mean)
    if whole.count > 1:
        together += f" ± {_milliseconds(whole.deviation)}"
    trained = "–" if result.training is None else duration(result.training.mean)
    return [METHOD_NAMES[result.method], *parts, together, trained]


def _measured(relation: Relation) -> str:
    """12.3 times (11.0 to 13.7); +0.021 (−0.010 to +0.052): with its 95 % interval."""
    if relation.times is not None:
        mean, low, high = relation.times
        text = f"{mean:.1f} times"
        return f"{text} ({low:.1f} to {high:.1f})" if relation.measured.count > 1 else text
    found = relation.measured
    text = _signed(found.mean)
    return f"{text} ({_signed(found.low)} to {_signed(found.high)})" if found.count > 1 else text


def spread(found: Estimate, digits: int) -> str:
    """0.712 ± 0.004; of one value nothing is known of its spread."""
    text = f"{found.mean:.{digits}f}"
    return text if found.count == 1 else f"{text} ± {found.deviation:.{digits}f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"
