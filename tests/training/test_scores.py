"""Scores against scikit-learn and against loops over single answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import precision_recall_fscore_support

from convscope.training.scores import (
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    reliability,
    wilson_interval,
)


def answers(seed: int, classes: int = 6) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True and given classes, one class never true and one never given."""
    random = np.random.default_rng(seed)
    true = random.integers(1, classes, 300)
    given = np.where(random.random(300) < 0.6, true, random.integers(0, classes - 1, 300))
    return true.astype(np.int64), np.where(given == 3, 4, given).astype(np.int64)


@pytest.mark.parametrize("seed", range(5))
def test_confusion_and_class_scores_are_scikit_learns(seed: int) -> None:
    true, given = answers(seed)
    confusion = confusion_matrix(true, given, 6)
    np.testing.assert_array_equal(confusion, sklearn_confusion(true, given, labels=range(6)))
    found = class_scores(confusion, tuple("abcdef"))
    expected = precision_recall_fscore_support(true, given, labels=range(6), zero_division=0)
    np.testing.assert_allclose(
        [[it.precision, it.recall, it.f1, it.support] for it in found], np.transpose(expected)
    )
    assert [it.name for it in found] == list("abcdef")
    assert found[0].support == 0
    assert found[3].recall == 0


def test_the_interval_is_where_the_test_of_the_part_just_passes() -> None:
    for correct, count in [(9, 10), (456, 500), (9123, 10_000), (1, 1000)]:
        for end in wilson_interval(correct, count):
            # Wilson's ends are the p at which |correct/n − p| is 1.96 deviations of p itself.
            deviation = math.sqrt(end * (1 - end) / count)
            assert abs(correct / count - end) / deviation == pytest.approx(1.959964, abs=1e-5)


def test_the_interval_of_a_known_case() -> None:
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_the_interval_stays_within_bounds() -> None:
    assert wilson_interval(0, 50)[0] == 0
    assert wilson_interval(50, 50)[1] == 1
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_the_calibration_error_is_that_of_a_plain_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    confidence = np.concatenate([random.uniform(0.1, 1, 500), [0.0, 1.0, 1 / 15, 0.4]])
    right = random.random(504) < confidence
    error = 0.0
    for part in range(15):
        chosen = [
            k
            for k in range(504)
            if part / 15 < confidence[k] <= (part + 1) / 15 or (part == 0 and confidence[k] == 0)
        ]
        if chosen:
            sure = sum(confidence[k] for k in chosen) / len(chosen)
            good = sum(right[k] for k in chosen) / len(chosen)
            error += len(chosen) / 504 * abs(good - sure)
    bins = reliability(confidence, right)
    assert sum(part.count for part in bins) == 504
    assert expected_calibration_error(bins) == pytest.approx(error, abs=1e-12)


def test_deserved_confidence_is_no_error() -> None:
    bins = reliability(np.full(10, 0.7), np.arange(10) < 7)
    assert expected_calibration_error(bins) == pytest.approx(0)
    assert [part.count for part in bins if part.count] == [10]
    assert expected_calibration_error(reliability(np.zeros(0), np.zeros(0, bool))) == 0
