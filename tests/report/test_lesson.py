"""The lesson as a file: whole, self-contained, its numbers those of the network."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from convscope.errors import RunError, UsageError
from convscope.inspection.subject import subject_of
from convscope.report.lesson import material as lesson_material
from convscope.report.lesson.material import LessonMaterial, gathered
from convscope.report.lesson.page import CHAPTERS, lesson_html, write_lesson
from convscope.report.lesson.recap import DIFFERENCES
from convscope.training.runs import Run, open_run

from .lessons import blocks, make_quick
from .samples import HOSTILE
from .test_document import read
from .test_elements import unpacked


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        yield


@pytest.fixture(scope="module")
def material() -> LessonMaterial:
    return gathered(
        subject_of("example", data="fashion-mini"), open_run("example"), [0, 1], data="fashion-mini"
    )


@pytest.fixture(scope="module")
def text(material: LessonMaterial) -> str:
    return lesson_html(material)


def test_it_is_one_small_file_that_asks_nothing(text: str) -> None:
    assert len(text.encode()) < 2_000_000
    for name, values in read(text).tags:
        for key, value in values.items():
            assert not key.startswith("on"), (name, key)
            assert key != "style", name
            if key in ("src", "href", "action", "srcset"):
                assert value is not None
                assert value.startswith(("#", "data:image/")), value
        assert name not in ("iframe", "object", "embed", "link", "base", "form")
    addresses = set(re.findall(r"https?://[^\"'\s<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}


def test_the_policy_allows_the_one_style_and_the_one_script(text: str) -> None:
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)[0]
    style = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    script = re.findall("<script>(.*?)</script>", text, re.DOTALL)
    assert len(style) == len(script) == 1
    for kind, found in (("style", style[0]), ("script", script[0])):
        digest = b64encode(sha256(found.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy.replace("&#x27;", "'")
    assert "unsafe" not in policy


def test_it_tells_the_article_in_its_order(text: str) -> None:
    keys = [values["id"] for name, values in read(text).tags if name == "section"]
    order = [
        "picture",
        "network",
        "layers",
        "maps",
        "kernel",
        "deep-kernel",
        "following",
        "answer",
        "fields",
        "attribution",
        "symmetry",
        "ablation",
        "health",
        "claims",
        "recap",
        "conditions",
    ]
    assert [key for key in keys if key in order] == order
    assert len(CHAPTERS) >= len(order)
    titles = [name for name, _ in read(text).tags if re.fullmatch(r"h\d", name)]
    assert all(int(b[1]) <= int(a[1]) + 1 for a, b in pairwise(titles))


def test_names_are_unique_and_every_drawing_has_its_numbers(text: str) -> None:
    tags = read(text).tags
    names = [values["id"] for _, values in tags if "id" in values]
    assert len(names) == len(set(names))
    sources = {values["source"] for _, values in tags if "source" in values}
    assert sources
    assert sources <= set(names)
    links = {(v["href"] or "")[1:] for _, v in tags if (v.get("href") or "").startswith("#")}
    assert links <= set(names)


def test_numbers_of_the_article_are_in_it(text: str) -> None:
    shown = read(text).text
    for number in ("29,034", "2,838,080", "9,834,496", "313,600", "99.4\xa0%", "12,800"):
        assert number in shown, number


def test_the_article_is_corrected_where_it_is_loose(text: str) -> None:
    shown = read(text).text
    assert len(DIFFERENCES) == 7
    for said, holds in DIFFERENCES:
        assert said.replace(" %", "\xa0%") in shown
        assert holds.replace(" %", "\xa0%") in shown
    assert "cross-correlation" in shown


def slid(block: dict[str, Any], image: int) -> torch.Tensor:
    """What the block's numbers give by torch: channels × rows × columns."""
    kernels = torch.from_numpy(unpacked(block["kernels"]).copy())
    biases = torch.from_numpy(unpacked(block["biases"]).copy())
    given = torch.from_numpy(unpacked(block["input"]["images"][image]).copy())[None]
    top, right, bottom, left = block["padding"]
    made = functional.conv2d(
        functional.pad(given, (left, right, top, bottom)),
        kernels,
        biases,
        stride=block["stride"],
        dilation=block["dilation"],
    )
    for step in block["after"]:
        if step["kind"] == "batchnorm":
            mean, variance, scale, shift = (
                torch.from_numpy(unpacked(step[key]).copy())
                for key in ("mean", "variance", "scale", "shift")
            )
            made = functional.batch_norm(made, mean, variance, scale, shift, eps=step["epsilon"])
        elif step["kind"] == "relu":
            made = made.relu()
        else:
            made = functional.max_pool2d(made, step["kernel"], step["stride"], step["padding"])
    return made[0]


