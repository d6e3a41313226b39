"""Sets of images: batches, orders, splits, fingerprints, means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from convscope.architecture.layers import Volume
from convscope.data.images import (
    Data,
    ImageSet,
    Skipped,
    fingerprint_of,
    mean_and_deviation,
    order,
    split,
    split_indices,
)
from convscope.errors import DataError, UsageError
from tests.data.making import pixels


def image_set(count: int = 9, channels: int = 1, classes: int = 3) -> ImageSet:
    return ImageSet(pixels(count, channels, 5, 4), np.arange(count) % classes)


def test_a_batch_is_a_copy_of_what_was_asked_for() -> None:
    images = image_set()
    chosen, labels = images.batch(np.array([4, 0, 4]))
    assert np.array_equal(chosen, images.images[[4, 0, 4]])
    assert labels.tolist() == [1, 0, 1]
    chosen[:] = 0
    assert images.images.any()
    assert len(images) == 9


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (np.zeros((2, 1, 3, 3)), np.zeros(2, np.int64), "uint8"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.int64), "N×C×H×W"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(3, np.int64), "2 images"),
        (np.zeros((2, 1, 3, 3), np.uint8), np.zeros(2, np.int32), "int64"),
    ],
)
def test_a_set_of_the_wrong_form_is_refused(images, labels, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=said):
        ImageSet(images, labels)


@given(st.integers(0, 300), st.integers(0, 2**40), st.integers(0, 1000))
def test_an_order_is_a_permutation_and_a_pure_function(count: int, seed: int, epoch: int) -> None:
    first = order(count, seed, epoch)
    assert sorted(first.tolist()) == list(range(count))
    assert np.array_equal(first, order(count, seed, epoch))


def test_orders_differ_by_seed_and_epoch_and_stay_as_they_are() -> None:
    assert not np.array_equal(order(100, 0, 0), order(100, 0, 1))
    assert not np.array_equal(order(100, 0, 0), order(100, 1, 0))
    # runs are repeated by this: it may never change
    assert order(8, 0, 0).tolist() == [3, 2, 1, 6, 0, 7, 4, 5]


def test_orders_are_uniform() -> None:
    """Each of 5 images comes first equally often: χ² with 4 degrees of freedom."""
    firsts = np.bincount([order(5, 7, epoch)[0] for epoch in range(2000)], minlength=5)
    assert ((firsts - 400) ** 2 / 400).sum() < 18.5  # exceeded once in a thousand


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=60), st.floats(0.05, 0.9), st.integers(0, 9)
)
def test_a_split_takes_its_share_of_every_class(
    labels: list[int], fraction: float, seed: int
) -> None:
    known = np.array(labels, np.int64)
    stays, held = split_indices(known, fraction, seed)
    assert sorted([*stays.tolist(), *held.tolist()]) == list(range(len(labels)))
    for label in set(labels):
        count, taken = labels.count(label), int((known[held] == label).sum())
        if count == 1:
            assert taken == 0
        else:
            assert 1 <= taken <= count - 1
            assert abs(taken - fraction * count) <= 1


def test_a_split_holds_out_what_a_stranger_would() -> None:
    labels = np.repeat(np.arange(4), [50, 30, 20, 10])
    _, theirs = next(StratifiedShuffleSplit(1, test_size=0.2, random_state=0).split(labels, labels))
    _, ours = split_indices(labels, 0.2, 0)
    assert np.array_equal(np.bincount(labels[ours]), np.bincount(labels[theirs]))


def test_split_gives_two_sets_and_depends_on_the_seed() -> None:
    images = image_set(60)
    stays, held = split(images, 0.25, 1)
    assert len(stays) == 45
    assert len(held) == 15
    stays_at, held_at = split_indices(images.labels, 0.25, 1)
    assert np.array_equal(stays.images, images.images[stays_at])
    assert np.array_equal(held.labels, images.labels[held_at])
    assert not np.array_equal(held_at, split_indices(images.labels, 0.25, 2)[1])


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 2])
def test_a_fraction_outside_of_0_to_1_is_refused(fraction: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        split_indices(np.zeros(4, np.int64), fraction, 0)


def test_a_fingerprint_changes_with_everything_it_covers() -> None:
    train, test = image_set(), image_set(6)
    base = fingerprint_of(train, test, ("a", "b", "c"))
    assert base == fingerprint_of(train, test, ["a", "b", "c"])
    altered = train.images.copy()
    altered[3, 0, 2, 1] ^= 1
    labels = train.labels.copy()
    labels[0] = 2
    reshaped = ImageSet(train.images.reshape(9, 1, 4, 5), train.labels)
    others = {
        fingerprint_of(ImageSet(altered, train.labels), test, ("a", "b", "c")),
        fingerprint_of(ImageSet(train.images, labels), test, ("a", "b", "c")),
        fingerprint_of(train, test, ("a", "b", "d")),
        fingerprint_of(test, train, ("a", "b", "c")),
        fingerprint_of(reshaped, test, ("a", "b", "c")),
    }
    assert len({base, *others}) == 6


def test_a_fingerprint_does_not_depend_on_the_layout_in_memory() -> None:
    images = image_set(7, channels=3)
    turned = ImageSet(np.asfortranarray(images.images), images.labels)
    assert fingerprint_of(images, images, "ab") == fingerprint_of(turned, turned, "ab")


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_and_deviation_are_numpys(channels: int) -> None:
    images = pixels(700, channels, 6, 5)
    mean, deviation = mean_and_deviation(images)
    scaled = images.astype(np.float64) / 255
    assert mean == pytest.approx(scaled.mean((0, 2, 3)), abs=1e-12)
    assert deviation == pytest.approx(scaled.std((0, 2, 3)), abs=1e-12)


def test_mean_and_deviation_at_the_ends() -> None:
    assert mean_and_deviation(np.full((600, 1, 20, 20), 255, np.uint8)) == ((1.0,), (0.0,))
    with pytest.raises(DataError, match="no images"):
        mean_and_deviation(np.zeros((0, 1, 2, 2), np.uint8))


def test_data_know_their_volume_and_how_to_be_found_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    images = image_set(channels=3)
    named = Data("shapes", "made", images, images, ("a", "b", "c"), "f", "pad", (5, 4))
    folder = Data("x", str(tmp_path), images, images, ("a", "b", "c"), "f", "pad", (5, 4))
    assert named.volume == Volume(5, 4, 3)
    assert (named.source, folder.source) == ("shapes", str(tmp_path))
    assert str(Skipped("a.png", "is empty")) == "a.png (is empty)"
