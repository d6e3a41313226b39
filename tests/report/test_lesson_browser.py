"""The lesson in a real browser: from disk, by keyboard, at any width, and right to the digit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convscope.inspection.recording import trace
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.walking.slides import slide, slides_of
from convscope.report.document import Moving, Section, document
from convscope.report.elements import block, drawing, element_script, element_sheet, exact
from convscope.report.lesson.kernels import slide_block
from convscope.report.lesson.material import gathered
from convscope.training.runs import open_run

from .browser import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

READ = """(layer) => {
    const slide = document.querySelector(`kernel-slide[source="data-${layer}"]`);
    const read = (found) => [...found].map((each) => Number(each.value));
    const numbers = (chosen) => read(slide.querySelectorAll(chosen));
    const [patch, weights, products] = [...slide.querySelectorAll(".terms-grid")]
        .map((grid) => read(grid.querySelectorAll("data")));
    const steps = Object.fromEntries([...slide.querySelectorAll(".value-steps data[data-step]")]
        .map((each) => [each.dataset.step, Number(each.value)]));
    return { patch, weights, products, sums: numbers(".channel-sums data"), steps,
        place: Number(slide.querySelector("input").value),
        said: slide.querySelector("[role=status]").textContent };
}"""
"""What is written on the page, as numbers."""


FOCUSED_MAP = "document.activeElement.closest('section').querySelector('figcaption').textContent"


def control(page: Page, layer: str, name: str) -> Any:
    """The slider of this name in the drawing of a layer."""
    drawing = page.locator(f'kernel-slide[source="data-{layer}"]')
    return drawing.get_by_role("slider", name=re.compile(rf"^{name}\b"))


def test_it_opens_from_disk_and_asks_nothing_of_anybody(browser: Browser, lesson: Path) -> None:
    with Watched(browser, lesson, viewport={"width": 1280, "height": 900}) as watched:
        page = watched.page
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(300)
        assert watched.problems == []
        assert [each for each in watched.requests if each != watched.address] == []
        empty = page.evaluate(
            "[...document.querySelectorAll('heat-map')].filter((each) => each.offsetWidth && "
            "!each.querySelector('canvas').width).length"
        )
        assert empty == 0
        undefined = page.evaluate("document.querySelectorAll(':not(:defined)').length")
        assert undefined == 0
    assert lesson.stat().st_size <= 2_000_000


def test_arrow_keys_move_the_kernel(browser: Browser, lesson: Path) -> None:
    with Watched(browser, lesson) as watched:
        page = watched.page
        slider = control(page, "conv1", "place")
        slider.focus()
        start = page.evaluate(READ, "conv1")["place"]
        for key, expected in (
            ("ArrowRight", start + 1),
            ("ArrowDown", start + 29),
            ("ArrowLeft", start + 28),
            ("ArrowUp", start),
            ("Home", start - start % 28),
            ("End", start - start % 28 + 27),
        ):
            page.keyboard.press(key)
            assert page.evaluate(READ, "conv1")["place"] == expected, key
        # The maps can be moved over as well: on either of them the arrow keys go by one place.
        canvases = page.locator('kernel-slide[source="data-conv1"] canvas[tabindex="0"]')
        for number in range(2):
            canvases.nth(number).focus()
            before = page.evaluate(READ, "conv1")["place"]
            page.keyboard.press("ArrowDown" if before + 28 < 784 else "ArrowUp")
            assert abs(page.evaluate(READ, "conv1")["place"] - before) == 28
        page.wait_for_timeout(700)
        assert "row" in page.evaluate(READ, "conv1")["said"]
        assert watched.problems == []


@pytest.mark.parametrize(
    ("layer", "chain", "columns"),
    [("conv1", ("batch1", "relu1", "pool1"), 28), ("conv2", ("batch2", "relu2", "pool2"), 14)],
)
def test_what_is_written_is_what_torch_computes(
    browser: Browser,
    lesson: Path,
    subject: Subject,
    layer: str,
    chain: tuple[str, ...],
    columns: int,
) -> None:
    """Every sum is that of the terms that are shown, and torch's within 1e-5 of their sizes."""
    pictures = gathered_pictures(subject)
    traced = trace(subject.module, subject.tensor(pictures))
    calls = {call.name: call.output.numpy() for call in traced}
    weights = dict(subject.module.named_parameters())[f"{layer}.weight"].detach().numpy()
    draw = np.random.default_rng(0)
    with Watched(browser, lesson) as watched:
        page = watched.page
        for _ in range(12):
            image = int(draw.integers(len(pictures)))
            kernel = int(draw.integers(len(weights)))
            slice_ = int(draw.integers(weights.shape[1]))
            place = int(draw.integers(columns * columns))
            page.locator("image-choice input").nth(image).check(force=True)
            set_slider(page, layer, "kernel of", kernel)
            if weights.shape[1] > 1:
                set_slider(page, layer, "channel of", slice_)
            set_slider(page, layer, "place", place)
            shown = page.evaluate(READ, layer)
            row, column = divmod(place, columns)
            where = (image, kernel, row, column)
            assert np.allclose(shown["weights"], weights[kernel, slice_].ravel(), rtol=1e-6)
            products = np.multiply(shown["patch"], shown["weights"])
            assert np.allclose(shown["products"], products, rtol=1e-12)
            assert shown["sums"][slice_] == pytest.approx(sum(shown["products"]), abs=1e-12)
            assert len(shown["sums"]) == weights.shape[1]
            steps = shown["steps"]
            assert steps["sum"] == pytest.approx(sum(shown["sums"]), abs=1e-12)
            assert steps[layer] == pytest.approx(steps["sum"] + steps["bias"], abs=1e-12)
            size = 1e-5 * max(1.0, float(np.abs(shown["sums"]).sum()))
            assert abs(steps[layer] - calls[layer][where]) <= size
            for name in chain[:2]:
                assert steps[name] == pytest.approx(float(calls[name][where]), abs=10 * size)
            pooled = calls[chain[2]][image, kernel, row // 2, column // 2]
            assert steps[chain[2]] == pytest.approx(float(pooled), abs=10 * size)
        assert watched.problems == []


def gathered_pictures(subject: Subject) -> Any:
    from convscope.report.lesson.choosing import chosen_pictures

    return np.stack([each.pixels for each in chosen_pictures(subject)])


def set_slider(page: Page, layer: str, name: str, value: int) -> None:
    control(page, layer, name).evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }",
        value,
    )


