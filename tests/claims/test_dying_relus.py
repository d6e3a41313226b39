"""Silent units are counted, and those that have died told from those that never lived."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from convscope.architecture.zoo import find_architecture
from convscope.claims import dying_relus
from convscope.claims.claim import Setting
from convscope.claims.dying_relus import CLAIM, NETWORK, UNITS, silent_units
from convscope.network.build import build
from tests.claims.samples import sample


def network_and_probe() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    text = NETWORK.replace("auto", "28x28x1").replace("classes", "10")
    torch.manual_seed(0)
    return build(find_architecture(text), seed=0), torch.randn(20, 1, 28, 28), torch.arange(20) % 10


def test_biases_of_minus_fifty_silence_a_layer() -> None:
    network, images, labels = network_and_probe()
    before = silent_units(network, images, labels)
    layer = network.get_submodule("conv2")
    with torch.no_grad():
        layer.bias.fill_(-50.0)  # type: ignore[operator]
    found = silent_units(network, images, labels)
    assert {("relu2", unit) for unit in range(32)} <= found
    assert not any(name == "relu1" for name, _ in found - before)


def test_biases_of_fifty_wake_all() -> None:
    network, images, labels = network_and_probe()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                assert module.bias is not None
                module.bias.fill_(50.0)
                module.weight.mul_(1e-3)
    assert silent_units(network, images, labels) == set()


def test_the_number_of_units_is_that_of_the_network() -> None:
    network, _, _ = network_and_probe()
    widths = [
        module.weight.shape[0]
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    assert sum(widths[:-1]) == UNITS


def test_a_rate_of_nothing_kills_nobody_and_a_large_one_does(
    setting: Setting, briefly: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dying_relus, "RATES", (1e-9, 0.1))
    monkeypatch.setattr(dying_relus, "PROPER", 1e-9)
    briefly("dying_relus", 12)
    slow, fast = CLAIM.measure(setting)["rows"]
    assert slow["dead"] == 0
    assert fast["dead"] > 0.3


def test_verdicts() -> None:
    def judged(more: float, dead: float, count: int = 5) -> str:
        values = sample("dying-relus") | {"more": [more] * 3}
        values["rows"][0] |= {"dead": dead, "count": count}
        return CLAIM.judge(values).word

    assert judged(0.5, 0.01) == "holds"
    assert judged(0.5, 0.2) == "holds when"
    assert judged(-0.1, 0.0) == "not reproduced here"
    assert judged(-0.1, 0.0, count=2) == "too little data to say"
