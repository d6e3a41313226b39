"""Train in a real browser: begun, watched, paused, gone on with; nothing lost on the way."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from convscope.training.runs import open_run
from convscope.training.train import train
from tests.studio.conftest import Asked, Opening
from tests.studio.viewing import Viewed, found_by_axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

NETWORK = "input 28x28x1 -> conv 4 3x3 -> relu -> maxpool 2 -> fc 10"
LONG = 4000
"""Epochs: more than anybody waits for."""
TALL = {"width": 1280, "height": 1800}
"""So that all that is measured is in view."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one finished run; what tests start in it ends with them."""
    folder = tmp_path_factory.mktemp("training") / "runs"
    settings = {"epochs": 2, "precision": "float32"}
    train(NETWORK, data="fashion-mini", settings=settings, device="cpu", out=folder / "done")
    yield folder
    for path in (folder / ".studio").glob("*.json"):
        if not path.with_suffix(".code").exists():
            with suppress(OSError):
                os.kill(json.loads(path.read_text(encoding="utf-8"))["pid"], signal.SIGTERM)


@pytest.fixture(scope="module")
def training(opening: Opening, runs: Path) -> Asked:
    return opening(runs)


def said(view: Viewed) -> str:
    found: str = view.page.evaluate("document.querySelector('.run-head')?.innerText || ''")
    return found


def step_of(view: Viewed) -> int:
    """What is written beside “step”."""
    text: str = view.page.evaluate("document.querySelector('.facts dd')?.textContent || '0'")
    return int(text.split(" ")[0].replace(",", ""))


def test_a_network_is_trained_while_one_watches(browser: Browser, training: Asked) -> None:
    query = {"lens": "train", "net": NETWORK}
    with Viewed(browser, training, query, viewport=TALL) as view:
        view.says(".watched", "has not been trained")
        view.page.get_by_label("images").select_option("fashion-mini")
        view.page.get_by_text("change the recipe").click()
        view.page.get_by_label("epochs").fill(str(LONG))
        view.page.get_by_role("button", name="start training").click()
        name = "custom-fashion-mini-001"
        view.holds("run", name)
        view.holds("net", name)  # it has weights: now all lenses show it
        view.says(".run-head", "images/s")
        view.at("confusion-matrix table").wait_for()
        view.at(".kernels canvas").nth(3).wait_for()
        view.says(".health", "images of the training")
        view.until("document.querySelectorAll('#spine [data-layer=conv1] canvas').length === 4")
        before = step_of(view)
        view.until(
            f"Number(document.querySelector('.facts dd').textContent"
            f".split(' ')[0].replace(',', '')) > {before}"
        )

        # A second tab sees the same, and what one of them does.
        with Viewed(browser, training, {"lens": "train", "net": name}) as other:
            other.says(".run-head", "is training")
            view.page.get_by_role("button", name="pause").click()
            for each in (view, other):
                each.says(".run-head", "is paused")
            other.page.reload()
            other.says(".run-head", "is paused")
            paused = step_of(other)
            assert paused == step_of(view) > 0
            other.page.get_by_role("button", name="resume").click()
            for each in (view, other):
                each.says(".run-head", "is training")
            other.until(
                f"Number(document.querySelector('.facts dd').textContent"
                f".split(' ')[0].replace(',', '')) > {paused}"
            )
        view.page.get_by_role("button", name="pause").click()
        view.says(".run-head", "is paused")
        # Now there is time: the curve of accuracies gets all its points.
        steps = training.get(f"runs/{name}").json()["snapshots"]
        for step in steps[:: math.ceil(len(steps) / 24)]:
            asks(view, f"/confusion?step={step}&count=300")
        assert view.problems == []


def asks(view: Viewed, part: str) -> None:
    """Waits until the page has asked for something."""
    for _ in range(1200):
        if any(part in each for each in view.requests):
            return
        view.page.wait_for_timeout(50)
    pytest.fail(f"never asked: {part}")


