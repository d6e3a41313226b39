"""The quicker order: the same outputs and gradients, to the bit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from convscope.architecture import Architecture
from convscope.network.build import build
from convscope.network.fast import fast_forward

NETWORKS = [
    "conv 4 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> conv 8 3x3 -> relu -> maxpool 2 -> fc 3",
    "conv 4 3x3 -> leakyrelu 0.3 -> maxpool 3 stride 2 pad 1 -> relu -> fc 3",
    "conv 4 3x3 -> relu -> avgpool 2 -> tanh -> maxpool 2 -> fc 3",
    "residual { conv 4 3x3 pad 1 -> relu } -> relu -> maxpool 2 -> relu -> maxpool 2 -> fc 3",
]


@pytest.mark.parametrize("line", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_outputs_and_gradients_are_equal(line: str, dtype: torch.dtype) -> None:
    network = build(Architecture.parse(f"input 16x16x2 -> {line}"), seed=1).to(dtype)
    images = torch.randn(8, 2, 16, 16, generator=torch.Generator().manual_seed(0)).to(dtype)
    results = []
    for forward in (network, fast_forward(network)):
        network.zero_grad()
        output = forward(images)
        output.float().square().sum().backward()
        results.append([output, *(weight.grad.clone() for weight in network.parameters())])
    for plain, fast in zip(*results, strict=True):
        assert torch.equal(plain, fast)


def test_pooling_really_comes_first() -> None:
    network = build(Architecture.parse("input 8x8x1 -> conv 2 3x3 -> relu -> maxpool 2 -> fc 2"))
    seen = []
    for name, layer in network.named_children():
        layer.register_forward_hook(lambda *_, name=name: seen.append(name))
    fast_forward(network)(torch.zeros(1, 1, 8, 8))
    assert seen == ["conv1", "pool1", "relu1", "fc"]


def test_a_module_of_another_kind_is_left_alone() -> None:
    other = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
    assert fast_forward(other) is other
