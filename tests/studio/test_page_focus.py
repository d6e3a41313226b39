"""The keyboard keeps its place when a part of the page is built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.studio.conftest import Asked
from tests.studio.viewing import Viewed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

FOCUSED = "document.activeElement.textContent"


def entered(view: Viewed, selector: str) -> str:
    """Presses Enter on it, and gives what it said."""
    view.at(selector).first.wait_for()
    at = view.at(selector).first
    said: str = at.evaluate("at => at.textContent")
    at.press("Enter")
    return said


def settled(view: Viewed) -> None:
    view.filled()
    view.page.wait_for_timeout(300)


def test_on_a_layer_of_the_table(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "design"}) as view:
        assert entered(view, ".costs tbody tr:nth-child(6) button") == "conv2"
        view.says(".derivation h2", "conv2")
        settled(view)
        assert view.page.evaluate(FOCUSED) == "conv2"
        view.page.keyboard.press("Tab")
        view.page.keyboard.press("Enter")
        view.says(".derivation h2", "batch2")
        assert view.page.evaluate(FOCUSED) == "batch2"


def test_on_the_choices_of_design(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "design"}) as view:
        box = view.page.get_by_label("hide the numbers until I have guessed")
        box.press("Space")
        view.holds("guess", "1")
        settled(view)
        assert view.page.evaluate("document.activeElement.type") == "checkbox"
        guess = view.page.get_by_label("your guess: here of conv1")
        guess.fill("28")
        guess.press("Enter")
        # what is to be guessed next
        label = "document.activeElement.ariaLabel"
        view.until(f"{label} === 'your guess: parameters of conv1'")


def test_on_a_claim(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "claims"}) as view:
        said = entered(view, ".claim-list li:nth-child(3) button")
        view.at(".one-claim h2").wait_for()
        settled(view)
        assert view.page.evaluate(FOCUSED) == said
        view.page.keyboard.press("Shift+Tab")
        view.page.keyboard.press("Enter")
        view.until("document.querySelectorAll('.claim-list button')[1].ariaCurrent === 'true'")
        assert view.page.evaluate("document.activeElement.ariaCurrent") == "true"


def test_on_a_run(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "train", "net": "lenet5"}) as view:
        assert entered(view, ".run-list button") == "example"
        view.holds("net", "example")
        settled(view)
        assert view.page.evaluate(FOCUSED) == "example"


def test_on_a_task(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "applications"}) as view:
        said = entered(view, ".tasks button:nth-of-type(2)")
        view.holds("task", said)
        settled(view)
        assert view.page.evaluate(FOCUSED) == said
        entered(view, ".asking button")
        view.holds("seed", "1")
        settled(view)
        assert view.page.evaluate(FOCUSED) == "another scene"


def test_where_nothing_is_left_it_goes_on_in_the_lens(browser: Browser, asked: Asked) -> None:
    """A layer of the networks that a claim compares opens another lens."""
    with Viewed(browser, asked, {"lens": "claims", "claim": "kinds-of-pooling"}) as view:
        entered(view, ".spines .spine .card:nth-of-type(3) button")
        view.until("!location.search.includes('claims')")
        settled(view)
        assert view.page.evaluate("document.activeElement.id") == "lens"
