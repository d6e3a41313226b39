"""Resampling in whole numbers, beside exact fractions and beside torch."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from convscope.data.scenes.resampling import resampled


def by_fractions(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    length = len(image)

    def place(index: int) -> tuple[int, int, Fraction]:
        at = Fraction(2 * index + 1, 2) * length / side - Fraction(1, 2)
        at = min(max(at, Fraction(0)), Fraction(length - 1))
        low = floor(at)
        return low, min(low + 1, length - 1), at - low

    result = np.zeros((side, side), np.uint8)
    for row in range(side):
        for column in range(side):
            (top, bottom, v), (left, right, u) = place(row), place(column)
            upper = int(image[top, left]) * (1 - u) + int(image[top, right]) * u
            lower = int(image[bottom, left]) * (1 - u) + int(image[bottom, right]) * u
            result[row, column] = floor(upper * (1 - v) + lower * v + Fraction(1, 2))
    return result


@pytest.mark.parametrize(("length", "side"), [(28, 20), (28, 28), (28, 31), (3, 16), (7, 5)])
def test_equals_exact_fractions(length: int, side: int) -> None:
    image = np.random.default_rng(side).integers(0, 256, (1, length, length), np.uint8)
    assert np.array_equal(resampled(image, side)[0], by_fractions(image[0], side))


@pytest.mark.parametrize("side", [20, 33, 56, 128])
def test_agrees_with_torch(side: int) -> None:
    images = np.random.default_rng(side).integers(0, 256, (4, 28, 28), np.uint8)
    theirs = interpolate(
        torch.from_numpy(images)[:, None].double(), (side, side), mode="bilinear"
    ).numpy()[:, 0]
    assert np.abs(resampled(images, side) - theirs).max() <= 0.5 + 1e-9


def test_its_own_size_changes_nothing() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28), np.uint8)
    assert np.array_equal(resampled(images, 28), images)
