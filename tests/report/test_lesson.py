"""The lesson as a file: whole, self-contained, its numbers those of the network."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from convscope.architecture.layers import Volume
from convscope.errors import RunError, UsageError
from convscope.inspection.attribution.attribution import attribute_all
from convscope.inspection.subject import Picture, Subject, subject_of
from convscope.inspection.walking.slides import slide
from convscope.report.lesson import claims as lesson_claims
from convscope.report.lesson import material as lesson_material
from convscope.report.lesson.choosing import chosen_pictures, reduced, shown_layers
from convscope.report.lesson.kernels import slide_block
from convscope.report.lesson.material import LessonMaterial, gathered
from convscope.report.lesson.page import CHAPTERS, lesson_html, write_lesson
from convscope.report.lesson.recap import DIFFERENCES
from convscope.training.runs import Run, open_run
from tests.claims.samples import sample_outcome

from .samples import HOSTILE
from .test_document import read
from .test_elements import unpacked


def _some_attributions(subject: Subject, pictures: Sequence[Picture]) -> Any:
    return tuple(
        attribute_all(subject, picture, ["saliency", "grad-cam"], check=False)
        for picture in pictures
    )


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """The parts that take long, smaller; they have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson_material, "_attributions", _some_attributions)
        patch.setattr(lesson_material, "_few", lambda subject, usual: 6)
        claims = tuple(sample_outcome(name) for name in ("sigmoid", "batchnorm"))
        patch.setattr(lesson_claims, "stored", lambda: claims)
        yield


@pytest.fixture(scope="module")
def material() -> LessonMaterial:
    return gathered(
        subject_of("example", data="fashion-mini"), open_run("example"), [0, 1], data="fashion-mini"
    )


@pytest.fixture(scope="module")
def text(material: LessonMaterial) -> str:
    return lesson_html(material)