def in_flight(view: Viewed) -> list[int]:
    """How many measurements were asked for at once; filled in as the page goes on."""
    parts = ("/confusion", "/kernels", "/health")
    open_ones: set[Any] = set()
    most = [0]

    def begun(request: Any) -> None:
        if any(part in request.url for part in parts):
            open_ones.add(request)
            most[0] = max(most[0], len(open_ones))

    view.page.on("request", begun)
    view.page.on("requestfinished", lambda request: open_ones.discard(request))
    view.page.on("requestfailed", lambda request: open_ones.discard(request))
    return most


def answer_is(view: Viewed, record: Any) -> None:
    """Waits until the spine's answer is this one."""
    view.until(
        "wanted => { const shown = [...document.querySelectorAll('#spine .answer td[data-value]')]"
        ".map((each) => Number(each.dataset.value)); return shown.length === wanted.length"
        " && shown.every((each, at) => Math.abs(each - wanted[at]) < 1e-6); }",
        sorted(record["probabilities"], reverse=True),
    )


def test_everything_follows_a_training_to_its_end(browser: Browser, training: Asked) -> None:
    """The network on top, all panels and the other lenses: on the way, and when it is over."""
    body: dict[str, Any] = {"data": "fashion-mini", "settings": {"epochs": 150}}
    name = training.record("runs", architecture=NETWORK, **body)["run"]
    train_lens = {"lens": "train", "run": name}
    with Viewed(browser, training, train_lens, viewport=TALL) as view:
        most = in_flight(view)
        view.holds("net", name)
        view.until(
            f"document.querySelector('#head select').selectedOptions[0].text.includes('{name}')"
        )
        inside = {"net": name, "layer": "fc", "unit": "0"}
        with Viewed(browser, training, inside) as other:
            first = other.number(".unit-value data")
            button = other.page.get_by_role("button", name="switch channel 0 of fc off")
            button.focus()
            other.until(f"Number(document.querySelector('.unit-value data').value) !== {first}")
            # All panels are of one moment.
            view.until(
                "/^After [1-9]/.test(document.querySelector('.measures p').textContent)"
                " && !document.querySelector('.measures').hasAttribute('aria-busy')"
            )
            texts = view.page.evaluate(
                "[...document.querySelectorAll('.measures section')].map((each) =>"
                " /after ([\\d,]+) steps/i.exec(each.textContent)[1])"
            )
            assert len(set(texts)) == 1
            view.says(".run-head", "is finished")
            steps = training.get(f"runs/{name}").json()["results"]["steps"]
            end = training.record("inside/answer", source=name, image="0")
            value = training.record("inside/unit", source=name, layer="fc", unit=[0])["value"]
            for each in (view, other):
                answer_is(each, end)
            other.until(
                f"Math.abs(document.querySelector('.unit-value data').value - {value}) < 1e-5"
            )
            view.says(".measures", f"After {steps:,} steps")
            view.says(".measures", "test images")
            view.says(".health", f"after {steps:,} steps")
            # Whoever was about to press something still is.
            assert button.evaluate("each => each === document.activeElement")
            assert other.problems == []
        chosen = view.page.evaluate(
            "document.querySelector('#head select').selectedOptions[0].text"
        )
        assert chosen == name
        assert most == [1]
        assert view.problems == []


def test_only_what_is_in_view_is_measured_while_it_trains(
    browser: Browser, training: Asked
) -> None:
    body: dict[str, Any] = {"data": "fashion-mini", "settings": {"epochs": LONG}}
    name = training.record("runs", architecture=NETWORK, **body)["run"]
    look = {"viewport": {"width": 1280, "height": 480}}
    with Viewed(browser, training, {"lens": "train", "run": name}, **look) as view:
        asked: list[str] = []
        view.page.on("request", lambda request: asked.append(request.url))
        view.holds("net", name)
        view.says(".run-head", "is training")
        view.until("document.querySelectorAll('time-scrubber input')[0]?.max > 2")
        assert not any("/health" in each for each in asked)
        assert view.at(".health").inner_text() == "Health"
        view.at("confusion-matrix").scroll_into_view_if_needed()
        view.at("confusion-matrix table").wait_for()  # what is there moves what is below
        view.at(".health").scroll_into_view_if_needed()
        view.says(".health", "images of the training")
        view.page.keyboard.press("Home")
        view.page.get_by_role("button", name="pause").click()
        view.says(".run-head", "is paused")
        view.says(".measures", "images of fashion-mini")  # nothing else wants the processor
        assert view.problems == []


