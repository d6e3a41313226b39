"""Stopping a training for good in a real browser: by keyboard, asked once, the same in two tabs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from convscope.training.runs import open_run
from tests.studio.conftest import Asked, Opening
from tests.studio.test_processes import kill_all, state, until
from tests.studio.viewing import Viewed, found_by_axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

NETWORK = "input 28x28x1 -> conv 4 3x3 -> relu -> maxpool 2 -> fc 10"
FOCUSED = "document.activeElement.textContent"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stopping") / "runs"
    yield folder
    kill_all(folder)


@pytest.fixture(scope="module")
def training(opening: Opening, runs: Path) -> Asked:
    return opening(runs)


def begun(training: Asked) -> str:
    """A training that goes on for longer than anybody waits."""
    body: dict[str, Any] = {"data": "fashion-mini", "settings": {"epochs": 4000}}
    name: str = training.record("runs", architecture=NETWORK, **body)["run"]
    return name


def pressed(view: Viewed, text: str) -> None:
    """Goes to a button of the head with the keyboard, and presses it."""
    view.says(".run-head", text)
    for _ in range(3):  # the heading may be drawn anew just then
        view.at(".run-head h2").evaluate("each => { each.tabIndex = -1; each.focus(); }")
        for _ in range(6):
            view.page.keyboard.press("Tab")
            if view.page.evaluate(FOCUSED) == text:
                view.page.keyboard.press("Enter")
                return
    pytest.fail(f"{text} is not reached by keyboard")


def focused(view: Viewed, text: str) -> None:
    view.until(f"{FOCUSED} === '{text}'")


def has_ended(view: Viewed, training: Asked, name: str) -> None:
    """It says after how many steps, and shows what came of it."""
    until(training, name, "finished")
    run = open_run(training.runs / name)
    steps = run.results["steps"]
    assert run.results["ended_early"]
    view.says(".run-head", f"was stopped after {steps:,} of 80,000 steps")
    view.says(".facts", f"{steps:,} of 80,000")
    view.says(".facts", "accuracy on the test images")
    view.says(".facts", f"{100 * run.accuracy:.2f}")
    view.says(".run-list", "stopped early")
    view.says(".measures", f"After {steps:,} steps")
    view.says(".measures", "test images")
    assert view.at(".run-head button").count() == 0


def test_a_training_is_stopped_for_good_by_keyboard(browser: Browser, training: Asked) -> None:
    name = begun(training)
    query = {"lens": "train", "run": name}
    with Viewed(browser, training, query) as view, Viewed(browser, training, query) as other:
        for each in (view, other):
            each.says(".run-head", "is training")
            each.says(".facts", "images/s")
        pressed(view, "stop")
        focused(view, "no")  # a key that is held too long ends nothing
        view.says(".run-head", "end it for good?")
        view.page.wait_for_timeout(2500)  # the head is built anew meanwhile
        focused(view, "no")
        view.page.keyboard.press("Enter")
        focused(view, "stop")
        view.page.keyboard.press("Enter")
        focused(view, "no")
        view.page.keyboard.press("Escape")
        focused(view, "stop")
        assert state(training, name)["state"] == "training"
        pressed(other, "stop")
        view.page.keyboard.press("Enter")
        focused(view, "no")
        view.page.keyboard.press("Shift+Tab")
        focused(view, "yes")
        view.page.keyboard.press("Enter")
        # The other tab sees it, too, and has nothing to ask any more.
        for each in (view, other):
            has_ended(each, training, name)
            assert "end it for good?" not in (each.at(".run-head").text_content() or "")
            assert each.problems == []


def test_a_paused_one_is_stopped_and_the_page_may_be_closed(
    browser: Browser, training: Asked
) -> None:
    name = begun(training)
    with Viewed(browser, training, {"lens": "train", "run": name}) as view:
        view.says(".facts", "images/s")
        pressed(view, "pause")
        view.says(".run-head", "is paused")
        view.says(".run-list", "paused")
        pressed(view, "stop")
        view.page.get_by_role("group", name="end it for good?").wait_for()
        view.page.get_by_role("button", name="yes").click()
        view.until("!document.querySelector('.run-head').textContent.includes('is paused')")
    until(training, name, "finished")
    with Viewed(browser, training, {"lens": "train", "net": name}) as view:
        has_ended(view, training, name)


def test_what_came_in_between_is_told(browser: Browser, training: Asked) -> None:
    """Another tab has stopped it, and this one does not know yet."""
    name = begun(training)
    with Viewed(browser, training, {"lens": "train", "run": name}) as view:
        view.says(".facts", "images/s")

        def late(route: Any) -> None:
            training.record(f"runs/{name}/finish")
            route.continue_()

        view.page.route("**/finish", late)
        pressed(view, "stop")
        view.page.get_by_role("button", name="yes").click()
        view.says(".watched [role=alert]", "this training")
        said = view.at(".watched [role=alert]").text_content() or ""
        assert "for good" in said


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_against_the_question(
    browser: Browser, training: Asked, axe: str, width: int, scheme: str
) -> None:
    name = begun(training)
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    query = {"lens": "train", "run": name}
    with Viewed(browser, training, query, bypass_csp=True, **look) as view:
        view.says(".facts", "images/s")
        pressed(view, "pause")
        view.says(".run-head", "is paused")
        view.filled()
        pressed(view, "stop")
        view.page.get_by_role("button", name="yes").wait_for()
        assert view.page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert found_by_axe(view, axe) == []