def test_a_chosen_picture_is_chosen_everywhere(browser: Browser, lesson: Path) -> None:
    with Watched(browser, lesson) as watched:
        page = watched.page
        first = page.locator("#answer .per-image:visible").inner_text()
        page.locator("image-choice").last.locator("input").nth(2).check(force=True)
        assert page.locator("#answer .per-image:visible").count() == 1
        assert page.locator("#answer .per-image:visible").inner_text() != first
        chosen = page.evaluate(
            "[...document.querySelectorAll('[source]')].filter((e) => e.image !== undefined)"
            ".map((e) => e.image)"
        )
        assert set(chosen) == {2}
        checked = page.evaluate(
            "[...document.querySelectorAll('image-choice')].map((choice) => "
            "[...choice.querySelectorAll('input')].findIndex((input) => input.checked))"
        )
        assert set(checked) == {2}


def test_a_card_leads_to_its_maps_and_arrow_keys_choose_among_them(
    browser: Browser, lesson: Path
) -> None:
    with Watched(browser, lesson) as watched:
        page = watched.page
        page.get_by_role("button", name="relu2").first.click()
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert re.fullmatch(r"channel \d+", focused)
        page.keyboard.press("Home")
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert focused == "channel 0"
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "channel 1"
        assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
        told = page.evaluate(FOCUSED_MAP)
        assert told.startswith("channel 1, row")


UNUSUAL = [
    "input 12x9x3 -> conv 6 3x2 stride 2x1 pad 1 -> tanh -> avgpool 2 -> conv 8 3x3 groups 2 pad 2"
    " -> leakyrelu -> l2pool 2 -> fc 10",
    "input 12x12x1 -> conv 3 3x3 dilation 2 pad 2 -> sigmoid -> distancepool 3 stride 2"
    " -> conv 4 2x2 -> silu -> maxpool 3 stride 2 pad 1 -> fc 10",
]


