"""Painting, beside a loop over pixels; objects, beside what the owners of pixels say."""

from __future__ import annotations

import numpy as np
import pytest

from convscope.data.scenes.composing import objects_of, paint, patches_of
from convscope.data.scenes.garments import SIDE, Garments, load_garments, silhouettes
from convscope.data.scenes.planning import Item
from convscope.data.scenes.resampling import resampled


@pytest.fixture(scope="module")
def garments() -> Garments:
    return load_garments("test", "fashion-mini")


def item(
    garments: Garments,
    number: int,
    side: int,
    left: int,
    top: int,
    *,
    mirrored: bool = False,
    window: tuple[int, int, int, int] = (0, 0, SIDE, SIDE),
) -> Item:
    label = int(garments.labels[number])
    return Item(number, label, side, left, top, mirrored, 180, 40, window)


def test_painting_equals_a_loop_over_pixels(garments: Garments) -> None:
    items = [
        item(garments, 3, 20, 8, 10),
        item(garments, 7, 31, 20, 5, mirrored=True),
        item(garments, 9, 28, 30, 30),
    ]
    ground = np.full((64, 64), 50, np.int32)
    found = paint(ground, (), patches_of(items, garments))
    picture, owners = ground.tolist(), np.zeros((64, 64), int)
    for number, each in enumerate(items, 1):
        image = garments.images[each.garment]
        values = resampled(image, each.side)[0]
        opacity = resampled(silhouettes(image).astype(np.uint8) * 255, each.side)[0]
        if each.mirrored:
            values, opacity = values[:, ::-1], opacity[:, ::-1]
        for row in range(each.side):
            for column in range(each.side):
                value = min(40 + int(values[row, column]) * 180 // 256, 255)
                share = int(opacity[row, column])
                y, x = each.top + row, each.left + column
                picture[y][x] += ((value - picture[y][x]) * share + 127) // 255
                if share >= 128:
                    owners[y, x] = number
    assert found.picture.tolist() == picture
    assert np.array_equal(found.owners, owners)
    assert (ground == 50).all()


def test_sizes_resampled_together_are_those_alone(garments: Garments) -> None:
    items = [item(garments, n, 20 + n % 3, 0, 0) for n in range(12)]
    for alone, each in zip(items, patches_of(items, garments), strict=True):
        (own,) = patches_of([alone], garments)
        assert np.array_equal(own.values, each.values)
        assert np.array_equal(own.opacity, each.opacity)


def test_a_window_is_a_part_of_the_whole(garments: Garments) -> None:
    (whole,) = patches_of([item(garments, 5, 56, 3, 4)], garments)
    (part,) = patches_of([item(garments, 5, 56, 3, 4, window=(7, 14, 9, 8))], garments)
    assert (part.top, part.left, part.values.shape) == (4 + 14, 3 + 28, (18, 16))
    assert np.array_equal(part.values, whole.values[14:32, 28:44])


def boxed(owners: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], number: int) -> list[int]:
    rows, columns = np.nonzero(owners == number)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_boxes_are_around_what_is_visible(garments: Garments) -> None:
    items = [item(garments, n, 30 + n, 5 + 9 * n, 40 - 7 * n) for n in range(5)]
    painting = paint(np.zeros((100, 100), np.int32), (), patches_of(items, garments))
    objects, numbers = objects_of(painting, items)
    assert len(objects) == len(numbers) > 2
    for box, number, label in zip(objects.boxes, numbers, objects.labels, strict=True):
        assert box.tolist() == boxed(painting.owners, number)
        assert label == items[number - 1].label


@pytest.mark.parametrize(
    ("shift", "there", "difficult"), [(56, True, False), (20, True, False), (12, True, True)]
)
def test_what_is_hidden_becomes_difficult(
    garments: Garments, shift: int, there: bool, difficult: bool
) -> None:
    """A shirt under an equal one that lies so many pixels to the right."""
    shirt = int(np.flatnonzero(garments.labels == 6)[0])
    items = [item(garments, shirt, 56, 0, 0), item(garments, shirt, 56, shift, 0)]
    painting = paint(np.zeros((56, 112), np.int32), (), patches_of(items, garments))
    share = (painting.owners == 1).sum() / painting.whole[0]
    objects, numbers = objects_of(painting, items)
    assert (1 in numbers) == there
    assert objects.difficult[0] == difficult == (share < 0.4)
    assert not objects.difficult[-1]


def test_what_is_covered_is_no_object(garments: Garments) -> None:
    items = [item(garments, 4, 40, 0, 0), item(garments, 4, 40, 0, 0)]
    painting = paint(np.zeros((40, 40), np.int32), (), patches_of(items, garments))
    objects, numbers = objects_of(painting, items)
    assert len(objects) == 1 and numbers.tolist() == [2]


def test_nothing_to_paint(garments: Garments) -> None:
    assert patches_of([], garments) == []
    painting = paint(np.zeros((8, 8), np.int32), (), ())
    objects, numbers = objects_of(painting, [])
    assert objects.boxes.shape == (0, 4) and len(numbers) == 0
