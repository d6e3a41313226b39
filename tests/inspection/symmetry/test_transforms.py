"""Movements of images, pixel by pixel, and of maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.errors import UsageError
from convscope.inspection.symmetry.transforms import (
    Flip,
    Rotation,
    Shift,
    Transform,
    default_transforms,
)
from tests.inspection.moved_subjects import pictures

SQUARE = Volume(12, 12, 1)


@pytest.mark.parametrize("shift", [Shift(2, 3), Shift(-1, 4), Shift(0, -5), Shift(3, 0, True)])
def test_a_shift_moves_every_pixel(shift: Shift) -> None:
    images = pictures(2, 12)
    moved = shift.move(images)
    for row in range(12):
        for column in range(12):
            there = (row - shift.down, column - shift.right)
            inside = all(0 <= place < 12 for place in there)
            expected = images[:, :, there[0] % 12, there[1] % 12]
            if not inside and not shift.circular:
                expected = 0 * expected
            assert (moved[:, :, row, column] == expected).all()


def test_what_is_kept_was_in_the_image_before() -> None:
    assert Shift(2, -3).kept(SQUARE) == Box(2, 0, 12, 9)
    assert Shift(-2, 3, True).kept(SQUARE) == Box(0, 3, 10, 12)
    assert Flip().kept(SQUARE) == Rotation().kept(SQUARE) == Box(0, 0, 12, 12)


@pytest.mark.parametrize(
    "move", [Shift(2, -4), Shift(-2, 4, True), Flip("up-down"), Flip(), Rotation(1), Rotation(2)]
)
def test_an_image_is_a_map_whose_step_is_one(move: Transform) -> None:
    images = pictures(2, 12, 3)
    maps, known = move.on_map(torch.from_numpy(images), (1, 1))
    moved = move.move(images)
    assert (maps.numpy() == moved)[:, :, known.numpy()].all()
    box = move.kept(SQUARE)
    if isinstance(move, Shift) and not move.circular:
        expected = np.zeros((12, 12), bool)
        expected[box.top : box.bottom, box.left : box.right] = True
        assert (known.numpy() == expected).all()
    else:
        assert bool(known.all())


def test_a_step_of_two_halves_a_shift() -> None:
    maps = torch.arange(6.0).view(1, 1, 1, 6)
    moved, known = Shift(0, 4).on_map(maps, (2, 2))
    assert moved[..., known].tolist() == [[[0, 1, 2, 3]]]
    between, known = Shift(0, 1).on_map(maps, (2, 2))
    assert between[..., known].tolist() == [[[0.5, 1.5, 2.5, 3.5, 4.5]]]
    around, known = Shift(0, -1, True).on_map(maps, (2, 2))
    assert around.flatten().tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 2.5]
    assert bool(known.all())


def test_names() -> None:
    assert [move.name for move in default_transforms(SQUARE)] == [
        "1 right",
        "2 right",
        "4 right",
        "1 right, circular",
        "2 right, circular",
        "4 right, circular",
        "flip left-right",
        "flip up-down",
        "turn 90°",
    ]
    assert Shift(-2, -1).name == "2 up, 1 left"
    assert Shift().name == "not at all"
    assert "turn 90°" not in [move.name for move in default_transforms(Volume(8, 12, 1))]


def test_what_cannot_be_moved() -> None:
    with pytest.raises(UsageError, match=r"^a shift by 12 leaves nothing of 12 pixels: "):
        Shift(0, -12).require_fits(SQUARE)
    with pytest.raises(UsageError, match="turned by 90° have another size"):
        Rotation(1).require_fits(Volume(8, 12, 1))
    Rotation(2).require_fits(Volume(8, 12, 1))
    with pytest.raises(UsageError, match="there is no flip 'inside-out'"):
        Flip("inside-out").require_fits(SQUARE)  # type: ignore[arg-type]
