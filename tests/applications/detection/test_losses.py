"""The two losses, written out term by term."""

from __future__ import annotations

import math

import torch

from convscope.applications.detection.boxes import coded
from convscope.applications.detection.losses import anchor_losses, region_losses
from convscope.applications.detection.sampling import Assigned, Targets


def smooth(value: float) -> float:
    """0.5·x² below 1, |x| − 0.5 above (Girshick 2015, equation 3)."""
    return 0.5 * value * value if abs(value) < 1 else abs(value) - 0.5


def test_anchors_pay_for_objectness_and_positive_ones_for_their_box() -> None:
    torch.manual_seed(0)
    anchors = torch.tensor([[0.0, 0, 10, 10], [5, 5, 25, 15], [2, 2, 8, 12]])
    scores, codes = torch.randn(2, 3), torch.randn(2, 3, 4) * 2
    targets = Targets(
        torch.tensor([[[1.0, 0, 12, 9], [4, 4, 20, 18]], [[3, 1, 9, 14], [0, 0, 0, 0]]]),
        torch.zeros(2, 2, dtype=torch.int64),
        torch.tensor([[True, True], [True, False]]),
        torch.zeros(2, 2, dtype=torch.bool),
    )
    positive = torch.tensor([[True, True, False], [False, False, True]])
    negative = torch.tensor([[False, False, True], [True, False, False]])
    own = torch.tensor([[0, 1, 0], [0, 0, 0]])
    objectness, shifts = anchor_losses(
        scores, codes, anchors, Assigned(positive, negative, own), targets, places=6
    )
    expected, moved = 0.0, 0.0
    for image in range(2):
        for k in range(3):
            chance = 1 / (1 + math.exp(-scores[image, k].item()))
            if positive[image, k]:
                expected -= math.log(chance)
                wanted = coded(targets.boxes[image, own[image, k]], anchors[k])
                moved += sum(smooth(x) for x in (codes[image, k] - wanted).tolist())
            elif negative[image, k]:
                expected -= math.log(1 - chance)
    assert math.isclose(objectness.item(), expected / 5, rel_tol=1e-5)
    # λ/N_reg, with the places of both images' maps
    assert math.isclose(shifts.item(), 10 * moved / (2 * 6), rel_tol=1e-5)


def test_regions_pay_for_their_class_and_objects_for_that_class_s_box() -> None:
    torch.manual_seed(1)
    scores, codes, wanted = torch.randn(4, 4), torch.randn(4, 3, 4) * 2, torch.randn(4, 4)
    labels = torch.tensor([2, 3, 0, 3])  # 3 is the background
    classes, shifts = region_losses(scores, codes, labels, wanted)
    logs = scores.log_softmax(1)
    assert math.isclose(classes.item(), -sum(logs[k, n].item() for k, n in enumerate(labels)) / 4,
                        rel_tol=1e-5)  # fmt: skip
    moved = sum(smooth(x) for k, n in ((0, 2), (2, 0)) for x in (codes[k, n] - wanted[k]).tolist())
    assert math.isclose(shifts.item(), moved / 4, rel_tol=1e-5)
