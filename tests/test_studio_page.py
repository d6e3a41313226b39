"""What docs/studio.md says of the studio's speed is what ``benchmarks/studio.py`` has measured."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = runpy.run_path(str(ROOT / "benchmarks" / "studio.py"))
PAGE = (ROOT / "docs" / "studio.md").read_text(encoding="utf-8")
CONDITIONS = {
    "processor": "P",
    "cores": 2,
    "threads": 2,
    "versions": {"torch": "9"},
    "browser": "Chromium 1",
}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the parts are made of."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    return runpy.run_path(str(ROOT / "benchmarks" / "studio_parts.py"))


def test_the_page_is_what_is_stored() -> None:
    stored = SCRIPT["RESULTS"]
    result = json.loads(stored.read_text(encoding="utf-8")) if stored.is_file() else None
    assert SCRIPT["page"](PAGE, result) == PAGE


def test_a_row_says_the_median_the_most_and_the_aim(parts: dict[str, Any]) -> None:
    times = [*range(1, 20), 150.0]
    row = parts["row"](times, 100)
    assert (row["median"], row["most"], row["worst"], row["reached"]) == (10.5, 19, 150, True)
    result = {"conditions": CONDITIONS, "parts": {"click": {"a unit": row}}}
    page = SCRIPT["page"](PAGE, result)
    assert "| a unit | 10 ms | 19 | 150 | 100 | yes |" in page
    assert "P, 2 cores, 2 threads of torch 9, Chromium 1" in page
    assert "**no**" in SCRIPT["line"]("slow", parts["row"]([3.0, 120.0], 100))
    ratio = SCRIPT["line"]("watched", parts["row"]([1.0312], 1.05, "ratio"))
    assert ratio == "| watched | 1.031 × |  |  | 1.05 | yes |"


def test_the_parts_are_those_that_the_script_names(parts: dict[str, Any]) -> None:
    for name in parts["PARTS"]:
        assert name in SCRIPT["__doc__"].replace("\n", " ")


def test_parts_without_a_browser_work(parts: dict[str, Any]) -> None:
    (size,) = parts["size"](True).values()
    assert size["reached"]
    (design,) = parts["design"](True).values()
    assert design["count"] == 5
