"""Vitals beside numbers worked out by hand and by torch; all that is borrowed comes back."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.architecture.zoo import find_architecture
from convscope.inspection.health.vitals import take_vitals
from convscope.network.build import build


@pytest.fixture
def probe() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(24, 1, 28, 28, generator=generator)
    return images, torch.randint(0, 10, (24,), generator=generator)


def network() -> nn.Module:
    return build(find_architecture("article"), seed=0)


def test_gradients_and_norms_are_torchs(probe: tuple[Tensor, Tensor]) -> None:
    subject = network()
    vitals = take_vitals(subject, *probe)
    other = network().train()
    loss = functional.cross_entropy(other(probe[0]), probe[1])
    loss.backward()
    assert vitals.loss == pytest.approx(loss.item())
    assert [layer.name for layer in vitals.weights] == ["conv1", "conv2", "fc"]
    for layer in vitals.weights:
        weight = other.get_submodule(layer.name).weight
        assert isinstance(weight, Tensor)
        assert weight.grad is not None
        assert layer.gradient == pytest.approx(weight.grad.norm().item(), rel=1e-5)
        assert layer.weight == pytest.approx(weight.norm().item(), rel=1e-5)
        rows = weight.grad.flatten(1)
        shares = []
        for row in rows.tolist():
            signs = [slope > 0 for slope in row if slope != 0]
            shares.append(max(sum(signs), len(signs) - sum(signs)) / len(signs))
        assert layer.agreement == pytest.approx(sum(shares) / len(shares))


def test_all_that_is_borrowed_comes_back(probe: tuple[Tensor, Tensor]) -> None:
    subject = network().eval()
    subject.get_submodule("fc").train()
    subject.get_submodule("conv1").weight.requires_grad_(False)  # type: ignore[union-attr,operator]
    before = copy.deepcopy(subject.state_dict())
    modes = [module.training for module in subject.modules()]
    state = torch.random.get_rng_state()
    take_vitals(subject, *probe)
    with pytest.raises(RuntimeError):
        take_vitals(subject, probe[0][:, :, :5, :5], probe[1])
    for name, value in subject.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert [module.training for module in subject.modules()] == modes
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in subject.parameters())
    assert [name for name, each in subject.named_parameters() if not each.requires_grad] == [
        "conv1.weight"
    ]
    assert not any(module._forward_hooks for module in subject.modules())


def test_dead_units_are_those_that_are_dead(probe: tuple[Tensor, Tensor]) -> None:
    subject = network()
    with torch.no_grad():
        bias = subject.get_submodule("batch1").bias
        assert isinstance(bias, Tensor)
        bias[[2, 5]] = -100.0
    vitals = take_vitals(subject, *probe)
    assert [(each.name, each.dead) for each in vitals.activations] == [
        ("relu1", (2, 5)),
        ("relu2", ()),
    ]


def test_saturation_is_counted_where_the_slope_is_small() -> None:
    values = torch.linspace(-8, 8, 1601).view(1, -1)
    for kind, slope in (
        (nn.Sigmoid, lambda x: 4 * torch.sigmoid(x) * (1 - torch.sigmoid(x))),
        (nn.Tanh, lambda x: 1 - torch.tanh(x) ** 2),
    ):
        module = nn.Sequential(kind(), nn.Linear(1601, 2))
        vitals = take_vitals(module, values.repeat(4, 1), torch.tensor([0, 1, 0, 1]))
        expected = (slope(values) < 0.04).float().mean().item()
        assert vitals.activations[0].saturated == pytest.approx(expected, abs=1e-6)


def test_positive_inputs_give_gradients_of_one_sign() -> None:
    """One image, positive inputs: δ·x has the sign of δ throughout, the article's zig-zag."""
    module = nn.Sequential(nn.Sigmoid(), nn.Linear(30, 4))
    images = torch.randn(1, 30, generator=torch.Generator().manual_seed(3))
    (layer,) = take_vitals(module, images, torch.tensor([1])).weights
    assert (layer.positive, layer.agreement) == (1.0, 1.0)
    # Centred inputs: about half of them.
    (layer,) = take_vitals(nn.Sequential(nn.Linear(30, 4)), images, torch.tensor([1])).weights
    assert layer.agreement < 0.8


def test_updates_are_relative_and_for_each_step(probe: tuple[Tensor, Tensor]) -> None:
    subject = network()
    first = take_vitals(subject, *probe, step=10)
    with torch.no_grad():
        weight = subject.get_submodule("conv2").weight
        assert isinstance(weight, Tensor)
        weight.mul_(1.5)
    second = take_vitals(subject, *probe, step=15, before=first)
    updates = {layer.name: layer.update for layer in second.weights}
    assert updates == {"conv1": 0.0, "conv2": pytest.approx(0.1), "fc": 0.0}


def test_copies_are_counted() -> None:
    module = nn.Linear(20, 6)
    with torch.no_grad():
        module.weight[3] = module.weight[1]
        module.weight[4] = module.weight[1]
    (layer,) = take_vitals(nn.Sequential(module), torch.randn(4, 20), torch.arange(4)).weights
    assert layer.copies == 2


def test_running_statistics_are_compared_with_the_probe() -> None:
    norm = nn.BatchNorm1d(3)
    images = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0)) * 2 + 5
    module = nn.Sequential(norm, nn.Linear(3, 2))
    labels = torch.zeros(4000, dtype=torch.int64)
    (found,) = take_vitals(module, images, labels).norms
    assert found.shift == pytest.approx(2.5, abs=0.1)  # 5 away, in deviations of 2
    assert found.scale == pytest.approx(4, abs=0.3)  # variance 1 where it is 4
    assert torch.equal(norm.running_mean, torch.zeros(3))  # type: ignore[arg-type]


def test_what_is_said_of_the_labels_and_the_images() -> None:
    images = torch.zeros(10, 1, 2, 2)
    labels = torch.tensor([0] * 9 + [1])
    vitals = take_vitals(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), images, labels)
    assert vitals.majority == pytest.approx(0.9)
    assert vitals.chance == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))
    assert (vitals.input_mean, vitals.input_spread) == (0.0, 0.0)


def test_numbers_that_are_none_are_told(probe: tuple[Tensor, Tensor]) -> None:
    subject = network()
    with torch.no_grad():
        weight = subject.get_submodule("fc").weight
        assert isinstance(weight, Tensor)
        weight[0, 0] = float("nan")
    assert not take_vitals(subject, *probe).finite
    assert take_vitals(network(), *probe).finite
