"""Designing key by key: what a person types stays, whatever the server answers and when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.studio.conftest import Asked
from tests.studio.viewing import Viewed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

TEXT = "textarea[aria-label='the network as notation']"
SMALL = "input 28x28x1 -> conv 8 3x3 stride 2 -> relu -> fc 10"
NEW = "input 28x28x1 -> conv 12 3x3 -> relu -> maxpool 2 -> fc 10"
COSTS = 20_410
"""The parameters of NEW."""
LATE = """([path, waits]) => {
    const ask = window.fetch;
    window.fetch = async (address, options) => {
        const answer = await ask(address, options);
        const wait = String(address).split("?")[0].endsWith(path) ? waits.shift() ?? 0 : 0;
        if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
        return answer;
    };
}"""
"""Answers of an address are heard so many milliseconds late, the first so many, and so on."""


@contextmanager
def designed(browser: Browser, asked: Asked, net: str = SMALL) -> Iterator[Viewed]:
    """The lens with a network in it, all that was asked for answered; nothing may go wrong."""
    with Viewed(browser, asked, {"lens": "design", "net": net}) as view:
        view.at(".costs tfoot").wait_for()
        view.filled()
        yield view
        assert view.problems == []


def text_of(view: Viewed) -> str:
    return view.at(TEXT).input_value()


def caret(view: Viewed) -> int:
    place: int = view.at(TEXT).evaluate("area => area.selectionStart")
    return place


def select(view: Viewed, part: str) -> None:
    """As if a person had drawn over it."""
    start = text_of(view).index(part)
    view.at(TEXT).evaluate(
        "(area, [start, end]) => { area.focus(); area.setSelectionRange(start, end); }",
        [start, start + len(part)],
    )


def rested(view: Viewed) -> None:
    """Longer than any wait of the page's."""
    view.page.wait_for_timeout(900)


def questions(view: Viewed) -> int:
    return sum(url.endswith("/api/design") for url in view.requests)


