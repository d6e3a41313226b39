"""Writes the lesson of ``example`` anew: ``python scripts/make_lesson.py``.

With the pictures of fashion-mini, which are in the package, so that it is the same on
every machine, up to the last bits of its numbers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convscope.inspection.subject import subject_of
from convscope.report.lesson.material import gathered
from convscope.report.lesson.page import lesson_html
from convscope.training.runs import open_run

PAGE = Path(__file__).parents[1] / "docs" / "lesson-example.html"


def lesson() -> str:
    """The text of the file."""
    run = open_run("example")
    return lesson_html(gathered(subject_of(run, data="fashion-mini"), run))


if __name__ == "__main__":
    text = lesson()
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(f"{PAGE}: {len(text.encode()) / 1e6:.2f} MB\n")
