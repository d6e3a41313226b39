"""An unshared layer: with one kernel everywhere it is a convolution."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import find_architecture
from convscope.claims import parameter_sharing
from convscope.claims.claim import Setting
from convscope.claims.parameter_sharing import CLAIM, LocallyConnected
from tests.claims.samples import sample


def test_with_equal_kernels_it_is_a_convolution_and_else_not() -> None:
    torch.manual_seed(0)
    images, convolution = torch.randn(3, 2, 9, 9), nn.Conv2d(2, 4, 3, 2)
    layer = LocallyConnected(9, 2, 4, 3, 2)
    with torch.no_grad():
        assert not torch.allclose(layer(images), convolution(images), atol=0.1)
        layer.weight.copy_(convolution.weight.flatten(1).expand_as(layer.weight))
        assert convolution.bias is not None
        layer.bias.copy_(convolution.bias[:, None].expand_as(layer.bias))
        torch.testing.assert_close(layer(images), convolution(images))


def test_each_place_has_weights_of_its_own() -> None:
    layer = LocallyConnected(5, 1, 1, 3, 1)
    images = torch.ones(1, 1, 5, 5)
    before = layer(images)
    with torch.no_grad():
        layer.weight[4] += 1
    assert ((layer(images) - before).flatten() != 0).tolist() == [place == 4 for place in range(9)]


def test_its_weights_are_as_many_as_explained() -> None:
    cost = explain(find_architecture("input 28x28x1 -> conv 8 5x5 stride 2 -> fc 10"))["conv1"]
    assert cost.unshared is not None
    assert LocallyConnected(28, 1, 8, 5, 2).weight.numel() == cost.unshared.value


def test_both_learn(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameter_sharing, "QUICK_SIZES", (300,))
    row = CLAIM.measure(setting)["sizes"][0]
    assert row["shared"]["mean"] > 0.6
    assert row["unshared"]["mean"] > 0.6


def test_an_untrained_one_guesses(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, briefly: Callable[..., None]
) -> None:
    monkeypatch.setattr(parameter_sharing, "QUICK_SIZES", (300,))
    briefly("parameter_sharing", 1)
    assert CLAIM.measure(setting)["sizes"][0]["shared"]["mean"] < 0.5


def test_verdicts() -> None:
    def judged(*bounds: tuple[float, float]) -> str:
        values = sample("parameter-sharing")
        values["sizes"] = [
            {**values["sizes"][0], "images": 10**place, "difference": {"low": low, "high": high}}
            for place, (low, high) in enumerate(bounds)
        ]
        return str(CLAIM.judge(values))

    assert judged((0.1, 0.2), (0.1, 0.2)).startswith("holds: ")
    assert judged((0.1, 0.2), (-0.1, 0.2)).startswith("holds when there are 1 images")
    assert judged((0.1, 0.2), (-0.2, -0.1)).startswith("not reproduced here: unshared is better")
    assert judged((-0.1, 0.2), (-0.2, 0.1)).startswith("too little data to say")
    values = sample("parameter-sharing")
    values["weights"]["unshared"] = 1
    assert CLAIM.judge(values).word == "not reproduced here"
