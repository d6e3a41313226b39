"""What docs/health.md says of the cost is what ``benchmarks/health_cost.py`` has measured."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = runpy.run_path(str(ROOT / "benchmarks" / "health_cost.py"))
PAGE = (ROOT / "docs" / "health.md").read_text(encoding="utf-8")


def rows(*ratios: float) -> list[dict[str, Any]]:
    return [
        {
            "seed": seed,
            "first": "alone",
            "alone": 10.0,
            "watched": 10.0 * ratio,
            "ratio": ratio,
            "looks": 28,
            "looking": 0.4,
        }
        for seed, ratio in enumerate(ratios)
    ]


def test_the_page_is_what_is_stored() -> None:
    stored = SCRIPT["RESULTS"]
    result = json.loads(stored.read_text(encoding="utf-8")) if stored.is_file() else None
    assert SCRIPT["page"](PAGE, result) == PAGE


def test_the_line_says_the_median_its_interval_and_the_conditions() -> None:
    result = SCRIPT["summary"](rows(1.02, 1.04, 1.09), "fashion-mnist", {})
    assert result["ratio"]["median"] == 1.04
    assert result["ratio"]["mean"] == pytest.approx(1.05)
    assert result["ratio"]["interval"] == pytest.approx([0.9604, 1.1396], abs=1e-4)
    assert result["reached"] is True
    told = SCRIPT["line"](json.loads(json.dumps(result)))
    assert told.startswith("Watching takes 4.0 % more time: the median over 3 pairs of trainings")
    assert "(95 % interval of the mean −4.0 to 14.0 %), each of 10.0 s alone, with 28 looks" in told
    assert "recipe `fast`, fashion-mnist" in told
    assert told in SCRIPT["page"](PAGE, result)
    assert SCRIPT["summary"](rows(1.02, 1.2, 1.3), "fashion-mnist", {})["reached"] is False


def test_one_pair_has_no_interval() -> None:
    result = SCRIPT["summary"](rows(1.5), "shapes", {"epochs": 1})
    assert result["ratio"]["interval"] is None
    assert "interval" not in SCRIPT["line"](result)


@pytest.mark.slow
def test_a_pair_is_trained_and_timed() -> None:
    from convscope.data.sources import load_data

    found = SCRIPT["pair"](load_data("fashion-mini"), 0, {"epochs": 1}, watched_first=True)
    assert found["looks"] >= 5
    assert found["looking"] < found["watched"]
    assert found["ratio"] == pytest.approx(found["watched"] / found["alone"], rel=0.01)
