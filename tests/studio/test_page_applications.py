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


def test_masks_and_captions_and_clips(browser: Browser, applied: Asked) -> None:
    with Viewed(browser, applied, {"lens": "applications"}) as view:
        view.page.get_by_role("button", name="segmentation").click()
        view.holds("task", "segmentation")
        view.says(".cards", "of the pixels are right")
        view.page.get_by_role("button", name="captioning").click()
        view.holds("task", "captioning")
        word = view.at("button.word").first
        word.wait_for()
        before = view.page.evaluate("document.querySelector('boxed-picture canvas').toDataURL()")
        word.press("Enter")
        assert word.get_attribute("aria-pressed") == "true"
        view.until(
            "(before) => document.querySelector('boxed-picture canvas').toDataURL() !== before",
            before,
        )
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
