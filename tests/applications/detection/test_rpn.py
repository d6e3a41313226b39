"""The proposal network: its anchors in order, and its best boxes against a loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.ops import box_iou

from convscope.applications.detection.boxes import clipped, decoded
from convscope.applications.detection.rpn import RegionProposals, best_proposals

SIDES = np.array([[8, 8], [16, 8], [24, 24]], np.float32)


def test_scores_codes_and_anchors_stand_in_one_order() -> None:
    torch.manual_seed(0)
    network = RegionProposals(5, 4, SIDES, channels=6).eval()
    maps = torch.randn(2, 5, 12, 8)
    scores, codes, anchors = network(maps)
    assert network.stride == 8
    assert scores.shape == (2, 6 * 4 * 3) and codes.shape == (2, 6 * 4 * 3, 4)
    assert anchors.shape == (72, 4)
    seen = network.conv(network.stage(maps)).relu()
    objectness, shifts = network.objectness(seen), network.codes(seen)
    for row, column, k in ((0, 0, 0), (2, 3, 1), (5, 1, 2)):
        place = (row * 4 + column) * 3 + k
        assert torch.allclose(scores[1, place], objectness[1, k, row, column])
        assert torch.allclose(codes[1, place], shifts[1, 4 * k : 4 * k + 4, row, column])
        middle = (anchors[place, :2] + anchors[place, 2:]) / 2
        assert middle.tolist() == [8 * column + 4, 8 * row + 4]
        assert (anchors[place, 2:] - anchors[place, :2]).tolist() == SIDES[k].tolist()


def naive(
    scores: Tensor, boxes: Tensor, window: list[float], before: int, after: int
) -> list[list[float]]:
    """One box after another."""
    order = scores.argsort(descending=True)[:before]
    kept: list[Tensor] = []
    for box in clipped(boxes[order], (int(window[3]), int(window[2]))):
        if min(box[2] - box[0], box[3] - box[1]) < 2:
            continue
        if not kept or box_iou(box[None], torch.stack(kept)).max() <= 0.7:
            kept.append(box)
    return [box.tolist() for box in kept[:after]]


@pytest.mark.parametrize("after", [5, 200])
def test_the_best_proposals_are_those_of_a_loop(after: int) -> None:
    torch.manual_seed(1)
    scores, codes = torch.randn(3, 300), torch.randn(3, 300, 4) * 0.3
    start = torch.rand(300, 2) * 60
    anchors = torch.cat([start, start + 5 + torch.rand(300, 2) * 30], 1)
    windows = torch.tensor([[0.0, 0, 80, 64], [0, 0, 40, 64], [0, 0, 80, 30]])
    boxes, there = best_proposals(scores, codes, anchors, windows, before=120, after=after)
    assert boxes.shape == (3, after, 4)
    for image in range(3):
        expected = naive(
            scores[image], decoded(codes[image], anchors), windows[image].tolist(), 120, after
        )
        found = boxes[image][there[image]]
        assert there[image].sum() == len(expected)
        assert torch.allclose(found, torch.tensor(expected), atol=1e-4)
        assert not there[image][len(expected) :].any()


def test_no_gradient_passes_through_the_coordinates() -> None:
    codes = torch.zeros(1, 4, 4, requires_grad=True)
    anchors = torch.tensor([[0.0, 0, 9, 9]]).repeat(4, 1)
    windows = torch.tensor([[0.0, 0, 20, 20]])
    boxes, _ = best_proposals(torch.zeros(1, 4), codes, anchors, windows, before=4, after=4)
    assert not boxes.requires_grad
