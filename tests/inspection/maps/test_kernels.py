"""Kernels: the right weights in the right places, also where torch keeps them otherwise."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.errors import UsageError
from convscope.inspection.maps.kernels import (
    deepest_maps,
    first_kernels,
    has_kernels,
    image_kernels,
    kernels,
)
from convscope.inspection.subject import subject_of
from convscope.network.pooling import DistancePool2d
from tests.inspection.strangers import Tokens, Twice, noise, subject_with


def test_kernels_of_the_example() -> None:
    subject = subject_of("example")
    state = subject.module.state_dict()
    first, second, last = (kernels(subject, name) for name in ("conv1", "conv2", "fc"))
    assert np.array_equal(first.weights, state["conv1.weight"].numpy())
    assert np.array_equal(second.weights, state["conv2.weight"].numpy())
    assert last.weights.shape == (10, 32, 7, 7)
    assert np.array_equal(last.weights.reshape(10, -1), state["fc.weight"].numpy())
    assert last.biases is not None
    assert np.array_equal(last.biases, state["fc.bias"].numpy())
    assert (last.name_of(9), first.name_of(9)) == ("Ankle boot", "")
    assert first.note == second.note == last.note == subject.note


def test_a_row_of_weights_lies_over_the_maps_that_it_reads() -> None:
    """Σ weights·maps + bias is what the layer answers: the shape is not only a shape."""
    from convscope.inspection.maps.maps import activation_maps

    found = kernels("example", "fc")
    maps = activation_maps("example", "pool2", 4).values
    answers = (found.weights * maps).sum((1, 2, 3)) + found.biases
    expected = activation_maps("example", "fc", 4).values[:, 0, 0]
    assert answers == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("flattened", ["module", "view", "image", "permuted"])
def test_the_volume_is_found_by_its_numbers(flattened: str) -> None:
    class Flattened(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)
            self.flat = nn.Flatten()
            self.fc = nn.Linear(36 if flattened == "image" else 2 * 4 * 4, 3)

        def forward(self, images: Tensor) -> Tensor:
            maps = images if flattened == "image" else self.conv(images)
            if flattened == "permuted":
                maps = maps.permute(0, 2, 3, 1)
            vector: Tensor = self.flat(maps) if flattened == "module" else maps.flatten(1)
            return self.fc(vector)  # type: ignore[no-any-return]

    found = kernels(subject_with(Flattened(), noise(1, 1, 6, 6)), "fc")
    shapes = {"image": (3, 1, 6, 6), "permuted": (3, 32, 1, 1)}
    assert found.weights.shape == shapes.get(flattened, (3, 2, 4, 4))
    said = "the volume that fc reads is not known: its rows stay rows"
    assert found.note == (said if flattened == "permuted" else "")


def test_a_layer_behind_a_vector_has_rows() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 5), nn.ReLU(), nn.Linear(5, 3))
    found = kernels(subject_with(module, noise(1, 1, 4, 4)), "3")
    assert found.weights.shape == (3, 5, 1, 1)
    assert found.note == ""


def test_groups_say_which_channels_a_kernel_sees() -> None:
    found = kernels(subject_with(Twice(), noise(1, 3, 14, 14)), "second")
    assert found.weights.shape == (6, 2, 3, 3)
    assert [found.inputs_of(channel) for channel in (0, 2, 3, 5)] == [
        range(2),
        range(2),
        range(2, 4),
        range(2, 4),
    ]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution_is_turned_round(groups: int) -> None:
    """An impulse in input channel i makes kernel (o, i) in output channel o."""
    module = nn.Sequential(nn.ConvTranspose2d(4, 6, 3, groups=groups, bias=False))
    found = kernels(subject_with(_Grey(module), noise(1, 1, 1, 1)), "inner.0")
    assert found.weights.shape == (6, 4 // groups, 3, 3)
    for channel in range(6):
        for slot, source in enumerate(found.inputs_of(channel)):
            impulse = torch.zeros(1, 4, 1, 1)
            impulse[0, source] = 1
            with torch.no_grad():
                made = module(impulse)[0, channel].numpy()
            assert np.array_equal(found.weights[channel, slot], made)


class _Grey(nn.Module):
    """Gives a grey image to a module that takes four channels."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: Tensor) -> Tensor:
        return self.inner(functional.pad(images.expand(-1, 4, -1, -1), (0, 0)))


def test_weighted_pooling_is_a_kernel_that_is_not_learnt() -> None:
    module = nn.Sequential(DistancePool2d(3, 2))
    found = kernels(subject_with(module, noise(1, 1, 9, 9)), "0")
    assert found.weights.shape == (1, 1, 3, 3)
    assert found.weights.sum() == pytest.approx(1)
    assert found.note == "nothing of it is learnt, and it weights each channel alone"


def test_statistics_and_record() -> None:
    found = kernels("example", "conv1")
    for each, weights in zip(found.statistics(), found.weights.astype(np.float64), strict=True):
        assert (each.minimum, each.maximum) == (weights.min(), weights.max())
        assert each.norm == pytest.approx(np.linalg.norm(weights))
        assert found.biases is not None
        assert each.bias == found.biases[each.channel]
    record = json.loads(json.dumps(kernels("example", "fc").as_dict("3", "0-1")))
    assert record["shape"] == {"channels": 10, "inputs": 32, "height": 7, "width": 7}
    assert (record["inputs"], record["kernels"][0]["name"]) == ([0, 1], "Dress")
    weights = np.array(record["kernels"][0]["weights"], np.float32)
    assert np.array_equal(weights, kernels("example", "fc").weights[3, :2])


def test_layers_without_kernels() -> None:
    with pytest.raises(UsageError) as raised:
        kernels("example", "relu1")
    assert str(raised.value) == (
        "example: relu1 (ReLU) has no kernels: layers that have some are conv1, conv2, fc"
    )
    bare = subject_with(nn.Sequential(nn.AvgPool2d(2)), noise(1, 1, 4, 4))
    with pytest.raises(UsageError, match=r"none of its layers has any$"):
        kernels(bare, "0")
    with pytest.raises(UsageError, match=r"^no layer of stranger has kernels$"):
        first_kernels(bare)
    assert deepest_maps(bare) == "0"


def test_layers_that_are_shown_where_none_is_named() -> None:
    subject = subject_of("example")
    assert (first_kernels(subject), deepest_maps(subject)) == ("conv1", "conv2")
    assert deepest_maps(subject_with(Tokens(), noise(1, 1, 8, 8))) == "patches"
    assert has_kernels(subject, "fc")
    assert not has_kernels(subject, "pool1")
    assert image_kernels(subject, "conv2") is None
    assert image_kernels(subject, "relu1") is None
    found = image_kernels(subject, "conv1")
    assert found is not None
    assert found.layer == "conv1"


def test_weights_that_are_not_finite_are_an_error() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3))
    subject = subject_with(module, noise(1, 1, 4, 4))
    with torch.no_grad():
        module[0].weight[1, 0, 2, 2] = torch.nan
    with pytest.raises(UsageError) as raised:
        kernels(subject, "0")
    expected = "stranger: weights of 0 are not finite: look into an earlier checkpoint"
    assert str(raised.value) == expected
