"""Changes of whole batches, against what they mean for one image."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from convscope.training.augmentation import augmented, cut_out, mirrored, shifted
from convscope.training.recipe import Recipe

PICTURES = torch.randint(
    1, 255, (200, 3, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def moved(image: Tensor, down: int, right: int) -> Tensor:
    """The image moved pixel by pixel, black where nothing was."""
    result = torch.zeros_like(image)
    height, width = image.shape[1:]
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                result[:, row, column] = image[:, row - down, column - right]
    return result


def test_each_image_is_mirrored_or_not_and_about_half_are() -> None:
    torch.manual_seed(1)
    found = mirrored(PICTURES)
    turned = (found == PICTURES.flip(3)).flatten(1).all(1)
    same = (found == PICTURES).flatten(1).all(1)
    assert bool((turned ^ same).all())
    assert 70 < int(turned.sum()) < 130


def test_each_image_is_shifted_as_a_whole_and_each_shift_occurs() -> None:
    torch.manual_seed(2)
    found = shifted(PICTURES, 2)
    seen = set()
    for image, original in zip(found, PICTURES, strict=True):
        fits = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if torch.equal(image, moved(original, down, right))
        ]
        assert len(fits) == 1
        seen.update(fits)
    assert len(seen) == 25


@pytest.mark.parametrize("side", [1, 3, 4])
def test_a_square_is_cut_out_whose_middle_may_be_anywhere(side: int) -> None:
    torch.manual_seed(3)
    black = (cut_out(PICTURES, side) == 0).all(1)
    areas = black.flatten(1).sum(1)
    assert int(areas.max()) == side * side
    assert int(areas.min()) >= ((side + 1) // 2) ** 2
    rows, columns = black.any(2).sum(1), black.any(1).sum(1)
    assert torch.equal(rows * columns, areas)
    assert bool(black.any(0).all())


def test_what_is_not_cut_out_stays() -> None:
    torch.manual_seed(4)
    found = cut_out(PICTURES, 3)
    assert bool(((found == PICTURES) | (found == 0)).all())


def test_a_recipe_without_changes_gives_the_same_images() -> None:
    assert augmented(PICTURES, Recipe()) is PICTURES


def test_all_changes_together_keep_shape_and_type_and_follow_the_seed() -> None:
    recipe = Recipe(flip=True, shift=1, cutout=3)
    torch.manual_seed(5)
    first = augmented(PICTURES, recipe)
    second = augmented(PICTURES, recipe)
    torch.manual_seed(5)
    assert torch.equal(augmented(PICTURES, recipe), first)
    assert not torch.equal(first, second)
    assert (first.shape, first.dtype) == (PICTURES.shape, torch.uint8)
