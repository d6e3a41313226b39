"""Batches: several sizes in one, mirrored with all that is in them; a control's labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from convscope.applications.detection.batches import Detecting, shuffled_labels
from convscope.data.annotated import Objects, Split
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise

from .making import bars
from .test_method import network_of


@dataclass(frozen=True)
class Statistics:
    mean: tuple[float, ...] = (0.25,)
    std: tuple[float, ...] = (0.5,)


def test_images_of_one_size_are_normalised_together() -> None:
    split = bars(6, 0)
    task = Detecting(split, Normalise(Statistics()), Recipe())
    batch = task.batch(np.array([4, 1]))
    assert task.count == 6
    expected = (torch.from_numpy(np.stack([split.images[4], split.images[1]])) / 255 - 0.25) / 0.5
    assert torch.allclose(batch.images, expected, atol=1e-6)
    assert batch.windows.tolist() == [[0, 0, 64, 64]] * 2
    assert batch.proposals is None


def test_smaller_images_lie_in_a_corner_and_what_is_added_is_the_mean() -> None:
    small, large = bars(1, 1, size=(40, 30)), bars(1, 2, size=(50, 24))
    assert small.objects is not None and large.objects is not None
    objects = (small.objects[0], large.objects[0])
    split = Split(("a", "b"), [small.images[0], large.images[0]], objects)
    proposals = [np.array([[1, 2, 3, 4]], np.float32), np.zeros((0, 4), np.float32)]
    batch = Detecting(split, Normalise(Statistics()), Recipe(), proposals=proposals).batch(
        np.array([0, 1])
    )
    assert batch.images.shape == (2, 1, 50, 30)
    assert batch.windows.tolist() == [[0, 0, 30, 40], [0, 0, 24, 50]]
    assert not batch.images[0, :, 40:].any() and not batch.images[1, :, :, 24:].any()
    assert batch.images[0, :, :40].abs().min() > 0
    assert batch.proposals is not None
    assert batch.proposals[0][0].tolist() == [[1, 2, 3, 4]]
    assert batch.proposals[1].tolist() == [[True], [False]]


def test_a_mirrored_image_keeps_its_objects_windows_and_proposals() -> None:
    split = bars(40, 3)
    assert split.objects is not None
    proposals = [each.boxes for each in split.objects]
    task = Detecting(split, Normalise(Statistics()), Recipe(flip=True), proposals=proposals)
    torch.manual_seed(0)
    batch = task.batch(np.arange(40))
    plain = Detecting(split, Normalise(Statistics()), Recipe()).batch(np.arange(40))
    flipped = (batch.images != plain.images).flatten(1).any(1)
    assert 8 < flipped.sum() < 32
    targets = batch.targets
    assert batch.proposals is not None
    for image in range(40):
        for box, there in zip(targets.boxes[image], targets.there[image], strict=True):
            if there:
                left, top, right, bottom = box.int().tolist()
                # a bar is bright, and so is at least every other stripe
                assert batch.images[image, :, top:bottom, left:right].mean() > 0.3
                assert (right - left, bottom - top) in ((24, 12), (12, 24))
        own = batch.proposals[0][image][batch.proposals[1][image]]
        assert torch.equal(own, targets.boxes[image][targets.there[image]])


def test_a_mirrored_smaller_image_moves_its_window() -> None:
    small, large = bars(1, 1, size=(40, 30)), bars(1, 2, size=(40, 50))
    assert small.objects is not None and large.objects is not None
    split = Split(
        ("a", "b"),
        [small.images[0], large.images[0]],
        (small.objects[0], large.objects[0]),
    )
    task = Detecting(split, Normalise(Statistics()), Recipe(flip=True))
    windows = set()
    for seed in range(8):
        torch.manual_seed(seed)
        batch = task.batch(np.array([0, 1]))
        left, _, right, _ = batch.windows[0].int().tolist()
        assert batch.images[0, :, :, left:right].abs().min() > 0
        assert batch.images[0].count_nonzero() == 40 * 30
        windows.add((left, right))
    assert windows == {(0, 30), (20, 50)}


def test_the_same_seed_gives_the_same_batch() -> None:
    task = Detecting(bars(8, 0), Normalise(Statistics()), Recipe(flip=True))
    torch.manual_seed(5)
    one = task.batch(np.arange(8))
    torch.manual_seed(5)
    assert torch.equal(one.images, task.batch(np.arange(8)).images)


def test_shuffled_labels_keep_boxes_and_how_often_each_class_is() -> None:
    objects = bars(60, 4).objects
    assert objects is not None
    mixed = shuffled_labels(objects, 7)
    again = shuffled_labels(objects, 7)
    before = np.concatenate([each.labels for each in objects])
    after = np.concatenate([each.labels for each in mixed])
    assert Counter(before.tolist()) == Counter(after.tolist())
    assert 0.4 < (before != after).mean() < 0.95
    for one, other, same in zip(objects, mixed, again, strict=True):
        assert np.array_equal(one.boxes, other.boxes)
        assert np.array_equal(other.labels, same.labels)


def test_objects_may_be_others_than_the_images_own() -> None:
    split = bars(2, 0)
    nothing = Objects(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool))
    task = Detecting(split, Normalise(Statistics()), Recipe(), objects=(nothing, nothing))
    assert not task.batch(np.arange(2)).targets.there.any()


@pytest.mark.parametrize("method", ["fast", "faster"])
def test_images_without_objects_are_background_and_cost_what_is_wrongly_seen(method: str) -> None:
    split = bars(4, 0, most=0)
    proposals = [np.array([[0, 0, 9, 9], [3, 4, 30, 40]], np.float32)] * 4
    task = Detecting(split, Normalise(Statistics()), Recipe(), proposals=proposals)
    network = network_of(method).train()
    losses = network.losses(task.batch(np.arange(4)))  # type: ignore[operator]
    # nothing overlaps an object by a tenth, so no region serves as background
    assert losses["classes"].item() == losses["boxes"].item() == 0
    sum(losses.values()).backward()
    assert (method == "fast") == ("objectness" not in losses)
    network.floor = 0.0  # type: ignore[assignment]
    losses = network.losses(task.batch(np.arange(4)))  # type: ignore[operator]
    assert losses["classes"].item() > 0 and losses["boxes"].item() == 0
