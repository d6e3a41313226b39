"""A network's health in a terminal."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from convscope.inspection.health.findings import Finding, History
from convscope.inspection.health.vitals import take_vitals
from convscope.inspection.health.watch import Health
from convscope.report.health_view import HealthView, finding_lines
from convscope.report.view import shown_text

FINDING = Finding(
    "dead units",
    "relu1",
    "all of them give 0 for all 200 images, whatever these show",
    "lower the learning rate, begin with biases of 0, or use leakyrelu",
)


@pytest.fixture(scope="module")
def history() -> History:
    torch.manual_seed(0)
    norm, last = nn.BatchNorm2d(4), nn.Linear(4 * 4 * 4, 3)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Sigmoid(), nn.Flatten(), last
    )
    with torch.no_grad():
        norm.bias.fill_(-50.0)
    images, labels = torch.randn(12, 1, 8, 8), torch.arange(12) % 3
    first = take_vitals(network, images, labels, step=1)
    with torch.no_grad():
        last.weight.mul_(1.5)
    return History((first, take_vitals(network, images, labels, step=1200, before=first)))


def test_findings_are_wrapped_and_complete(history: History) -> None:
    health = Health("a run", (FINDING, FINDING), history, 0.1)
    for width in (50, 100):
        text = shown_text(HealthView(health), width=width)
        joined = " ".join(text.split())
        assert joined.count("dead units relu1 seen all of them give 0") == 2
        assert joined.count("remedy lower the learning rate, begin with biases") == 2
    assert "healthy" not in text


def test_the_vitals_are_the_last_ones(history: History) -> None:
    text = shown_text(HealthView(Health("a run", (), history, 0.1)), width=100)
    lines = [line.split() for line in text.splitlines()]
    assert text.startswith("healthy: nothing was found\n")
    assert "2 looks, the last one after 1,200 steps, on 12 training images" in " ".join(
        text.split()
    )
    assert next(line for line in lines if line[:1] == ["2"])[:3] == ["2", "4", "4"]  # all dead
    sigmoid = next(line for line in lines if line[:2] == ["4", "4"])
    assert len(sigmoid) == 3
    last = history.last.weights[-1]
    row = next(line for line in lines if line[:2] == ["6", "3"])
    assert row[2:4] == [f"{last.weight:.3g}", f"{last.gradient:.3g}"]
    assert last.update is not None
    assert row[-1] == f"{100 * last.update:.3f}"
    assert any(line[:1] == ["1"] and "deviations" in line for line in lines)


def test_the_first_look_knows_no_updates(history: History) -> None:
    health = Health("", (), History(history.vitals[:1]), 0.1)
    text = shown_text(HealthView(health), width=100)
    assert "1 look, " in text
    assert text.splitlines()[3].split()[-1] == "–"


def test_brief_leaves_the_vitals_out(history: History) -> None:
    text = shown_text(HealthView(Health("a run", (FINDING,), history, 0.1), brief=True), width=100)
    assert "gradient" not in text
    assert "dead units" in text


def test_one_finding_alone() -> None:
    lines = ["".join(text for text, _ in line) for line in finding_lines(FINDING, 80, str)]
    assert lines[0] == "dead units  relu1"
    assert lines[1].startswith("  seen    all of them")