def blocks(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" id="data-([^"]+)">(.*?)</script>', page)
    return {key: json.loads(value) for key, value in found}


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


def test_a_slide_of_some_channels_is_that_of_these(subject: Subject) -> None:
    whole = slide(subject, "conv2", [0])
    some = slide(subject, "conv2", [0], channels=[5, 3])
    assert np.array_equal(some.kernels, whole.kernels[[5, 3]])
    assert np.array_equal(some.after[0].arrays["mean"], whole.after[0].arrays["mean"][[5, 3]])
    first = whole.first(2)
    assert np.array_equal(first.kernels, whole.kernels[:2])
    assert first.channels == (0, 1)
    assert slide_block(first)["channels"] == [0, 1]


@pytest.fixture(scope="module")
def subject() -> Subject:
    return subject_of("example", data="fashion-mini")


@pytest.mark.slow
def test_large_pictures_do_not_make_a_large_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lesson_material,
        "_attributions",
        lambda subject, pictures: _some_attributions(subject, pictures[:1]),
    )
    network = (
        "input 160x160x3 -> conv 64 7x7 stride 2 pad 3 -> relu -> maxpool 2 -> conv 64 3x3 pad 1"
        " -> relu -> conv 64 3x3 pad 1 -> relu -> globalavgpool -> fc 10"
    )
    made = gathered(subject_of(network))
    page = lesson_html(made)
    assert len(page.encode()) < 2_000_000
    assert len(made.attributions) == 1 < len(made.pictures)
    assert "The maps are those of the first picture" in page
    assert "convscope ablate does it" in page
    assert len(blocks(page)["first-picture"]["images"]) == 1


def test_effort_is_the_work_of_a_picture_against_the_articles() -> None:
    effort = lesson_material._effort
    assert effort(subject_of("article")) == 1
    assert effort(subject_of("lenet5")) == 1
    assert effort(subject_of("resnet20")) == pytest.approx(40_813_184 / 2_838_080)


def test_pictures_are_of_different_classes_and_one_is_mistaken(subject: Subject) -> None:
    chosen = chosen_pictures(subject)
    answers = subject.probabilities(np.stack([each.pixels for each in chosen])).argmax(1)
    right = [int(answer) == each.label for answer, each in zip(answers, chosen, strict=True)]
    assert right == [True, True, True, True, False]
    assert len({each.label for each in chosen[:4]}) == 4
    unlabelled = replace(subject, labels=np.empty(0, np.int64))
    assert [each.name[-7:] for each in chosen_pictures(unlabelled)] == [
        f"image {number}" for number in range(5)
    ]
    assert [each.label for each in chosen_pictures(subject, [7])] == [int(subject.labels[7])]


def test_many_layers_are_shown_from_the_first_to_the_last() -> None:
    deep = "input 16x16x1 -> " + "conv 2 3x3 pad 1 -> relu -> " * 9 + "fc 10"
    names = [each.name for each in shown_layers(subject_of(deep))]
    assert len(names) == 14
    assert (names[0], names[-1]) == ("conv1", "relu9")
    blocks = [each.name for each in shown_layers(subject_of("resnet20"))]
    assert blocks[0] == "conv1"
    assert "block1" in blocks
    assert len(blocks) == 14


def test_reduced_maps_are_means_of_squares() -> None:
    maps = np.arange(2 * 120 * 60, dtype=np.float32).reshape(1, 2, 120, 60)
    small = reduced(maps)
    assert small.shape == (1, 2, 40, 20)
    assert small[0, 1, 0, 0] == maps[0, 1, :3, :3].mean()
    assert reduced(maps[:, :, :56, :56]).shape == (1, 2, 56, 56)


def _sized(side: int, channels: int = 3) -> LessonMaterial:
    """Slides alone, of five pictures of some size."""
    notation = (
        f"input {side}x{side}x{channels} -> conv 4 3x3 pad 1 -> relu -> maxpool 4 "
        "-> conv 4 3x3 pad 1 -> globalavgpool -> fc 10"
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_fields", "_equivariance", "_invariance", "_ablation", "_attributions"):
            patch.setattr(lesson_material, name, lambda *_: None)
        return gathered(subject_of(notation, data="fashion-mini"), images=range(5))


@pytest.mark.parametrize(
    ("side", "pictures", "told"),
    [
        (64, [5, 5], ""),
        (120, [1, 5], "it is here for the first picture alone"),
        (200, [5], "Too large for a page is the input of conv1 (200×200×3 numbers)."),
    ],
)
def test_kernels_of_large_pictures_slide_or_have_a_reason(
    side: int, pictures: list[int], told: str
) -> None:
    made = _sized(side)
    assert [len(each.inputs) for each in made.slides] == pictures
    page = lesson_html(made)
    assert 'id="kernel"' in page
    assert 'id="deep-kernel"' in page
    assert told in page
    assert ("it is here for" in page) == (side == 120)


class Own(torch.nn.Module):
    """Functions between its modules, which are called as we would not call them."""

    def __init__(self, known: bool = True) -> None:
        super().__init__()
        self.c1 = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.c2 = torch.nn.Conv2d(4, 4, 3, padding=1)
        self.head = torch.nn.Linear(4 * 49, 10)
        self.known = known

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.relu(self.c1(images)), 2)
        x = functional.max_pool2d(functional.relu(self.c2(x)), 2)
        return self.head((x if self.known else x * x.sigmoid().mean()).flatten(1))


def test_layers_of_ones_own_are_called_as_they_are() -> None:
    made = gathered(subject_of(Own(), shape=Volume(28, 28, 1)), images=[0])
    page = lesson_html(made)
    assert "For each class, head multiplies all 196 numbers" in page
    field = next(each for each in blocks(page)["fields"]["layers"] if each["name"] == "c2")
    assert (field["size"], field["unit"]) == ([14, 14], [7, 7])
    assert "c2 has 144 weights" in page or "c1 has 36 weights" in page


def test_a_field_that_was_tried_is_that_of_its_own_unit() -> None:
    subject = subject_of(Own(known=False), shape=Volume(28, 28, 1))
    assert subject.architecture is None
    field = blocks(lesson_html(gathered(subject, images=[0])))["fields"]["layers"][1]
    assert (field["name"], field["only"], field["size"]) == ("c2", True, [1, 1])
    assert field["unit"] == [7, 7]


def test_a_picture_of_ones_own_says_how_it_was_prepared(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (40, 40), 255).save(tmp_path / "white.png")
    subject = subject_of("example", data="fashion-mini")
    made = gathered(subject, images=[str(tmp_path / "white.png")])
    assert made.pictures[0].inverted
    assert "(grey, inverted, scaled to fit" in lesson_html(made)
