"""Ablation against brute force: the whole network run again with a hook of the test's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.architecture.layers import Volume
from convscope.errors import UsageError
from convscope.inspection.changes.ablation import ablate, default_layer, measure_edit
from convscope.inspection.changes.editing import edit_kernel, swap_pooling
from convscope.inspection.changes.resuming import Resumed
from convscope.inspection.recording import borrowed
from convscope.inspection.subject import Subject, subject_of
from convscope.training.scores import mcnemar, paired_interval
from tests.inspection.moved_subjects import (
    RESIDUAL,
    SMALL,
    drawn,
    habits,
    labelled_subject,
    pictures,
)


def brute_force(
    subject: Subject, layer: str, channels: list[int] | slice, value: Tensor | float
) -> np.ndarray:
    """Probabilities with these channels of the n-th call of a module set to a value."""
    name, _, number = layer.partition(":")
    calls = 0

    def change(_: nn.Module, __: object, output: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls != int(number or 1):
            return output
        changed = output.clone()
        changed[:, channels] = value[channels] if isinstance(value, Tensor) else value
        return changed

    handle = subject.module.get_submodule(name).register_forward_hook(change)
    with torch.no_grad():
        answers = subject.module(subject.tensor(subject.images))
    handle.remove()
    return answers.softmax(1).numpy()


SUBJECTS = [
    (lambda: drawn(SMALL), ["conv1", "batch1", "relu1", "pool1", "conv2", "fc"]),
    (lambda: drawn(RESIDUAL), ["relu1", "block1.conv1", "block1.relu1", "block1", "block2.relu1"]),
    (lambda: drawn(RESIDUAL), ["block1.shortcut.conv1", "block3", "pool1"]),
    (habits, ["conv1", "relu", "conv2", "relu:2", "conv3", "relu:3", "pool"]),
]


@pytest.mark.parametrize(("make", "layers"), SUBJECTS)
def test_every_channel_equals_brute_force(make: object, layers: list[str]) -> None:
    subject = make()  # type: ignore[operator]
    before = subject.probabilities(subject.images)
    for layer in layers:
        found = ablate(subject, layer)
        assert len(found.effects) == subject.layer(layer).shape[0]
        assert found.accuracy.value == pytest.approx(0.75)
        for effect in (*found.effects, found.whole):
            assert effect is not None
            channels = slice(None) if effect.channel is None else [effect.channel]
            after = brute_force(subject, layer, channels, 0.0)
            right, still = before.argmax(1) == subject.labels, after.argmax(1) == subject.labels
            assert effect.accuracy == pytest.approx(still.mean())
            assert (effect.lost, effect.gained) == ((right & ~still).sum(), (still & ~right).sum())
            each = np.arange(len(right))
            change = (after - before)[each, subject.labels].mean()
            assert effect.probability.value == pytest.approx(change, abs=1e-6)


@pytest.mark.parametrize("layer", ["relu1", "fc"])
def test_the_mean_in_the_place_of_zero(layer: str) -> None:
    subject = drawn(SMALL)
    maps: list[Tensor] = []
    handle = subject.module.get_submodule(layer).register_forward_hook(
        lambda _, __, output: maps.append(output.clone())
    )
    before = subject.probabilities(subject.images)
    handle.remove()
    value = torch.cat(maps).mean(0)
    found = ablate(subject, layer, [1, 3], how="mean")
    assert [effect.channel for effect in found.effects] == [1, 3]
    for effect in found.effects:
        after = brute_force(subject, layer, [effect.channel or 0], value)
        change = (after - before)[np.arange(40), subject.labels].mean()
        assert effect.probability.value == pytest.approx(change, abs=1e-6)


def test_effects_carry_paired_intervals_and_classes() -> None:
    subject = drawn(SMALL)
    found = ablate(subject, "relu1")
    before = subject.probabilities(subject.images).argmax(1) == subject.labels
    for effect in found.effects:
        after = brute_force(subject, "relu1", [effect.channel or 0], 0.0).argmax(1)
        still = after == subject.labels
        cells = [before & still, before & ~still, ~before & still, ~before & ~still]
        assert effect.interval == paired_interval(*(int(cell.sum()) for cell in cells))
        assert effect.p_value == mcnemar(effect.lost, effect.gained)
        assert effect.difference == pytest.approx(still.mean() - before.mean())
        for each in effect.per_class:
            mine = subject.labels == subject.classes.index(each.name)
            assert each.count == mine.sum() > 0
            assert each.before == pytest.approx(before[mine].mean())
            assert each.after == pytest.approx(still[mine].mean())
            assert each.interval[0] <= each.difference <= each.interval[1]
        total = sum(each.count * each.difference for each in effect.per_class)
        assert total == pytest.approx(40 * effect.difference)


def test_channels_are_ranked_by_what_is_lost() -> None:
    found = ablate(drawn(SMALL), "relu2")
    ranked = [(effect.difference, effect.probability.value) for effect in found.ranked]
    assert ranked == sorted(ranked)
    assert found.as_dict()["ranking"] == [effect.channel for effect in found.ranked]
    first = found.ranked[0]
    if first.most_affected is not None:
        largest = max(abs(each.difference) for each in first.per_class)
        assert abs(first.most_affected.difference) == largest


def test_what_stands_before_the_layer_is_computed_once() -> None:
    subject = drawn(RESIDUAL)
    calls = {"conv1": 0, "pool1": 0}

    def count(name: str) -> object:
        original = subject.module.get_submodule(name).forward

        def forward(images: Tensor) -> Tensor:
            calls[name] += 1
            return original(images)

        return forward

    for name in calls:
        subject.module.get_submodule(name).forward = count(name)  # type: ignore[method-assign]
    own = {name: subject.module.get_submodule(name).__dict__["forward"] for name in calls}
    ablate(subject, "block2.relu1")
    assert calls == {"conv1": 1, "pool1": 1 + 7}
    # What was there before is there again.
    assert all(subject.module.get_submodule(n).__dict__["forward"] is own[n] for n in own)


def test_the_modules_answer_for_themselves_again_after_an_exception() -> None:
    subject = habits()

    def burst(_: nn.Module, __: object) -> None:
        raise KeyboardInterrupt

    with borrowed(subject.module), torch.no_grad():
        rest = Resumed(subject, "relu:2", subject.tensor(subject.images))
        handle = subject.module.fc.register_forward_pre_hook(burst)
        with pytest.raises(KeyboardInterrupt):
            rest.run(rest.output.clone())
        handle.remove()
        assert torch.equal(rest.run(rest.output.clone()), rest.answers)
    assert not any("forward" in each.__dict__ for each in subject.module.modules())
    assert not any(each._forward_hooks for each in subject.module.modules())


def test_agreement_needs_no_labels() -> None:
    subject = drawn(SMALL, labelled=False)
    with pytest.raises(UsageError, match=r"no labels in the classes of made: ask with --agreement"):
        ablate(subject, "relu1")
    found = ablate(subject, "relu1", agreement=True)
    assert (found.accuracy.value, found.against) == (1.0, "own answers")
    assert all(effect.gained == 0 for effect in found.effects)
    answers = subject.probabilities(subject.images).argmax(1)
    after = brute_force(subject, "relu1", [2], 0.0).argmax(1)
    assert found.effects[2].accuracy == pytest.approx((after == answers).mean())


def test_only_some_channels_or_the_layer_alone() -> None:
    subject = drawn(SMALL)
    every = ablate(subject, "relu1")
    some = ablate(subject, "relu1", "1,3")
    assert some.effects == (every.effects[1], every.effects[3])
    alone = ablate(subject, "relu1", [])
    assert alone.effects == ()
    assert alone.whole == every.whole


def test_images_are_drawn_with_the_seed() -> None:
    subject = drawn(SMALL)
    one, same, other = (ablate(subject, "relu1", images=20, seed=s).as_dict() for s in (1, 1, 2))
    assert one == same
    assert one != other
    assert one["count"] == 20
    assert json.loads(json.dumps(one)) == one
    assert one["schema"] == "convscope.ablation/1"


def test_the_first_layer_behind_an_activation() -> None:
    assert default_layer(drawn(SMALL, 2)) == "relu1"
    assert default_layer(habits(2)) == "relu"
    assert default_layer(drawn("input 12x12x1 -> conv 2 3x3 -> fc 10", 2)) == "conv1"
    assert default_layer(drawn("input 12x12x1 -> fc 8 -> relu -> fc 10", 2)) == "fc1"
    assert ablate(drawn(SMALL)).layer == "relu1"


def test_a_zero_before_batch_normalisation_is_remarked() -> None:
    subject = drawn(SMALL)
    assert "batch normalisation makes a constant" in ablate(subject, "conv1", [0]).note
    assert ablate(subject, "relu1", [0]).note == subject.note


def test_a_module_that_gives_probabilities() -> None:
    class Softmaxed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 3, 3)
            self.relu = nn.ReLU()
            self.fc = nn.Linear(300, 10)

        def forward(self, images: Tensor) -> Tensor:
            return self.fc(self.relu(self.conv(images)).flatten(1)).softmax(1)

    from dataclasses import replace

    torch.manual_seed(0)
    bare = labelled_subject(Softmaxed(), Volume(12, 12, 1), None, pictures(40, 12))
    subject = replace(bare, outputs="probabilities")
    effect = ablate(subject, "relu", [0]).effects[0]
    with torch.no_grad():
        before = subject.module(subject.tensor(subject.images)).numpy()
        subject.module.conv.weight[0].zero_()
        subject.module.conv.bias[0] = 0
        after = subject.module(subject.tensor(subject.images)).numpy()
    change = (after - before)[np.arange(40), subject.labels].mean()
    assert effect.probability.value == pytest.approx(change, abs=1e-6)


def test_an_edit_is_measured_on_the_same_images() -> None:
    subject = drawn(SMALL)
    edited = edit_kernel(subject, "conv1", 1, 0.0)
    with torch.no_grad():
        edited.module.conv1.bias[1] = 0
    found = measure_edit(subject, edited)
    by_channel = ablate(subject, "conv1", [1]).effects[0]
    assert found.whole is not None
    assert found.whole.accuracy == by_channel.accuracy
    assert found.whole.per_class == by_channel.per_class
    assert found.layer == ""
    same = measure_edit(subject, swap_pooling(subject, "pool1", "max"))
    assert same.whole is not None
    assert (same.whole.difference, same.whole.lost, same.whole.p_value) == (0.0, 0, 1.0)
    assert same.whole.what == "pool1=max"
    assert same.whole.interval[0] < 0 < same.whole.interval[1]
    assert same.whole.most_affected is None


def test_the_example_needs_its_channels() -> None:
    found = ablate(subject_of("example", data="fashion-mini"), "relu1", [0, 12], images=200)
    assert found.accuracy.value > 0.85
    assert found.whole is not None
    assert found.whole.interval[1] < -0.5
    assert found.whole.p_value < 1e-6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"layer": "relu9"}, "no layer 'relu9'"),
        ({"layer": "relu1", "channels": [4]}, "there is no channel 4: give 0 to 3"),
        ({"layer": "relu1", "channels": "x"}, "'x' names no channels"),
        ({"layer": "relu1", "how": "one"}, "a channel cannot be set to 'one'"),
        ({"layer": "relu1", "images": 0}, "0 images are asked for"),
    ],
)
def test_what_cannot_be_asked(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ablate(drawn(SMALL, 4), **arguments)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="takes other images"):
        measure_edit(drawn(SMALL, 4), drawn("input 10x10x1 -> conv 2 3x3 -> fc 10", 4))
