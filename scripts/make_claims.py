"""Writes the results of all claims: ``python scripts/make_claims.py [FOLDER]``.

FOLDER is where ``convscope claims --all --folder FOLDER`` has measured them (by default
``claims`` in the folder of runs); what is missing there is measured now, at full size.  From
the outcomes follow ``src/convscope/claims/files/results.json``, the table in docs/claims.md
and its figures, and three lines of it in README.md.  ``--page`` only writes pages and figures
anew, from what is stored; scripts/make_lesson.py then writes the lesson that shows them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from convscope.claims.claim import Outcome
from convscope.claims.table import claims_record, measure_claims, stored
from convscope.report.chart_figure import chart_figure
from convscope.report.claims_view import conditions_text
from convscope.report.plotting import svg_text
from convscope.training.runs import runs_folder

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "src" / "convscope" / "claims" / "files" / "results.json"
PAGE = ROOT / "docs" / "claims.md"
README = ROOT / "README.md"
IMAGES = ROOT / "docs" / "images"
BEGIN, END = "<!-- begin: scripts/make_claims.py -->", "<!-- end: scripts/make_claims.py -->"
_DIGITS = 6
_IN_README = ("work-of-convolutions", "relu-race", "batchnorm")
"""Three of very different kinds: counted, raced, and tried on a grid."""
_NOTHING = "Nothing has been measured in full and stored yet.\n"


def rounded(value: object) -> object:
    """Numbers with as many digits as anybody reads."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def results(outcomes: Sequence[Outcome]) -> str:
    """The text of results.json."""
    return json.dumps(rounded(claims_record(outcomes)), ensure_ascii=False, indent=1) + "\n"


def figures(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """File name → SVG."""
    return {
        f"{_figure_name(outcome, number)}.svg": svg_text(chart_figure(chart))
        for outcome in outcomes
        for number, chart in enumerate(outcome.charts, 1)
    }


def page(text: str, outcomes: Sequence[Outcome]) -> str:
    """The page with its generated part made anew."""
    return _between(text, _section(outcomes))


def readme(text: str, outcomes: Sequence[Outcome]) -> str:
    """README.md with three lines of the table, or with a word on why they are not there."""
    by_name = {outcome.name: outcome for outcome in outcomes}
    chosen = [by_name[name] for name in _IN_README if name in by_name]
    lines = ["| the article says | what we measured | verdict |", "|---|---|---|"]
    lines += [
        f"| {_cell(each.says)} | {_cell(each.measured)} | {_verdict(each)} |" for each in chosen
    ]
    return _between(text, "\n".join(lines) + "\n" if chosen else _NOTHING)


def _between(text: str, made: str) -> str:
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{made}\n{END}{after}"


def _section(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return _NOTHING
    lines = ["| the article says | what we measured | verdict | under |", "|---|---|---|---|"]
    lines += [
        f"| **{each.title}**: {_cell(each.says)} | {_cell(each.measured)} | "
        f"{_verdict(each)} | {_cell(conditions_text(each))} |"
        for each in outcomes
    ]
    threads = ", ".join(sorted({str(each.conditions["processor"]) for each in outcomes}))
    lines += ["", f"Measured on: {threads}.", ""]
    for each in outcomes:
        lines += [f"### {each.title}", ""]
        lines += [f"`convscope claims {each.name}`. The rule: {each.rule}.", ""]
        lines += [f"Source: {each.source}.", ""]
        lines += [
            f"![{chart.title}](images/{_figure_name(each, number)}.svg)\n"
            for number, chart in enumerate(each.charts, 1)
        ]
    return "\n".join(lines).rstrip() + "\n"


def _verdict(outcome: Outcome) -> str:
    joint = " " if outcome.verdict.word == "holds when" else ": "
    return f"**{outcome.verdict.word}**{joint}{_cell(outcome.verdict.because)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _figure_name(outcome: Outcome, number: int) -> str:
    return f"claim-{outcome.name}" + (f"-{number}" if number > 1 else "")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(f"{path}: {len(text.encode()) / 1000:.1f} kB\n")


def main(words: Sequence[str]) -> None:
    """Measures where it must, and writes."""
    if "--page" not in words:
        folder = Path(words[0]) if words else runs_folder() / "claims"
        write(RESULTS, results(tuple(measure_claims(folder=folder))))
    outcomes = stored()
    write(PAGE, page(PAGE.read_text(encoding="utf-8"), outcomes))
    write(README, readme(README.read_text(encoding="utf-8"), outcomes))
    for name, text in figures(outcomes).items():
        write(IMAGES / name, text)


if __name__ == "__main__":
    main(sys.argv[1:])
