"""Applications in a real browser: on scenes and on pictures of one's own, side by side."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from convscope.applications.planning import Options
from convscope.applications.segmentation.segmenter import Segmenter
from tests.applications.captioning.making import toy_captioner, toy_data, toy_options, toy_split
from tests.applications.segmentation.tiny import tiny
from tests.studio.conftest import Asked, Opening
from tests.studio.test_applications_routes import as_if_of_scenes
from tests.studio.viewing import Viewed, found_by_axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload

pytestmark = pytest.mark.slow

BACKBONE = (
    "input auto -> conv 6 3x3 pad 1 -> relu -> maxpool 2 -> conv 8 3x3 pad 1 -> relu -> maxpool 2"
)


@pytest.fixture(scope="module")
def applied(opening: Opening, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """A segmenter, a captioner and one of clips, hardly trained."""
    runs: Path = tmp_path_factory.mktemp("applied") / "runs"
    small = {"width": 8, "window": 3, "context": 3, "mixtures": 2}
    how = Options(recipe={"epochs": 1, "batch_size": 8, "precision": "float32"})
    Segmenter("fcn-stride4", BACKBONE, small).fit(tiny(count=8), out=runs / "masks", options=how)
    as_if_of_scenes(runs / "masks")
    for method, clips in (("attention", False), ("clip-lstm", True)):
        toy_captioner(method).fit(
            toy_data(train=40, clips=clips), out=runs / method, options=toy_options(epochs=1)
        )
    return opening(runs)


def file_of(pixels: Any, name: str = "mine.png") -> FilePayload:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def test_boxes_on_a_fresh_scene(browser: Browser, applied: Asked) -> None:
    with Viewed(browser, applied, {"lens": "applications", "runs": "baseline"}) as view:
        view.at(".found tr").first.wait_for()
        view.page.get_by_role("button", name="another scene").click()
        view.holds("seed", "1")
        head, _ = applied.arrays("applications/detection", run="baseline", seed=1, least=0.5)
        view.says(".cards", f"{head['found']['objects'][0]['score']:.2f}")
        rows = view.at(".cards section").first.locator(".found tr")
        assert rows.count() == len(head["found"]["objects"])
        assert "what is there" in view.at(".cards").inner_text()
        slider = view.page.get_by_role("slider", name="at least as sure as")
        slider.focus()
        view.page.keyboard.press("End")
        sure = sum(each["score"] >= 0.95 for each in head["found"]["objects"])
        view.until(
            "(count) => document.querySelectorAll('.cards section:first-child .found tr')"
            ".length === count",
            sure,
        )
        view.page.go_back()
        view.until("!new URLSearchParams(location.search).has('seed')")
        assert view.problems == []


def test_a_picture_of_ones_own(browser: Browser, applied: Asked) -> None:
    pixels = np.zeros((64, 96), np.uint8)
    pixels[16:48, 20:60] = 220
    query = {"lens": "applications", "task": "detection", "runs": "baseline"}
    with Viewed(browser, applied, query) as view:
        view.at("input[type=file]").set_input_files([file_of(pixels)])
        view.until("new URLSearchParams(location.search).has('look')")
        view.until("!document.querySelector('.cards').innerText.includes('what is there')")
        # It stays chosen when the lens changes.
        assert view.query()["look"] == view.query()["image"]
        content = b"no picture"
        wrong: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": content}
        view.at("input[type=file]").set_input_files([wrong])
        view.says("#lens [role=alert]", "picture")


def test_a_picture_stays_chosen_from_task_to_task(browser: Browser, applied: Asked) -> None:
    """And it is said what is looked at: in the form, and on top."""
    pixels = np.zeros((64, 96), np.uint8)
    pixels[16:48, 20:60] = 220
    query = {"lens": "applications", "task": "detection", "runs": "baseline", "seed": "1"}
    with Viewed(browser, applied, query) as view:
        view.says(".cards", "what is there")
        view.at("input[type=file]").set_input_files([file_of(pixels)])
        view.says(".asking", "your picture (mine.png)")
        look = view.query()["look"]
        view.says("#spine .card.image", "your picture")
        view.says(".spine-words", "your picture")
        for task in ("segmentation", "captioning"):
            view.page.get_by_role("button", name=task).click()
            view.holds("task", task)
            view.until("document.querySelector('.cards:not([aria-busy]) boxed-picture')")
            assert view.query()["look"] == look
            assert "your picture" in view.at(".asking").inner_text()
            assert view.at(".asking input[type=number]").count() == 0
            assert "what is there" not in view.at(".cards").inner_text()
            assert "what people might say" not in view.at(".cards").inner_text()
        view.page.get_by_role("button", name="clips").click()
        view.says(".asking", "Your picture is no clip")
        view.until("document.querySelector('.cards:not([aria-busy]) boxed-picture')")
        view.page.get_by_role("button", name="detection").click()
        view.says(".asking", "your picture")
        view.page.get_by_role("button", name="back to scene 1").click()
        view.says(".cards", "what is there")
        assert view.query() == {"lens": "applications", "task": "detection", "seed": "1"}
        view.until("document.querySelector('#spine .card.image').innerText.startsWith('image')")
        assert view.problems == []


def test_a_picture_from_look_inside_is_at_hand(browser: Browser, applied: Asked) -> None:
    with Viewed(browser, applied, {}) as view:
        view.filled()
        view.at(".picking input[type=file]").set_input_files([file_of(np.eye(40) > 0)])
        view.says("#spine .card.image", "your picture")
        view.page.get_by_role("link", name="Applications").click()
        view.page.get_by_role("button", name="the picture on top").click()
        picture = view.query()["image"]
        assert view.query()["look"] == picture
        view.says(".asking", "your picture")
        view.page.get_by_role("button", name="back to").click()
        view.page.get_by_role("button", name="the picture on top").wait_for()
        assert view.query()["image"] == picture


def test_pictures_of_a_row_begin_at_the_same_height(browser: Browser, applied: Asked) -> None:
    with Viewed(browser, applied, {"lens": "applications", "task": "detection"}) as view:
        view.until("document.querySelectorAll('.cards:not([aria-busy]) boxed-picture').length > 3")
        tops = view.page.evaluate(
            "[...document.querySelectorAll('.card-of boxed-picture')].map((each) =>"
            " [each.closest('.card-of').getBoundingClientRect().top,"
            " each.getBoundingClientRect().top])"
        )
        by_row: dict[int, set[int]] = {}
        for row, top in tops:
            by_row.setdefault(round(row), set()).add(round(top))
        assert all(len(each) == 1 for each in by_row.values())


def test_names_of_boxes_do_not_cover_one_another(browser: Browser, applied: Asked) -> None:
    with Viewed(browser, applied, {"lens": "design"}) as view:
        view.filled()
        names = view.page.evaluate(
            """async () => {
                const found = [];
                const { fillRect } = CanvasRenderingContext2D.prototype;
                CanvasRenderingContext2D.prototype.fillRect = function (...sides) {
                    found.push(sides);
                    return fillRect.apply(this, sides);
                };
                const picture = { values: new Uint8Array(96 * 96), shape: [1, 96, 96] };
                const box = (left, top) => [left, top, left + 40, top + 40];
                const boxes = [[10, 30], [12, 31], [14, 33], [60, 0]].map(([left, top], kind) =>
                    ({ box: box(left, top), text: `Ankle boot 0.9${kind}`, kind }));
                const drawing = document.createElement("boxed-picture");
                drawing.style.width = "300px";
                document.body.append(drawing);
                drawing.data = { picture, boxes };
                await new Promise((done) => setTimeout(done, 300));
                CanvasRenderingContext2D.prototype.fillRect = fillRect;
                return found.slice(-4);
            }"""
        )
        assert len(names) == 4
        for place, (x, y, wide, tall) in enumerate(names):
            for other_x, other_y, other_wide, other_tall in names[:place]:
                across = min(x + wide, other_x + other_wide) - max(x, other_x)
                down = min(y + tall, other_y + other_tall) - max(y, other_y)
                assert across <= 0 or down <= 0


def test_masks_and_captions_and_clips(browser: Browser, applied: Asked) -> None:
    with Viewed(browser, applied, {"lens": "applications"}) as view:
        view.page.get_by_role("button", name="segmentation").click()
        view.holds("task", "segmentation")
        view.says(".cards", "of the pixels are right")
        view.page.get_by_role("button", name="captioning").click()
        view.holds("task", "captioning")
        word = view.at("button.word").first
        word.wait_for()
        view.until(
            "document.querySelector('boxed-picture canvas').getContext('2d')"
            ".getImageData(20, 20, 9, 9).data.some(Boolean)"
        )
        before = view.page.evaluate("document.querySelector('boxed-picture canvas').toDataURL()")
        word.press("Enter")
        assert word.get_attribute("aria-pressed") == "true"
        view.until(
            "(before) => document.querySelector('boxed-picture canvas').toDataURL() !== before",
            before,
        )
        # Answers that come later leave it as it is.
        view.until("!document.querySelector('.cards').hasAttribute('aria-busy')")
        assert word.get_attribute("aria-pressed") == "true"
        view.page.get_by_role("button", name="clips").click()
        view.holds("task", "clips")
        frame = view.page.get_by_role("slider", name="frame").first
        frame.focus()
        view.page.keyboard.press("ArrowRight")
        view.says(".frames", "frame 2 of")
        picture = toy_split(1, 3).images[0][0]
        files = [file_of(picture, "a1.png"), file_of(picture // 2, "a2.png")]
        view.at("input[type=file]").set_input_files(files)
        view.says(".frames", "frame 1 of 2")
        assert view.problems == []


def test_where_nothing_has_been_trained_it_says_how(browser: Browser, asked: Asked) -> None:
    """Of clips there is nothing in the package."""
    with Viewed(browser, asked, {"lens": "applications", "task": "clips"}) as view:
        view.at(".cards .missing").first.wait_for()
        assert "convscope caption train --method clip" in view.at(".cards").inner_text()
        assert "--quick" in view.at(".cards").inner_text()


@pytest.mark.parametrize("task", ["detection", "segmentation", "captioning"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_for_everybody(
    browser: Browser, applied: Asked, axe: str, task: str, width: int, scheme: str
) -> None:
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    query = {"lens": "applications", "task": task}
    with Viewed(browser, applied, query, bypass_csp=True, **look) as view:
        view.filled()
        view.until("document.querySelector('.cards:not([aria-busy]) boxed-picture')")
        assert view.page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert found_by_axe(view, axe) == []
