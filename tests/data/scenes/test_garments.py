"""Garments: whose they are, and where in their pictures they are."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from numpy.typing import NDArray

from convscope.data.fashion_mnist import CLASSES as OF_FASHION_MNIST
from convscope.data.mini import load_mini
from convscope.data.scenes import garments as module
from convscope.data.scenes.garments import CLASSES, load_garments, silhouettes
from convscope.errors import DataError, UsageError


def test_the_classes_are_those_of_fashion_mnist() -> None:
    assert CLASSES == OF_FASHION_MNIST


def test_parts_share_no_garment() -> None:
    train, validation, test = (
        load_garments(part, "fashion-mini") for part in ("train", "validation", "test")
    )
    assert not set(train.members.tolist()) & set(validation.members.tolist())
    assert sorted([*train.members, *validation.members]) == list(range(2000))
    assert [len(of_class) for of_class in validation.of_class] == [20] * 10
    data = load_mini()
    assert train.images is not test.images
    assert np.array_equal(test.images, data.test.images)
    assert np.array_equal(train.images, data.train.images)
    for label, members in enumerate(train.of_class):
        assert set(train.labels[members]) == {label}


def test_without_fashion_mnist_the_package_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(**_: object) -> None:
        raise DataError("not here")

    monkeypatch.setattr("convscope.data.fashion_mnist.load_fashion_mnist", absent)
    assert load_garments("test").source == "fashion-mini"
    with pytest.raises(DataError, match="not here"):
        load_garments("test", "fashion-mnist")


def test_what_cannot_be_asked() -> None:
    with pytest.raises(UsageError, match='there is no part "tset": did you mean "test"'):
        load_garments("tset")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match='cannot be made of "shapes": known are'):
        load_garments("test", "shapes")


def filled_by_hand(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """One picture, pixel by pixel: threshold, vertical gaps closed, flooded from outside."""
    side = 28
    bright = {(r, c) for r in range(side) for c in range(side) if image[r, c] > 10}
    grown = {(r + d, c) for r, c in bright for d in (-1, 0, 1)}
    closed = {
        (r, c)
        for r in range(side)
        for c in range(side)
        if all((r + d, c) in grown for d in (-1, 0, 1))
    }
    seen, queue = {(-1, -1)}, deque([(-1, -1)])
    while queue:
        row, column = queue.popleft()
        for down, across in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            place = (row + down, column + across)
            inside = all(-1 <= value <= side for value in place)
            if inside and place not in seen and place not in closed:
                seen.add(place)
                queue.append(place)
    left = {(r, c) for r in range(side) for c in range(side)} - seen
    mask = np.zeros((side, side), bool)
    while left:  # specks go
        start = next(iter(left))
        part, queue = {start}, deque([start])
        while queue:
            row, column = queue.popleft()
            for down in (-1, 0, 1):
                for across in (-1, 0, 1):
                    place = (row + down, column + across)
                    if place in left and place not in part:
                        part.add(place)
                        queue.append(place)
        left -= part
        if len(part) >= 12:
            for place in part:
                mask[place] = True
    return mask


def test_silhouettes_are_what_a_loop_over_pixels_makes() -> None:
    images = load_mini().test.images[:60, 0]
    found = silhouettes(images)
    for image, mask in zip(images, found, strict=True):
        assert np.array_equal(mask, filled_by_hand(image))


def test_a_silhouette_does_not_depend_on_its_neighbours() -> None:
    images = load_mini().test.images[:30, 0]
    together = silhouettes(images)
    assert all(
        np.array_equal(silhouettes(images[n : n + 1])[0], together[n]) for n in range(len(images))
    )


def test_holes_are_filled_and_specks_are_gone() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 5:20, 5:20] = 200
    image[0, 9:15, 9:15] = 0
    image[0, 24, 24] = 255
    mask = silhouettes(image)[0]
    assert mask[5:20, 5:20].all() and mask.sum() == 15 * 15


def test_garments_fill_much_of_their_boxes() -> None:
    """A rule that lost garments, or took whole squares, would be seen here."""
    shares = silhouettes(load_mini().test.images[:, 0]).mean((1, 2))
    assert shares.min() > 0.05
    assert 0.3 < shares.mean() < 0.6
    assert module.SIDE == 28
