"""Bend: nothing of what is affine, something of what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from convscope.architecture.zoo import find_architecture
from convscope.claims import linear_without_activations
from convscope.claims.claim import Setting
from convscope.claims.linear_without_activations import (
    AFFINE,
    CLAIM,
    LINEAR,
    NONE,
    RELU,
    bend_of,
    notation,
)
from tests.claims.samples import sample


def test_affine_networks_do_not_bend_and_others_do() -> None:
    torch.manual_seed(0)
    images = torch.randn(10, 1, 8, 8)
    affine = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.AvgPool2d(2), nn.Flatten())
    affine(images)  # in training mode: its statistics are those of a batch
    assert bend_of(affine, images) < AFFINE
    assert affine.training
    for bent in (nn.ReLU(), nn.MaxPool2d(2), nn.Sigmoid()):
        assert bend_of(nn.Sequential(nn.Conv2d(1, 4, 3), bent), images) > 0.01


def test_the_networks_are_what_they_are_called() -> None:
    texts = {name: str(find_architecture(notation(name), example=False)) for name in (RELU, NONE)}
    assert texts[RELU].replace(" -> relu", "") == texts[NONE]
    assert "maxpool" not in texts[NONE]
    assert "conv" not in notation(LINEAR)


def test_measured_networks(
    setting: Setting, briefly: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {name: linear_without_activations.NETWORKS[name] for name in (RELU, NONE)}
    monkeypatch.setattr(linear_without_activations, "NETWORKS", chosen)
    briefly("linear_without_activations", 6)
    found = CLAIM.measure(setting)
    bends = {row["network"]: row["bend"] for row in found["rows"]}
    assert bends[NONE] < AFFINE
    assert bends[LINEAR] < AFFINE
    assert bends[RELU] > 0.01


def test_verdicts() -> None:
    def judged(gap: float, lift: float, bend: float = 1e-7, count: int = 3) -> str:
        values = sample("linear-without-activations") | {"lift": [lift, lift, lift]}
        row = next(row for row in values["rows"] if row["network"] == NONE)
        row |= {"above_linear": [gap, gap, gap], "bend": bend, "count": count}
        return CLAIM.judge(values).word

    assert judged(0.01, 0.05) == "holds"
    assert judged(-0.03, 0.05) == "holds when"
    assert judged(0.0, 0.01) == "holds when"
    assert judged(0.0, -0.01) == "not reproduced here"
    assert judged(0.0, -0.01, count=2) == "too little data to say"
    assert judged(0.01, 0.05, bend=0.1) == "not reproduced here"
