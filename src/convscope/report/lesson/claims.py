"""The article's statements and what became of them when they were measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from convscope.claims.claim import Chart, Outcome
from convscope.claims.table import stored
from convscope.report.chart_figure import chart_figure
from convscope.report.claims_view import conditions_text
from convscope.report.document import missing
from convscope.report.html import Child, Html, raw, tag
from convscope.report.lesson.chapter import Chapter, chapter, paragraphs
from convscope.report.lesson.material import LessonMaterial
from convscope.report.plotting import svg_text
from convscope.report.training_section import terms

__all__ = ["claims_chapter"]

_TITLE = "The article, put to the test"
_CLASSES = {
    "holds": "passed",
    "holds when": "passed",
    "not reproduced here": "failed",
    "too little data to say": "undecided",
}
"""Verdict → how it looks."""
_TOLD = {
    "holds": ("holds", "hold"),
    "holds when": ("holds under a condition", "hold under a condition"),
    "not reproduced here": ("was not reproduced", "were not reproduced"),
    "too little data to say": ("is left open", "are left open"),
}
"""Verdict → what is said of one, and of several, in the order of telling."""


def claims_chapter(_: LessonMaterial) -> Chapter:
    """The verdicts that the package holds: they are of many networks, not of this one."""
    outcomes = stored()
    if not outcomes:
        reason = "The package holds no results yet. “convscope claims --all” measures them."
        return chapter("claims", _TITLE, missing("Nothing has been measured.", reason))
    return chapter(
        "claims",
        _TITLE,
        paragraphs(
            "What the article states of convolutional networks at large cannot be seen in any one "
            "of them, so that many were trained for what follows. Each statement was turned into a "
            "measurement, and into a rule that says which result means what; the rule was written "
            "before anything was measured. Whatever came out is the result.",
            f"{_sum(outcomes)} Intervals are of 95 %. What was measured, under which conditions "
            "and by which rule stands with each; with the command below it anybody can measure it "
            "again.",
        ),
        tag("div", [_claim(outcome) for outcome in outcomes], class_="claims"),
    )


def _sum(outcomes: Sequence[Outcome]) -> str:
    """“Of 15 statements 9 hold, 4 hold under a condition, 2 are left open.”"""
    counts = Counter[str](outcome.verdict.word for outcome in outcomes)
    parts = [
        f"{counts[word]} {one if counts[word] == 1 else several}"
        for word, (one, several) in _TOLD.items()
        if counts[word]
    ]
    all_of_them = f"{len(outcomes)} statement{'' if len(outcomes) == 1 else 's'}"
    return f"Of {all_of_them} {', '.join(parts)}."


def _claim(outcome: Outcome) -> Html:
    """A row of the table: the statement, what was measured, the verdict, and the figures."""
    return tag(
        "article",
        tag("h3", outcome.title),
        tag("div", _words(outcome), class_="claim-words"),
        tag("div", list(_figures(outcome)), class_="claim-figures"),
        class_="claim",
    )


def _words(outcome: Outcome) -> list[Child]:
    word = tag("b", outcome.verdict.word, class_=f"trust {_CLASSES[outcome.verdict.word]}")
    joint = " " if outcome.verdict.word == "holds when" else ": "
    name = outcome.title
    return [
        terms(
            [
                ("the article says", outcome.says),
                ("measured", outcome.measured),
                ("verdict", [word, f"{joint}{outcome.verdict.because}"]),
            ]
        ),
        tag(
            "details",
            tag(
                "summary",
                "rule, source and conditions",
                tag("span", f" of {name}", class_="unseen"),
            ),
            terms(
                [
                    ("rule", outcome.rule),
                    ("source", outcome.source),
                    ("under", conditions_text(outcome)),
                    ("again", tag("code", _command(outcome))),
                ]
            ),
        ),
    ]


def _command(outcome: Outcome) -> str:
    quick = " --quick" if outcome.conditions["quick"] else ""
    return f"convscope claims {outcome.name}{quick}"


def _figures(outcome: Outcome) -> Iterator[Html]:
    for number, chart in enumerate(outcome.charts):
        drawn = raw(_drawn(chart, f"claim-{outcome.name}-{number}"))
        yield tag("figure", drawn, role="img", aria_label=chart.title)


@lru_cache(maxsize=64)
def _drawn(chart: Chart, name: str) -> str:
    """Charts are the same in every lesson: several lessons draw them once."""
    return svg_text(chart_figure(chart), name=name, inline=True)