@pytest.mark.parametrize("network", UNUSUAL, ids=["stride and groups", "dilation"])
def test_any_geometry_is_slid_over_as_torch_does(
    browser: Browser, network: str, tmp_path: Path
) -> None:
    """Every place of every kernel: the values of the page against torch's."""
    subject = subject_of(network)
    picture = subject.picture(3)
    calls = {
        c.name: c.output.numpy() for c in trace(subject.module, subject.tensor(picture.pixels))
    }
    slides = [slide(subject, layer, [picture]) for layer in slides_of(subject)]
    drawings = [drawing("kernel-slide", each.layer) for each in slides]
    blocks = [block(each.layer, slide_block(each)) for each in slides]
    path = tmp_path / "page.html"
    moving = Moving(element_script(), element_sheet(), blocks)
    page_text = document("slides", None, [Section("all", "All", drawings)], moving=moving)
    path.write_text(page_text, encoding="utf-8")
    with Watched(browser, path) as watched:
        page = watched.page
        for each in slides:
            rows, columns = each.size
            pool = calls[each.after[-1].name]
            numbers = each.after[-1].numbers
            for kernel in range(len(each.channels)):
                set_slider(page, each.layer, "kernel of", kernel)
                for place in range(0, rows * columns, 5):
                    row, column = divmod(place, columns)
                    set_slider(page, each.layer, "place", place)
                    shown = page.evaluate(READ, each.layer)
                    steps = shown["steps"]
                    assert steps["sum"] == pytest.approx(sum(shown["sums"]), abs=1e-12)
                    for name in (each.layer, each.after[0].name):
                        wanted = float(calls[name][0, kernel, row, column])
                        assert steps[name] == pytest.approx(wanted, abs=2e-5)
                    window = [
                        min((at + pad) // step, size - 1)
                        for at, pad, step, size in zip(
                            (row, column),
                            numbers["padding"],
                            numbers["stride"],
                            numbers["size"],
                            strict=True,
                        )
                    ]
                    if each.after[-1].name in steps:
                        wanted = float(pool[0, kernel, window[0], window[1]])
                        assert steps[each.after[-1].name] == pytest.approx(wanted, abs=2e-5)
        assert watched.problems == []


def test_the_channel_that_is_shown_first_is_the_most_active(
    browser: Browser, lesson: Path, subject: Subject
) -> None:
    picture = gathered(subject, open_run("example"), [0]).pictures[0]
    with Watched(browser, lesson) as watched:
        names = watched.page.locator(".layer-maps h3").all_inner_texts()
        shown = watched.page.locator(".large-map figcaption").all_inner_texts()
    calls = trace(subject.module, subject.tensor(picture.pixels))
    made = {call.name: call.output[0] for call in calls}
    first = [int(made[name].abs().sum((1, 2)).argmax()) for name in names]
    assert [text.partition(",")[0] for text in shown] == [f"channel {each}" for each in first]
    assert any(first)


def test_a_field_of_one_unit_names_it_and_has_no_slider(browser: Browser, tmp_path: Path) -> None:
    image = exact(np.zeros((1, 16, 16), np.uint8))
    layer = {"name": "c2", "size": [1, 1], "only": True, "unit": [7, 7], "field": [10, 10]}
    layer |= {"start": [3, 3], "jump": [1, 1], "effective": None}
    data = {"pictures": [image], "layers": [layer]}
    moving = Moving(element_script("lesson.js"), element_sheet(), [block("one", data)])
    body = [Section("one", "One", drawing("field-view", "one"))]
    path = tmp_path / "one.html"
    path.write_text(document("One", None, body, moving=moving), encoding="utf-8")
    with Watched(browser, path) as watched:
        told = watched.page.locator("field-view [role=status]").inner_text()
        assert told.startswith("Unit (7, 7) of c2 sees 10×10 pixels: rows 3 to 12")
        assert not watched.page.locator("field-view input[type=range]").is_visible()
