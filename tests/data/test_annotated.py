"""Annotated images as values: what fits together, parts of them, their statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from convscope.data.annotated import (
    Annotated,
    Objects,
    Split,
    fingerprint_of_annotated,
    pixel_statistics,
    require,
)
from convscope.errors import DataError
from tests.data.making import pixels


def some_objects(count: int) -> Objects:
    return Objects(
        np.tile(np.array([[0, 0, 4, 4]], np.float32), (count, 1)),
        np.arange(count),
        np.zeros(count, bool),
    )


def split(count: int = 3, *, one_size: bool = True) -> Split:
    images: Any = pixels(count, 3, 8, 9)
    if not one_size:
        images = [pixels(3, 8 + number, 9, seed=number) for number in range(count)]
    return Split(
        names=tuple("abcdefgh"[:count]),
        images=images,
        objects=tuple(some_objects(number) for number in range(count)),
        masks=[np.zeros(image.shape[1:], np.uint8) for image in images],
        captions=tuple((f"picture {number}",) for number in range(count)),
        ids=tuple(range(10, 10 + count)),
        full_sizes=np.full((count, 2), 100),
    )


def annotated(part: Split) -> Annotated:
    return Annotated("data", "here", part, part, part, ("cat",), (), 3, "", "here")


def test_objects_whose_lists_do_not_fit() -> None:
    for boxes, difficult in (((2, 4), 3), ((3, 3), 3), ((3, 4), 2)):
        with pytest.raises(DataError, match="3 labels need as many boxes"):
            Objects(np.zeros(boxes, np.float32), np.arange(3), np.zeros(difficult, bool))


@pytest.mark.parametrize("what", ["objects", "masks", "captions", "ids", "full_sizes"])
def test_splits_whose_lists_do_not_fit(what: str) -> None:
    whole = split()
    with pytest.raises(DataError, match="3 names need as many"):
        replace(whole, **{what: getattr(whole, what)[:2]})


@pytest.mark.parametrize("one_size", [True, False])
def test_a_part_of_a_split_has_everything_of_its_images(one_size: bool) -> None:
    whole = split(one_size=one_size)
    part = whole.part(np.array([2, 0]))
    assert (part.names, part.captions) == (("c", "a"), (("picture 2",), ("picture 0",)))
    assert part.ids == (12, 10)
    assert part.objects is not None and [len(one) for one in part.objects] == [2, 0]
    for found, wanted in zip(part.images, (2, 0), strict=True):
        np.testing.assert_array_equal(found, whole.images[wanted])
    assert part.masks is not None and part.masks[0].shape == part.images[0].shape[1:]
    assert part.sizes.tolist() == whole.sizes[[2, 0]].tolist()
    assert part.full_sizes is not None and part.full_sizes.shape == (2, 2)
    assert isinstance(part.images, np.ndarray) == one_size


def test_what_is_known_and_required() -> None:
    data = annotated(split())
    assert data.train.kinds == ("objects", "masks", "captions")
    require(data, "masks")
    assert data.split("test") is data.test
    with pytest.raises(DataError, match='there is no split "tset"'):
        data.split("tset")
    without = replace(data, validation=replace(data.train, captions=None))
    with pytest.raises(DataError, match="here, validation: these images come without captions"):
        require(without, "captions")
    nothing = replace(data, train=data.train.part([]))
    with pytest.raises(DataError, match="there are no images to learn from"):
        require(nothing, "objects")
    assert "3 images with objects, masks, captions" in repr(data.train)
    assert repr(data) == "<Annotated data: 3 + 3 + 3 images with objects, masks, captions>"


@pytest.mark.parametrize("one_size", [True, False])
def test_statistics_are_numpys(one_size: bool) -> None:
    whole = split(one_size=one_size)
    mean, deviation = pixel_statistics(whole)
    flat = np.concatenate([image.reshape(3, -1) for image in whole.images], 1) / 255
    np.testing.assert_allclose(mean, flat.mean(1))
    np.testing.assert_allclose(deviation, flat.std(1))
    with pytest.raises(DataError, match="no images"):
        pixel_statistics(whole.part([]))


def test_the_fingerprint_changes_with_everything_that_is_learnt_from() -> None:
    whole = split()
    assert whole.objects is not None and whole.captions is not None
    others = [
        replace(whole, names=("a", "b", "d")),
        replace(whole, images=pixels(3, 3, 8, 9, seed=1)),
        replace(whole, objects=(some_objects(1), *whole.objects[1:])),
        replace(whole, masks=[np.ones((8, 9), np.uint8)] * 3),
        replace(whole, captions=(*whole.captions[:2], ("another",))),
    ]
    found = {fingerprint_of_annotated([part], ("cat",)) for part in (whole, *others)}
    found.add(fingerprint_of_annotated([whole], ("dog",)))
    assert len(found) == 7
    assert fingerprint_of_annotated([split()], ("cat",)) in found
