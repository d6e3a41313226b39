"""One unit on the page: its arithmetic, the kernel that slides, and a channel that is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from convscope.inspection.changes.switching import switch_off
from convscope.inspection.subject import Subject
from tests.studio.conftest import Asked
from tests.studio.test_inside_routes import outputs
from tests.studio.viewing import Viewed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

CLOSE = 1e-5


def test_the_kernel_slides_by_itself_and_the_unit_follows(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "conv1", "unit": "2,10,10"}) as view:
        view.at("kernel-slide .play").click()
        view.until("document.querySelector('kernel-slide').place[1] > 12")
        view.at("kernel-slide .play").click()
        column = view.page.evaluate("document.querySelector('kernel-slide').place[1]")
        view.until(
            "at => new URLSearchParams(location.search).get('unit') === at", f"2,10,{column}"
        )


def test_all_follow_the_kernel(browser: Browser, asked: Asked) -> None:
    """The heading, the large map and the image, while it slides by itself, too."""
    hear = """(() => {
        const maps = customElements.get("heat-map").prototype;
        const { set } = Object.getOwnPropertyDescriptor(maps, "boxes");
        const told = { set(boxes) { this.told = boxes; set.call(this, boxes); } };
        Object.defineProperty(maps, "boxes", told);
    })()"""
    places = """(() => {
        const place = /row (\\d+), column (\\d+)/;
        const named = (at) => document.querySelector(at).textContent.match(place).slice(1).join();
        const cursor = document.querySelector(".large-map heat-map").cursor.join();
        const [box] = document.querySelector(".shown-image heat-map").told;
        const centre = [box.row + (box.height - 1) / 2, box.column + (box.width - 1) / 2].join();
        const kernel = document.querySelector("kernel-slide").place.join();
        return [named(".one-unit h2"), named(".large-map figcaption"), cursor, centre, kernel];
    })()"""
    with Viewed(browser, asked, {"layer": "conv1", "unit": "2,10,10"}) as view:
        view.at("kernel-slide .play").wait_for()
        view.page.evaluate(hear)
        view.at("kernel-slide .play").click()
        for column in (12, 15, 18):
            view.until(f"document.querySelector('kernel-slide').place[1] > {column}")
            assert len(set(view.page.evaluate(places))) == 1
        view.at("kernel-slide .play").click()
        assert view.problems == []


def test_a_poolings_unit_goes_with_the_kernel(
    browser: Browser, asked: Asked, example: Subject
) -> None:
    with Viewed(browser, asked, {"layer": "pool1", "unit": "5,3,3", "image": "3"}) as view:
        slider = view.at("kernel-slide input[aria-label=place]")
        slider.wait_for()
        slider.focus()
        for _ in range(5):
            view.page.keyboard.press("ArrowRight")
        _, column = view.page.evaluate("document.querySelector('kernel-slide').place")
        view.holds("unit", f"5,3,{column // 2}")
        view.says(".one-unit h2", f"row 3, column {column // 2}")
        # The kernel stays where it was put, also where another place of the window wins.
        view.page.wait_for_timeout(600)
        assert view.page.evaluate("document.querySelector('kernel-slide').place[1]") == column
        with outputs(example, 3) as values:
            torchs = float(values["pool1"][5, 3, column // 2])
        assert view.number(".unit-value data") == pytest.approx(torchs, abs=CLOSE)
        assert view.problems == []


def test_maps_of_a_layer_have_one_scale(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "conv2", "unit": "5,3,3"}) as view:
        view.at("kernel-slide .value-steps").wait_for()
        limits = view.page.evaluate(
            "[document.querySelector('.large-map colour-scale').getAttribute('limit'),"
            " document.querySelectorAll('.slide-maps colour-scale')[1].getAttribute('limit')]"
        )
        assert float(limits[0]) == pytest.approx(float(limits[1]), rel=1e-6)


def test_the_kernel_is_in_sight_at_once(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "conv1", "unit": "2,10,10"}) as view:
        view.at("kernel-slide .value-steps").wait_for()
        view.filled()
        top = view.at(".slide-maps heat-map").first.evaluate(
            "each => each.getBoundingClientRect().top"
        )
        assert top < 800


@pytest.mark.parametrize("layer", ["conv2", "relu2"])
def test_a_unit_that_is_off_says_so(
    browser: Browser, asked: Asked, example: Subject, layer: str
) -> None:
    query = {"layer": layer, "unit": "5,3,3", "image": "2"}
    with Viewed(browser, asked, query) as view, outputs(example, 2) as values:
        view.at("kernel-slide .value-steps").wait_for()
        view.says(".shown-image figcaption", "it sees 14×14 pixels")
        field = view.at(".shown-image figcaption").inner_text()
        view.page.get_by_role("button", name=f"switch channel 5 of {layer} off").click()
        view.says(".unit-value", "switched off")
        assert view.number(".unit-value data") == 0
        view.says(f"li:has(> [data-step={layer}])", "switched off")
        assert view.number(f"[data-step={layer}]") == 0
        # What comes behind is worked out of the 0, as torch does it.
        changed = switch_off(example, layer, [5])
        with outputs(changed, 2) as silent:
            for step in ("conv2", "batch2", "relu2"):
                torchs = float(silent[step][5, 3, 3])
                wanted = pytest.approx(torchs, rel=CLOSE, abs=CLOSE)
                assert view.number(f"[data-step={step}]") == wanted
        assert float(values[layer].abs().max()) > 0
        assert view.at(".shown-image figcaption").inner_text() == field
        view.says(".large-map figcaption", "switched off")
        assert view.at(".one-unit [role=alert]").count() == 0
        view.at("summary").filter(has_text="What it looks for").click()
        view.says("details:has(.missing)", "no image excites it")
        view.at("summary").filter(has_text="What it listens to").click()
        view.at("dd").filter(has_text="no gradient leads back").wait_for()
        assert view.problems == []


def test_a_unit_that_cannot_be_had_leaves_no_other_ones_value(
    browser: Browser, asked: Asked
) -> None:
    with Viewed(browser, asked, {"layer": "pool1", "unit": "3,3,3"}) as view:
        view.number(".unit-value data")
        view.page.evaluate(
            "history.pushState(null, '', '?layer=pool1&unit=99,3,3');"
            " dispatchEvent(new PopStateEvent('popstate'))"
        )
        view.at(".one-unit [role=alert]").wait_for()
        assert view.at(".unit-value").inner_text() == ""
        assert "row 3" not in view.at(".one-unit h2").inner_text()


def test_a_unit_that_is_not_there_is_said(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "pool1", "unit": "99,3,3"}) as view:
        view.at(".one-unit [role=alert]").wait_for()
        view.at("#spine [data-layer=conv1] button").click()
        view.at("kernel-slide .value-steps").wait_for()
