"""Equivariance: exact where it must be, broken where padding breaks it, against brute force."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from convscope.architecture.layers import Volume
from convscope.errors import UsageError
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.symmetry.equivariance import EXACT, equivariance
from convscope.inspection.symmetry.layer_errors import relative
from convscope.inspection.symmetry.transforms import Flip, Rotation, Shift
from tests.inspection.moved_subjects import RESIDUAL, SMALL, Around, Even, drawn, habits, pictures
from tests.inspection.random_subjects import subject_for


def maps_of(subject: Subject, layer: str, pixels: np.ndarray) -> np.ndarray:
    """By a hook of the test's own."""
    found = []
    module = subject.module.get_submodule(layer)
    handle = module.register_forward_hook(lambda _, __, out: found.append(out.clone()))
    with torch.no_grad():
        subject.module(subject.tensor(pixels))
    handle.remove()
    return found[0].double().numpy()


def shifted(pixels: np.ndarray, right: int) -> np.ndarray:
    moved = np.zeros_like(pixels)
    moved[..., right:] = pixels[..., : pixels.shape[-1] - right]
    return moved


@pytest.mark.parametrize("source", ["example", SMALL, RESIDUAL])
def test_the_interior_of_a_stride_1_convolution_is_exact(source: str) -> None:
    subject = subject_of("example") if source == "example" else drawn(source, 16)
    moves = [Shift(0, 1), Shift(2, -1), Shift(0, 3, True), Shift(-2, 2, True)]
    found = equivariance(subject, moves, images=16)
    assert EXACT <= 1e-5
    checked = 0
    for error in found.errors:
        if error.kind == "Conv2d" and error.step == (1, 1):
            assert error.counterpart
            assert error.interior is not None
            assert error.interior.value <= 1e-5
            assert error.interior.high <= 1e-5
            assert error.interior_places > 0
            checked += 1
    assert checked >= 4


@pytest.mark.parametrize("source", ["example", SMALL, RESIDUAL])
def test_multiples_of_the_step_are_exact_in_every_interior(source: str) -> None:
    subject = subject_of("example") if source == "example" else drawn(source, 8)
    found = equivariance(subject, [Shift(0, 4), Shift(4, 0, True)], images=8)
    checked = [each for each in found.errors if each.interior is not None]
    assert len(checked) >= 6
    assert all(each.counterpart and each.interior.value <= 1e-5 for each in checked)  # type: ignore[union-attr]


def test_the_whole_map_by_brute_force() -> None:
    subject = drawn(SMALL, 12)
    found = equivariance(subject, [Shift(0, 2)], ["conv1", "pool1"], images=12)
    for name, step in (("conv1", 1), ("pool1", 2)):
        still = maps_of(subject, name, subject.images)
        moved = maps_of(subject, name, shifted(subject.images, 2))
        units = 2 // step
        before, after = still[..., :-units], moved[..., units:]
        errors = [
            np.linalg.norm(b - a) / np.linalg.norm(b) for b, a in zip(before, after, strict=True)
        ]
        error = found.error(name, "2 right")
        assert error.whole is not None
        assert error.whole.value == pytest.approx(np.mean(errors), rel=1e-5)
        assert error.places == before[0, 0].size
        by_place = np.sqrt(((before - after) ** 2).sum((0, 1)) / (before**2).sum((0, 1)).mean())
        assert np.isnan(error.by_place[:, :units]).all()
        assert error.by_place[:, units:] == pytest.approx(by_place, rel=1e-4, abs=1e-6)


def test_zero_padding_breaks_the_border_and_nothing_else() -> None:
    subject = drawn("input 12x12x1 -> conv 4 5x5 pad 2 -> fc 10", 12)
    error = equivariance(subject, [Shift(0, 3)], ["conv1"], images=12).error("conv1", "3 right")
    assert error.border == 2
    # On the left the black that moves in is what padding is, with pixels from 0 to 1: zeros.
    assert (error.by_place[:, 3:10] <= EXACT).all()
    assert (error.by_place[:, 10:] > 0.001).all()
    assert error.interior_places == 8 * (12 - 4 - 3)
    around = equivariance(subject, [Shift(0, 3, True)], ["conv1"], images=12).errors[0]
    assert around.border == 5  # the padding, the three columns that came around, and the seam
    assert around.places == 144


def test_no_padding_breaks_nothing_but_what_moves_in() -> None:
    subject = drawn("input 12x12x1 -> conv 4 3x3 -> fc 10", 12)
    found = equivariance(subject, [Shift(0, 2), Shift(1, 1, True)], images=12)
    filled = found.error("conv1", "2 right")
    assert filled.border == 0
    assert filled.whole is not None
    assert filled.whole.value <= 1e-5
    around = found.error("conv1", "1 down, 1 right, circular")
    assert (around.whole, around.border, around.counterpart) == (None, None, False)
    assert around.reason == "10 units, 1 pixels apart, do not wrap around as 12 pixels do"
    assert np.isnan(around.by_place).all()


