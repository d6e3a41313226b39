"""What counts as found: without doubles, within the image; and who calls what how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import box_iou

from convscope.applications.backbone import backbone_of
from convscope.applications.detection import selective_search
from convscope.applications.detection.fast import FastRCNN
from convscope.applications.detection.faster import FasterRCNN
from convscope.applications.detection.head import Head
from convscope.applications.detection.method import (
    OVERLAP,
    PARTS,
    Method,
    Regions,
    Stopwatch,
    chosen,
    looked,
)
from convscope.applications.detection.region_cnn import RegionCNN
from convscope.applications.detection.rpn import RegionProposals

SIDES = np.array([[24, 24], [40, 24], [24, 40]], np.float32)


def network_of(method: str) -> nn.Module:
    torch.manual_seed(0)
    backbone = backbone_of("example")
    module, head = backbone.module(), Head(backbone.features, 3)
    if method == "rcnn":
        return RegionCNN(module, head, backbone.stride).eval()
    if method == "fast":
        return FastRCNN(module, head, backbone.stride).eval()
    proposer = RegionProposals(backbone.features, backbone.stride, SIDES)
    return FasterRCNN(module, proposer, head, backbone.stride, proposals=20).eval()


def boxes_in(size: tuple[int, int], count: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    limits = torch.tensor([size[1], size[0]])
    corners = torch.rand(count, 2, 2, generator=generator) * limits
    return torch.cat([corners.amin(1), corners.amax(1) + 1], 1)


@contextmanager
def counted(module: nn.Module) -> Iterator[list[int]]:
    """How many images pass through a layer, call by call."""
    passed: list[int] = []
    hook = module.register_forward_hook(lambda *call: passed.append(len(call[1][0])))
    try:
        yield passed
    finally:
        hook.remove()


def seen_by_backbone(
    method: str, monkeypatch: pytest.MonkeyPatch, counts: Sequence[int]
) -> tuple[list[int], int]:
    """Images that pass the first layer, call by call, and searches that are made."""
    searches = 0
    search = selective_search.proposed

    def counting(*arguments: object) -> object:
        nonlocal searches
        searches += 1
        return search(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(selective_search, "proposed", counting)
    network = network_of(method)
    images = torch.randn(len(counts), 1, 64, 80)
    stored = [boxes_in((64, 80), count, seed) for seed, count in enumerate(counts)]
    with counted(network.backbone.conv1) as passed:  # type: ignore[union-attr,arg-type]
        looked(network, images, [] if method == "faster" else stored)  # type: ignore[arg-type]
    return passed, searches


def test_r_cnn_sees_every_crop_fast_r_cnn_the_image_once_faster_too_and_searches_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Check 8."""
    assert sum(seen_by_backbone("rcnn", monkeypatch, (9, 4))[0]) == 13
    assert seen_by_backbone("fast", monkeypatch, (9, 4))[0] == [2]
    assert seen_by_backbone("faster", monkeypatch, (9, 4)) == ([2], 0)


@pytest.mark.parametrize("method", ["rcnn", "fast", "faster"])
def test_every_method_answers_image_by_image_whatever_the_batch(method: str) -> None:
    network = network_of(method)
    images = torch.randn(3, 1, 64, 80)
    stored = [boxes_in((64, 80), count, count) for count in (7, 0, 5)]
    network.least = 0.0  # type: ignore[assignment]
    together = looked(network, images, stored)  # type: ignore[arg-type]
    assert len(together) == 3
    if method != "faster":
        assert len(together[1]) == 0
    for number in range(3):
        (alone,) = looked(network, images[number : number + 1], stored[number : number + 1])  # type: ignore[arg-type]
        assert np.array_equal(together[number].labels, alone.labels)
        assert np.allclose(together[number].boxes, alone.boxes, atol=1e-3)
        assert np.allclose(together[number].scores, alone.scores, atol=1e-5)


def test_the_stopwatch_adds_up_what_each_part_took() -> None:
    watch = Stopwatch()
    network: Method = network_of("faster")  # type: ignore[assignment]
    for _ in range(2):
        looked(network, torch.randn(2, 1, 64, 64), watch=watch)
    assert watch.images == 4
    assert set(watch.each()) == set(PARTS)
    assert all(seconds > 0 for seconds in watch.each().values())


def naive(scores: Tensor, boxes: Tensor, size: tuple[int, int], least: float) -> list[tuple]:  # type: ignore[type-arg]
    """Class by class, the surest first, one after another."""
    found = []
    for label in range(scores.shape[1]):
        kept: list[Tensor] = []
        for region in scores[:, label].argsort(descending=True):
            box = boxes[region, label].clone()
            box[0::2] = box[0::2].clamp(0, size[1])
            box[1::2] = box[1::2].clamp(0, size[0])
            if scores[region, label] < least or (box[2:] <= box[:2]).any():
                continue
            if kept and box_iou(box[None], torch.stack(kept)).max() > OVERLAP:
                continue
            kept.append(box)
            found.append((scores[region, label].item(), label, box.tolist()))
    return sorted(found, key=lambda each: -each[0])


def test_what_is_chosen_is_what_a_loop_chooses() -> None:
    size = (60, 50)
    boxes = torch.stack([boxes_in((80, 80), 90, seed) - 15 for seed in range(2)], 1)
    scores = torch.rand(90, 2, generator=torch.Generator().manual_seed(3))
    found = chosen(Regions(scores, boxes), [50, 0, 40], size, least=0.2, most=100)
    for detections, own in zip(found, (slice(0, 50), slice(0, 0), slice(50, 90)), strict=True):
        expected = naive(scores[own], boxes[own], size, 0.2)
        assert len(detections) == len(expected)
        for place, (score, label, box) in enumerate(expected):
            assert np.isclose(detections.scores[place], score)
            assert detections.labels[place] == label
            assert np.allclose(detections.boxes[place], box)
    (most, *_) = chosen(Regions(scores, boxes), [90], size, least=0.0, most=4)
    assert len(most) == 4 and most.scores[0] == scores[:, :].max()
