"""Boxes: codes go there and back, overlaps are torchvision's, clipping and mirroring."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import box_iou, clip_boxes_to_image

from convscope.applications.detection.boxes import (
    LARGEST_GROWTH,
    clipped,
    coded,
    decoded,
    mirrored_boxes,
    overlaps,
)


def drawn(count: int, seed: int, least: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    start = torch.rand(count, 2, generator=generator) * 100
    return torch.cat([start, start + least + torch.rand(count, 2, generator=generator) * 60], 1)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_a_coded_box_decodes_to_itself(seed: int) -> None:
    boxes, references = drawn(20, seed).double(), drawn(20, seed + 1).double()
    back = decoded(coded(boxes, references), references)
    assert torch.allclose(back, boxes, atol=1e-9)


def test_codes_are_those_of_the_paper() -> None:
    # from 40×20 around (30, 20) to 20×20 around (40, 25)
    code = coded(torch.tensor([30.0, 15, 50, 35]), torch.tensor([10.0, 10, 50, 30]))
    assert torch.allclose(code, torch.tensor([10 / 40, 5 / 20, math.log(0.5), 0.0]))


def test_growth_is_cut_so_that_boxes_stay_finite() -> None:
    box = decoded(torch.tensor([0.0, 0, 1e9, 1e9]), torch.tensor([0.0, 0, 16, 16]))
    assert torch.allclose(box, torch.tensor([-492.0, -492, 508, 508]))
    assert math.isclose(math.exp(LARGEST_GROWTH), 1000 / 16)


def test_codes_of_every_class_share_their_reference() -> None:
    codes, references = torch.randn(5, 3, 4), drawn(5, 1)
    together = decoded(codes, references[:, None])
    for label in range(3):
        assert torch.allclose(together[:, label], decoded(codes[:, label], references))


def test_overlaps_are_those_of_torchvision_in_every_batch() -> None:
    boxes = torch.stack([drawn(30, seed) for seed in range(3)])
    others = torch.stack([drawn(7, seed + 50) for seed in range(3)])
    found = overlaps(boxes, others)
    for row in range(3):
        assert torch.allclose(found[row], box_iou(boxes[row], others[row]), atol=1e-6)
    shared = overlaps(boxes[0], others)
    assert torch.allclose(shared[2], box_iou(boxes[0], others[2]), atol=1e-6)


def test_boxes_without_area_overlap_nothing() -> None:
    nothing = torch.zeros(1, 4)
    assert overlaps(nothing, nothing).item() == 0.0
    assert overlaps(nothing, torch.tensor([[0.0, 0, 5, 5]])).item() == 0.0


def test_clipping_is_that_of_torchvision() -> None:
    boxes = drawn(50, 3) * 2 - 60
    assert torch.equal(clipped(boxes, (40, 70)), clip_boxes_to_image(boxes, (40, 70)))


def test_a_mirrored_box_covers_the_mirrored_pixels() -> None:
    image = torch.zeros(20, 30)
    image[3:8, 4:15] = 1
    left, top, right, bottom = mirrored_boxes(torch.tensor([4.0, 3, 15, 8]), 30).int().tolist()
    mirrored = image.flip(1)
    assert mirrored[top:bottom, left:right].min() == 1
    assert mirrored.sum() == (bottom - top) * (right - left)