def test_circular_padding_is_exact_everywhere_under_circular_shifts() -> None:
    subject = subject_for(Around(), Volume(12, 12, 1), None, pictures(10, 12))
    found = equivariance(subject, [Shift(2, 4, True), Shift(0, 1, True), Shift(0, 2)], images=10)
    for name in ("conv1", "relu", "conv2"):
        error = found.error(name, "2 down, 4 right, circular")
        assert error.counterpart
        assert error.whole is not None
        assert error.whole.value <= 1e-5
        assert error.border == 0
    odd = found.error("conv2", "1 right, circular")
    assert not odd.counterpart
    assert odd.reason == "1 is no multiple of the layer's step of 2 pixels"
    assert odd.whole is not None
    assert odd.whole.value > 0.01


def test_a_kernel_alike_from_all_sides_follows_flips_and_turns() -> None:
    subject = subject_for(Even(), Volume(12, 12, 1), None, pictures(10, 12))
    moves = [Flip("left-right"), Flip("up-down"), Rotation(1), Rotation(2)]
    found = equivariance(subject, moves, images=10)
    for move in moves:
        error = found.error("conv", move)
        assert error.whole is not None
        assert error.whole.value <= 1e-5
        halved = found.error("halved", move)
        assert (halved.counterpart, halved.reason) == (
            False,
            "the layer's grid lies off the image's centre",
        )
        assert halved.whole is not None
        assert halved.whole.value > 0.01


def test_any_other_kernel_does_not() -> None:
    found = equivariance(drawn(SMALL, 10), images=10)
    assert [move.name for move in found.transforms][-3:] == [
        "flip left-right",
        "flip up-down",
        "turn 90°",
    ]
    for move in found.transforms[-3:]:
        error = found.error("conv1", move)
        assert error.interior is not None
        assert error.interior.low > 0.1


def test_in_place_modules_and_repeated_calls() -> None:
    found = equivariance(habits(10), [Shift(0, 2)], images=10)
    assert found.layers == ("conv1", "relu", "conv2", "relu:2", "conv3", "relu:3", "pool")
    for name in found.layers:
        interior = found.error(name, "2 right").interior
        assert interior is not None
        assert interior.value <= 1e-5


def test_images_are_drawn_with_the_seed_and_intervals_hold_the_mean() -> None:
    subject = drawn(SMALL, 40)
    one, same, other = (
        equivariance(subject, [Shift(0, 2)], ["conv1"], images=16, seed=seed) for seed in (1, 1, 2)
    )
    assert one.as_dict() == same.as_dict()
    assert one.as_dict()["errors"] != other.as_dict()["errors"]
    whole = one.errors[0].whole
    assert whole is not None
    assert whole.low < whole.value < whole.high
    assert (whole.count, one.count) == (16, 16)
    assert equivariance(subject, [Shift(0, 2)], ["conv1"], images=400).count == 40


def test_progress_and_the_random_state() -> None:
    subject = drawn(SMALL, 10)
    told: list[tuple[int, int]] = []
    state = torch.get_rng_state()
    equivariance(subject, images=10, progress=lambda said: told.append((said.done, said.total)))
    assert told[-1] == (10, 10)
    assert torch.equal(torch.get_rng_state(), state)


def test_everything_is_given_back_after_an_exception() -> None:
    subject = drawn(SMALL, 10)
    subject.module.train()

    def refuse(said: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        equivariance(subject, images=10, progress=refuse)
    assert all(each.training for each in subject.module.modules())
    assert not any(each._forward_hooks for each in subject.module.modules())
    found = equivariance(subject, [Shift(0, 2)], ["relu1"], images=10)
    assert found.errors[0].interior is not None
    assert found.errors[0].interior.value <= 1e-5


def test_the_record_is_json() -> None:
    record = equivariance(drawn(SMALL, 6), images=6).as_dict()
    assert json.loads(json.dumps(record)) == record
    assert record["schema"] == "convscope.equivariance/1"
    assert "by_place" not in record["errors"][0]


def test_a_map_of_zeros_moves_exactly() -> None:
    found = relative(np.array([0.0, 4.0, 9.0]), np.array([0.0, 0.0, 4.0]))
    assert found[0] == 0
    assert np.isnan(found[1])
    assert found[2] == 1.5


def test_what_cannot_be_asked() -> None:
    subject = drawn(SMALL, 4)
    with pytest.raises(UsageError, match="no layer 'conv9'"):
        equivariance(subject, layers=["conv9"])
    with pytest.raises(UsageError, match="fc makes a vector, not maps"):
        equivariance(subject, layers=["fc"])
    with pytest.raises(UsageError, match="0 images are asked for"):
        equivariance(subject, images=0)
    with pytest.raises(UsageError, match="leaves nothing of 12 pixels"):
        equivariance(subject, [Shift(12, 0)])
    with pytest.raises(UsageError, match="'conv1' under '9 right' was not measured"):
        equivariance(subject, [Shift(0, 1)], ["conv1"]).error("conv1", "9 right")
    with pytest.raises(UsageError, match="no layer of made makes maps"):
        equivariance(drawn("input 12x12x1 -> fc 16 -> relu -> fc 10", 4))


def test_activations_that_are_not_finite_are_refused() -> None:
    class Overflowing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3, padding=1)
            self.fc = nn.Linear(2 * 144, 10)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.fc(torch.sigmoid(self.conv(images * 1e38) * 1e30).flatten(1))

    subject = subject_for(Overflowing(), Volume(12, 12, 1))
    with torch.no_grad():
        subject.module.conv.weight.mul_(1e6)
    with pytest.raises(UsageError, match="conv gives values that are not finite"):
        equivariance(subject, [Shift(0, 1)])
