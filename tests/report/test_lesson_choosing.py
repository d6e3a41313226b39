"""What a lesson holds of networks and pictures of any size, and how they are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from convscope.architecture.layers import Volume
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.walking.slides import slide
from convscope.report.lesson import material as lesson_material
from convscope.report.lesson.choosing import chosen_pictures, reduced, shown_layers
from convscope.report.lesson.kernels import slide_block
from convscope.report.lesson.material import LessonMaterial, gathered
from convscope.report.lesson.page import lesson_html

from .lessons import blocks, make_quick, some_attributions


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch)
        yield


def test_a_slide_of_some_channels_is_that_of_these(subject: Subject) -> None:
    whole = slide(subject, "conv2", [0])
    some = slide(subject, "conv2", [0], channels=[5, 3])
    assert np.array_equal(some.kernels, whole.kernels[[5, 3]])
    assert np.array_equal(some.after[0].arrays["mean"], whole.after[0].arrays["mean"][[5, 3]])
    first = whole.first(2)
    assert np.array_equal(first.kernels, whole.kernels[:2])
    assert first.channels == (0, 1)
    assert slide_block(first)["channels"] == [0, 1]


@pytest.mark.slow
def test_large_pictures_do_not_make_a_large_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lesson_material,
        "_attributions",
        lambda subject, pictures: some_attributions(subject, pictures[:1]),
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
