"""Selective search finds what is there, and merges as a plain loop over pairs does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from convscope.applications.detection.segments import Segments, looks, neighbours_of, segments_of
from convscope.applications.detection.selective_search import Search, hierarchies, proposed
from convscope.errors import UsageError


def textured(seed: int, channels: int = 1, side: int = 40) -> np.ndarray:
    """Noise with some rectangles on it."""
    generator = np.random.default_rng(seed)
    image = generator.integers(60, 90, (channels, side, side))
    for _ in range(4):
        top, left = generator.integers(0, side - 12, 2)
        height, width = generator.integers(6, 12, 2)
        image[:, top : top + height, left : left + width] = generator.integers(0, 256)
    return (image + generator.integers(0, 6, image.shape)).clip(0, 255).astype(np.uint8)


def merged_one_by_one(segments: Segments, strategy: str) -> list[list[int]]:
    """Uijlings' algorithm 1 as written: a set of pairs, floats, regions never reused."""
    each = segments.textures.sum(1)[0] / segments.sizes[0]
    channels = segments.colours.sum(1)[0] / segments.sizes[0]
    regions = {
        number: (
            float(size),
            box.tolist(),
            colour / (channels * size),
            texture / (each * size),
        )
        for number, (size, box, colour, texture) in enumerate(
            zip(segments.sizes, segments.boxes, segments.colours, segments.textures, strict=True)
        )
    }
    pairs = {tuple(pair) for pair in segments.neighbours.tolist()}

    def likeness(pair: tuple[int, ...]) -> float:
        (m, box, colour, texture), (n, other, colour2, texture2) = (regions[r] for r in pair)
        width = max(box[2], other[2]) - min(box[0], other[0])
        height = max(box[3], other[3]) - min(box[1], other[1])
        parts = {
            "C": np.minimum(colour, colour2).sum(),
            "T": np.minimum(texture, texture2).sum(),
            "S": 1 - (m + n) / segments.area,
            "F": 1 - (width * height - m - n) / segments.area,
        }
        return float(sum(parts[measure] for measure in strategy))

    found = [box.tolist() for box in segments.boxes]
    while pairs:
        best = max(sorted(pairs), key=likeness)
        (m, box, colour, texture), (n, other, colour2, texture2) = (regions[r] for r in best)
        number = len(regions)
        joined = [*map(min, box[:2], other[:2]), *map(max, box[2:], other[2:])]
        regions[number] = (
            m + n,
            joined,
            (m * colour + n * colour2) / (m + n),
            (m * texture + n * texture2) / (m + n),
        )
        found.append(joined)
        touching = {r for pair in pairs for r in pair if set(pair) & set(best)} - set(best)
        pairs = {pair for pair in pairs if not set(pair) & set(best)}
        pairs |= {(r, number) for r in touching}
    return found


@pytest.mark.parametrize("strategy", ["CTSF", "TSF", "CTS", "CT"])
@pytest.mark.parametrize("channels", [1, 3])
def test_merging_equals_a_plain_loop_over_pairs(strategy: str, channels: int) -> None:
    for seed in range(3):
        segments = segments_of(looks(textured(seed, channels))[-1], 20, 8)
        assert len(segments.sizes) > 5
        (ours,) = hierarchies([segments], [strategy])
        assert ours.tolist() == merged_one_by_one(segments, strategy)
        assert len(ours) == 2 * len(segments.sizes) - 1
        assert ours[-1].tolist() == [0, 0, 40, 40]


def test_hierarchies_side_by_side_are_those_alone() -> None:
    cut = [
        segments_of(looks(textured(seed))[0], scale, 8) for seed in range(4) for scale in (10, 60)
    ]
    strategies = ["CTSF", "F"] * 4
    together = hierarchies(cut, strategies)
    for segments, strategy, boxes in zip(cut, strategies, together, strict=True):
        assert hierarchies([segments], [strategy])[0].tolist() == boxes.tolist()


def test_segments_are_described_as_pixels_say() -> None:
    look = looks(textured(5))[0]
    segments = segments_of(look, 20, 8)
    assert segments.sizes.sum() == segments.area == 40 * 40
    assert (segments.colours.sum(1) == segments.sizes).all()
    assert (segments.textures.sum(1) == 8 * segments.sizes).all()
    for (left, top, right, bottom), size in zip(segments.boxes, segments.sizes, strict=True):
        assert 0 < size <= (right - left) * (bottom - top)
    assert (segments.neighbours[:, 0] < segments.neighbours[:, 1]).all()
    assert (np.diff(segments.neighbours[:, 0]) >= 0).all()


def test_segments_that_touch_are_neighbours_also_at_their_corners() -> None:
    labels = np.random.default_rng(0).integers(0, 9, (5, 6))
    touching = {
        tuple(sorted((int(labels[y, x]), int(labels[y + down, x + across]))))
        for y in range(5)
        for x in range(6)
        for down, across in ((0, 1), (1, 0), (1, 1), (1, -1))
        if y + down < 5 and 0 <= x + across < 6 and labels[y, x] != labels[y + down, x + across]
    }
    assert [tuple(pair) for pair in neighbours_of(labels, 9).tolist()] == sorted(touching)


def things() -> Iterator[tuple[np.ndarray, tuple[int, int, int, int]]]:
    """A picture and a box in it, grey and in colours of equal brightness."""
    grey = np.full((1, 48, 64), 90, np.uint8)
    grey[:, 10:30, 20:50] = 200
    yield grey, (20, 10, 50, 30)
    colours = np.zeros((3, 48, 64), np.uint8)
    colours[0] = 140
    colours[:, 5:25, 8:20] = np.array([[[0]], [[110]], [[40]]], np.uint8)
    yield colours, (8, 5, 20, 25)


@pytest.mark.parametrize(("image", "box"), list(things()))
def test_a_plain_thing_is_proposed_exactly(
    image: np.ndarray, box: tuple[int, int, int, int]
) -> None:
    boxes = proposed(image)
    assert boxes.dtype == np.int32
    assert list(box) in boxes.tolist()


def test_it_is_deterministic_and_without_doubles() -> None:
    image = textured(7, side=64)
    boxes = proposed(image)
    assert boxes.tolist() == proposed(image).tolist()
    assert len({tuple(box) for box in boxes.tolist()}) == len(boxes) > 10
    assert ((boxes >= 0) & (boxes <= 64)).all()
    assert (boxes[:, 2:] - boxes[:, :2]).min() >= Search().side


def test_fewer_are_the_first_of_more() -> None:
    image = textured(8, side=64)
    assert proposed(image, Search(most=7)).tolist() == proposed(image).tolist()[:7]


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 2), (3, 1, 9), (1, 30, 30)])
def test_images_without_anything_give_themselves(shape: tuple[int, int, int]) -> None:
    height, width = shape[1:]
    boxes = proposed(np.full(shape, 77, np.uint8), Search(side=1))
    assert boxes.tolist() == [[0, 0, width, height]]


def test_images_smaller_than_the_smallest_box_give_nothing() -> None:
    assert proposed(np.zeros((1, 5, 5), np.uint8)).shape == (0, 4)


def test_impossible_searches_are_refused() -> None:
    with pytest.raises(UsageError, match="above 0"):
        Search(scales=())
    with pytest.raises(UsageError, match="letters C, T, S and F"):
        Search(strategies=("CX",))
    with pytest.raises(UsageError, match="letters C, T, S and F"):
        Search(strategies=("",))
    with pytest.raises(UsageError, match="1 or more"):
        Search(most=0)
