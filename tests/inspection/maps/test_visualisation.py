"""Made images excite their channels more than real ones, and are the same each time."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.data.progress import Progress
from convscope.errors import UsageError
from convscope.inspection.maps.maps import activation_maps
from convscope.inspection.maps.visualisation import Visualisation, visualise
from convscope.inspection.maps.waves import WaveImages
from convscope.inspection.subject import Picture, Subject, subject_of
from tests.inspection.strangers import Selfish, Twice, noise, state_of, subject_with


@pytest.fixture(scope="module")
def example() -> Subject:
    return subject_of("example", data="fashion-mini")


@cache
def made_of_example(layer: str) -> Visualisation:
    """As the command makes them by default."""
    return visualise(subject_of("example", data="fashion-mini"), layer, count=1)


@pytest.mark.parametrize(("layer", "least"), [("conv1", 1.2), ("conv2", 1.5), ("fc", 1.5)])
def test_made_images_clearly_exceed_the_best_real_ones(
    example: Subject, layer: str, least: float
) -> None:
    made = made_of_example(layer)
    channels = len(made.images)
    assert made.exceeding >= 0.9 * channels
    clearly = [each for each in made.images if each.value > least * each.real]
    assert len(clearly) >= 0.8 * channels
    for each in made.images:
        assert each.pixels.dtype == np.uint8
        assert each.pixels.shape == (1, 28, 28)
        # What is said of it is what anybody measures who shows it to the network as a picture.
        maps = activation_maps(example, layer, Picture("made", each.pixels)).values[each.channel]
        assert maps.max() == pytest.approx(each.value, rel=1e-4)
        assert maps[each.row, each.column] == pytest.approx(each.value, rel=1e-4)


def test_made_images_of_classes_are_of_their_classes(example: Subject) -> None:
    made = made_of_example("fc")
    answers = example.probabilities(np.stack([image.pixels for image in made.images]))
    assert answers.argmax(1).tolist() == list(range(10))
    assert [image.name for image in made.images] == list(example.classes)


def test_made_images_are_calmer_than_noise(example: Subject) -> None:
    """Neighbouring pixels are alike: half as different as shuffled ones, at the least."""
    for each in made_of_example("conv2").images:
        pixels = each.pixels[0].astype(float)
        shuffled = np.random.default_rng(0).permutation(pixels.ravel()).reshape(28, 28)
        assert np.abs(np.diff(pixels)).mean() < 0.5 * np.abs(np.diff(shuffled)).mean()


def test_equal_seeds_make_equal_images(example: Subject) -> None:
    state = torch.random.get_rng_state()
    one, again = (visualise(example, "conv2", "0-3", steps=20, seed=3, count=1) for _ in range(2))
    other = visualise(example, "conv2", "0-3", steps=20, seed=4, count=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    for a, b, c in zip(one.images, again.images, other.images, strict=True):
        assert np.array_equal(a.pixels, b.pixels)
        assert a.value == b.value
        assert not np.array_equal(a.pixels, c.pixels)


def test_more_steps_excite_more(example: Subject) -> None:
    short, long = (visualise(example, "conv2", "0-3", steps=n, count=1) for n in (5, 80))
    for few, many in zip(short.images, long.images, strict=True):
        assert few.start == many.start
        assert few.start < few.value < many.value


def test_a_relu_that_is_silent_at_first_is_reached_from_before() -> None:
    class Silent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, bias=False)
            self.relu = nn.ReLU()
            self.pool = nn.MaxPool2d(2)
            with torch.no_grad():
                self.conv.weight.fill_(-1.0)
                self.conv.weight[0, 0, 1, 1] = 7.0

        def forward(self, images: Tensor) -> Tensor:
            maps: Tensor = self.pool(self.relu(self.conv(images)))
            return maps.mean((2, 3))

    subject = subject_with(Silent(), noise(4, 1, 10, 10) // 8 + 100)
    for layer in ("relu", "pool"):
        (image,) = visualise(subject, layer, count=1).images
        assert image.start < 0.1
        assert image.value > 3  # 7 is a white pixel among black ones


def test_a_stranger_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses one ReLU twice, in place; images of another shape than square."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        subject = subject_with(Twice(), noise(6, 3, 14, 14))
    module = subject.module.train()
    before = state_of(module)
    made = visualise(subject, "relu:2", steps=40, count=2)
    assert state_of(module) == before
    assert [image.pixels.shape for image in made.images] == [(3, 14, 14)] * 6
    assert made.exceeding >= 5
    assert made.settings["steps"] == 40
    # In parts of two the images are the same, but for rounding.
    monkeypatch.setattr("convscope.inspection.maps.visualisation._PIXELS", 2 * 14 * 14)
    parts = visualise(subject, "relu:2", steps=40, count=2)
    for one, other in zip(made.images, parts.images, strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 2


def test_a_layer_without_gradient_is_an_error() -> None:
    class Signs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.after = nn.Conv2d(2, 2, 1)

        def forward(self, images: Tensor) -> Tensor:
            maps: Tensor = self.after(self.conv(images).detach().sign())
            return maps.mean((2, 3))

    module = Signs()
    subject = subject_with(module, noise(2, 1, 6, 6))
    before = state_of(module)
    with pytest.raises(UsageError) as raised:
        visualise(subject, "after", count=1)
    assert str(raised.value) == (
        "stranger: no image can be made for after: no gradient comes from it: choose another layer"
    )
    assert state_of(module) == before


def test_whatever_is_borrowed_is_given_back_after_an_interruption() -> None:
    module = Selfish()
    subject = subject_with(module, noise(2, 1, 6, 6))
    module.train()
    before = state_of(module)

    def interrupted(said: Progress) -> None:
        if "making" in said.text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        visualise(subject, "conv", progress=interrupted)
    assert state_of(module) == before


def test_a_foreign_module_is_tried_once() -> None:
    said: list[Progress] = []
    subject = subject_with(Twice(), noise(3, 3, 14, 14))
    visualise(subject, "second", "0", steps=2, progress=said.append)
    assert len([each for each in said if each.text.startswith("trying") and not each.done]) == 1


def test_no_steps_make_no_image(example: Subject) -> None:
    with pytest.raises(UsageError, match=r"^steps: 0 steps make no image: give 1 or more$"):
        visualise(example, "conv1", steps=0)


def test_the_record(example: Subject) -> None:
    made = visualise(example, "conv1", "3", steps=3, count=1)
    record = json.loads(json.dumps(made.as_dict()))
    assert record["schema"] == "convscope.visualisation/1"
    assert np.array_equal(np.array(record["images"][0]["pixels"]), made.images[0].pixels)
    large = replace(made, images=(replace(made.images[0], pixels=np.zeros((1, 65, 9), np.uint8)),))
    assert large.as_dict()["images"][0]["pixels"] is None


def test_waves_are_drawn_from_grey_and_damped(example: Subject) -> None:
    """Without waves an image is grey; fine waves move it less than slow ones."""
    drawn = WaveImages(example.preprocessing, example.images, 1, cutoff=0.2, seed=0)
    mean = example.images.mean() / 255
    with torch.no_grad():
        drawn.waves.zero_()
        assert drawn.images() == pytest.approx(np.full((1, 1, 28, 28), mean), abs=1e-3)
        sizes = []
        for wave in (1, 4, 12):
            drawn.waves.zero_()
            drawn.waves[0, 0, 0, wave, 0] = 1
            sizes.append(float(drawn.images().std()))
    assert sizes[0] > 2 * sizes[1] > 10 * sizes[2]
