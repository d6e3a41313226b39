"""Anchors: fitted to the objects, in the middle of their places, within the image or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from convscope.applications.detection.anchors import anchor_sides, anchors_on, inside
from convscope.data.annotated import Objects
from convscope.errors import DataError


def objects_of(*sides: tuple[float, float], difficult: bool = False) -> Objects:
    boxes = np.array([[0, 0, width, height] for width, height in sides], np.float32)
    count = len(sides)
    return Objects(boxes.reshape(-1, 4), np.zeros(count, np.int64), np.full(count, difficult, bool))


def test_scales_and_ratios_are_quantiles_of_the_training_objects() -> None:
    squares = objects_of(*[(side, side) for side in range(10, 71)])
    sides = anchor_sides([squares], 3, 1)
    # sixths of 10…70, and no other shape than a square
    assert np.allclose(sides, [[20, 20], [40, 40], [60, 60]])
    mixed = objects_of((20, 80), (40, 40), (80, 20))
    shapes = anchor_sides([mixed], 1, 3)
    assert np.allclose(shapes.prod(1), 1600)
    assert np.allclose(np.sort(shapes[:, 0] / shapes[:, 1])[1], 1)
    assert len(anchor_sides([mixed], 4, 5)) == 20


def test_a_rare_class_has_anchors_as_well_as_a_common_one() -> None:
    common = [objects_of((40, 40)) for _ in range(98)]
    small, large = (replace(objects_of((side, side)), labels=np.array([label]))
                    for side, label in ((16, 1), (80, 2)))  # fmt: skip
    sides = anchor_sides([*common, small, large], 3, 1)
    assert np.allclose(sides, [[16, 16], [40, 40], [80, 80]])


def test_difficult_objects_choose_no_anchor() -> None:
    plain = objects_of((10, 10), (20, 20))
    hidden = objects_of((500, 5), difficult=True)
    assert np.array_equal(anchor_sides([plain]), anchor_sides([plain, hidden]))


def test_without_objects_there_are_no_anchors() -> None:
    with pytest.raises(DataError) as caught:
        anchor_sides([objects_of(), objects_of((5, 5), difficult=True)])
    assert str(caught.value) == "no image has an object: there is nothing to learn detection from"


def test_anchors_stand_around_the_middles_of_their_places() -> None:
    sides = torch.tensor([[4.0, 6.0], [10.0, 2.0]])
    anchors = anchors_on(sides, (2, 3), 8)
    expected = [
        [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
        for y in (4.0, 12.0)
        for x in (4.0, 12.0, 20.0)
        for w, h in sides.tolist()
    ]
    assert torch.equal(anchors, torch.tensor(expected))


def test_anchors_across_the_border_are_not_inside() -> None:
    anchors = torch.tensor([[0.0, 0, 10, 10], [-0.5, 0, 9, 9], [5, 5, 20, 30.5], [5, 5, 20, 30]])
    windows = torch.tensor([[0.0, 0, 20, 30], [4.0, 0, 20, 30]])
    expected = [[True, False, False, True], [False, False, False, True]]
    assert inside(anchors, windows).tolist() == expected