@pytest.mark.parametrize(("layer", "last"), [("conv1", "pool1"), ("conv2", "pool2")])
def test_the_numbers_of_a_slide_are_the_networks(
    text: str, material: LessonMaterial, layer: str, last: str
) -> None:
    block = blocks(text)[layer]
    maps = {each.layer.name: each.values for each in material.maps}
    assert [step["name"] for step in block["after"]][-1] == last
    for image in range(2):
        assert np.allclose(slid(block, image), maps[last][image], atol=1e-4)


def test_the_maps_on_the_page_are_the_networks(text: str, material: LessonMaterial) -> None:
    block = blocks(text)["maps"]
    for number, packed in enumerate(block["images"][1]["maps"]):
        values = material.maps[number].values[1]
        step = float(np.abs(values).max()) / 127
        assert np.abs(unpacked(packed) - values).max() <= 0.51 * step
    assert [each["name"] for each in block["layers"]] == [m.layer.name for m in material.maps]
    assert sum(block["images"][0]["bars"]) == pytest.approx(1, abs=1e-4)


def test_the_normalised_pixel_is_the_networks(text: str, material: LessonMaterial) -> None:
    picture = material.pictures[0].pixels
    value = float(material.subject.tensor(picture)[0, 0, 14, 14])
    assert f'<mn class="result">{value:.4f}'.replace(">-", ">−") in text


def test_the_same_network_gives_the_same_file(text: str) -> None:
    again = gathered(
        subject_of("example", data="fashion-mini"), open_run("example"), [0, 1], data="fashion-mini"
    )
    assert lesson_html(again) == text


def test_what_fails_leaves_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise UsageError("it <b>cannot</b> be done")

    for name in ("_maps", "_slides", "_fields", "_attributions", "_equivariance", "_ablation"):
        monkeypatch.setattr(lesson_material, name, fail)
    made = gathered(subject_of("example", data="fashion-mini"), images=[0])
    page = lesson_html(made)
    assert page.count("It &lt;b&gt;cannot&lt;/b&gt; be done.") >= 4
    assert "network-strip" not in [name for name, _ in read(page).tags]


def test_names_that_a_user_wrote_stay_text() -> None:
    subject = subject_of("example", data="fashion-mini")
    hostile = replace(subject, name=HOSTILE, classes=(HOSTILE,) * 10, note=HOSTILE)
    page = lesson_html(gathered(hostile, images=[0]))
    assert "<b onclick" not in page
    assert blocks(page)["maps"]["classes"][0] == HOSTILE


@pytest.mark.parametrize(
    "network",
    [
        "input 28x28x1 -> fc 6 -> relu -> fc 10",
        "input 28x28x1 -> conv 4 3x3 stride 2 dilation 2 -> leakyrelu -> avgpool 3 -> fc 10",
        "input 28x28x1 -> conv 4 1x1 -> sigmoid -> l2pool 2 -> globalavgpool -> fc 10",
    ],
)
def test_networks_of_other_kinds_have_a_lesson(network: str) -> None:
    page = lesson_html(gathered(subject_of(network), images=[0]))
    read(page)
    if "conv" not in network:
        assert "No kernel can be shown" not in page
        assert 'id="kernel"' not in page
    assert "untrained" in page


def test_a_foreign_module_has_no_derivations_and_the_rest() -> None:
    subject = replace(subject_of("example", data="fashion-mini"), architecture=None)
    page = lesson_html(gathered(subject, images=[0]))
    assert "There are no derivations." in page
    assert "kernel-slide" in [name for name, _ in read(page).tags]


def test_a_run_of_ones_own(small_run: Run, tmp_path: Path) -> None:
    path = write_lesson(small_run, tmp_path / "new" / "lesson.html")
    page = path.read_text(encoding="utf-8")
    assert small_run.name in page
    assert "it was trained on" in page
    assert [each.name for each in path.parent.iterdir()] == ["lesson.html"]


def test_where_it_goes_without_being_told(
    run_copy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert write_lesson(run_copy.path) == run_copy.path / "lesson.html"
    assert write_lesson("input 8x8x1 -> conv 2 3x3 -> fc 10") == tmp_path / "lesson.html"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="blocked"):
        write_lesson("example", blocked / "lesson.html", data="fashion-mini", images=[0])