def test_a_server_that_is_started_anew_goes_on_following(
    browser: Browser, opening: Opening, training: Asked, runs: Path
) -> None:
    body: dict[str, Any] = {"data": "fashion-mini", "settings": {"epochs": LONG}}
    name = training.record("runs", architecture=NETWORK, **body)["run"]
    later = opening(runs)
    with Viewed(browser, later, {"lens": "train", "run": name}) as view:
        view.holds("net", name)
        view.says(".run-head", "is training")
        view.page.get_by_role("button", name="pause").click()
        view.says(".run-head", "is paused")
        assert view.problems == []


def test_all_lenses_follow_the_moment(browser: Browser, training: Asked) -> None:
    with Viewed(browser, training, {"lens": "train", "net": "done"}) as view:
        view.says(".run-head", "is finished")
        view.filled()
        slider = view.page.get_by_role("slider", name="moment")
        view.until("document.querySelector('time-scrubber input').max > 2")
        slider.focus()
        view.page.keyboard.press("Home")
        view.holds("step", "0")
        assert slider.get_attribute("aria-valuetext") == "after step 0"
        wanted = training.get("runs/done/confusion", step=0, count=1000).json()
        right = f"{100 * wanted['accuracy']:.1f}"
        view.says(".measures", f"{right}\u00a0% of {wanted['count']:,} training images")
        cells = view.page.evaluate(
            "[...document.querySelectorAll('confusion-matrix tbody tr')].map((row) => "
            "[...row.querySelectorAll('td:not(.right)')].map((each) => Number(each.textContent)))"
        )
        assert cells == wanted["confusion"]
        view.says(".health", "after 0 steps")
        view.filled()
        untrained = training.record("inside/answer", source="done", step=0, image="0")
        shown = view.numbers("#spine .answer td[data-value]", "data-value")
        assert shown == pytest.approx(sorted(untrained["probabilities"], reverse=True), abs=1e-6)
        view.page.keyboard.press("End")
        view.until("!new URLSearchParams(location.search).has('step')")
        view.page.go_back()
        assert view.problems == []


def test_the_example_has_moments_to_go_through(browser: Browser, asked: Asked) -> None:
    steps = [step for step, _ in open_run("example").snapshots()]
    with Viewed(browser, asked, {"lens": "train"}) as view:
        slider = view.page.get_by_role("slider", name="moment")
        view.until(f"document.querySelector('time-scrubber input')?.max === '{len(steps) - 1}'")
        slider.focus()
        view.page.keyboard.press("ArrowLeft")
        view.holds("step", str(steps[-2]))
        view.says(".health", f"after {steps[-2]} steps")
        view.says(".measures", "training images")
        assert view.problems == []


def test_a_training_that_began_elsewhere_is_followed(browser: Browser, training: Asked) -> None:
    with Viewed(browser, training, {"lens": "train", "net": "done"}) as view:
        view.says(".run-head", "is finished")
        body: dict[str, Any] = {"data": "fashion-mini", "settings": {"epochs": LONG}}
        name = training.record("runs", architecture=NETWORK, **body)["run"]
        view.page.evaluate(
            "(run) => { history.pushState(null, '', `?lens=train&run=${run}`);"
            " dispatchEvent(new PopStateEvent('popstate')); }",
            name,
        )
        view.holds("net", name)
        view.says(".run-head", "is training")
        view.page.get_by_role("button", name="pause").click()
        view.says(".run-head", "is paused")
        assert view.problems == []


