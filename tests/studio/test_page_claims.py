"""Claims in a real browser: read, compared with what is stored, measured here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convscope.claims.table import CLAIMS, stored
from tests.studio.conftest import Asked, Opening
from tests.studio.viewing import Viewed, found_by_axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


def test_each_stands_with_its_verdict_and_its_figure(browser: Browser, asked: Asked) -> None:
    outcomes = {outcome.name: outcome for outcome in stored()}
    with Viewed(browser, asked, {"lens": "claims"}) as view:
        view.at(".claim-list button").nth(len(CLAIMS) - 1).wait_for()
        listed = view.at(".claim-list button .verdict").all_inner_texts()
        assert listed == [outcomes[name].verdict.word for name in CLAIMS]
        view.page.get_by_role("button", name="Dying ReLUs").press("Enter")
        view.holds("claim", "dying-relus")
        known = outcomes["dying-relus"]
        view.says(".one-claim", known.measured)
        view.says(".one-claim", known.verdict.because)
        view.says(".one-claim", known.rule)
        view.at(".figure svg").wait_for()
        assert view.at(".figure svg text").count() > 5
        view.page.get_by_text("the numbers").first.click()
        series = known.charts[0].series
        assert view.at(".results table thead th").count() == 1 + len(series)
        assert view.problems == []


def test_one_is_measured_here_also_when_the_page_is_closed(
    browser: Browser, opening: Opening, tmp_path: Path
) -> None:
    asked = opening(tmp_path / "runs")
    with Viewed(browser, asked, {"lens": "claims", "claim": "output-sizes"}) as view:
        view.page.get_by_role("button", name="measure", exact=True).click()
        view.page.get_by_role("button", name="stop").wait_for()
    with Viewed(browser, asked, {"lens": "claims", "claim": "output-sizes"}) as view:
        view.says(".results", "measured here, quick")
        view.says(".measuring", "This has been measured")
        view.at(".figure svg").nth(1).wait_for()
        assert view.problems == []


@pytest.mark.parametrize("width", [360, 1024, 1920])
def test_nothing_stands_out_over_the_page(browser: Browser, asked: Asked, width: int) -> None:
    look = {"viewport": {"width": width, "height": 800}}
    with Viewed(browser, asked, {"lens": "claims", "claim": "relu-race"}, **look) as view:
        view.at(".figure svg").wait_for()
        assert view.page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing(
    browser: Browser, asked: Asked, axe: str, width: int, scheme: str
) -> None:
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    query = {"lens": "claims", "claim": "sigmoid"}
    with Viewed(browser, asked, query, bypass_csp=True, **look) as view:
        view.filled()
        view.at(".figure svg").nth(1).wait_for()
        assert found_by_axe(view, axe) == []
