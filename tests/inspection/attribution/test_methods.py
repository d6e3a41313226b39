"""The five methods: against gradients and loops written out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.errors import UsageError
from convscope.inspection.attribution.attribution import attribute, attribute_all
from convscope.inspection.attribution.copying import functional_relus, working_copy
from convscope.inspection.attribution.methods import METHODS, settings_of
from convscope.inspection.subject import Subject, subject_of
from tests.inspection.modules import (
    SIDE,
    Constant,
    Functional,
    InPlace,
    Shared,
    state_of,
    subject_for,
)


@pytest.fixture(scope="module")
def example() -> Subject:
    return subject_of("example", data="fashion-mini")


def map_of(subject: Subject, method: str, **options: Any) -> NDArray[np.float64]:
    return attribute(subject, 0, method, check=False, **options).values


def gradient(subject: Subject, target: int) -> NDArray[np.float64]:
    image = subject.tensor(subject.images[0]).requires_grad_()
    subject.module(image)[0, target].backward()
    for parameter in subject.module.parameters():
        parameter.grad = None
    assert image.grad is not None
    return image.grad[0].double().numpy()


def test_saliency_is_the_largest_size_of_the_gradient_over_channels() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(400, 3))
    subject = subject_for(network, channels=3)
    expected = np.abs(gradient(subject, 1)).max(0)
    assert map_of(subject, "saliency", target=1) == pytest.approx(expected, rel=1e-5)


def test_integrated_gradients_add_up_to_the_difference_of_scores(example: Subject) -> None:
    found = attribute(example, 0, "integrated-gradients", check=False)
    assert found.settings["baseline"] == "black"
    assert found.settings["sum"] == pytest.approx(found.settings["score_difference"], rel=0.02)
    assert found.values.sum() == pytest.approx(found.settings["sum"])


def test_integrated_gradients_of_a_linear_network_are_known() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 3))
    subject = subject_for(network)
    settings = settings_of(subject)
    image = subject.tensor(subject.images[0])
    expected = (image - settings.baseline)[0, 0] * network[1].weight[2].view(SIDE, SIDE)  # type: ignore[union-attr, operator]
    found = map_of(subject, "integrated-gradients", target=2)
    assert found == pytest.approx(expected.detach().numpy(), abs=1e-4)


def test_grad_cam_is_the_sum_of_maps_times_their_mean_gradient(example: Subject) -> None:
    module = example.module
    maps = module[:5](example.tensor(example.images[0])).detach().requires_grad_()  # type: ignore[index]
    module[5:](maps)[0, 9].backward()  # type: ignore[index]
    for parameter in module.parameters():
        parameter.grad = None
    assert maps.grad is not None
    expected = (maps * maps.grad.mean((2, 3), keepdim=True)).sum(1, keepdim=True)
    enlarged = functional.interpolate(expected, (28, 28), mode="bilinear")[0, 0].detach().numpy()
    assert map_of(example, "grad-cam", target=9) == pytest.approx(enlarged, rel=1e-3, abs=1e-4)


def test_occlusion_is_a_loop_over_windows(example: Subject) -> None:
    settings = settings_of(example)
    assert (settings.window, settings.stride) == (5, 2)
    image, total, times = example.tensor(example.images[0]), np.zeros((28, 28)), np.zeros((28, 28))
    with torch.no_grad():
        score = example.module(image)[0, 9].item()
        for row in range(0, 25, 2):
            for column in range(0, 25, 2):
                place = np.s_[row : row + 5, column : column + 5]
                covered = image.clone()
                covered[0, 0][place] = settings.baseline[0, 0][place]
                total[place] += score - example.module(covered)[0, 9].item()
                times[place] += 1
    expected = total[:27, :27] / times[:27, :27]
    assert map_of(example, "occlusion", target=9)[:24, :24] == pytest.approx(
        expected[:24, :24], abs=1e-3
    )


class _Guided(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        context.save_for_backward(values)
        return values.clamp(min=0)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        (values,) = context.saved_tensors
        return (gradient * (values > 0)).clamp(min=0)


class _GuidedReLU(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        result: Tensor = _Guided.apply(values)
        return result


@pytest.mark.parametrize("kind", [InPlace, Shared])
def test_guided_backprop_where_relus_work_in_place_are_reused_or_share_their_input(
    kind: type[nn.Module],
) -> None:
    torch.manual_seed(1)
    module = kind()
    subject = subject_for(module)
    found = map_of(subject, "guided-backprop", target=0)
    by_hand = kind()
    by_hand.load_state_dict(module.state_dict())
    by_hand.relu = _GuidedReLU()
    assert found == pytest.approx(np.abs(gradient(subject_for(by_hand), 0))[0], rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_work_in_place_changes_no_map(method: str) -> None:
    torch.manual_seed(0)
    one, other = InPlace(), InPlace(inplace=False)
    other.load_state_dict(one.state_dict())
    maps = [map_of(subject_for(each), method) for each in (one, other)]
    assert maps[0].any()
    assert np.array_equal(maps[0], maps[1])


def test_guided_backprop_refuses_a_relu_that_is_a_function() -> None:
    subject = subject_for(Functional())
    with pytest.raises(UsageError, match=r"calls a ReLU as a function.*write nn.ReLU\(\) modules"):
        map_of(subject, "guided-backprop")
    found = attribute_all(subject, check=False)
    assert [each.method for each in found.attributions] == [
        "saliency",
        "integrated-gradients",
        "grad-cam",
        "occlusion",
    ]
    assert "calls a ReLU as a function" in found.left_out["guided-backprop"]


def test_only_relus_that_are_functions_are_noticed() -> None:
    image = torch.rand(1, 1, SIDE, SIDE)
    assert functional_relus(Functional().eval(), image)
    assert not functional_relus(working_copy(InPlace(), "it"), image)
    assert not functional_relus(Constant(), image)


def test_without_a_relu_guided_backprop_is_the_gradient_and_says_so() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(400, 3))
    found = attribute(subject_for(network), 0, "guided-backprop", check=False)
    assert "the plain gradient" in found.note
    assert np.array_equal(found.values, map_of(subject_for(network), "saliency"))


def test_grad_cam_without_a_convolution_is_an_error_in_words() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 3))
    with pytest.raises(UsageError, match="has no convolution, and Grad-CAM needs the maps of one"):
        map_of(subject_for(network), "grad-cam")


def test_grad_cam_takes_the_last_convolution_or_the_layer_that_is_named() -> None:
    subject = subject_for(InPlace())
    assert settings_of(subject).layer == "conv3"
    assert not np.array_equal(
        map_of(subject, "grad-cam"), map_of(subject, "grad-cam", layer="conv1")
    )
    with pytest.raises(UsageError, match=r'relu is called 2 times.*name "relu:2"'):
        map_of(subject, "grad-cam", layer="relu")
    assert map_of(subject, "grad-cam", layer="relu:2").any()
    with pytest.raises(UsageError, match="fc makes a vector, and Grad-CAM needs maps"):
        map_of(subject, "grad-cam", layer="fc")
    with pytest.raises(UsageError, match="no layer 'conv9'"):
        map_of(subject, "grad-cam", layer="conv9")


def test_in_a_copy_nothing_works_in_place() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Hardswish(inplace=True), nn.Sequential(nn.ReLU6(inplace=True))
    )
    copied = working_copy(network, "it")
    assert not any(getattr(each, "inplace", False) for each in copied.modules())
    assert sum(bool(getattr(each, "inplace", False)) for each in network.modules()) == 2
    image = torch.rand(1, 1, 6, 6)
    assert torch.equal(copied(image), network(image))


def test_a_copy_that_cannot_be_made_is_an_error_in_words() -> None:
    module = InPlace()
    module.kept = module.conv1.weight * 2  # type: ignore[assignment]
    with pytest.raises(UsageError, match="the module cannot be copied"):
        working_copy(module, "mine")


@pytest.mark.parametrize("method", METHODS)
def test_the_module_is_left_as_it_is(method: str) -> None:
    module = InPlace()
    subject = subject_for(module)
    module.train()
    module.fc.weight.grad = torch.ones_like(module.fc.weight)
    before = state_of(module)
    attribute(subject, 0, method)
    assert state_of(module) == before
    assert isinstance(module.relu, nn.ReLU)


def test_the_module_is_left_as_it_is_also_after_an_exception() -> None:
    module = InPlace()
    subject = subject_for(module)
    before = state_of(module)

    def fails(copied: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
        torch.rand(3)
        copied(image)
        raise KeyError("in between")

    with pytest.raises(KeyError, match="in between"):
        attribute(subject, 0, fails)
    assert state_of(module) == before


def test_a_network_that_ends_in_maps_has_no_class_to_explain() -> None:
    subject = subject_of("input 8x8x1 -> conv 2 3x3 -> relu")
    with pytest.raises(UsageError, match="its result is no vector of scores"):
        attribute(subject)