@pytest.mark.parametrize("delay", [5, 30, 80])
def test_a_network_is_typed_over_another(browser: Browser, asked: Asked, delay: int) -> None:
    with Viewed(browser, asked, {"lens": "design"}) as view:
        view.says(".costs tfoot", "29,034")
        view.filled()
        old = text_of(view)
        view.at(TEXT).click()
        view.page.keyboard.press("Control+a")
        view.page.keyboard.type(NEW, delay=delay)
        assert text_of(view) == NEW
        view.says(".costs tfoot", f"{COSTS:,}")
        view.holds("net", NEW)
        assert (text_of(view), caret(view)) == (NEW, len(NEW))
        # the first key, and the pause at the end; a machine that stutters makes pauses of its own,
        # and slow keys are soon as far apart as those
        assert questions(view) < (len(NEW) // 3 if delay < 50 else len(NEW))
        view.page.go_back()
        view.says(".costs tfoot", "29,034")
        assert text_of(view) == old
        view.page.go_forward()
        view.says(".costs tfoot", f"{COSTS:,}")
        assert text_of(view) == NEW
        assert view.problems == []


def test_what_is_deleted_stays_deleted(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        view.at(TEXT).click()
        view.page.keyboard.press("Control+a")
        view.page.keyboard.press("Delete")
        view.says(".editor-said", "there is nothing to read")
        for key in ("Control+a", "Home", "ArrowRight", "Shift+End"):
            view.page.keyboard.press(key)
        rested(view)
        assert text_of(view) == ""
        assert view.query()["net"] == SMALL
        view.page.keyboard.type(NEW, delay=30)
        view.says(".costs tfoot", f"{COSTS:,}")
        assert text_of(view) == NEW


def test_in_the_middle_the_caret_stays(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        view.at(TEXT).evaluate("area => { area.focus(); area.setSelectionRange(17, 17); }")
        for number, key in enumerate("maxpool 2 -> "):
            view.page.keyboard.type(key)
            view.page.wait_for_timeout(60)
            assert caret(view) == 18 + number
        rested(view)
        made = SMALL.replace("conv", "maxpool 2 -> conv")
        assert (text_of(view), caret(view)) == (made, 30)
        view.holds("net", made)
        # slower than anything the page waits for
        for number in range(6):
            view.page.keyboard.press("Backspace")
            view.page.wait_for_timeout(450)
            assert caret(view) == 29 - number
        assert text_of(view) == SMALL.replace("conv", "maxpoolconv")


def test_a_layer_is_deleted_and_another_pasted(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        select(view, "conv 8 3x3 stride 2 -> ")
        view.page.keyboard.press("Delete")
        short = "input 28x28x1 -> relu -> fc 10"
        view.holds("net", short)
        assert (text_of(view), caret(view)) == (short, 17)
        select(view, "relu -> fc 10")
        view.page.keyboard.insert_text("conv 12 3x3 ->")  # half of it, as one pastes
        rested(view)
        assert text_of(view) == "input 28x28x1 -> conv 12 3x3 ->"
        view.page.keyboard.insert_text(" relu -> maxpool 2 -> fc 10")
        view.holds("net", NEW)
        assert text_of(view) == NEW


def test_the_layer_of_the_caret_is_chosen_with_the_text(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        select(view, "relu")
        view.page.keyboard.type("maxpool 2", delay=30)
        view.says(".derivation h2", "pool1")
        view.holds("layer", "pool1")
        assert view.at(".mirror mark").first.inner_text() == "maxpool 2"
        view.page.keyboard.type(" strid", delay=30)  # no layer knows that: nothing moves
        rested(view)
        assert view.query()["layer"] == "pool1"


def test_answers_that_come_late_and_out_of_order(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        view.page.evaluate(LATE, ["api/design", [700, 500, 900, 300, 100]])
        view.at(TEXT).click()
        view.page.keyboard.press("Control+a")
        for part in ("input 28x28x1 -> fc 10", " -> fc 20", " -> relu", " -> fc 7"):
            view.page.keyboard.type(part, delay=20)
            view.page.wait_for_timeout(200)
        made = "input 28x28x1 -> fc 10 -> fc 20 -> relu -> fc 7"
        view.says(".costs tfoot", f"{785 * 10 + 11 * 20 + 21 * 7:,}")
        rested(view)
        assert text_of(view) == made
        assert view.query()["net"] == made


def test_a_network_that_comes_late_leaves_what_was_typed(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        view.page.evaluate(LATE, ["api/subject", [1200] * 9])
        view.at("#head select").select_option("lenet5")
        view.at(TEXT).click()
        view.page.keyboard.press("Control+a")
        view.page.keyboard.type(NEW, delay=5)
        view.holds("net", NEW)
        view.page.wait_for_timeout(2500)
        assert (text_of(view), view.query()["net"]) == (NEW, NEW)
        view.page.go_back()
        view.says(".costs tfoot", "61,706")  # what was chosen before it
        assert text_of(view).startswith("input 28x28x1 -> conv 6 5x5 pad 2 -> tanh")


def test_one_types_before_anything_is_there(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        view.context.add_init_script(f"({LATE})(['api/subject', [1500]])")
        view.page.reload()
        view.at(TEXT).click()
        view.page.keyboard.type(NEW, delay=5)
        assert not view.at(".costs tfoot").filter(has_text="in all").count()
        view.page.wait_for_timeout(2000)
        assert text_of(view) == NEW
        view.says(".costs tfoot", f"{COSTS:,}")
        view.holds("net", NEW)


def test_typing_is_undone_step_by_step(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        select(view, "conv 8")
        view.page.keyboard.type("conv 9", delay=30)
        changed = SMALL.replace("conv 8", "conv 9")
        view.holds("net", changed)
        rested(view)
        for _ in range(10):
            if text_of(view) == SMALL:
                break
            view.page.keyboard.press("Control+z")
        assert text_of(view) == SMALL
        view.holds("net", SMALL)
        view.page.keyboard.press("Control+Shift+z")
        rested(view)
        assert text_of(view) != SMALL


def test_what_was_typed_in_one_run_is_undone_at_once(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        view.at(TEXT).click()
        view.page.keyboard.press("Control+End")
        view.page.keyboard.type(" -> dropout 0.5", delay=30)
        rested(view)
        view.page.keyboard.press("Control+z")
        # The first key is answered at once, and what is drawn then parts the run.
        assert text_of(view) in (SMALL, f"{SMALL} ")
        view.page.keyboard.press("Control+z")
        assert text_of(view) == SMALL


def test_a_change_in_the_panel_is_undone_in_the_text(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        field = view.page.get_by_label("notation of conv1")
        field.fill("conv 4 5x5")
        field.press("Enter")
        view.holds("net", "input 28x28x1 -> conv 4 5x5 -> relu -> fc 10")
        assert view.page.evaluate("document.activeElement.ariaLabel") == "notation of conv1"
        view.page.get_by_role("button", name="take away").press("Enter")
        view.holds("net", "input 28x28x1 -> relu -> fc 10")
        assert view.page.evaluate("document.activeElement.textContent") == "take away"
        view.at(TEXT).focus()
        view.page.keyboard.press("Control+z")
        view.holds("net", "input 28x28x1 -> conv 4 5x5 -> relu -> fc 10")
        view.page.keyboard.press("Control+z")
        view.holds("net", SMALL)
        assert text_of(view) == SMALL


def test_an_answer_comes_at_once_and_mistakes_are_no_faults(browser: Browser, asked: Asked) -> None:
    with designed(browser, asked) as view:
        view.at(TEXT).click()
        view.page.keyboard.press("End")
        view.page.keyboard.press("Backspace")
        said = view.at(".costs tfoot")
        view.page.wait_for_timeout(150)  # "fc 1"
        assert "1,433" in said.inner_text()
        before = questions(view)
        view.page.keyboard.press("Control+a")
        view.page.keyboard.type("input 28x28x1 -> cnv 8 3x3 ->", delay=20)
        view.says(".editor-said", "unknown layer 'cnv'")
        assert 1 <= questions(view) - before <= 5
