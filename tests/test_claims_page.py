"""The page on claims is what ``scripts/make_claims.py`` writes from what is stored."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from convscope.claims.table import CLAIMS, stored
from tests.claims.samples import sample_outcome

ROOT = Path(__file__).parents[1]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "make_claims.py"))
PAGE = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_page_is_what_is_stored() -> None:
    assert SCRIPT["page"](PAGE, stored()) == PAGE


def test_the_readme_shows_three_lines_of_it() -> None:
    assert SCRIPT["readme"](README, stored()) == README
    outcomes = [sample_outcome(name) for name in CLAIMS]
    text = SCRIPT["readme"](README, outcomes)
    part = text.split(SCRIPT["BEGIN"])[1].split(SCRIPT["END"])[0]
    rows = [line for line in part.splitlines() if line.startswith("|")][2:]
    assert len(rows) == 3
    shown = [each for each in outcomes if any(each.says in row for row in rows)]
    assert len(shown) == 3
    for outcome, row in zip(shown, rows, strict=True):
        assert outcome.measured in row
        assert f"**{outcome.verdict.word}**" in row
        assert row.count("|") == 4
    assert SCRIPT["readme"](text, []) == SCRIPT["readme"](README, [])


def test_its_figures_are_there() -> None:
    for outcome in stored():
        for number in range(1, len(outcome.charts) + 1):
            path = ROOT / "docs" / "images" / f"{SCRIPT['_figure_name'](outcome, number)}.svg"
            assert path.is_file()


def test_every_outcome_has_its_row_its_rule_and_its_figures() -> None:
    outcomes = [sample_outcome(name) for name in CLAIMS]
    text = SCRIPT["page"](PAGE, outcomes)
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    assert len(rows) == len(CLAIMS)
    names = SCRIPT["figures"](outcomes[9:11])
    assert set(names) == {"claim-sigmoid.svg", "claim-sigmoid-2.svg", "claim-tanh.svg"}
    for outcome, row in zip(outcomes, rows, strict=True):
        assert outcome.measured in row
        assert f"**{outcome.verdict.word}**" in row
        assert row.count("|") == 5
        assert f"`convscope claims {outcome.name}`. The rule: {outcome.rule}." in text
    assert all(f"(images/{name})" in text for name in names)
    assert SCRIPT["page"](text, []) == SCRIPT["page"](PAGE, [])


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    outcomes = [sample_outcome(name) for name in CLAIMS]
    text = SCRIPT["results"](outcomes)
    assert len(text) < 100_000
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")
    for outcome, again in zip(outcomes, stored(path), strict=True):
        assert again.verdict == outcome.verdict
        assert again.measured == outcome.measured
    assert json.loads(text)["schema"] == "convscope.claims/1"


def test_digits_that_nobody_reads_are_left_out() -> None:
    assert SCRIPT["rounded"]({"a": [1 / 3, 3, True, "1.23456789"]}) == {
        "a": [0.333333, 3, True, "1.23456789"]
    }


@pytest.mark.parametrize("command", ["--quick", "--folder", "--out", "--json", "--all"])
def test_the_page_tells_each_option(command: str) -> None:
    assert f"`{command}" in PAGE or f"claims {command}`" in PAGE
