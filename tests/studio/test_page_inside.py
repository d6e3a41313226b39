"""Looking inside: what the page shows is what torch computes, and every way leads there."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.inspection.changes.switching import switch_off
from convscope.inspection.subject import Subject
from tests.studio.conftest import Asked
from tests.studio.test_inside_routes import outputs
from tests.studio.viewing import Viewed, picture_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

CLOSE = 1e-5


def unit_of(view: Viewed) -> tuple[int, ...]:
    return tuple(int(part) for part in view.query()["unit"].split(","))


@pytest.mark.parametrize(
    ("layer", "unit", "steps"),
    [
        ("conv2", (5, 4, 9), ("conv2", "batch2", "relu2", "pool2")),
        ("pool1", (3, 0, 13), ("pool1",)),
        ("relu2", (30, 13, 0), ("conv2", "batch2", "relu2")),
        ("fc", (7,), ("fc",)),
    ],
)
def test_values_are_torchs(
    browser: Browser,
    asked: Asked,
    example: Subject,
    layer: str,
    unit: tuple[int, ...],
    steps: tuple[str, ...],
) -> None:
    query = {"layer": layer, "unit": ",".join(map(str, unit)), "image": "3"}
    with Viewed(browser, asked, query) as view, outputs(example, 3) as values:
        shown = view.number(".unit-value data")
        assert shown == pytest.approx(float(values[layer][unit]), abs=CLOSE)
        for step in steps:
            place = unit if step != "pool2" else (unit[0], unit[1] // 2, unit[2] // 2)
            torchs = float(values[step][place])
            assert view.number(f"[data-step={step}]") == pytest.approx(torchs, rel=CLOSE, abs=CLOSE)
        shares = values["fc"].softmax(0)
        view.filled()
        read = view.numbers("#spine .answer td[data-value]", "data-value")
        assert read == pytest.approx(sorted(shares.tolist(), reverse=True), abs=CLOSE)
        assert view.problems == []


def test_a_click_takes_a_unit_and_the_image_shows_its_field(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "pool1", "unit": "5,3,3"}) as view:
        view.says(".large-map figcaption", "row 3, column 3")
        view.at("kernel-slide .value-steps").wait_for()
        large = view.at(".large-map > heat-map canvas")
        large.scroll_into_view_if_needed()
        box = large.bounding_box()
        assert box is not None
        large.click(position={"x": box["width"] * 8.5 / 14, "y": box["height"] * 6.5 / 14})
        assert unit_of(view) == (5, 6, 8)
        view.says(".shown-image figcaption", "rows 10 to 15, columns 14 to 19")
        view.at(".maps-grid button").nth(11).click()
        assert unit_of(view) == (11, 6, 8)
        view.says(".one-unit h2", "channel 11, row 6, column 8")
        assert view.problems == []


def test_the_keyboard_leads_everywhere(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "conv1", "unit": "0,10,10"}) as view:
        view.at("kernel-slide .value-steps").wait_for()
        view.at(".maps-grid button[aria-pressed=true]").focus()
        view.page.keyboard.press("ArrowRight")
        view.holds("unit", "1,10,10")
        view.at(".large-map > heat-map canvas").focus()
        view.page.keyboard.press("ArrowDown")
        view.holds("unit", "1,11,10")
        view.until("document.querySelector('kernel-slide').place.join() === '11,10'")
        view.at("kernel-slide input[aria-label=place]").focus()
        view.page.keyboard.press("ArrowRight")
        view.page.keyboard.press("ArrowUp")
        view.holds("unit", "1,10,11")
        view.at("#spine [data-layer=fc] button").focus()
        view.page.keyboard.press("Enter")
        view.at(".units-list button[aria-pressed=true]").focus()
        view.page.keyboard.press("Home")
        view.holds("unit", "0")
        assert view.problems == []


def test_a_layer_of_hundreds_of_channels_comes_in_pages(browser: Browser, asked: Asked) -> None:
    net = "input 28x28x1 -> conv 200 3x3 -> relu -> fc 10"
    with Viewed(browser, asked, {"net": net, "layer": "conv1", "unit": "0,1,1"}) as view:
        view.until("document.querySelectorAll('.maps-grid button').length === 64")
        view.page.get_by_role("button", name="channels after these").click()
        view.says(".maps .pager", "64 to 127 of 200")
        assert unit_of(view) == (64, 1, 1)
        view.page.get_by_role("button", name="channels after these").click()
        view.says(".maps .pager", "128 to 191 of 200")
        view.page.get_by_role("button", name="channels after these").click()
        view.until("document.querySelectorAll('.maps-grid button').length === 8")


def test_another_image_an_uploaded_and_a_drawn_one(
    browser: Browser, asked: Asked, example: Subject
) -> None:
    with Viewed(browser, asked, {"layer": "fc", "unit": "1"}) as view:
        view.at("image-choice input").nth(4).check(force=True)
        assert view.query()["image"] == "4"
        content = io.BytesIO()
        Image.fromarray(example.images[7][0]).save(content, "PNG")
        file = picture_file(content.getvalue())
        view.at(".picking input[type=file]").set_input_files(file)
        view.until("new URLSearchParams(location.search).get('image').startsWith('picture-')")
        with outputs(example, 7) as values:
            torchs = float(values["fc"][1])
        view.until(
            "wanted => Math.abs(document.querySelector('.unit-value data')?.value - wanted) < 1e-5",
            torchs,
        )
        uploaded = view.query()["image"]
        view.page.get_by_role("button", name="draw", exact=True).click()
        pad = view.at("canvas.pad").bounding_box()
        assert pad is not None
        view.page.mouse.move(pad["x"] + 40, pad["y"] + 40)
        view.page.mouse.down()
        view.page.mouse.move(pad["x"] + 160, pad["y"] + 200, steps=5)
        view.page.mouse.up()
        view.until("known => new URLSearchParams(location.search).get('image') !== known", uploaded)
        drawn = view.query()["image"]
        view.filled()
        assert view.at("canvas.pad").bounding_box() == pad  # the next stroke goes where it is meant
        view.at("canvas.pad").focus()
        for key in (" ", "ArrowUp", "ArrowUp", "ArrowLeft", " "):
            view.page.keyboard.press(key)
        view.until("known => new URLSearchParams(location.search).get('image') !== known", drawn)
        drawn = view.query()["image"]
        view.page.get_by_role("button", name="clear").click()
        view.until("known => new URLSearchParams(location.search).get('image') !== known", drawn)
        _, arrays = asked.arrays("inside/strip", image=view.query()["image"])
        assert not arrays["image"].any()
        assert view.problems == []


def test_a_network_that_ends_in_maps_is_looked_into(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"net": "input 28x28x1 -> conv 8 3x3"}) as view:
        view.says(".spine-words", "it ends in maps")
        view.until("document.querySelectorAll('.maps-grid button').length === 8")
        view.at(".unit-value").wait_for()
        assert view.at("#spine .answer tr").count() == 0
        assert view.problems == []


def test_a_narrow_page_says_the_answer_in_words(
    browser: Browser, asked: Asked, example: Subject
) -> None:
    look = {"viewport": {"width": 360, "height": 800}}
    best = int(np.argmax(example.probabilities(example.images[0])[0]))
    with Viewed(browser, asked, {}, **look) as view:
        view.says("#spine .narrow", example.class_name(best))
        assert view.at("#spine .narrow").is_visible()
    with Viewed(browser, asked, {}) as view:
        view.says("#spine .narrow", example.class_name(best))
        assert not view.at("#spine .narrow").is_visible()


def test_what_is_no_picture_is_said(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {}) as view:
        view.filled()
        file = picture_file(b"no picture")
        view.at(".picking input[type=file]").set_input_files(file)
        view.at(".picking [role=alert]").wait_for()


def test_a_channel_is_switched_off(browser: Browser, asked: Asked, example: Subject) -> None:
    with Viewed(browser, asked, {"layer": "relu1", "unit": "5,3,3", "image": "2"}) as view:
        view.filled()
        view.page.get_by_role("button", name="switch channel 5 of relu1 off").click()
        assert view.query()["off"] == "relu1:5"
        view.at(".accuracy").wait_for()
        changed = switch_off(example, "relu1", [5])
        with torch.no_grad():
            shares = changed.probabilities(example.images[2])[0]
        view.filled()
        best = view.at("#spine .answer td[data-value]").first.get_attribute("data-value")
        assert float(best or "nan") == pytest.approx(float(max(shares)), abs=CLOSE)
        count = min(300, len(example.images))
        made = changed.probabilities(example.images[:count])
        right = np.mean(np.argmax(made, axis=1) == example.labels[:count])
        values = view.numbers(".accuracy data")
        assert values[1] == pytest.approx(right, abs=0.02)
        view.page.get_by_role("button", name="undo: channel 5 of relu1 is off").click()
        assert "off" not in view.query()


def test_a_pooling_is_changed(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "pool1", "unit": "5,3,3"}) as view:
        view.page.get_by_label("in the place of pool1").select_option("avg")
        assert view.query()["pools"] == "pool1:avg"
        view.at(".accuracy").wait_for()
        view.says(".one-unit", "the mean of")


def test_attribution_comes_with_its_trust(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "conv2", "unit": "5,3,3"}) as view:
        view.at(
            "summary",
        ).filter(has_text="Which pixels count").click()
        view.page.get_by_label("method").wait_for()
        assert view.at(".trust").count() == 1
        said = view.at(".trust").inner_text()
        view.page.get_by_label("method").select_option("saliency")
        view.says(".map-row", "gradient")
        record = asked.record("inside/attribution", method="saliency")
        view.until(
            "label => document.querySelector('.trust').textContent === label",
            record["trust"]["label"],
        )
        assert said
        assert view.problems == []


def test_exciting_images_and_the_effective_field(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "conv2", "unit": "5,3,3"}) as view:
        view.at("summary").filter(has_text="What it looks for").click()
        view.until("document.querySelectorAll('.exciting figure').length === 9")
        view.at("summary").filter(has_text="What it listens to").click()
        view.at(
            "dt",
        ).filter(has_text="it listens to").wait_for()
        view.at(".exciting button").first.click()
        assert "image" in view.query()
        assert view.problems == []


def test_a_click_on_the_image_takes_the_unit_above_it(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "pool1", "unit": "5,3,3"}) as view:
        view.says(".shown-image figcaption", "rows 4 to 9")
        image = view.at(".shown-image canvas")
        box = image.bounding_box()
        assert box is not None
        image.click(position={"x": box["width"] * 20.5 / 28, "y": box["height"] * 10.5 / 28})
        view.says(".shown-image figcaption", "it sees 6×6 pixels")
        _, row, column = unit_of(view)
        assert abs(2 * row + 0.5 - 10) <= 1
        assert abs(2 * column + 0.5 - 20) <= 1


def test_channels_are_ranked_by_what_is_lost_without_them(browser: Browser, asked: Asked) -> None:
    with Viewed(browser, asked, {"layer": "relu1", "unit": "5,3,3"}) as view:
        view.page.get_by_role("button", name="which channels of relu1 matter?").click()
        view.at(".ranking").wait_for()
        record = asked.record("inside/ranking", layer="relu1", count=300)
        first = view.at(".ranking button").first
        assert first.inner_text() == f"channel {record['ranking'][0]}"
        first.click()
        view.holds("unit", f"{record['ranking'][0]},0,0")
