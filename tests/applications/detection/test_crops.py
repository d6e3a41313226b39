"""Regions are warped to one size as a plain loop over pixels warps them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from convscope.applications.detection.crops import crops_of, warped, with_context
from convscope.data.preprocessing import Preprocessing
from convscope.training.task import Normalise


def bilinear(image: np.ndarray, x: float, y: float) -> float:
    """The value between four pixels; those at the border go on for one pixel, then it is 0."""
    height, width = image.shape
    if not (-1 <= x <= width and -1 <= y <= height):
        return 0.0
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    left, top = int(x), int(y)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    across, down = x - left, y - top
    above = (1 - across) * image[top, left] + across * image[top, right]
    below = (1 - across) * image[bottom, left] + across * image[bottom, right]
    return float((1 - down) * above + down * below)


def warped_by_loops(image: np.ndarray, box: np.ndarray, side: int, context: int) -> np.ndarray:
    left, top, right, bottom = box.astype(float)
    across, down = ((right - left), (bottom - top))
    share = context / (side - 2 * context)
    left, right = left - share * across, right + share * across
    top, bottom = top - share * down, bottom + share * down
    found = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            for i in range(2):
                for j in range(2):
                    x = left + (column + (j + 0.5) / 2) * (right - left) / side - 0.5
                    y = top + (row + (i + 0.5) / 2) * (bottom - top) / side - 0.5
                    found[row, column] += bilinear(image, x, y) / 4
    return found


@pytest.mark.parametrize(("side", "context"), [(28, 2), (8, 0), (14, 3)])
def test_warping_equals_a_plain_loop(side: int, context: int) -> None:
    generator = np.random.default_rng(side)
    image = generator.normal(size=(1, 1, 20, 30)).astype(np.float32)
    boxes = np.array(
        [[3, 2, 12, 17], [0, 0, 30, 20], [25, 1, 30, 4], [-4, -3, 6, 9], [7.3, 5.1, 9.9, 6.2]],
        np.float32,
    )
    found = warped(torch.from_numpy(image), [torch.from_numpy(boxes)], side, context)
    expected = np.stack([warped_by_loops(image[0, 0], box, side, context) for box in boxes])
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-4)


def test_a_region_fills_all_but_the_context() -> None:
    box = torch.tensor([10.0, 20.0, 34.0, 68.0])
    enlarged = with_context(box)
    # 24 pixels of the crop show the region, 2 on each side what surrounds it.
    assert enlarged.tolist() == [8.0, 16.0, 36.0, 72.0]
    inner = (box - enlarged[:2].repeat(2)) * 28 / (enlarged[2:] - enlarged[:2]).repeat(2)
    assert inner.tolist() == [2.0, 2.0, 26.0, 26.0]


def test_what_lies_outside_of_the_image_is_its_mean() -> None:
    image = torch.full((1, 1, 16, 16), 5.0)
    crop = warped(image, [torch.tensor([[0.0, 0.0, 16.0, 16.0]])], 16, 4)[0, 0]
    # The crop shows 32 pixels, of which the image has the inner 16.
    assert (crop[5:11, 5:11] == 5).all()
    assert (crop[:3] == 0).all()
    assert (crop[:, -3:] == 0).all()


@pytest.mark.parametrize("several_sizes", [False, True])
def test_crops_of_a_data_set_come_in_the_order_of_the_boxes(several_sizes: bool) -> None:
    generator = np.random.default_rng(3)
    sides = [(40, 30), (40, 30), (24, 36)] if several_sizes else [(32, 32)] * 3
    images = [generator.integers(0, 256, (1, *size), dtype=np.uint8) for size in sides]
    normalise = Normalise(Preprocessing((28, 28), 1, "pad", (0.4,), (0.2,)))
    image = np.array([2, 0, 1, 0, 2])
    start = generator.uniform(0, 12, (5, 2))
    boxes = np.concatenate([start, start + generator.uniform(4, 16, (5, 2))], 1).astype(np.float32)
    boxes[0] = [20, 10, 36, 24]  # to the border, beyond which there is padding
    found = crops_of(images if several_sizes else np.stack(images), normalise, image, boxes)
    for place, (number, box) in enumerate(zip(image, boxes, strict=True)):
        alone = normalise(torch.from_numpy(images[number][None]))
        expected = warped(alone, [torch.from_numpy(box[None])])
        inner = slice(4, -4)  # beside the border padding is 0 at once, an image ends softly
        torch.testing.assert_close(
            found[place, :, inner, inner], expected[0, :, inner, inner], atol=1e-5, rtol=0
        )