def test_losses_are_shown_whole_and_with_digits_that_count(
    browser: Browser, training: Asked
) -> None:
    with Viewed(browser, training, {"lens": "train", "net": "done"}) as view:
        view.says(".run-head", "is finished")
        words = view.page.evaluate(
            "import('./parts/numbers.js').then(({ significant }) =>"
            " [5e-6, 0.0123, 2.3456, 0, 31.4, 12345].map(significant))"
        )
        assert words == ["5.0e−6", "0.0123", "2.35", "0", "31.4", "12,345"]
        drawn = view.page.evaluate(
            """() => {
                const curves = document.querySelector("learning-curves");
                const value = [2.3, 1.9, ...Array.from({ length: 98 }, () => 0.02)];
                const step = value.map((_, at) => at + 1);
                curves.data = { steps: 100, moment: null, loss: { step, value }, scores: [] };
                const points = curves.querySelector("path.raw").getAttribute("d").slice(1);
                return points.split("L").map((point) => Number(point.split(" ")[1]));
            }"""
        )
        assert drawn[0] < drawn[1] < drawn[2]
        assert drawn[0] > 0


def test_on_a_narrow_page_the_form_stands_above_what_is_watched(
    browser: Browser, training: Asked
) -> None:
    look = {"viewport": {"width": 360, "height": 800}}
    with Viewed(browser, training, {"lens": "train", "net": "done"}, **look) as view:
        view.says(".run-head", "is finished")
        form, head = view.at(".begin-fold"), view.at(".run-head")
        top = "each => each.getBoundingClientRect().top"
        assert form.evaluate(top) < head.evaluate(top)
        assert not view.page.get_by_role("button", name="start training").is_visible()
        form.locator("> summary").click()
        assert view.page.get_by_role("button", name="start training").is_visible()


def test_what_went_wrong_is_said_in_its_place(browser: Browser, training: Asked) -> None:
    wrong = NETWORK.replace("fc 10", "fc 3")
    with Viewed(browser, training, {"lens": "train", "net": wrong}) as view:
        view.page.get_by_label("images").select_option("fashion-mini")
        view.page.get_by_text("change the recipe").click()
        view.page.get_by_role("button", name="start training").click()
        view.says(".run-head", "has failed")
        assert view.page.evaluate("scrollY") == 0
        view.says(".watched [role=alert]", "10 classes")
        assert view.page.get_by_role("button", name="try again").is_visible()
        view.at(".source select").select_option("done")
        view.says(".run-head", "is finished")
        assert "run" not in view.query()
        off = view.page.get_by_role("button", name="off the list")
        off.click()
        off.wait_for(state="detached")
    with Viewed(browser, training, {"lens": "train", "run": "no-such-run"}) as view:
        view.says(".watched [role=alert]", "no-such-run")


def test_what_is_asked_for_is_kept(browser: Browser, training: Asked) -> None:
    with Viewed(browser, training, {"lens": "train", "net": "done"}) as view:
        view.at(".begin select").first.select_option("fashion-mini")
        view.at(".begin select").nth(1).select_option("article")
        view.page.get_by_text("change the recipe").click()
        view.page.get_by_label("epochs").fill("7")
        view.at(".begin input[type=number]").fill("3")
        view.at(".begin input[type=number]").press("Tab")
        for leave in (view.page.reload, lambda: other_lens_and_back(view)):
            leave()
            view.page.get_by_role("button", name="start training").wait_for()
            assert view.at(".begin select").first.input_value() == "fashion-mini"
            assert view.at(".begin select").nth(1).input_value() == "article"
            assert view.page.get_by_label("epochs").input_value() == "7"
            assert view.page.get_by_label("epochs").is_visible()
            assert view.at(".begin input[type=number]").input_value() == "3"


def other_lens_and_back(view: Viewed) -> None:
    for name in ("Claims", "Train"):
        view.page.get_by_role("link", name=name, exact=True).click()


@pytest.mark.parametrize("width", [360, 1024, 1920])
def test_nothing_stands_out_over_the_page(browser: Browser, training: Asked, width: int) -> None:
    look = {"viewport": {"width": width, "height": 800}}
    with Viewed(browser, training, {"lens": "train", "net": "done"}, **look) as view:
        view.at("confusion-matrix table").wait_for()
        assert view.page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_nothing(
    browser: Browser, training: Asked, axe: str, width: int, scheme: str
) -> None:
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    query = {"lens": "train", "net": "done"}
    with Viewed(browser, training, query, bypass_csp=True, **look) as view:
        view.filled()
        view.at("confusion-matrix table").wait_for()
        view.says(".health", "images of the training")
        assert found_by_axe(view, axe) == []
