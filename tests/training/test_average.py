"""The running average against a plain loop."""

from __future__ import annotations

import torch
from torch import nn

from convscope.training.average import Average


def test_weights_and_statistics_are_averaged_step_by_step() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    average = Average(network, 0.5)
    expected = {name: value.clone() for name, value in network.state_dict().items()}
    for step in range(1, 20):
        with torch.no_grad():
            for value in network.state_dict().values():
                if value.is_floating_point():
                    value.add_(torch.randn(value.shape))
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * value
    other = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    average.copy_to(other)
    assert "1.running_var" in expected
    for name, value in other.state_dict().items():
        torch.testing.assert_close(value, expected[name])


def test_the_network_itself_stays_as_it_is() -> None:
    network = nn.Linear(2, 2)
    before = network.weight.detach().clone()
    average = Average(network, 0.9)
    average.update(1)
    average.load_state_dict([torch.zeros_like(value) for value in average.state_dict()])
    assert torch.equal(network.weight, before)
    average.copy_to(network)
    assert torch.equal(network.weight, torch.zeros(2, 2))
