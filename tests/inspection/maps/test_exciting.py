"""The exciting images are those that a loop over all images, one at a time, finds."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import convscope.inspection.maps.exciting as room
from convscope.architecture.pixels import Box
from convscope.data.progress import Progress
from convscope.errors import UsageError
from convscope.inspection.maps.exciting import Exciting, exciting
from convscope.inspection.maps.maps import activation_maps
from convscope.inspection.subject import Subject, subject_of
from tests.inspection.strangers import Selfish, Twice, noise, state_of, subject_with


@pytest.fixture(scope="module")
def example() -> Subject:
    """With 300 images: more than one batch of them."""
    subject = subject_of("example", data="fashion-mini")
    return replace(subject, images=subject.images[:300], labels=subject.labels[:300])


def brute_force(subject: Subject, layer: str) -> np.ndarray:
    """images × channels × height × width, one image at a time."""
    return np.stack([activation_maps(subject, layer, n).values for n in range(len(subject.images))])


@pytest.mark.parametrize("layer", ["conv1", "pool2", "fc"])
def test_against_a_loop(example: Subject, layer: str) -> None:
    maps = brute_force(example, layer)
    greatest = maps.max((2, 3))
    found = exciting(example, layer, "0-7", 5)
    assert (found.count, found.total) == (300, maps.shape[1])
    for each in found.channels:
        own = greatest[:, each.channel]
        order = np.argsort(-own, kind="stable")[:5]
        assert [one.image for one in each.best] == order.tolist()
        assert [one.value for one in each.best] == pytest.approx(own[order].tolist(), rel=1e-5)
        assert each.active == np.mean(own > 0)
        assert each.mean == pytest.approx(own.mean(), rel=1e-4)
        for one in each.best:
            at = maps[one.image, each.channel, one.row, one.column]
            assert at == pytest.approx(one.value, rel=1e-5)
            assert one.label == example.labels[one.image]
            assert found.class_of(one) == example.classes[one.label]
        assert each.name == (example.classes[each.channel] if layer == "fc" else "")


@pytest.mark.parametrize("layer", ["conv2", "relu2"])
def test_nothing_outside_the_box_matters(example: Subject, layer: str) -> None:
    """The unit answers the same when all else of the image is noise, and the box is no larger."""
    found = exciting(example, layer, "3,8", 2)
    for each in found.channels:
        for one in each.best:
            box = one.box
            assert box is not None
            changed = noise(1, 1, 28, 28, seed=one.image)[0]
            rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
            changed[:, rows, columns] = found.patch(one)
            altered = replace(example, images=changed[None], labels=example.labels[:1])
            made = activation_maps(altered, layer).values[each.channel, one.row, one.column]
            assert made == pytest.approx(one.value, rel=1e-4)


def test_patches_are_parts_of_their_images(example: Subject) -> None:
    found = exciting(example, "conv1", [2], 3)
    for one in found.channels[0].best:
        box = one.box
        assert box is not None
        assert found.patch(one).shape == (1, box.height, box.width)
        part = example.images[one.image, :, box.top : box.bottom, box.left : box.right]
        assert np.array_equal(found.patch(one), part)
    assert set(found.pixels) == {one.image for one in found.channels[0].best}
    blind = replace(found.channels[0].best[0], box=None)
    assert found.patch(blind).size == 0


def test_batches_do_not_matter(example: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    one = exciting(example, "conv2", "0-3", 4)
    monkeypatch.setattr(room, "PIXELS_AT_ONCE", 7 * 28 * 28)
    other = exciting(example, "conv2", "0-3", 4)
    assert [[b.image for b in each.best] for each in one.channels] == [
        [b.image for b in each.best] for each in other.channels
    ]
    assert [each.active for each in one.channels] == [each.active for each in other.channels]


class Counting(nn.Module):
    """Channel 0 is the brightest pixel, 1 is silent, 2 answers to white alone."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 3, 1)
        self.relu = nn.ReLU()
        with torch.no_grad():
            self.maps.weight.copy_(torch.tensor([1.0, -1.0, 1.0]).view(3, 1, 1, 1))
            self.maps.bias.copy_(torch.tensor([0.0, -1.0, -0.999]))  # type: ignore[union-attr]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = self.relu(self.maps(images)).mean((2, 3))
        return answers


def counting() -> Subject:
    images = np.zeros((6, 1, 4, 4), np.uint8)
    for number, value in enumerate((10, 255, 30, 255, 20, 5)):
        images[number, 0, 1, 2] = value
    return subject_with(Counting(), images)


def test_ties_go_to_the_lower_number_and_silence_has_no_images() -> None:
    found = exciting(counting(), "relu", count=6)
    bright, silent, white = found.channels
    # Image 5 leaves channel 0 lower than all others, and yet is alone in that.
    assert [one.image for one in bright.best] == [1, 3, 2, 4, 0, 5]
    assert [(one.row, one.column) for one in bright.best[:2]] == [(1, 2), (1, 2)]
    assert (silent.best, silent.greatest, silent.active) == ((), 0.0, 0.0)
    assert [one.image for one in white.best] == [1, 3]
    assert white.active == pytest.approx(2 / 6)
    assert bright.best[0].box == Box(1, 2, 2, 3)


def test_a_stranger_without_labels_in_colour() -> None:
    subject = subject_with(Twice(), noise(9, 3, 14, 14))
    subject = replace(subject, labels=np.empty(0, np.int64))
    found = exciting(subject, "relu:2", count=2)
    assert found.boxes == "receptive fields, found by trying which pixels reach a unit"
    maps = brute_force(subject, "relu:2")
    for each in found.channels:
        if each.best:
            assert each.best[0].image == maps[:, each.channel].max((1, 2)).argmax()
            assert (each.best[0].label, found.class_of(each.best[0])) == (None, "")


def test_what_is_said_on_the_way(example: Subject) -> None:
    said: list[Progress] = []
    exciting(example, "conv1", "0", progress=said.append)
    assert {each.text for each in said} == {"fashion-mini (test) through conv1"}
    assert [(each.done, each.total) for each in said] == [(250, 300), (300, 300)]


def test_the_record(example: Subject) -> None:
    record = json.loads(json.dumps(exciting(example, "conv2", "5", 2).as_dict()))
    assert record["schema"] == "convscope.exciting/1"
    best = record["channels"][0]["best"]
    assert len(best) == 2
    assert list(best[0]) == ["image", "label", "value", "row", "column", "box", "class"]
    assert list(best[0]["box"]) == ["top", "left", "bottom", "right"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": "32"}, "channels: there is no channel 32: give 0 to 31"),
        ({"count": 0}, "count: 0 images cannot be shown: give 1 to 100"),
        ({"count": 101}, "count: 101 images cannot be shown: give 1 to 100"),
    ],
)
def test_asked_wrongly(example: Subject, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        exciting(example, "conv2", **arguments)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_whatever_is_borrowed_is_given_back_after_an_error() -> None:
    module = Selfish()
    subject = subject_with(module, noise(3, 1, 6, 6))
    module.train()
    before = state_of(module)

    def interrupted(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exciting(subject, "conv", progress=interrupted)
    assert state_of(module) == before
    with torch.no_grad():
        module.conv.bias[0] = torch.inf  # type: ignore[index]
    with pytest.raises(UsageError, match=r"^stranger: conv makes values that are not finite"):
        exciting(subject, "conv")
    assert isinstance(exciting(subject, "conv", [1]), Exciting)
