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
        alone = {"holds when": "holds under a condition"}
        words = [outcomes[name].verdict.word for name in CLAIMS]
        assert listed == [alone.get(word, word) for word in words]
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


def test_the_networks_stand_side_by_side(browser: Browser, asked: Asked) -> None:
    query = {"lens": "claims", "claim": "simple-to-complex", "image": "3"}
    with Viewed(browser, asked, query) as view:
        spines = view.at(".spines .spine")
        for place, step in enumerate((None, 0)):
            wanted = asked.record("inside/answer", source="example", step=step, image="3")
            row = spines.nth(place).locator(".answer td[data-value]")
            row.first.wait_for()
            shown = [float(each.get_attribute("data-value") or "nan") for each in row.all()]
            expected = sorted(wanted["probabilities"], reverse=True)
            assert shown == pytest.approx(expected, abs=1e-6)
        view.at(".spines .spine").nth(1).locator("[data-layer=conv2] button").click()
        view.holds("step", "0")
        view.until("document.querySelector('.maps h2')?.textContent === 'conv2'")
        assert view.query()["image"] == "3"
        view.page.go_back()
        view.at(".spines .spine").nth(1).wait_for()
        assert view.problems == []


def test_what_one_network_has_alone_is_marked(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "claims", "claim": "batchnorm"}) as view:
        marked = view.at(".spines .differs")
        marked.first.wait_for()
        assert [each.get_attribute("data-layer") for each in marked.all()] == ["batch1", "batch2"]
        view.says(".spines", "29,034 parameters")
        view.page.get_by_role("button", name="Kinds of pooling").click()
        view.page.get_by_label("other").select_option("l2pool")
        view.holds("other", "l2pool")
        view.until(
            "[...document.querySelectorAll('.spines .differs')].map((each) => each.dataset.layer)"
            ".join() === 'pool1,pool2,pool1,pool2'"
        )
        view.page.get_by_role("button", name="put it on top, for all lenses: l2pool").click()
        view.until("new URLSearchParams(location.search).get('net')?.includes('l2pool')")
        assert view.query()["claim"] == "kinds-of-pooling"
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
