"""Whose the work is: counted as by torch, and timed so that a slow layer is seen."""

from __future__ import annotations

import time

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from convscope.architecture.zoo import ZOO
from convscope.claims.claim import Setting
from convscope.claims.work_of_convolutions import CLAIM, seconds_of_layers
from convscope.network.build import build
from tests.claims.samples import sample


class Slow(nn.Module):
    """Gives back what it gets, after a while."""

    def forward(self, images: Tensor) -> Tensor:
        time.sleep(0.01)
        return images * 1


def test_the_share_of_the_work_is_that_of_torch(setting: Setting) -> None:
    found = CLAIM.measure(setting)
    network = build(ZOO["article"].example, seed=0)
    with FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, 1, 28, 28))
    counts = counter.get_flop_counts()["Global"]
    convolutions = sum(count for kind, count in counts.items() if "conv" in str(kind))
    assert found["counted"]["article"] == pytest.approx(convolutions / sum(counts.values()))
    assert list(found["seconds"]) == ["conv1", "batch1", "relu1", "pool1", "conv2", "batch2",
                                      "relu2", "pool2", "fc"]  # fmt: skip
    assert all(seconds > 0 for seconds in found["seconds"].values())


def test_a_slow_layer_takes_the_time() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), Slow(), nn.ReLU())
    found = seconds_of_layers(network, torch.zeros(2, 1, 8, 8), repetitions=3)
    assert found["1"] > 0.01
    assert found["1"] > 3 * max(found["0"], found["2"])


def test_verdicts() -> None:
    values = sample("work-of-convolutions")
    values["seconds"] = {"conv1": 3.0, "relu1": 1.0}
    assert CLAIM.judge(values).word == "holds"
    values["seconds"] = {"conv1": 1.0, "relu1": 3.0}
    assert CLAIM.judge(values).word == "holds when"
    assert "25 %" in CLAIM.judge(values).because
    values["counted"]["article"] = 0.4
    assert CLAIM.judge(values).word == "not reproduced here"


def test_a_share_below_one_is_not_told_as_all_of_it() -> None:
    values = sample("work-of-convolutions") | {"counted": {"a": 0.999984, "b": 1.0, "c": 0.9945}}
    told = CLAIM.tell(values)
    assert told.startswith("share of the multiply-adds: a > 99.99 %, b 100.00 %, c 99.45 %;")
