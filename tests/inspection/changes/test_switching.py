"""Switching channels off: a subject like any other, and the one it came from as it was."""

from __future__ import annotations

import pytest
import torch

from convscope.errors import UsageError
from convscope.inspection.changes.ablation import ablate, measure_edit
from convscope.inspection.changes.switching import switch_off
from convscope.inspection.fields.receptive import receptive_field
from convscope.inspection.maps.maps import activation_maps, maps_in
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.walking.passage import Passage
from convscope.inspection.walking.single import Normalised, Silenced
from convscope.inspection.walking.slides import slide
from convscope.inspection.walking.walk import walk


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


@pytest.mark.parametrize(
    ("layer", "unit", "before"),
    [
        ("conv2", (5, 3, 3), ()),
        ("relu2", (5, 3, 3), ("conv2", "batch2")),
        ("fc", (7,), ()),
    ],
)
def test_a_unit_that_is_off_is_zero_and_says_what_it_would_be(
    subject: Subject, layer: str, unit: tuple[int, ...], before: tuple[str, ...]
) -> None:
    whole = walk(subject, layer, unit)
    found = walk(switch_off(subject, layer, [unit[0]]), layer, unit)
    assert (found.value, found.last.recorded) == (0.0, 0.0)
    assert isinstance(found.last, Silenced)
    assert found.last.instead is not None
    assert found.last.instead.value == whole.value
    assert found.last.kind == "off"
    assert found.field == whole.field
    assert tuple(stage.layer for stage in found.stages) == (*before, layer)
    record = found.as_dict()["stages"][-1]
    assert record["instead"]["value"] == whole.value
    # Its neighbour is what it was, and the next layer is given the 0.
    other = (unit[0] + 1, *unit[1:])
    assert walk(switch_off(subject, layer, [unit[0]]), layer, other).value == (
        walk(subject, layer, other).value
    )


def test_what_follows_a_channel_that_is_off_is_made_of_zeros(subject: Subject) -> None:
    found = walk(switch_off(subject, "relu2", [5]), "pool2", (5, 1, 1))
    assert [stage.kind for stage in found.stages[-2:]] == ["off", "pool"]
    assert found.value == 0
    stages = walk(switch_off(subject, "conv2", [5]), "batch2", (5, 3, 3)).stages
    assert [stage.kind for stage in stages] == ["off", "batch"]
    assert isinstance(stages[1], Normalised)
    assert stages[1].x == 0


def test_nothing_leads_back_from_a_channel_that_is_off(subject: Subject) -> None:
    silent = switch_off(subject, "relu1", [5])
    found = receptive_field(silent, "relu1", (8, 8), channel=5, images=4)
    assert found.effective is None
    assert not found.heat.any()
    assert found.box == receptive_field(subject, "relu1", (8, 8), channel=5, images=4).box


def test_a_slide_knows_which_kernels_are_off(subject: Subject) -> None:
    changed = switch_off(switch_off(subject, "conv2", [5]), "relu2", [2, 7])
    found = slide(changed, "conv2", channels=[2, 5, 6])
    assert found.off == (1,)
    assert {step.name: step.off for step in found.after} == {
        "batch2": (), "relu2": (0,), "pool2": (),
    }  # fmt: skip
    assert found.first(1).off == ()
    assert found.first(1).after[1].off == (0,)
