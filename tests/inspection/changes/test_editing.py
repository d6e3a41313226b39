"""Edits on copies: kernels and poolings; the subject that was given stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from convscope.errors import UsageError
from convscope.inspection.changes.editing import edit_kernel, pool_names, swap_pooling
from convscope.network.build import build
from tests.inspection.moved_subjects import RESIDUAL, SMALL, drawn, habits, pictures


@pytest.mark.parametrize(
    ("index", "values"),
    [
        (2, np.ones((1, 3, 3))),
        (2, 0),
        ((2, 0), [[1, 0, -1], [2, 0, -2], [1, 0, -1]]),
        ((3, 0, 1, 2), -0.25),
    ],
)
def test_only_the_chosen_weights_change(index: int | tuple[int, ...], values: object) -> None:
    subject = drawn(SMALL, 4)
    before = subject.module.conv1.weight.detach().clone()
    edited = edit_kernel(subject, "conv1", index, values)
    after = edited.module.conv1.weight.detach()
    expected = before.clone()
    expected[index] = torch.as_tensor(np.asarray(values, np.float32))
    assert torch.equal(after, expected)
    assert torch.equal(subject.module.conv1.weight, before)
    assert edited.layers == subject.layers
    assert "conv1" in edited.name
    assert "edited" in edited.note
    others = {k: v for k, v in edited.module.state_dict().items() if k != "conv1.weight"}
    for name, value in others.items():
        assert torch.equal(value, subject.module.state_dict()[name])


def test_weights_of_a_fully_connected_layer() -> None:
    subject = drawn(SMALL, 4)
    edited = edit_kernel(subject, "fc", 7, 0.0)
    assert (edited.probabilities(subject.images)[:, 7] > 0).all()
    assert not edited.module.fc.weight[7].any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("conv9", 0, 0), "no layer 'conv9'"),
        (("relu1", 0, 0), "relu1 has no kernels: layers that have are conv1, conv2, fc"),
        (("batch1", 0, 0), "batch1 has no kernels"),
        (("conv1", 4, 0), "conv1 has no weights at 4: its weights are 4×1×3×3, counted from 0"),
        (("conv1", -1, 0), "conv1 has no weights at -1"),
        (("conv1", (0, 0, 0, 0, 0), 0), "conv1 has no weights at 0, 0, 0, 0, 0"),
        (("conv1", 0, float("nan")), "the new weights are not finite"),
        (("conv1", 0, [1, 2]), "the new weights are 2, those of conv1 at 0 1×3×3"),
    ],
)
def test_edits_that_cannot_be(arguments: tuple[str, int, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        edit_kernel(drawn(SMALL, 2), *arguments)


@pytest.mark.parametrize("kind", ["avg", "l2", "distance", "none"])
@pytest.mark.parametrize("notation", [SMALL, RESIDUAL])
def test_a_swapped_pooling_is_that_of_the_changed_architecture(notation: str, kind: str) -> None:
    subject = drawn(notation, 4)
    if notation == RESIDUAL and kind in ("avg", "distance"):  # its own, and the same in 2×2
        kind = "max"
    changed = swap_pooling(subject, "pool1", kind)
    assert changed.architecture is not None
    built = build(changed.architecture).eval()
    built.load_state_dict(changed.module.state_dict())
    images = subject.tensor(pictures(3, 12))
    with torch.no_grad():
        assert torch.equal(built(images), changed.module(images))
        assert not torch.equal(built(images), subject.module(images))
    assert [each.name for each in changed.layers] == [each.name for each in subject.layers]
    assert changed.layer("pool1").kind == type(changed.module.pool1).__name__
    assert changed.name == f"made, pool1={kind}"


def test_the_same_pooling_changes_nothing() -> None:
    subject = drawn(SMALL, 4)
    same = swap_pooling(subject, "pool2", "max")
    images = subject.tensor(subject.images)
    with torch.no_grad():
        assert torch.equal(same.module(images), subject.module(images))
    assert same.architecture == subject.architecture


def test_a_window_that_the_notation_cannot_say() -> None:
    changed = swap_pooling(drawn(SMALL, 4), "pool1", "avg", 3)
    assert changed.architecture is None
    assert changed.layer("pool1").shape == (4, 6, 6)
    assert changed.layer("pool1").kind == "Repooled"
    both = swap_pooling(changed, "pool2", "l2")
    assert both.name == "made, pool1=avg, pool2=l2"


def test_foreign_poolings() -> None:
    subject = habits(4)
    assert pool_names(subject) == ("pool",)
    changed = swap_pooling(subject, "pool", "avg")
    assert changed.layer("pool").shape == subject.layer("pool").shape
    assert isinstance(subject.module.pool, nn.MaxPool2d)
    assert changed.architecture is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pool9", "avg"), "no layer 'pool9'"),
        (("conv1", "avg"), "conv1 is no pooling with a window: those of made are pool1, pool2"),
        (("pool1", "median"), "there is no pooling 'median'"),
        (("pool1", "avg", 0), "a window of 0×0"),
    ],
)
def test_swaps_that_cannot_be(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        swap_pooling(drawn(SMALL, 2), *arguments)
