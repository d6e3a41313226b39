"""Activation maps equal what torch gives when one runs the layers by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from convscope.errors import UsageError
from convscope.inspection.maps.maps import activation_maps, short_floats
from convscope.inspection.subject import subject_of
from tests.inspection.strangers import Selfish, Tokens, Twice, noise, state_of, subject_with


@pytest.mark.parametrize("index", range(9))
def test_maps_of_the_example_are_those_of_its_first_layers(index: int) -> None:
    subject = subject_of("example")
    name = [layer.name for layer in subject.layers][index]
    found = activation_maps(subject, name, 3)
    with torch.no_grad():
        expected = subject.module[: index + 1](subject.tensor(subject.images[3]))[0].numpy()
    assert found.values.dtype == np.float32
    assert np.array_equal(found.values, expected.reshape(found.values.shape))
    assert found.vector == (name == "fc")
    assert found.name_of(2) == ("Pullover" if name == "fc" else "")
    assert found.picture.name == f"{subject.images_from}, image 3"
    assert found.shown == subject.classes[subject.labels[3]]


def test_a_recording_is_a_copy_of_what_the_layer_made() -> None:
    """The ReLU behind ``first`` works in place, and is called twice."""
    module = Twice()
    subject = subject_with(module, noise(2, 3, 14, 14))
    images = subject.tensor(subject.images[:1])
    with torch.no_grad():
        first = module.first(images)
        second = module.second(first.relu())
    assert (first < 0).any()
    assert np.array_equal(activation_maps(subject, "first").values, first[0].numpy())
    again = activation_maps(subject, "relu:2").values
    assert np.array_equal(again, second[0].relu().numpy())
    assert np.array_equal(activation_maps(subject, "relu").values, first[0].relu().numpy())


def test_whatever_is_borrowed_is_given_back() -> None:
    module = Selfish()
    subject = subject_with(module, noise(2, 1, 6, 6))
    module.train()
    before = state_of(module)
    activation_maps(subject, "conv")
    with pytest.raises(UsageError):
        activation_maps(subject, "conv1")
    assert state_of(module) == before


def test_statistics_are_those_of_the_values() -> None:
    found = activation_maps("example", "relu1", 0)
    for each, values in zip(found.statistics(), found.values.astype(np.float64), strict=True):
        assert each.minimum == values.min()
        assert each.maximum == values.max()
        assert each.mean == pytest.approx(values.mean(), rel=1e-9)
        assert each.zeros == np.mean(values == 0)
        assert each.strength == pytest.approx(np.abs(values).mean(), rel=1e-9)
    assert [each.channel for each in found.statistics("2-4")] == [2, 3, 4]
    assert len(found.statistics()) == 16


def test_the_record_holds_the_values_to_the_bit() -> None:
    found = activation_maps("example", "conv2", 5)
    record = json.loads(json.dumps(found.as_dict("7,30-99")))
    assert record["shape"] == {"channels": 32, "height": 14, "width": 14}
    assert [each["channel"] for each in record["channels"]] == [7, 30, 31]
    values = np.array([each["values"] for each in record["channels"]], np.float32)
    assert np.array_equal(values, found.values[[7, 30, 31]])
    assert record["image"]["class"] == found.shown


def test_floats_are_short_and_exact() -> None:
    values = np.random.default_rng(0).normal(0, 10, 200).astype(np.float32)
    short = short_floats(values)
    assert np.array_equal(np.array(short, np.float32), values)
    assert max(len(repr(value)) for value in short) < 15


def test_layers_that_make_no_maps() -> None:
    subject = subject_with(Tokens(), noise(2, 1, 8, 8))
    assert activation_maps(subject, "patches").values.shape == (5, 2, 2)
    with pytest.raises(UsageError, match=r"^stranger: norm makes 4×5, which is neither"):
        activation_maps(subject, "norm")
    with pytest.raises(UsageError, match="has no layer 'nrom'"):
        activation_maps(subject, "nrom")


def test_values_that_are_not_finite_are_an_error() -> None:
    module = Selfish()
    subject = subject_with(module, noise(2, 1, 6, 6))
    with torch.no_grad():
        module.conv.weight[1, 0, 0, 0] = torch.nan
    before = state_of(module)
    with pytest.raises(UsageError) as raised:
        activation_maps(subject, "conv")
    assert str(raised.value) == (
        "stranger: conv makes values that are not finite of noise, image 0: "
        "look into the layers before it, or into an earlier checkpoint"
    )
    assert str(state_of(module)) == str(before)
