"""What the columns of a network's health say, and numbers of any size in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from convscope.inspection.health.findings import History
from convscope.inspection.health.rules import findings_of
from convscope.inspection.health.vitals import Vitals, take_vitals
from convscope.inspection.health.watch import Health
from convscope.report.health_view import HealthView
from convscope.report.view import shown_text


def vitals_of(*middle: nn.Module) -> Vitals:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), *middle, nn.Flatten(), nn.Linear(4 * 36, 3))
    images, labels = torch.randn(12, 1, 8, 8), torch.arange(12) % 3
    return take_vitals(network, images, labels, step=1)


def shown(vitals: Vitals, *, brief: bool = False) -> str:
    return shown_text(HealthView(Health("", (), History((vitals,)), 0.1), brief), width=100)


def labels_of(text: str) -> list[str]:
    return [line[:11].strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("middle", "there", "absent"),
    [
        ((nn.ReLU(),), {"pull", "one sign", "a step", "dead"}, {"saturated", "off by"}),
        ((nn.Sigmoid(),), {"pull", "saturated"}, {"dead", "off by"}),
        ((nn.BatchNorm2d(4),), {"norm", "off by"}, {"dead", "saturated"}),
    ],
)
def test_columns_are_explained_where_they_are(
    middle: tuple[nn.Module, ...], there: set[str], absent: set[str]
) -> None:
    labels = set(labels_of(shown(vitals_of(*middle))))
    assert there <= labels
    assert not absent & labels
    assert not there & set(labels_of(shown(vitals_of(*middle), brief=True)))


@pytest.mark.parametrize(
    ("update", "column", "sentence"),
    [
        (0.86, "86.000", "by 86% of their size"),
        (10.0, "1000.000", "by 1000% of their size"),
        (250_000.0, "× 250,000", "by 250,000 times their size"),
    ],
)
def test_changes_of_any_size(update: float, column: str, sentence: str) -> None:
    vitals = vitals_of(nn.ReLU())
    weights = tuple(replace(layer, update=update) for layer in vitals.weights)
    vitals = replace(vitals, weights=weights)
    assert column in shown(vitals)
    (found,) = (
        each for each in findings_of(History((vitals,))) if each.kind == "learning rate too high"
    )
    assert sentence in found.evidence
