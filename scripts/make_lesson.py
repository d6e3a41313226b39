"""Writes the lesson of ``example`` anew: ``python scripts/make_lesson.py [--picture]``.

With the pictures of fashion-mini, which are in the package, so that it is the same on
every machine, up to the last bits of its numbers.  ``--picture`` also takes README.md's
picture of it, by playwright with the chromium of this machine.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from convscope.inspection.subject import subject_of
from convscope.report.lesson.material import gathered
from convscope.report.lesson.page import lesson_html
from convscope.training.runs import open_run

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "lesson-example.html"
PICTURE = DOCS / "images" / "lesson.png"
_PARTS = (".slide-maps", ".terms-row", ".sums-row", ".value-steps")


def lesson() -> str:
    """The text of the file."""
    run = open_run("example")
    return lesson_html(gathered(subject_of(run, data="fashion-mini"), run, data="fashion-mini"))


def picture() -> None:
    """The drawing of a kernel, from its maps to the last step."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 930, "height": 1400})
        page.goto(PAGE.as_uri())
        drawing = page.locator("kernel-slide").nth(1)
        drawing.evaluate("(each) => each.scrollIntoView({ behavior: 'instant' })")
        page.wait_for_timeout(500)
        boxes = [drawing.locator(part).bounding_box() for part in _PARTS]
        found = [box for box in boxes if box]
        left, top = (min(box[side] for box in found) - 16 for side in ("x", "y"))
        bottom = max(box["y"] + box["height"] for box in found) + 16
        right = max(box["x"] + box["width"] for box in found) + 16
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        page.screenshot(path=PICTURE, clip=clip)
        browser.close()


if __name__ == "__main__":
    text = lesson()
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(f"{PAGE}: {len(text.encode()) / 1e6:.2f} MB\n")
    if "--picture" in sys.argv[1:]:
        picture()
