"""Switching channels off: a subject like any other, and the one it came from as it was."""

from __future__ import annotations

import pytest
import torch

from convscope.errors import UsageError
from convscope.inspection.changes.ablation import ablate, measure_edit
from convscope.inspection.changes.switching import switch_off
from convscope.inspection.maps.maps import activation_maps, maps_in
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.walking.passage import Passage


@pytest.fixture(scope="module")
def subject() -> Subject:
    return subject_of("example", data="fashion-mini")


def test_channels_are_zero_and_the_rest_follows(subject: Subject) -> None:
    images = subject.tensor(subject.images[:3])
    before = subject.module(images)
    silent = switch_off(subject, "relu2", "4-6")
    module = subject.module
    with torch.no_grad():
        x = module.pool1(module.relu1(module.batch1(module.conv1(images))))  # type: ignore[operator]
        x = module.relu2(module.batch2(module.conv2(x)))  # type: ignore[operator]
        x[:, 4:7] = 0
        expected = module.fc(module.pool2(x).flatten(1))  # type: ignore[operator]
        torch.testing.assert_close(silent.module(images), expected)
    torch.testing.assert_close(subject.module(images), before)
    assert silent.name == "example, channels 4, 5, 6 of relu2 switched off"


def test_it_is_what_ablation_measures(subject: Subject) -> None:
    effect = ablate(subject, "relu1", [3], images=80).effects[0]
    whole = measure_edit(subject, switch_off(subject, "relu1", [3]), images=80).whole
    assert whole is not None
    assert (whole.difference, whole.lost, whole.gained) == (
        effect.difference,
        effect.lost,
        effect.gained,
    )


def test_all_channels_and_units_of_a_vector(subject: Subject) -> None:
    silent = switch_off(subject, "conv1")
    assert silent.note.endswith("all channels of conv1 switched off")
    assert not activation_maps(silent, "conv1").values.any()
    scores = switch_off(subject, "fc", [9]).module(subject.tensor(subject.images[:1]))
    assert scores[0, 9] == 0
    assert scores[0, :9].all()


def test_what_is_not_there(subject: Subject) -> None:
    with pytest.raises(UsageError, match="has no layer 'conv9'"):
        switch_off(subject, "conv9")
    with pytest.raises(UsageError, match="there is no channel 16"):
        switch_off(subject, "relu1", [16])


def test_maps_of_an_image_that_has_gone_through(subject: Subject) -> None:
    passage = Passage(subject, subject.picture(2))
    for layer in ("conv2", "pool2", "fc"):
        found, expected = maps_in(passage, layer), activation_maps(subject, layer, 2)
        assert (found.values == expected.values).all()
        assert (found.names, found.shown, found.kind) == (
            expected.names,
            expected.shown,
            expected.kind,
        )
    with pytest.raises(UsageError):
        maps_in(passage, "conv9")
