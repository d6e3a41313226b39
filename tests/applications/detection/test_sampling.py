"""Who is positive, who negative, who left out: against rules written out one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.ops import box_iou

from convscope.applications.detection.sampling import (
    Targets,
    assigned_anchors,
    assigned_regions,
    picked,
    sampled,
    targets_of,
)
from convscope.data.annotated import Objects

SIDE = 64


def boxes_of(generator: np.random.Generator, count: int) -> np.ndarray:
    start = generator.integers(0, SIDE - 12, (count, 2))
    sides = generator.integers(8, 28, (count, 2))
    return np.concatenate([start, np.minimum(start + sides, SIDE)], 1).astype(np.float32)


def scene(seed: int) -> tuple[Targets, list[Objects], Tensor, Tensor]:
    """Four images, one without objects; boxes near their objects, and which are usable."""
    generator = np.random.default_rng(seed)
    objects = []
    for count in (3, 0, 5, 1):
        difficult = generator.random(count) < 0.3
        labels = generator.integers(0, 4, count)
        objects.append(Objects(boxes_of(generator, count), labels, difficult))
    rows = []
    for each in objects:
        near = each.boxes[generator.integers(0, max(1, len(each)), 40)] if len(each) else None
        drawn = boxes_of(generator, 40)
        if near is not None:
            drawn[:30] = near[:30] + generator.integers(-4, 5, (30, 4))
            drawn[:, 2:] = np.maximum(drawn[:, 2:], drawn[:, :2] + 2)
        rows.append(drawn)
    usable = torch.from_numpy(generator.random((4, 40)) < 0.8)
    return targets_of(objects), objects, torch.from_numpy(np.stack(rows)), usable


def overlap(box: Tensor, others: np.ndarray) -> list[float]:
    return box_iou(box[None], torch.from_numpy(others))[0].tolist() if len(others) else []


@pytest.mark.parametrize("seed", range(8))
def test_anchors_are_assigned_by_the_rules_of_faster_r_cnn(seed: int) -> None:
    targets, objects, boxes, usable = scene(seed)
    anchors = boxes[0]  # the same for all images
    found = assigned_anchors(anchors, usable, targets)
    for image, known in enumerate(objects):
        wanted, hidden = known.boxes[~known.difficult], known.boxes[known.difficult]
        places = np.flatnonzero(~known.difficult)
        allowed = [k for k in range(40) if usable[image, k]]
        best_of_object = [
            max((overlap(anchors[k], wanted)[g] for k in allowed), default=0)
            for g in range(len(wanted))
        ]
        for k in range(40):
            own, near = overlap(anchors[k], wanted), overlap(anchors[k], hidden)
            best = max(own, default=0.0)
            is_nearest = any(
                value == most > 0 for value, most in zip(own, best_of_object, strict=True)
            )
            positive = k in allowed and (best >= 0.7 or is_nearest)
            negative = k in allowed and not positive and best < 0.3 and max(near, default=0) < 0.3
            assert bool(found.positive[image, k]) == positive
            assert bool(found.negative[image, k]) == negative
            if positive:
                assert int(found.object[image, k]) == places[int(np.argmax(own))]


@pytest.mark.parametrize("floor", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(8))
def test_regions_are_assigned_by_the_rules_of_fast_r_cnn(seed: int, floor: float) -> None:
    targets, objects, boxes, usable = scene(seed)
    found = assigned_regions(boxes, usable, targets, floor=floor)
    for image, known in enumerate(objects):
        wanted, hidden = known.boxes[~known.difficult], known.boxes[known.difficult]
        places = np.flatnonzero(~known.difficult)
        for k in range(40):
            own = overlap(boxes[image, k], wanted)
            best = max(own, default=0.0)
            masked = max(overlap(boxes[image, k], hidden), default=0.0) >= 0.5
            allowed = bool(usable[image, k])
            assert bool(found.positive[image, k]) == (allowed and best >= 0.5)
            background = allowed and floor <= best < 0.5 and not masked
            assert bool(found.negative[image, k]) == background
            if best >= 0.5:
                assert int(found.object[image, k]) == places[int(np.argmax(own))]


def test_difficult_objects_are_neither_positive_nor_negative() -> None:
    box = np.array([[10, 10, 30, 30]], np.float32)
    hidden = Objects(box, np.zeros(1, np.int64), np.ones(1, bool))
    boxes, usable = torch.from_numpy(box)[None], torch.ones(1, 1, dtype=torch.bool)
    for targets, expected in (
        (targets_of([hidden]), (False, False)),
        (targets_of([replace(hidden, difficult=np.zeros(1, bool))]), (True, False)),
    ):
        anchors = assigned_anchors(boxes[0], usable, targets)
        regions = assigned_regions(boxes, usable, targets, floor=0.0)
        for found in (anchors, regions):
            assert (bool(found.positive.any()), bool(found.negative.any())) == expected


def test_an_image_without_objects_is_all_background() -> None:
    nothing = Objects(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool))
    boxes = torch.tensor([[[0.0, 0, 10, 10], [5, 5, 20, 20]]])
    usable = torch.ones(1, 2, dtype=torch.bool)
    anchors = assigned_anchors(boxes[0], usable, targets_of([nothing]))
    regions = assigned_regions(boxes, usable, targets_of([nothing]), floor=0.0)
    for found in (anchors, regions):
        assert not found.positive.any() and found.negative.all()


def test_as_many_are_picked_as_are_wanted_and_there() -> None:
    torch.manual_seed(0)
    candidates = torch.rand(5, 30) < torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0])[:, None]
    counts = torch.tensor([4, 4, 4, 0, 30])
    found = picked(candidates, counts)
    assert torch.equal(found.sum(1), torch.minimum(candidates.sum(1), counts))
    assert not (found & ~candidates).any()


def test_each_candidate_is_picked_equally_often() -> None:
    torch.manual_seed(0)
    candidates = torch.ones(4000, 6, dtype=torch.bool)
    candidates[:, 2] = False
    share = picked(candidates, 2).float().mean(0)
    assert share[2] == 0
    assert torch.allclose(share[[0, 1, 3, 4, 5]], torch.tensor(0.4), atol=0.03)


def test_at_most_a_quarter_is_positive_and_negatives_fill_up() -> None:
    torch.manual_seed(0)
    targets, _, boxes, usable = scene(2)
    assigned = assigned_regions(boxes, usable, targets, floor=0.0)
    found = sampled(assigned, 16, 4)
    for image in range(4):
        positive = min(4, int(assigned.positive[image].sum()))
        assert int(found.positive[image].sum()) == positive
        negative = min(16 - positive, int(assigned.negative[image].sum()))
        assert int(found.negative[image].sum()) == negative
    assert not (found.positive & ~assigned.positive).any()
    assert not (found.negative & ~assigned.negative).any()
