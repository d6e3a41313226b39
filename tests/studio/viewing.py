"""The studio's page in a real browser, and everything that goes wrong on it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.studio.conftest import Asked

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Locator, Page

PATIENCE = 60
WIDE = {"width": 1280, "height": 900}


class Viewed:
    """A page of a studio; ``view["lens"]`` goes on until that is there."""

    def __init__(self, browser: Browser, asked: Asked, query: dict[str, str], **look: Any) -> None:
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.address = asked.studio.settings.address
        self.context = browser.new_context(**{"viewport": WIDE, **look})
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(self.address + (f"?{urlencode(query)}" if query else ""))

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def __enter__(self) -> Viewed:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def at(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def number(self, selector: str) -> float:
        """The value of a data element, as it is and not as it is written."""
        found = self.at(selector).first
        found.wait_for()
        return float(found.get_attribute("value") or "nan")

    def numbers(self, selector: str, attribute: str = "value") -> list[float]:
        """The same of all that are there."""
        found = self.at(selector)
        found.first.wait_for()
        return [float(each.get_attribute(attribute) or "nan") for each in found.all()]

    def says(self, selector: str, text: str) -> None:
        """Waits until it says so."""
        self.until(
            "([at, text]) => document.querySelector(at)?.textContent.includes(text)",
            [selector, text],
        )

    def holds(self, key: str, value: str) -> None:
        """Waits until the address says so."""
        self.until(
            "([key, value]) => new URLSearchParams(location.search).get(key) === value",
            [key, value],
        )

    def query(self) -> dict[str, str]:
        """What the address says."""
        found: dict[str, str] = self.page.evaluate(
            "Object.fromEntries(new URLSearchParams(location.search))"
        )
        return found

    def until(self, condition: str, argument: Any = None) -> None:
        """Waits until a condition holds, asked from outside: the page's policy forbids eval."""
        end = time.monotonic() + PATIENCE
        while not self.page.evaluate(condition, argument):
            if time.monotonic() > end:
                raise AssertionError(f"not so within {PATIENCE} s: {condition} {argument}")
            self.page.wait_for_timeout(50)

    def filled(self) -> None:
        """The spine has its maps and the answer."""
        self.at("#spine .answer").wait_for()
        self.until("!document.querySelector('#spine').hasAttribute('aria-busy')")


def picture_file(content: bytes) -> FilePayload:
    """What a person would choose from disk."""
    return {"name": "mine.png", "mimeType": "image/png", "buffer": content}


def axe_script(folder: Path) -> str:
    """axe-core, which looks for what keeps people out; skipped where npm cannot bring it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    command = [npm, "pack", "axe-core@4", "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, timeout=120, capture_output=True)
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not answer")
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip("npm cannot bring axe-core")
    with tarfile.open(packed) as content:
        member = content.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode("utf-8")


def found_by_axe(view: Viewed, axe: str) -> list[tuple[str, str]]:
    """What axe has against the page as it is now."""
    view.page.evaluate(axe)
    found = view.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [(each["id"], each["nodes"][0]["html"][:160]) for each in found["violations"]]
