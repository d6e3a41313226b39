"""Masks for the terminal: what is where, how good the answers are, methods side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import count_of, duration, percent, plain_percent, thousands
from convscope.report.view import Say, View, labelled, table_lines

if TYPE_CHECKING:
    from convscope.applications.segmentation.answers import Segmentation
    from convscope.applications.segmentation.evaluation import SegmentationEvaluation
    from convscope.applications.segmentation.ladder import Rung, SegmentationComparison
    from convscope.applications.segmentation.scores import SegmentationScores
    from convscope.experiments.statistics import Estimate

__all__ = [
    "SegmentationComparisonView",
    "SegmentationEvaluationView",
    "SegmentationView",
    "SegmentationsView",
]

_WIDEST = 100
_MEANINGS = (
    ("IoU", "pixels that are the region in truth and answer, of those in either of the two"),
    ("boundary", "F-score of the boundary's pixels, those within 0.75 % of the diagonal"),
)


@dataclass(frozen=True)
class SegmentationsView(View):
    """Each picture, and the parts of it that its regions have."""

    segmentations: Sequence[Segmentation]

    def lines(self, width: int, say: Say) -> list[Line]:
        lines: list[Line] = []
        for found in self.segmentations:
            height, across = found.mask.shape
            lines += [[]] if lines else []
            lines.append([(say(found.source), "bold"), (say(f"  {height}×{across}"), "dim")])
            rows = [["region", "pixels", "%", "sure %"]]
            for name, part in found.parts.items():
                chosen = found.where(name)
                sure = float(found.sureness[chosen].mean())
                rows.append(
                    [name, thousands(int(chosen.sum())), plain_percent(part), plain_percent(sure)]
                )
            lines += table_lines(rows, say)
        return lines


@dataclass(frozen=True)
class SegmentationView(View):
    """One picture, and the parts of it that its regions have."""

    segmentation: Segmentation

    def lines(self, width: int, say: Say) -> list[Line]:
        return SegmentationsView([self.segmentation]).lines(width, say)


@dataclass(frozen=True)
class SegmentationEvaluationView(View):
    """The three scores, then region by region, and what the columns are."""

    evaluation: SegmentationEvaluation

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.evaluation, min(width, _WIDEST)
        scores = found.scores
        head = f"{percent(scores.mean_iou, 2)} mean IoU"
        lines: list[Line] = [[(say(head), "bold")]]
        each = f"{1000 * found.seconds / scores.images:.1f} ms an image, judging included"
        threads = count_of(found.conditions.threads, "thread")
        told = (
            ("pixels", f"{percent(scores.pixel_accuracy, 2)} of {thousands(scores.pixels)} right"),
            ("boundaries", f"{percent(scores.boundary_f, 2)} F-score"),
            (
                "measured",
                f"on {count_of(scores.images, f'{found.split} image')} of {found.data}, float32",
            ),
            ("", f"{each}, {threads}"),
            ("run", f"{found.run}, {found.method}"),
        )
        for label, text in told:
            lines += labelled(label, say(text), narrow)
        lines += [[], *_region_table(scores, say), []]
        for label, text in _MEANINGS:
            lines += labelled(say(label), say(text), narrow)
        return lines


def _region_table(scores: SegmentationScores, say: Say) -> list[Line]:
    rows = [["region", "IoU %", "boundary %", "pixels %"]]
    for region in scores.regions:
        part = region.pixels / scores.pixels if scores.pixels else 0.0
        shares = [_maybe(region.iou), _maybe(region.boundary), plain_percent(part)]
        rows.append([region.name, *shares])
    return table_lines(rows, say)


@dataclass(frozen=True)
class SegmentationComparisonView(View):
    """A row a rung, what it gained over the one before, then regions by rungs."""

    comparison: SegmentationComparison

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.comparison, min(width, _WIDEST)
        lines = table_lines(
            [
                ["", "mean IoU %", "gain, points", "pixels %", "boundary %", "trained in",
                 "ms an image", "parameters"],
                *(_rung_row(rung) for rung in found.rungs),
            ],
            say,
        )  # fmt: skip
        lines += [[], *_regions_by_rungs(found, say), []]
        for label, text in self._notes():
            lines += labelled(say(label), say(text), narrow)
        return lines

    def _notes(self) -> list[tuple[str, str]]:
        found = self.comparison
        seeds = count_of(len(found.seeds), "seed")
        threads = count_of(int(found.conditions["threads"]), "thread")
        notes = [
            (
                "measured",
                f"on {found.images:,} {found.split} images of {found.data}, trained on "
                f"{found.train:,}; {seeds}, mean ± standard deviation; {threads} of "
                f"{found.conditions['processor']}",
            ),
            (
                "gain",
                "in mean IoU over the rung before, paired by seed, with its 95 % interval; "
                "where that holds zero, nobody knows whether the rung helps",
            ),
            *_MEANINGS,
        ]
        if found.quick:
            notes.append(("quick", "a shorter training, for a first look: no result"))
        helpless = [r.name for r in found.rungs if r.gain is not None and not r.gain.low > 0]
        if helpless and len(found.seeds) > 1:
            notes.append(("unclear", f"not shown to help: {', '.join(helpless)}"))
        return notes


def _rung_row(rung: Rung) -> list[str]:
    return [
        rung.name,
        _spread(rung.scores["mean_iou"]),
        _gain(rung.gain),
        _spread(rung.scores["pixel_accuracy"]),
        _spread(rung.scores["boundary_f"]),
        duration(rung.seconds.mean),
        f"{1000 * rung.answering.mean:.1f}",
        thousands(rung.parameters),
    ]


def _regions_by_rungs(comparison: SegmentationComparison, say: Say) -> list[Line]:
    rows = [["IoU %", *(rung.name for rung in comparison.rungs)]]
    for number, name in enumerate(comparison.regions):
        ious = [rung.ious[number] for rung in comparison.rungs]
        rows.append([name, *("–" if iou is None else f"{100 * iou.mean:.1f}" for iou in ious)])
    return table_lines(rows, say)


def _spread(estimate: Estimate) -> str:
    """71.2 ± 0.4, in percent; of one seed nothing is known of its spread."""
    if estimate.count == 1:
        return f"{100 * estimate.mean:.1f}"
    return f"{100 * estimate.mean:.1f} ± {100 * estimate.deviation:.1f}"


def _gain(gain: Estimate | None) -> str:
    """+1.2 (0.4 to 2.0), in percentage points."""
    if gain is None:
        return "–"
    points = f"{100 * gain.mean:+.1f}"
    if gain.count > 1:
        points += f" ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    return points.replace("-", "−")


def _maybe(value: float | None) -> str:
    return "–" if value is None else plain_percent(value)
