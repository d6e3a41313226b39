"""Polygons and run lengths beside pycocotools, pixel for pixel."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convscope.data.annotations.segmentations import (
    Painted,
    Region,
    decoded_counts,
    filled_polygon,
    pixels_of,
)
from convscope.errors import DataError

mask_api = pytest.importorskip("pycocotools.mask")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZES = st.tuples(st.integers(1, 24), st.integers(1, 24))
COORDINATES = st.floats(-5, 30).map(lambda value: round(value, 2)) | st.integers(-5, 30).map(float)


def theirs(polygons: list[list[float]], size: tuple[int, int]) -> Any:
    return mask_api.decode(mask_api.merge(mask_api.frPyObjects(polygons, *size))).astype(bool)


@given(SIZES, st.lists(COORDINATES, min_size=6, max_size=16).filter(lambda p: len(p) % 2 == 0))
def test_a_polygon_is_filled_as_pycocotools_does(
    size: tuple[int, int], polygon: list[float]
) -> None:
    ours = filled_polygon(np.array(polygon).reshape(-1, 2), size)
    np.testing.assert_array_equal(ours, theirs([polygon], size))


@given(SIZES, st.lists(st.lists(COORDINATES, min_size=8, max_size=8), min_size=1, max_size=3))
def test_several_polygons_are_one_object(
    size: tuple[int, int], polygons: list[list[float]]
) -> None:
    np.testing.assert_array_equal(pixels_of(polygons, size), theirs(polygons, size))


@given(arrays.arrays(np.uint8, SIZES, elements=st.integers(0, 1)))
def test_run_lengths_of_both_kinds(mask: np.ndarray[Any, Any]) -> None:
    packed = mask_api.encode(np.asfortranarray(mask))
    size = mask.shape[0], mask.shape[1]
    text = {"size": list(size), "counts": packed["counts"].decode()}
    np.testing.assert_array_equal(pixels_of(text, size), mask.astype(bool))
    counts = decoded_counts(text["counts"])
    plain = {"size": list(size), "counts": counts.tolist()}
    np.testing.assert_array_equal(pixels_of(plain, size), mask.astype(bool))
    assert mask_api.frPyObjects(plain, *size)["counts"] == packed["counts"]


def test_a_polygon_by_hand() -> None:
    square = filled_polygon(np.array([[1, 1], [4, 1], [4, 3], [1, 3]], float), (5, 6))
    assert np.argwhere(square).tolist() == [[1, 1], [1, 2], [1, 3], [2, 1], [2, 2], [2, 3]]


@pytest.mark.parametrize(
    ("segmentation", "said"),
    [
        (None, "there is no segmentation"),
        ([], "there is no segmentation"),
        ([[1, 2, 3, 4]], "no list of three points"),
        ([[1, 2, 3, 4, 5, 6, 7]], "no list of three points"),
        ([[1, 2, 3, 4, 5, "6"]], "stands where a number belongs"),
        ([[1, 2, 3, 4, 5, float("nan")]], "beyond every image"),
        ([[1, 2, 3, 4, 5, 1e6]], "far outside"),
        (["abc"], "no list of three points"),
        ({"counts": [4], "size": [2, 3]}, "are for 2×3, not for 2×2"),
        ({"counts": [4]}, "are for no size, not for 2×2"),
        ({"counts": [3], "size": [2, 2]}, "add up to 3, not to 4"),
        ({"counts": [5, -1], "size": [2, 2]}, "not all whole numbers"),
        ({"counts": [1.5, 2.5], "size": [2, 2]}, "not all whole numbers"),
        ({"counts": [2**40], "size": [2, 2]}, "not all whole numbers"),
        ({"counts": "4é", "size": [2, 2]}, "are damaged"),
        ({"counts": "T", "size": [2, 2]}, "are damaged"),
        ({"counts": "oooooooooooo", "size": [2, 2]}, "are damaged"),
        ({"counts": None, "size": [2, 2]}, "neither a list nor a text"),
        ({"counts": "", "size": [2, 2]}, "add up to 0"),
    ],
)
def test_what_is_no_segmentation(segmentation: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        pixels_of(segmentation, (2, 2))


@given(st.text(max_size=30))
def test_any_text_is_run_lengths_or_an_error(text: str) -> None:
    with suppress(DataError):
        assert decoded_counts(text).min(initial=0) >= 0


def box(left: int, top: int, right: int, bottom: int) -> list[list[float]]:
    return [[left, top, right, top, right, bottom, left, bottom]]


def test_small_objects_lie_on_top_and_crowds_below() -> None:
    large = Region(1, box(0, 0, 4, 4), False, "annotation 1")
    small = Region(2, box(1, 1, 3, 3), False, "annotation 2")
    crowd = Region(3, box(0, 0, 5, 2), True, "annotation 3")
    mask = Painted((small, crowd, large)).read((4, 5))
    wanted = [[1, 1, 1, 1, 3], [1, 2, 2, 1, 3], [1, 2, 2, 1, 0], [1, 1, 1, 1, 0]]
    assert mask.tolist() == wanted
    assert Painted(()).read((2, 2)).tolist() == [[0, 0], [0, 0]]


def test_the_object_of_a_wrong_segmentation_is_named() -> None:
    with pytest.raises(DataError, match=r"annotation 9 \(cat\): there is no segmentation"):
        Painted((Region(1, [], False, "annotation 9 (cat)"),)).read((4, 5))
