"""R-CNN's linear classifiers, with hard negatives mined, and its regression of boxes.

Both work on features that the network has computed, and know nothing of networks
(Girshick et al. 2014, sections 2.3 and 3.5, appendices B and C).  The solvers are
scikit-learn's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.data.images import order

__all__ = ["Linear", "Mined", "Regression", "box_regression", "mined"]

Floats = NDArray[np.float32]

FIRST = 2000
"""Negatives to begin with, and the most that join in a round."""
ROUNDS = 8
EASY = -1.2
"""A negative whose margin is below it leaves the set: the paper's code has this value."""
NORM = 20.0
"""Mean length to which features are scaled, so that costs mean the same for any network:
the paper's code has this value, too."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """x ↦ weights·x + offset: ``weights`` are U or 4×U, ``offset`` a number or 4."""

    weights: NDArray[np.float64]
    offset: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mined:
    """A support vector machine, and how it was found.

    ``positives`` and ``negatives`` are how many it was fitted to in the end, ``rounds`` how
    often it was; ``complete`` says that no hard negative was left out.
    """

    linear: Linear
    positives: int
    negatives: int
    rounds: int
    complete: bool


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Where an object is, from the features of a region near it; fitted to ``count`` regions."""

    linear: Linear
    count: int


def scale_of(features: Floats) -> float:
    """What brings the mean length of the features (n×U) to ``NORM``."""
    length = float(np.linalg.norm(features, axis=1).mean()) if len(features) else 0.0
    return NORM / length if length > 0 else 1.0


def mined(
    positive: Floats, negative: Floats, *, cost: float, scale: float = 1.0, seed: int = 0
) -> Mined:
    """A linear support vector machine: p×U that show the class, n×U that do not.

    minimises |w|²/2 + C Σ max(0, 1 − y(w·x + b))², positives counted twice (as in the
    paper's code).  It is fitted to some of the negatives; then those of all that lie within
    its margin (w·x + b > −1) join, the hardest first, and those that have become easy leave,
    until none is left that would change it.
    """
    if not len(positive) or not len(negative):
        # Nothing to tell apart: never there, or always.
        width = positive.shape[1]
        always = 1.0 if len(positive) else -1.0
        nothing = Linear(np.zeros(width), np.array(always))
        return Mined(nothing, len(positive), len(negative), 0, True)
    held = np.sort(order(len(negative), seed, 0)[:FIRST])
    for number in range(1, ROUNDS + 1):
        linear = _machine(positive, negative[held], cost, scale)
        margin = negative @ linear.weights.astype(np.float32) + float(linear.offset)
        known = np.zeros(len(negative), bool)
        known[held] = True
        hard = np.flatnonzero((margin > -1.0) & ~known)
        if not len(hard) or number == ROUNDS:
            break
        hardest = hard[np.argsort(-margin[hard], kind="stable")[:FIRST]]
        known &= margin >= EASY
        known[hardest] = True
        held = np.flatnonzero(known)
    return Mined(linear, len(positive), len(held), number, not len(hard))


def _machine(positive: Floats, negative: Floats, cost: float, scale: float) -> Linear:
    from sklearn.svm import LinearSVC

    features = np.concatenate([positive, negative]).astype(np.float64) * scale
    labels = np.repeat([1, -1], [len(positive), len(negative)])
    # In the primal it is solved by Newton's method, without chance.
    machine = LinearSVC(
        C=cost, dual=False, class_weight={1: 2.0}, intercept_scaling=10.0, tol=1e-5, max_iter=2000
    )
    machine.fit(features, labels)
    return Linear(machine.coef_[0] * scale, np.asarray(machine.intercept_[0]))


def box_regression(
    features: Floats, codes: Floats, *, penalty: float, scale: float = 1.0
) -> Regression:
    """Ridge regression of codes n×4 (``boxes.coded``) on features n×U: for one class.

    The codes are whitened before, so that their four errors weigh the same: with μ their
    mean and Σ = E·Λ·Eᵀ their covariance, y = Σ^(−1/2)·(t − μ); w minimises
    Σ|y − w·x − b|² + λ|w|².  What is given back turns features into codes at once.
    """
    count, width = features.shape
    if count < 2:
        return Regression(Linear(np.zeros((4, width)), np.zeros(4)), count)
    from sklearn.linear_model import Ridge

    targets = codes.astype(np.float64)
    mean = targets.mean(0)
    values, vectors = np.linalg.eigh(np.cov(targets, rowvar=False, bias=True))
    deviations = np.sqrt(values.clip(1e-8))
    whiten = vectors @ np.diag(1 / deviations) @ vectors.T
    colour = vectors @ np.diag(deviations) @ vectors.T
    fitted = Ridge(alpha=penalty).fit(
        features.astype(np.float64) * scale, (targets - mean) @ whiten
    )
    return Regression(
        Linear(colour @ fitted.coef_ * scale, colour @ fitted.intercept_ + mean), count
    )
