"""Designing: text and drawing in step, every number the one of ``explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.report.palette import LIGHT
from tests.studio.conftest import Asked
from tests.studio.viewing import Viewed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

TEXT = "textarea[aria-label='the network as notation']"
SMALL = "input 28x28x1 -> conv 8 3x3 stride 2 -> relu -> fc 10"


def total(view: Viewed, column: int) -> int:
    text = view.at(".costs tfoot").locator("th, td").nth(column).inner_text()
    return int(text.replace(",", ""))


def test_every_number_follows_the_typing(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "design"}) as view:
        view.at(".costs").wait_for()
        assert total(view, 2) == 29_034
        view.at(TEXT).fill(SMALL)
        view.says(".costs tfoot", "13,610")
        explanation = explain(Architecture.parse(SMALL))
        assert total(view, 2) == explanation.parameters.value
        assert total(view, 3) == explanation.multiply_adds.value
        view.holds("net", SMALL)
        view.until("document.querySelectorAll('#spine .card').length === 5")
        view.page.go_back()
        view.says(".costs tfoot", "29,034")
        assert view.problems == []


def test_the_derivation_holds_the_numbers(browser: Browser, asked: Asked) -> None:
    query = {"lens": "design", "net": SMALL, "layer": "conv1"}
    with Viewed(browser, asked, query) as view:
        view.at(".derivation math").first.wait_for()
        cost = explain(Architecture.parse(SMALL)).layers[0]
        values = view.numbers(".derivation data")
        for count in (cost.parameters, cost.multiply_adds, cost.sides[0].output):
            assert count.value in values
        formula = view.at(".derivation math").nth(1).evaluate("math => math.textContent")
        assert "28−3+2·0" in formula


def test_an_error_stands_under_the_caret_with_its_remedy(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "design"}) as view:
        view.at(".costs").wait_for()
        view.at(TEXT).fill("input 28x28x1 -> cnv 8 3x3 -> fc 10")
        view.at("mark.wrong").wait_for()
        assert view.at("mark.wrong").inner_text() == "cnv"
        assert "unknown layer 'cnv'" in view.at(".editor-said").first.inner_text()
        mark, said = view.at("mark.wrong").bounding_box(), view.at(".editor-said b").bounding_box()
        assert mark is not None
        assert said is not None
        assert abs(mark["x"] - said["x"]) < 12
        assert said["y"] >= mark["y"] + mark["height"] - 1
        assert (
            view.at(".costs tfoot").inner_text().count("29,034") == 1
        )  # the last that could be read
        view.page.get_by_role("button", name="write “conv”").click()
        view.until("document.querySelector('.editor-said').textContent === ''")
        assert view.at(TEXT).input_value() == "input 28x28x1 -> conv 8 3x3 -> fc 10"


def test_a_layer_is_changed_put_in_and_taken_away(browser: Browser, asked: Asked) -> None:
    query = {"lens": "design", "net": SMALL, "layer": "conv1"}
    with Viewed(browser, asked, query) as view:
        view.page.get_by_label("notation of conv1").fill("conv 4 5x5")
        view.page.keyboard.press("Enter")
        view.until(f"document.querySelector(\"{TEXT}\").value.includes('conv 4 5x5')")
        # the panel is drawn anew once the answer is there: not before may it be written in
        drawn = "document.querySelector('#spine [data-layer=conv1]').textContent"
        view.until(f"{drawn}.includes('24×24×4')")
        view.page.get_by_label("a layer to put in").fill("batchnorm")
        view.page.get_by_role("button", name="after", exact=True).click()
        view.until("document.querySelector('#spine [data-layer=batch1]') !== null")
        assert view.query()["net"] == "input 28x28x1 -> conv 4 5x5 -> batchnorm -> relu -> fc 10"
        view.page.get_by_role("button", name="take away").click()
        view.until("document.querySelector('#spine [data-layer=conv1]') === null")
        view.page.go_back()
        view.until("document.querySelector('#spine [data-layer=conv1]') !== null")


def test_a_wrong_layer_is_told_at_its_field(browser: Browser, asked: Asked) -> None:
    query = {"lens": "design", "net": SMALL, "layer": "conv1"}
    with Viewed(browser, asked, query) as view:
        field = view.page.get_by_label("notation of conv1")
        field.fill("conv 4 5x5 strde 2")
        field.press("Enter")
        view.at(".layer-tools mark.wrong").wait_for()
        assert view.at("mark.wrong").inner_text() == "strde"
        said = view.at(".layer-tools .editor-said").first
        assert "did you mean" in said.inner_text()
        assert "column" not in view.at(".layer-tools").inner_text()
        # right under the mistake, in a field that shows all of its text
        at, under = view.at("mark.wrong").bounding_box(), said.locator("b").bounding_box()
        assert at is not None
        assert under is not None
        assert 0 <= under["y"] - (at["y"] + at["height"]) < 24
        assert field.evaluate("field => [field.clientWidth - field.scrollWidth]") == [0]
        view.page.get_by_role("button", name="write “stride”").click()
        assert said.inner_text() == ""
        field.press("Enter")
        view.holds("net", SMALL.replace("conv 8 3x3 stride 2", "conv 4 5x5 stride 2"))
        assert view.problems == []


def test_a_change_that_does_not_fit_is_told_at_its_field(browser: Browser, asked: Asked) -> None:
    net = "input 28x28x1 -> conv 8 3x3 -> maxpool 2 -> fc 10"
    query = {"lens": "design", "net": net, "layer": "conv1"}
    with Viewed(browser, asked, query) as view:
        field = view.page.get_by_label("notation of conv1")
        field.fill("conv 4 99x99")
        field.press("Enter")
        view.says(".layer-tools .editor-said", "its kernel is 99 high")
        assert view.at("mark.wrong").inner_text() == "conv 4 99x99"
        field.fill("conv 4 28x28")  # and now it is another layer that does not fit
        field.press("Enter")
        view.says(".layer-tools .editor-said", "then “maxpool 2” does not fit")
        assert view.at("mark.wrong").count() == 0
        other = view.page.get_by_label("a layer to put in")
        other.fill("tanh -> dropout 2")
        other.press("Enter")
        view.says(".layer-tools form:nth-of-type(2) .editor-said", "probability must be")
        assert view.at("form:nth-of-type(2) mark.wrong").inner_text() == "2"
        other.fill("tanh")
        assert view.at("form:nth-of-type(2) .editor-said").inner_text() == ""
        assert view.query()["net"] == net
        assert view.problems == []


def test_a_layer_of_a_text_that_cannot_be_read_is_not_changed(
    browser: Browser, asked: Asked
) -> None:
    query = {"lens": "design", "net": SMALL, "layer": "conv1"}
    with Viewed(browser, asked, query) as view:
        view.at(".costs").wait_for()
        view.at(TEXT).fill(f"{SMALL} ->")
        view.page.get_by_role("button", name="take away").click()
        view.says(".layer-tools .editor-said", "mend its text first")
        assert view.at(TEXT).input_value() == f"{SMALL} ->"


def test_the_caret_and_the_drawing_choose_a_layer(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "design"}) as view:
        view.at(".network svg").wait_for()
        fills = view.at(".network path").evaluate_all(
            "paths => paths.map((path) => path.getAttribute('fill'))"
        )
        assert {fill for fill in fills if fill != "none"} <= {f"var(--{role})" for role in LIGHT}
        view.at(".network text").filter(has_text="conv2").first.click()
        view.until("document.querySelector('.derivation h2').textContent === 'conv2'")
        assert view.at(".mirror mark").first.inner_text() == "conv 32 5x5 pad 2"
        view.at(TEXT).evaluate("area => { area.focus(); area.setSelectionRange(60, 60); }")
        view.page.keyboard.press("ArrowRight")
        view.until("document.querySelector('.derivation h2').textContent === 'pool1'")


def test_numbers_hide_until_one_has_guessed(browser: Browser, asked: Asked) -> None:
    query = {"lens": "design", "layer": "conv1", "guess": "1"}
    with Viewed(browser, asked, query) as view:
        guess = view.page.get_by_label("your guess: parameters of conv1")
        guess.wait_for()
        assert "416" not in view.at("#lens .design-body").inner_text()
        guess.fill("400")
        guess.press("Enter")
        view.says(".derivation", "too small")
        guess.fill("416")
        guess.press("Enter")
        view.says(".derivation", "= 416")
        assert "416" in view.at(".costs").inner_text()
        assert "29,034" not in view.at("#lens").inner_text()


def test_two_networks_side_by_side(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"lens": "design"}) as view:
        view.page.get_by_label("beside it").select_option("lenet5")
        view.at(".compared svg").wait_for()
        text = view.at(".compared").inner_text()
        assert "61,706" in text
        assert "+ conv 6 5x5 pad 2" in text
        assert view.query()["beside"] == "lenet5"


def test_it_is_copied(browser: Browser, asked: Asked) -> None:
    grants = {"permissions": ["clipboard-read", "clipboard-write"]}
    with Viewed(browser, asked, {"lens": "design", "net": SMALL}, **grants) as view:
        view.at(".costs").wait_for()
        for name, sign in (("Python", "nn.Conv2d("), ("notation", SMALL), ("SVG", "<svg")):
            view.page.get_by_role("button", name=name, exact=True).click()
            view.page.get_by_text(f"{name} copied").wait_for()
            assert sign in view.page.evaluate("navigator.clipboard.readText()")
