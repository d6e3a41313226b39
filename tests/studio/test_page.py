"""The page around the lenses: the network on top, state in the address, for everybody."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from convscope.report.palette import DARK, LIGHT
from convscope.studio.assets import PAGE
from tests.studio.conftest import Asked
from tests.studio.viewing import Viewed, found_by_axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.slow

COMPLETE = {
    "design": ("#lens .network svg", ".costs", ".compared table"),
    "inside": ("kernel-slide .value-steps", ".maps-grid canvas", ".shown-image figcaption"),
}
"""What comes last in a lens."""
LENSES = tuple(COMPLETE)


def test_a_first_visitor_sees_a_network_that_is_alive(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {}) as view:
        view.filled()
        names = view.at("#spine .card b").all_inner_texts()
        assert names[:5] == ["image", "conv1", "batch1", "relu1", "pool1"]
        assert view.at("#spine .answer tr").count() == 10
        assert "Touch a layer" in view.at(".spine-words").inner_text()
        drawn = """() => [...document.querySelectorAll("#spine .card canvas")].filter((canvas) => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            return new Set(data).size > 4;
        }).length"""
        view.until(f"({drawn})() > 20")
        assert view.problems == []


def test_no_request_to_another_host(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {}) as view:
        view.filled()
        for lens in ("Design", "Train", "Claims", "Applications", "Look inside"):
            view.page.get_by_role("link", name=lens, exact=True).click()
            view.until("!document.querySelector('#lens').matches(':empty')")
        assert len(view.requests) > 10
        own = (view.address, "data:", "blob:")
        assert [url for url in view.requests if not url.startswith(own)] == []


def test_the_address_holds_what_is_looked_at(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {}) as view:
        view.filled()
        view.at("#spine [data-layer=conv2] button").click()
        assert view.query() == {"layer": "conv2"}
        view.at("#spine .edge button").nth(3).click()
        assert view.query() == {"lens": "design", "layer": "pool1"}
        view.at(".derivation h2").wait_for()
        assert view.at(".derivation h2").inner_text() == "pool1"
        view.page.go_back()
        assert view.query() == {"layer": "conv2"}
        view.until("document.querySelector('.maps h2')?.textContent === 'conv2'")
        view.page.reload()
        view.until("document.querySelector('.maps h2')?.textContent === 'conv2'")
        assert view.at("#spine [aria-current=true]").inner_text().startswith("conv2")


def test_another_network_is_chosen(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {}) as view:
        view.filled()
        view.at("#head select").select_option("lenet5")
        view.until("document.querySelectorAll('#spine .card').length === 13")
        view.says(".spine-words", "Not trained")
        assert view.query() == {"net": "lenet5"}


DEEP = "input 28x28x1 -> " + "conv 4 3x3 pad 1 -> relu -> " * 7 + "fc 10"


@pytest.mark.parametrize("width", [360, 1280])
def test_layers_outside_the_strip_are_counted_and_led_to(
    browser: Browser, asked: Asked, width: int
) -> None:
    look = {"viewport": {"width": width, "height": 800}, "reduced_motion": "reduce"}
    with Viewed(browser, asked, {"net": DEEP}, **look) as view:
        view.filled()
        more = view.at(".spine-foot button").last
        assert "more layers →" in more.inner_text()
        assert not view.at(".spine-foot button").first.is_visible()
        hidden = int(more.inner_text().split()[0])
        assert 0 < hidden < 15
        # So many are not, or not wholly, seen: the answer may stand over them.
        seen = """() => {
            const cards = [...document.querySelectorAll('#spine [data-layer] button')];
            return cards.filter((each) => {
            const box = each.getBoundingClientRect();
            const at = document.elementFromPoint(box.right - 3, box.top + 10);
            return box.right <= innerWidth && each.contains(at);
            }).length;
        }"""
        assert view.page.evaluate(seen) == 15 - hidden
        while "layer" in (more.inner_text() if more.is_visible() else ""):
            more.click()
            view.page.wait_for_timeout(100)
        assert view.at("#spine [data-layer=fc]").is_visible()
        back = view.at(".spine-foot button").first
        assert "more layer" in back.inner_text()
        back.press("Enter")
        view.says(".spine-foot button:last-child", "more layer")
        assert view.problems == []


def test_a_layer_that_is_all_zero_is_seen_and_says_so(browser: Browser, asked: Asked) -> None:
    off = "relu1:" + ",".join(map(str, range(16)))
    with Viewed(browser, asked, {"off": off, "layer": "relu1"}) as view:
        view.filled()
        for layer in ("relu1", "pool1"):
            view.at(f"#spine [data-layer={layer}] .zero").wait_for()
            assert "all zero" in view.at(f"#spine [data-layer={layer}]").inner_text()
            tile = view.at(f"#spine [data-layer={layer}] heat-map").first
            assert tile.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
        assert not view.at("#spine [data-layer=conv2] .zero").is_visible()
        view.says(".maps .heading", "all zero")


def test_the_menu_names_what_is_shown(browser: Browser, asked: Asked) -> None:
    chosen = "document.querySelector('#head select').selectedOptions[0].textContent"
    with Viewed(browser, asked, {"net": DEEP}) as view:
        view.filled()
        assert view.page.evaluate(chosen) == "your notation"


def test_it_says_what_cannot_be_opened(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"net": "no-such-run"}) as view:
        view.at("#lens [role=alert]").first.wait_for()
        assert "no-such-run" in view.at("#spine").inner_text() + view.at("#lens").inner_text()


def test_it_says_that_the_studio_is_gone_and_goes_on(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {}) as view:
        view.filled()
        view.page.route("**/api/**", lambda route: route.abort())
        view.at("#spine [data-layer=pool1] button").click()
        view.says("#notice", "does not answer")
        view.page.unroute("**/api/**")
        view.until("document.querySelector('#notice').textContent === ''")
        view.until("document.querySelector('.maps h2')?.textContent === 'pool1'")


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("width", [360, 768, 1024, 1920])
def test_nothing_stands_out_over_the_page(
    browser: Browser, asked: Asked, lens: str, width: int
) -> None:
    look = {"viewport": {"width": width, "height": 800}}
    with Viewed(
        browser, asked, {"lens": lens, "layer": "conv2", "beside": "lenet5"}, **look
    ) as view:
        view.filled()
        for part in COMPLETE[lens]:
            view.at(part).first.wait_for()
        assert view.page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_goes_on_beyond_an_edge_says_so(browser: Browser, asked: Asked, scheme: str) -> None:
    """A table throws a shadow where it goes on; a formula scrolls in its own place."""
    net = "input 1024x1024x3 -> conv 96 111x111 stride 40 pad 20 -> relu -> fc 1000"
    look = {"viewport": {"width": 360, "height": 800}, "color_scheme": scheme}
    with Viewed(browser, asked, {"lens": "design", "net": net}, **look) as view:
        table = view.at(".scroll:has(.costs)")
        table.wait_for()
        table.scroll_into_view_if_needed()
        left, right = edges(table)
        assert (left, right) == (False, True)
        table.evaluate("table => { table.scrollLeft = 1e6; }")
        assert edges(table) == (True, False)
        over = """parts => parts.filter((part) => part.scrollWidth > part.clientWidth
            && getComputedStyle(part).overflowX !== "auto").length"""
        assert view.at(".terms dd").evaluate_all(over) == 0
        view.page.set_viewport_size({"width": 1600, "height": 800})
        assert edges(table) == (False, False)


def edges(table: Locator) -> tuple[bool, bool]:
    """Whether the left and the right edge are in shadow."""
    picture = np.asarray(Image.open(BytesIO(table.screenshot())).convert("L")).astype(int)
    paper = np.bincount(picture.ravel()).argmax()
    left, right = (np.median(np.abs(picture[:, at] - paper)) > 20 for at in (0, -1))
    return bool(left), bool(right)


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing(
    browser: Browser, asked: Asked, axe: str, lens: str, width: int, scheme: str
) -> None:
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    query = {"lens": lens, "layer": "conv2", "off": "relu1:2", "beside": "perceptron"}
    with Viewed(browser, asked, query, bypass_csp=True, **look) as view:
        view.filled()
        if lens == "inside":
            view.at(".accuracy").wait_for()
            view.at("kernel-slide .value-steps").wait_for()
        else:
            view.at(".compared table").wait_for()
        assert found_by_axe(view, axe) == []


def test_who_wants_no_motion_has_none(browser: Browser, asked: Asked) -> None:
    query = {"layer": "conv1", "unit": "0,5,5"}
    with Viewed(browser, asked, query, reduced_motion="reduce") as view:
        view.at("kernel-slide .value-steps").wait_for()
        assert not view.at("kernel-slide .play").is_visible()
        behaviour = "getComputedStyle(document.querySelector('ol.spine')).scrollBehavior"
        assert view.page.evaluate(behaviour) == "auto"
        view.page.emulate_media(reduced_motion="no-preference")
        assert view.at("kernel-slide .play").is_visible()


def test_the_policy_has_nothing_to_refuse(browser: Browser, asked: Asked) -> None:
    """Inline styles and scripts would be refused, and the browser would say so."""
    with Viewed(browser, asked, {"lens": "design", "beside": "lenet5"}) as view:
        view.filled()
        view.at(".network svg").first.wait_for()
        view.at(".compared svg").wait_for()
        assert view.problems == []


def test_the_colours_are_those_of_reports() -> None:
    sheet = (PAGE / "studio.css").read_text(encoding="utf-8")
    light, _, dark = sheet.partition("prefers-color-scheme: dark")
    for role in [*LIGHT]:
        assert f"--{role}: {LIGHT[role]};" in light or f"--{role}:" not in sheet
        assert f"--{role}: {DARK[role]};" in dark or f"--{role}:" not in sheet
