"""Proposals are computed once, kept, and the same for whoever asks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from convscope.applications.detection import proposals
from convscope.applications.detection.proposals import (
    Proposals,
    proposals_of,
    recall_of,
    seconds_of_search,
)
from convscope.applications.detection.selective_search import Search, proposed
from convscope.data.annotated import Objects
from convscope.data.cache import cache_folder
from convscope.data.progress import Progress


def images(count: int = 5, seed: int = 0, side: int = 32) -> np.ndarray:
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, 40, (count, 1, side, side))
    for image in drawn:
        top, left = generator.integers(0, side - 14, 2)
        image[:, top : top + 12, left : left + 12] += 150
    return drawn.astype(np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images were searched through, call by call."""
    calls: list[int] = []

    def counting(image: np.ndarray, search: Search) -> np.ndarray:
        calls.append(1)
        return proposed(image, search)

    monkeypatch.setattr(proposals, "proposed", counting)
    return calls


def same(one: Proposals, other: Proposals) -> bool:
    pairs = zip(one.boxes, other.boxes, strict=True)
    return one.fingerprint == other.fingerprint and all(np.array_equal(*pair) for pair in pairs)


def test_they_are_the_search_s_boxes_computed_once(searched: list[int]) -> None:
    pictures = images()
    first = proposals_of(pictures)
    assert len(searched) == 5
    for image, boxes in zip(pictures, first.boxes, strict=True):
        assert boxes.dtype == np.float32
        np.testing.assert_array_equal(boxes, proposed(image))
    assert same(first, proposals_of(list(pictures)))
    assert len(searched) == 5


def test_other_pixels_and_other_settings_are_searched_anew(searched: list[int]) -> None:
    pictures = images()
    first = proposals_of(pictures)
    pictures[0, 0, 0, 0] ^= 255
    other = proposals_of(pictures)
    few = proposals_of(pictures, Search(most=3))
    assert len(searched) == 15
    assert max(len(boxes) for boxes in few.boxes) == 3
    assert few.fingerprint != other.fingerprint
    assert first.search == other.search != few.search


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a whole file"])
def test_what_is_damaged_is_found_anew(searched: list[int], damage: bytes) -> None:
    first = proposals_of(images())
    (kept,) = (cache_folder() / "proposals").glob("*/boxes.npz")
    kept.write_bytes(damage)
    assert same(first, proposals_of(images()))
    assert len(searched) == 10


def test_boxes_that_were_changed_are_found_anew(searched: list[int]) -> None:
    first = proposals_of(images())
    (kept,) = (cache_folder() / "proposals").glob("*/boxes.npz")
    with np.load(kept) as stored:
        boxes, counts = stored["boxes"], stored["counts"]
    boxes[0] += 1
    np.savez(kept, boxes=boxes, counts=counts)
    assert same(first, proposals_of(images()))
    assert len(searched) == 10


def test_processes_find_the_same_and_tell_how_far_they_are(tmp_path: Path) -> None:
    pictures = images(20)
    alone = proposals_of(pictures, workers=1)
    (kept,) = (cache_folder() / "proposals").glob("*/boxes.npz")
    kept.unlink()
    said: list[Progress] = []
    together = proposals_of(pictures, workers=2, progress=said.append)
    assert same(alone, together)
    assert [(each.done, each.total) for each in said] == [(16, 20), (20, 20)]


def test_images_of_several_sizes_and_none_at_all() -> None:
    mixed = [images(1, side=20)[0], images(1, side=44)[0], np.zeros((1, 3, 3), np.uint8)]
    found = proposals_of(mixed)
    assert [len(boxes) > 0 for boxes in found.boxes] == [True, True, False]
    assert found.boxes[1].max() == 44
    assert len(proposals_of([])) == 0
    assert same(found, proposals_of(mixed))


def test_they_tell_what_they_are() -> None:
    found = proposals_of(images(2))
    told = found.as_dict()
    assert told["fingerprint"] == found.fingerprint
    assert told["search"]["most"] == 200
    assert told["boxes_an_image"] == found.mean == sum(map(len, found.boxes)) / 2
    assert repr(found).startswith(f"<Proposals: {found.mean:.0f} boxes for each of 2 images, ")


def objects(*boxes: tuple[float, ...], difficult: int = 0) -> Objects:
    count = len(boxes)
    marks = np.arange(count) >= count - difficult
    return Objects(np.array(boxes, np.float32).reshape(-1, 4), np.zeros(count, np.int64), marks)


def test_recall_is_the_share_of_objects_that_a_box_reaches() -> None:
    truth = [
        objects((0, 0, 10, 10), (20, 20, 30, 40)),
        objects((0, 0, 4, 4), (50, 50, 60, 60), difficult=1),
        objects(),
    ]
    boxes = [
        np.array([(0, 0, 10, 20), (20, 20, 30, 39)], np.float32),  # 0.5 and 0.95
        np.zeros((0, 4), np.float32),
        np.array([(0, 0, 5, 5)], np.float32),
    ]
    found = recall_of(boxes, truth)
    assert (found.share, found.objects, found.boxes) == (pytest.approx(2 / 3), 3, 1.0)
    assert found.overlap == pytest.approx((0.5 + 0.95 + 0) / 3)
    assert recall_of(boxes, truth, 0.7).share == pytest.approx(1 / 3)


def test_recall_of_nothing_is_no_number() -> None:
    nothing = recall_of([np.zeros((0, 4), np.float32)], [objects()])
    assert math.isnan(nothing.share)
    assert math.isnan(nothing.overlap)


def test_seconds_are_measured_here_and_now() -> None:
    assert 0 < seconds_of_search(images(3), most=2) < 5
