"""The lesson for everybody: any width, any theme, by keyboard, without scripts, read aloud."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convscope.claims.table import CLAIMS

from .browser import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_nothing_stands_out_over_the_page(browser: Browser, lesson: Path, width: int) -> None:
    with Watched(browser, lesson, viewport={"width": width, "height": 800}) as watched:
        watched.page.wait_for_timeout(200)
        wide = watched.page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width


def test_light_and_dark_and_reduced_motion(browser: Browser, lesson: Path) -> None:
    corner = """() => {
        const map = document.querySelector("activation-maps .large-map heat-map canvas");
        const [red, green, blue] = map.getContext("2d").getImageData(2, 2, 1, 1).data;
        return [red, green, blue];
    }"""
    with Watched(browser, lesson, color_scheme="light", reduced_motion="no-preference") as watched:
        page = watched.page
        page.wait_for_timeout(200)
        light = page.evaluate(corner)
        assert page.get_by_role("button", name="slide", exact=True).first.is_visible()
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.wait_for_timeout(200)
        assert page.evaluate(corner) != light
        assert not page.get_by_role("button", name="slide", exact=True).first.is_visible()


def test_everything_that_can_be_used_has_a_name(browser: Browser, lesson: Path) -> None:
    nameless = """() => [...document.querySelectorAll(
            "button, input, select, a[href], [role=img], [tabindex='0']")]
        .filter((each) => each.offsetParent && !each.closest("[aria-hidden=true]"))
        .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()
            || (each.labels && each.labels.length && each.labels[0].textContent.trim())))
        .map((each) => each.outerHTML.slice(0, 120))"""
    with Watched(browser, lesson) as watched:
        assert watched.page.evaluate(nameless) == []


def test_without_scripts_the_text_is_there(browser: Browser, lesson: Path) -> None:
    with Watched(browser, lesson, java_script_enabled=False) as watched:
        text = watched.page.locator("main").inner_text()
        assert "This drawing needs JavaScript." in text
        assert "2,838,080" in text


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, which looks for what keeps people out; skipped where npm cannot bring it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    folder = tmp_path_factory.mktemp("axe")
    try:
        done = subprocess.run(
            [npm, "pack", "axe-core@4", "--silent"], cwd=folder, timeout=120, capture_output=True
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer")
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip("npm cannot bring axe-core")
    with tarfile.open(packed) as content:
        member = content.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(
    browser: Browser, lesson: Path, axe: str, width: int, scheme: str
) -> None:
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with Watched(browser, lesson, bypass_csp=True, **look) as watched:
        watched.page.wait_for_timeout(300)
        watched.page.evaluate(axe)
        found = watched.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        told = [(each["id"], each["nodes"][0]["html"][:120]) for each in found["violations"]]
        assert told == []


def test_numbers_on_colours_follow_the_theme(browser: Browser, lesson: Path) -> None:
    colour = """() => {
        const cell = document.querySelector("kernel-terms td");
        return getComputedStyle(cell).backgroundColor;
    }"""
    with Watched(browser, lesson, color_scheme="light") as watched:
        light = watched.page.evaluate(colour)
        watched.page.emulate_media(color_scheme="dark")
        watched.page.wait_for_timeout(200)
        assert watched.page.evaluate(colour) != light
        assert watched.problems == []


def test_a_claim_opens_by_keyboard_and_its_figure_can_be_read(
    browser: Browser, lesson: Path
) -> None:
    with Watched(browser, lesson) as watched:
        page = watched.page
        assert page.locator("#claims .claim").count() == len(CLAIMS)
        first = page.locator("#claims details").first
        assert not first.locator("dl").is_visible()
        first.locator("summary").focus()
        page.keyboard.press("Enter")
        assert "convscope claims output-sizes" in first.locator("dl").inner_text()
        box = page.locator("#claims figure svg").first.bounding_box()
        assert box is not None
        assert box["width"] >= 320
        assert watched.problems == []
