"""Takes the pictures of the studio for docs: ``python scripts/make_studio_pictures.py [LENS …]``.

Each lens (design, train, inside, claims, applications) at three widths, the widest on a dark
page, by playwright with the chromium of this machine; without a LENS all of them.  Applications
are those of the package's own runs: where it has none, what needs no training.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from convscope.studio.notebook import started
from convscope.studio.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LENSES = {
    "design": ("?lens=design&layer=conv2", "#lens .network svg"),
    "train": ("?lens=train", ".measures:not([hidden], [aria-busy]) .health table"),
    "inside": ("?layer=conv2&unit=10,11,8", "kernel-slide .value-steps"),
    "claims": ("?lens=claims&claim=simple-to-complex", ".figure svg"),
    "applications": ("?lens=applications&seed=5", ".cards:not([aria-busy]) boxed-picture"),
}
"""What is opened, and what must be there before the picture is taken."""
LOOKS = ((360, 800, "light"), (1024, 1000, "light"), (1920, 1200, "dark"))


def picture(browser: Browser, studio: str, lens: str, look: tuple[int, int, str]) -> Image.Image:
    """The page as it is first seen, once the network is alive."""
    query, ready = LENSES[lens]
    width, height, scheme = look
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.goto(f"{studio}{query}")
    page.locator("#spine:not([aria-busy]) .answer").wait_for()
    page.locator(ready).first.wait_for()
    page.wait_for_timeout(1000)  # maps are drawn as they come into view
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return taken.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def pictures(lenses: list[str]) -> None:
    """All of them, into docs."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as runs, sync_playwright() as playwright:
        studio = started(Settings(runs=Path(runs), port=0))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            for lens in lenses:
                for look in LOOKS:
                    taken = picture(browser, studio.address, lens, look)
                    taken.save(IMAGES / f"studio-{lens}-{look[0]}.png", optimize=True)
        finally:
            browser.close()
            studio.close()


if __name__ == "__main__":
    pictures(sys.argv[1:] or list(LENSES))
