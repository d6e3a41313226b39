"""Invariance: exact where nothing moves, against brute force, and pooling against pooling."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.architecture.layers import Volume
from convscope.errors import UsageError
from convscope.inspection.subject import subject_of
from convscope.inspection.symmetry.invariance import invariance
from convscope.training.scores import wilson_interval
from tests.inspection.moved_subjects import RESIDUAL, SMALL, drawn, habits, pictures
from tests.inspection.random_subjects import subject_for


@pytest.mark.parametrize("source", ["example", SMALL])
def test_distance_weighted_equals_average_in_windows_of_2(source: str) -> None:
    subject = subject_of("example") if source == "example" else drawn(source)
    found = invariance(subject, [1, 3], kinds=["avg", "distance"], images=20)
    average, distance = found.pooling("avg", (2, 2)), found.pooling("distance", (2, 2))
    assert len(average.predictions) == 3
    for one, other in zip(average.predictions, distance.predictions, strict=True):
        assert one.unchanged == other.unchanged
        assert one.change.value == pytest.approx(other.change.value, rel=1e-4, abs=1e-7)
    for one, other in zip(average.maps, distance.maps, strict=True):
        assert (one.layer, one.shift) == (other.layer, other.shift)
        assert one.change.value == pytest.approx(other.change.value, rel=1e-5)
    wide = found.pooling("avg", (3, 3)), found.pooling("distance", (3, 3))
    assert abs(wide[0].maps[1].change.value - wide[1].maps[1].change.value) > 1e-3


def test_everything_there_is_to_compare() -> None:
    found = invariance(drawn(SMALL, 12), [1])
    assert [pooling.name for pooling in found.poolings] == [
        "max 2×2",
        "max 3×3",
        "avg 2×2",
        "avg 3×3",
        "l2 2×2",
        "l2 3×3",
        "distance 2×2",
        "distance 3×3",
        "none",
    ]
    assert found.own is found.pooling("max", (2, 2))
    assert [pooling.own for pooling in found.poolings].count(True) == 1
    assert found.layers == ("pool1", "pool2")
    assert found.shifts == (0, 1)


def test_maps_and_answers_by_brute_force() -> None:
    subject = drawn(SMALL, 40)
    found = invariance(subject, [2], images=40).own
    moved = np.zeros_like(subject.images)
    for number, image in enumerate(subject.images):
        match number % 4:
            case 0:
                moved[number, :, :, 2:] = image[:, :, :-2]
            case 1:
                moved[number, :, 2:] = image[:, :-2]
            case 2:
                moved[number, :, :, :-2] = image[:, :, 2:]
            case 3:
                moved[number, :, :-2] = image[:, 2:]
    outputs: list[Tensor] = []
    handle = subject.module.pool1.register_forward_hook(lambda _, __, out: outputs.append(out))
    before, after = subject.probabilities(subject.images), subject.probabilities(moved)
    handle.remove()
    still, there = (output.flatten(1).double() for output in outputs)
    change = ((there - still).norm(dim=1) / still.norm(dim=1)).mean().item()
    assert found.map_changes("pool1")[1].change.value == pytest.approx(change, rel=1e-5)
    same = before.argmax(1) == after.argmax(1)
    result = found.predictions[1]
    assert result.unchanged.value == pytest.approx(same.mean())
    assert (result.unchanged.low, result.unchanged.high) == wilson_interval(int(same.sum()), 40)
    first = before.argmax(1)
    moves = np.abs(after - before)[np.arange(40), first].mean()
    assert result.change.value == pytest.approx(moves, rel=1e-5)
    assert result.change.low < result.change.value < result.change.high
    assert found.accuracy is not None
    assert found.accuracy.value == pytest.approx(0.75)


def test_no_shift_changes_nothing() -> None:
    found = invariance(drawn(SMALL, 10), [1, 2], kinds=["avg"])
    for pooling in found.poolings:
        assert pooling.predictions[0].shift == 0
        same = pooling.predictions[0].unchanged
        assert (same.value, same.low, same.high, same.count) == (1, 1, 1, 10)
        assert pooling.predictions[0].change.value == 0
        assert all(each.change.value == 0 for each in pooling.maps if each.shift == 0)


def test_a_global_average_of_what_stays_inside_is_invariant() -> None:
    class Everywhere(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, padding=1, bias=False)
            self.mean = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(4, 10)

        def forward(self, images: Tensor) -> Tensor:
            return self.fc(self.mean(self.conv(images)).flatten(1))

    images = np.zeros((12, 1, 12, 12), np.uint8)
    images[:, :, 4:8, 4:8] = pictures(12, 4)
    torch.manual_seed(0)
    found = invariance(subject_for(Everywhere(), Volume(12, 12, 1), None, images), [1, 3, 6])
    assert found.layers == ("mean",)
    assert [pooling.name for pooling in found.poolings] == ["as it is"]
    inside = [each for each in found.own.maps if each.shift <= 3]
    assert all(each.change.value < 1e-6 for each in inside)
    assert [each.unchanged.value for each in found.own.predictions[:3]] == [1, 1, 1]
    assert found.own.maps[-1].change.value > 0.1  # shifted out of the image


def test_larger_windows_keep_more_of_the_first_map() -> None:
    """A statement about pooling itself: what goes into the first pooling is always the same."""
    found = invariance(subject_of("example", data="fashion-mini"), [1], images=100)
    for kind in ("max", "avg", "l2", "distance"):
        narrow, wide = (
            found.pooling(kind, (side, side)).map_changes("pool1")[1].change for side in (2, 3)
        )
        assert wide.high < narrow.low
        assert narrow.high < found.pooling("none").map_changes("pool1")[1].change.low


def test_networks_whose_poolings_are_not_in_the_table() -> None:
    found = invariance(habits(8), [1], kinds=["avg"], windows=[2])
    assert [(p.name, p.own) for p in found.poolings] == [("max 3×3", True), ("avg 2×2", False)]
    mixed = drawn("input 12x12x1 -> maxpool 2 -> avgpool 2 -> fc 10", 8)
    assert [p.name for p in invariance(mixed, [1], kinds=["max"], windows=[2]).poolings] == [
        "as it is",
        "max 2×2",
    ]
    alone = invariance(drawn(RESIDUAL, 8), [1], kinds=[])
    assert [p.name for p in alone.poolings] == ["avg 2×2"]
    none = invariance(drawn("input 12x12x1 -> conv 2 3x3 -> relu -> fc 10", 8), [1])
    assert (none.layers, [p.name for p in none.poolings]) == (("relu1",), ["as it is"])


def test_without_labels_there_is_no_accuracy() -> None:
    found = invariance(drawn(SMALL, 8, labelled=False), [1], kinds=[])
    assert found.own.accuracy is None
    record = found.as_dict()
    assert json.loads(json.dumps(record)) == record
    assert record["schema"] == "convscope.invariance/1"
    assert record["poolings"][0]["accuracy"] is None


def test_the_seed_draws_the_images() -> None:
    subject = drawn(SMALL)
    one, same, other = (
        invariance(subject, [1], kinds=[], images=20, seed=seed).as_dict() for seed in (1, 1, 2)
    )
    assert one == same
    assert one["poolings"] != other["poolings"]


def test_the_subject_stays_as_it_was() -> None:
    subject = drawn(SMALL, 8)
    before = {name: value.clone() for name, value in subject.module.state_dict().items()}
    kinds = [type(each) for each in subject.module]
    told: list[int] = []

    def refuse(said: object) -> None:
        told.append(1)
        if len(told) > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        invariance(subject, [1], progress=refuse)
    assert [type(each) for each in subject.module] == kinds
    assert all(torch.equal(v, before[n]) for n, v in subject.module.state_dict().items())
    assert not any(each._forward_hooks for each in subject.module.modules())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"shifts": [12]}, "give numbers from 0 to 11"),
        ({"shifts": [-1]}, "give numbers from 0 to 11"),
        ({"kinds": ["median"]}, "there is no pooling 'median'"),
        ({"layers": ["pool9"]}, "no layer 'pool9'"),
        ({"layers": ["fc"]}, "fc makes a vector, not maps"),
    ],
)
def test_what_cannot_be_asked(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        invariance(drawn(SMALL, 4), **arguments)  # type: ignore[arg-type]


def test_a_pooling_that_was_not_measured() -> None:
    found = invariance(drawn(SMALL, 4), [1], kinds=[])
    with pytest.raises(UsageError, match="no pooling 'avg' was measured: there are max 2×2"):
        found.pooling("avg")
