"""Takes the pictures of the studio for docs: ``python scripts/make_studio_pictures.py [LENS …]``.

Each lens at three widths, the widest on a dark page, by playwright with the chromium of
this machine; without a LENS all of them.
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
    "design": "?lens=design&layer=conv2",
    "train": "?lens=train",
    "inside": "?layer=conv2&unit=10,11,8",
    "claims": "?lens=claims",
    "applications": "?lens=applications",
}
LOOKS = ((360, 800, "light"), (1024, 1000, "light"), (1920, 1200, "dark"))


def picture(browser: Browser, address: str, look: tuple[int, int, str]) -> Image.Image:
    """The page as it is first seen, once the network is alive."""
    width, height, scheme = look
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.goto(address)
    page.locator("#spine .answer").wait_for()
    page.wait_for_timeout(3000)
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
                    taken = picture(browser, f"{studio.address}{LENSES[lens]}", look)
                    taken.save(IMAGES / f"studio-{lens}-{look[0]}.png", optimize=True)
        finally:
            browser.close()
            studio.close()


if __name__ == "__main__":
    pictures(sys.argv[1:] or list(LENSES))
