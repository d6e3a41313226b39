"""Classification as a task: its batches, its loss, its score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.data.preprocessing import Preprocessing
from convscope.training.recipe import Recipe
from convscope.training.task import Classification, Normalise, probabilities
from tests.training.making import toy_set

GREY = Preprocessing((12, 12), 1, "pad", (0.3,), (0.2,))
COLOUR = Preprocessing((5, 4), 3, "pad", (0.3, 0.41, 0.5), (0.2, 0.11, 0.31))


def test_normalising_is_the_preprocessings_own_to_the_bit() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 5, 4), np.uint8)
    found = Normalise(COLOUR)(torch.from_numpy(images))
    assert found.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(found.numpy(), COLOUR.normalised(images))


def test_a_batch_is_the_chosen_images_normalised() -> None:
    images = toy_set(20, 0)
    task = Classification(images, GREY, Recipe())
    assert task.count == 20
    pixels, labels = task.batch(np.array([3, 0, 19]))
    np.testing.assert_array_equal(pixels.numpy(), GREY.normalised(images.images[[3, 0, 19]]))
    assert labels.tolist() == images.labels[[3, 0, 19]].tolist()


def test_a_batch_is_changed_as_the_recipe_says_and_the_data_stay() -> None:
    images = toy_set(50, 0)
    before = images.images.copy()
    task = Classification(images, GREY, Recipe(flip=True))
    plain = GREY.normalised(images.images)
    torch.manual_seed(0)
    pixels = task.batch(np.arange(50))[0].numpy()
    turned = [np.array_equal(a, b[..., ::-1]) for a, b in zip(pixels, plain, strict=True)]
    assert 10 < sum(turned) < 40
    np.testing.assert_array_equal(images.images, before)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_cross_entropy(smoothing: float) -> None:
    task = Classification(toy_set(20, 0), GREY, Recipe(label_smoothing=smoothing))
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    batch = task.batch(np.arange(10))
    targets = functional.one_hot(batch[1], 3) * (1 - smoothing) + smoothing / 3
    expected = -(targets * network(batch[0]).log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(task.loss(network, batch), expected)


def test_the_score_is_that_of_the_held_part() -> None:
    held = toy_set(2500, 1)
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    task = Classification(toy_set(5, 0), GREY, Recipe(), held=held)
    answers = network(torch.from_numpy(GREY.normalised(held.images))).argmax(1).numpy()
    assert task.score(network) == {"accuracy": pytest.approx((answers == held.labels).mean())}
    assert Classification(held, GREY, Recipe()).score(network) == {}


@pytest.mark.parametrize(("side", "counts"), [(28, [250, 250, 1]), (280, [2] * 250 + [1])])
def test_large_images_are_taken_in_smaller_batches(side: int, counts: list[int]) -> None:
    seen = []

    def network(images: torch.Tensor) -> torch.Tensor:
        seen.append(len(images))
        return images[:, 0, 0, :3]

    images = np.broadcast_to(np.zeros((1, 1, 1, 1), np.uint8), (501, 1, side, side))
    assert probabilities(network, images, Normalise(GREY)).shape == (501, 3)
    assert seen == counts


def test_probabilities_are_softmax_of_images_that_cannot_be_written_to() -> None:
    images = toy_set(1203, 2).images
    images.flags.writeable = False
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    found = probabilities(network, images, Normalise(GREY))
    expected = network(torch.from_numpy(GREY.normalised(images))).softmax(1)
    np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-6)
