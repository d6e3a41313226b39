"""Scores of masks, beside loops over single pixels and scikit-learn."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import jaccard_score

from convscope.applications.segmentation.scores import (
    Tally,
    boundary,
    boundary_scores,
    mask_confusion,
    tolerance_of,
)
from convscope.data.annotated import VOID
from convscope.errors import DataError

REGIONS = ("ground", "one", "two", "never seen", "only answered")


def masks(seed: int, count: int = 2, side: int = 20) -> tuple[NDArray[np.uint8], ...]:
    """Blocks of regions; the truth lacks regions 3 and 4, the answers region 3."""
    chance = np.random.default_rng(seed)
    true = np.kron(chance.integers(0, 3, (count, 4, 4)), np.ones((5, 5))).astype(np.uint8)
    answers = true[:, :side, :side].copy()
    wrong = chance.random(answers.shape) < 0.2
    answers[wrong] = chance.choice([0, 1, 2, 4], int(wrong.sum()))
    true[chance.random(true.shape) < 0.1] = VOID
    return true, answers


def confusion_by_hand(true: NDArray[np.uint8], answers: NDArray[np.uint8]) -> list[list[int]]:
    counts = [[0] * len(REGIONS) for _ in REGIONS]
    for place in itertools.product(*map(range, true.shape)):
        if true[place] != VOID:
            counts[true[place]][answers[place]] += 1
    return counts


@pytest.mark.parametrize("seed", range(4))
def test_mean_iou_is_that_of_a_confusion_matrix_made_by_hand(seed: int) -> None:
    true, answers = masks(seed)
    counts = confusion_by_hand(true, answers)
    tally = Tally(REGIONS)
    for k in range(len(true)):  # one by one, as batches of different sizes are
        tally.add(true[k : k + 1], answers[k : k + 1])
    found = tally.scores()
    assert found.confusion.tolist() == counts
    ious: list[float | None] = []
    for k in range(len(REGIONS)):
        union = sum(counts[k]) + sum(row[k] for row in counts) - counts[k][k]
        ious.append(counts[k][k] / union if union else None)
    assert [region.iou for region in found.regions] == pytest.approx(ious)
    assert ious[3] is None and ious[4] == 0
    known = [iou for iou in ious if iou is not None]
    assert found.mean_iou == pytest.approx(sum(known) / 4)
    total = sum(map(sum, counts))
    assert found.pixels == total == int((true != VOID).sum())
    assert found.pixel_accuracy == pytest.approx(sum(counts[k][k] for k in range(5)) / total)


def test_mean_iou_is_that_of_scikit_learn() -> None:
    true, answers = masks(7)
    known = true != VOID
    tally = Tally(REGIONS)
    tally.add(true, answers)
    wanted = jaccard_score(true[known], answers[known], labels=[0, 1, 2, 4], average="macro")
    assert tally.scores().mean_iou == pytest.approx(wanted)


def boundary_by_hand(mask: NDArray[np.uint8], region: int) -> list[tuple[int, int]]:
    found = []
    for row, column in itertools.product(*map(range, mask.shape)):
        beside = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        others = [
            mask[place]
            for place in beside
            if 0 <= place[0] < mask.shape[0] and 0 <= place[1] < mask.shape[1]
        ]
        if mask[row, column] == region and any(o not in (region, VOID) for o in others):
            found.append((row, column))
    return found


def boundary_f_by_hand(true: NDArray[np.uint8], answers: NDArray[np.uint8], region: int) -> float:
    answers = np.where(true == VOID, VOID, answers).astype(np.uint8)
    ours, theirs = boundary_by_hand(true, region), boundary_by_hand(answers, region)
    if not ours and not theirs:
        return math.nan

    def met(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> float:
        near = sum(any(math.dist(a, b) <= tolerance_of(*true.shape) for b in others) for a in some)
        return near / len(some) if some else 0.0

    precision, recall = met(theirs, ours), met(ours, theirs)
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


@pytest.mark.parametrize("seed", range(3))
def test_the_boundary_score_is_that_of_loops(seed: int) -> None:
    true, answers = masks(seed)
    found = boundary_scores(true, answers, len(REGIONS))
    for k, region in itertools.product(range(len(true)), range(len(REGIONS))):
        wanted = boundary_f_by_hand(true[k], answers[k], region)
        assert found[k, region] == pytest.approx(wanted, nan_ok=True)
        marked = list(zip(*np.nonzero(boundary(true[k : k + 1], region)[0]), strict=True))
        assert marked == boundary_by_hand(true[k], region)


def test_boundaries_within_the_tolerance_meet() -> None:
    true, answers = np.zeros((2, 1, 128, 128), np.uint8)
    true[:, 20:60, 20:60] = 1
    assert tolerance_of(128, 128) == 2
    for shift, met in ((0, True), (2, True), (3, False)):
        moved = np.roll(true, shift, 2)
        assert bool(boundary_scores(true, moved, 2)[0, 1] == 1) is met
    assert boundary_scores(true, answers, 2)[0].tolist() == [0, 0]


def test_nothing_counts_where_all_is_void() -> None:
    tally = Tally(("a", "b"))
    tally.add(np.full((1, 4, 4), VOID, np.uint8), np.zeros((1, 4, 4), np.uint8))
    found = tally.scores()
    assert (found.pixels, found.mean_iou, found.pixel_accuracy) == (0, 0, 0)
    assert [region.iou for region in found.regions] == [None, None]


def test_masks_that_do_not_fit_are_refused() -> None:
    good, large = np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 5), np.uint8)
    with pytest.raises(DataError, match=r"cannot be judged"):
        mask_confusion(good, large, 2)
    with pytest.raises(DataError, match="the truth hold the index 7, and there are 2 regions"):
        mask_confusion(good + 7, good, 2)
