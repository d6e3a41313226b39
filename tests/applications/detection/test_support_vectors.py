"""Mining hard negatives ends where all negatives at once do; boxes are regressed as in R-CNN."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC

from convscope.applications.detection import support_vectors
from convscope.applications.detection.support_vectors import box_regression, mined, scale_of


def clouds(positives: int, negatives: int, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Two overlapping clouds, the second in several lumps of which most are far away."""
    generator = np.random.default_rng(0)
    positive = generator.normal(1.0, 1.0, (positives, width))
    lumps = generator.normal(-3.0, 2.0, (12, width))
    negative = lumps[generator.integers(0, 12, negatives)]
    negative = negative + generator.normal(0, 1.2, negative.shape)
    return positive.astype(np.float32), negative.astype(np.float32)


def test_mining_ends_where_all_negatives_at_once_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support_vectors, "FIRST", 60)
    positive, negative = clouds(80, 3000)
    found = mined(positive, negative, cost=0.5)
    assert found.complete
    assert found.rounds > 1
    assert 0 < found.negatives < 500
    whole = LinearSVC(C=0.5, dual=False, class_weight={1: 2.0}, intercept_scaling=10.0, tol=1e-8)
    whole.fit(np.concatenate([positive, negative]), np.repeat([1, -1], [80, 3000]))
    np.testing.assert_allclose(found.linear.weights, whole.coef_[0], rtol=0.01, atol=1e-3)
    np.testing.assert_allclose(found.linear.offset, whole.intercept_[0], rtol=0.01, atol=1e-3)


def test_easy_negatives_leave_and_none_that_is_hard_is_left_out() -> None:
    positive, negative = clouds(100, 4000)
    found = mined(positive, negative, cost=0.5)
    margins = negative @ found.linear.weights + found.linear.offset
    assert found.complete
    assert (margins > -1).sum() <= found.negatives


def test_scaled_features_give_the_machine_of_scaled_features() -> None:
    positive, negative = clouds(50, 200)
    scale = scale_of(np.concatenate([positive, negative]))
    lengths = np.linalg.norm(np.concatenate([positive, negative]) * scale, axis=1)
    assert lengths.mean() == pytest.approx(20.0, rel=1e-5)
    one = mined(positive, negative, cost=0.01, scale=scale)
    other = mined(positive * np.float32(scale), negative * np.float32(scale), cost=0.01)
    np.testing.assert_allclose(
        positive @ one.linear.weights + one.linear.offset,
        positive @ (other.linear.weights * scale) + other.linear.offset,
        rtol=1e-3,
        atol=1e-3,
    )


def test_a_class_without_examples_is_never_there_and_the_other_way_round() -> None:
    positive, negative = clouds(5, 5)
    never = mined(positive[:0], negative, cost=1.0)
    assert (never.linear.weights == 0).all()
    assert (float(never.linear.offset), never.rounds) == (-1.0, 0)
    assert float(mined(positive, negative[:0], cost=1.0).linear.offset) == 1.0
    assert scale_of(np.zeros((3, 4), np.float32)) == 1.0
    assert scale_of(np.zeros((0, 4), np.float32)) == 1.0


def regions(count: int = 200, width: int = 9) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    features = generator.normal(size=(count, width))
    mixing = generator.normal(size=(4, 4)) * np.array([0.1, 0.1, 0.3, 0.2])
    codes = features @ generator.normal(size=(width, 4)) * 0.05 @ mixing + 0.02
    codes += generator.normal(size=(count, 4)) @ mixing * 0.1
    return features.astype(np.float32), codes.astype(np.float32)


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_regression_is_ridge_on_whitened_targets(scale: float) -> None:
    features, codes = regions()
    found = box_regression(features, codes, penalty=30.0, scale=scale)
    # As Girshick's own code has it: T = S^(1/2), y = (t − μ) T⁻¹, back by T.
    mean = codes.mean(0)
    root = np.real(sqrtm(np.cov(codes, rowvar=False, bias=True)))
    ridge = Ridge(alpha=30.0).fit(features * scale, (codes - mean) @ np.linalg.inv(root))
    expected = ridge.predict(features * scale) @ root + mean
    ours = features @ found.linear.weights.T + found.linear.offset
    np.testing.assert_allclose(ours, expected, atol=1e-4)
    assert found.count == 200
    # It explains what can be explained.
    assert np.square(ours - codes).mean() < 0.5 * np.square(codes - mean).mean()


def test_without_regions_boxes_stay_where_they_are() -> None:
    features, codes = regions(3)
    nothing = box_regression(features[:1], codes[:1], penalty=1.0)
    assert (nothing.linear.weights == 0).all()
    assert (nothing.linear.offset == 0).all()
    same = box_regression(features, np.zeros((3, 4), np.float32), penalty=1.0)
    assert np.isfinite(same.linear.weights).all()
    np.testing.assert_allclose(same.linear.weights, 0, atol=1e-9)
