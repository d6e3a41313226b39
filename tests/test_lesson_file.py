"""The lesson that is published in docs: small, and what would be written today."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "lesson-example.html"


def without_numbers(text: str) -> str:
    """Its last bits differ from machine to machine, and so may any digit that is shown."""
    text = re.sub(r'(<script type="application/json"[^>]*>).*?(</script>)', r"\1\2", text)
    return re.sub(r"exact|[−<> ]*\d[\d.,]*(?:e-?\d+)?", "#", text)


def test_it_is_one_file_below_two_megabytes() -> None:
    assert PAGE.stat().st_size <= 2_000_000
    text = PAGE.read_text(encoding="utf-8")
    assert "/home/" not in text
    assert text.count("<script") == text.count("</script>")


@pytest.mark.slow
def test_it_is_what_would_be_written_today() -> None:
    """``python scripts/make_lesson.py`` writes it anew."""
    made = runpy.run_path(str(ROOT / "scripts" / "make_lesson.py"))["lesson"]()
    assert without_numbers(made) == without_numbers(PAGE.read_text(encoding="utf-8"))
