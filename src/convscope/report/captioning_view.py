"""Captions for the terminal: what was said, how good it was, methods side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import count_of, duration, percent, plain_percent
from convscope.report.view import Say, View, labelled, table_lines

if TYPE_CHECKING:
    from convscope.applications.captioning.comparing import CaptionComparison, Compared
    from convscope.applications.captioning.evaluation import CaptionEvaluation
    from convscope.applications.captioning.scores import CaptionScores
    from convscope.applications.captioning.sentences import Caption
    from convscope.experiments.statistics import Estimate

__all__ = [
    "FACTS",
    "WORDS",
    "CaptionComparisonView",
    "CaptionEvaluationView",
    "CaptionView",
    "CaptionsView",
    "facts_words",
]

_WIDEST = 110

WORDS = {"bleu_1": "BLEU-1", "bleu_4": "BLEU-4", "rouge_l": "ROUGE-L", "cider": "CIDEr"}
"""Scores of words that a table has, and their heads."""

FACTS = {
    "objects": "objects %",
    "counts": "counts %",
    "relations": "relations %",
    "happenings": "what moves %",
    "directions": "where to %",
    "complete": "all right %",
}

_MEANINGS = {
    "objects": "classes that are there and named, of as many as are there (or named, if more)",
    "counts": "of those, the right number",
    "relations": "of captions with the right classes and a known relation, a true one is stated",
    "happenings": "of clips, those of which it is said what happens to what",
    "directions": "of clips with motion, those of which it is said where to",
    "complete": "captions right in all of this",
}


@dataclass(frozen=True)
class CaptionsView(View):
    """Each picture with its sentences, the likeliest first."""

    captions: Sequence[Caption]

    def lines(self, width: int, say: Say) -> list[Line]:
        lines: list[Line] = []
        for caption in self.captions:
            lines += [[]] if lines else []
            lines.append([(say(caption.source), "bold")])
            for number, each in enumerate(caption.sentences):
                share = f"  {percent(each.probability, 1):>8}  "
                found = labelled(share, say(each.text), min(width, _WIDEST), len(share))
                if number:
                    found = [[(text, "dim") for text, _ in line] for line in found]
                lines += found
        return lines


@dataclass(frozen=True)
class CaptionView(View):
    """One picture with its sentences."""

    caption: Caption

    def lines(self, width: int, say: Say) -> list[Line]:
        return CaptionsView([self.caption]).lines(width, say)


@dataclass(frozen=True)
class CaptionEvaluationView(View):
    """The captioner, the same on pairs held out, and the baselines; then what the columns are."""

    evaluation: CaptionEvaluation

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.evaluation, min(width, _WIDEST)
        rows: list[tuple[str, CaptionScores]] = [(found.method, found.scores)]
        if found.held_out is not None:
            rows.append(("pairs never shown", found.held_out))
        rows += list(found.baselines.items())
        values = [(name, _numbers(scores)) for name, scores in rows]
        columns = _columns([numbers for _, numbers in values])
        heads = {**WORDS, **FACTS}
        table = [["", *(heads[column] for column in columns)]]
        table += [
            [name, *(_shown(column, numbers.get(column)) for column in columns)]
            for name, numbers in values
        ]
        lines = table_lines(table, say)
        lines.append([])
        for text in self._notes(columns):
            lines += labelled(*text, narrow, 12)
        return [[(say(text), style) for text, style in line] for line in lines]

    def _notes(self, columns: Sequence[str]) -> list[tuple[str, str]]:
        found = self.evaluation
        of = f"{found.scores.count:,} {found.split} images of {found.data}"
        each = f"{1000 * found.seconds:.1f} ms an image"
        threads = count_of(found.conditions.threads, "thread")
        notes = [("measured", f"on {of}, beam {found.beam}, float32; {each} with {threads}")]
        if found.control:
            notes.append(("control", f"{found.control}: each is said of another image"))
        notes += [("", meaning) for meaning in facts_words(columns)]
        notes.append(("", "CIDEr is 0 to 10, and compares on the same images only"))
        return notes


@dataclass(frozen=True)
class CaptionComparisonView(View):
    """Methods and baselines, those that read images and those that read clips apart."""

    comparison: CaptionComparison

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.comparison, min(width, _WIDEST)
        lines: list[Line] = []
        shown: list[str] = []
        for reads in ("images", "clips"):
            rows = [row for row in found.rows if row.reads == reads]
            if rows:
                columns = _columns([row.measures for row in rows])
                shown += [column for column in columns if column not in shown]
                lines += [[]] if lines else []
                lines.append([(f"captions of {reads}", "bold")])
                lines += table_lines(_comparison_rows(rows, columns), say)
        lines.append([])
        for label, text in self._notes(shown):
            lines += labelled(label, text, narrow, 12)
        return [[(say(text), style) for text, style in line] for line in lines]

    def _notes(self, columns: Sequence[str]) -> list[tuple[str, str]]:
        found = self.comparison
        seeds = count_of(found.seeds, "seed")
        spread = "mean ± standard deviation over" if found.seeds > 1 else "of"
        quick = ", quick trainings" if found.quick else ""
        of = f"{found.count:,} test images of {found.data}"
        threads = count_of(int(found.conditions.get("threads", 0)), "thread")
        notes = [("measured", f"{spread} {seeds}, on {of}{quick}, {threads}")]
        return notes + [("", meaning) for meaning in facts_words(columns)]


def facts_words(columns: Sequence[str]) -> list[str]:
    """What the facts in a table are."""
    return [
        f"{FACTS[name].removesuffix(' %')}: {meaning}"
        for name, meaning in _MEANINGS.items()
        if name in columns
    ]


def _numbers(scores: CaptionScores) -> dict[str, float]:
    values = scores.as_dict()
    facts = values["facts"] or {}
    found = {name: values[name] for name in WORDS}
    return found | {name: share["value"] for name, share in facts.items()}


def _columns(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Those that any row has a value of."""
    return [name for name in (*WORDS, *FACTS) if any(name in row for row in rows)]


def _shown(column: str, value: float | None) -> str:
    if value is None:
        return "–"
    return plain_percent(value) if column in FACTS else f"{value:.3f}"


def _comparison_rows(rows: Sequence[Compared], columns: Sequence[str]) -> list[list[str]]:
    heads = {**WORDS, **FACTS}
    found = [["", *(heads[column] for column in columns), "trained in", "ms an image"]]
    for row in rows:
        name = f"{row.name}, pairs never shown" if row.kind == "held_out" else row.name
        cells = [_spread(column, row.measures.get(column)) for column in columns]
        training = duration(row.training.mean) if row.training else "–"
        each = f"{1000 * row.each.mean:.1f}" if row.each else "–"
        found.append([name, *cells, training, each])
    return found


def _spread(column: str, found: Estimate | None) -> str:
    """``87.2 ± 0.6``; the mean alone where nothing was repeated, or nothing differs."""
    if found is None:
        return "–"
    mean = _shown(column, found.mean)
    if found.count == 1 or not found.deviation:
        return mean
    spread = 100 * found.deviation if column in FACTS else found.deviation
    return f"{mean} ± {spread:.1f}" if column in FACTS else f"{mean} ± {spread:.3f}"
