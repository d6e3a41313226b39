"""``health`` and ``train --health``: what ails a network, told where it belongs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from convscope.training.train import train
from tests.cli.conftest import Command

SMALL = "input auto -> conv 4 5x5 stride 2 -> relu -> maxpool 2 -> fc classes"
DATA = ("--data", "fashion-mini", "--recipe", "article", "--set", "precision=float32")
HASTY = (*DATA, "--set", "epochs=1", "--set", "learning_rate=1")


@pytest.fixture
def hasty() -> Iterator[str]:
    settings = {"epochs": "1", "learning_rate": "1", "precision": "float32"}
    train(SMALL, data="fashion-mini", recipe="article", settings=settings, out="hasty")
    yield "hasty"


def test_the_example_is_healthy(command: Command) -> None:
    outcome = command("health", "--data", "fashion-mini", "-q")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0] == "healthy: nothing was found"
    assert [line.split()[0] for line in lines[2:6]] == ["weights", "conv1", "conv2", "fc"]
    assert "after 1,800 steps, on 200 training images" in " ".join(outcome.out.split())
    brief = command("health", "--data", "fashion-mini", "-q", "--brief")
    assert "conv1" not in brief.out
    assert "nothing was found" in brief.out


def test_a_finding_names_place_evidence_and_remedy(command: Command, hasty: str) -> None:
    outcome = command("health", hasty, "-q")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("learning rate too high  "))
    assert lines[place].split()[-1] in ("conv1", "fc")
    assert lines[place + 1].startswith("  seen    one step changed its weights by ")
    assert "  remedy  divide the learning rate by 10" in lines
    record = command("health", hasty, "--json", "-q").json
    assert record["schema"] == "convscope.health/1"
    assert "learning rate too high" in {finding["kind"] for finding in record["findings"]}


def test_training_with_health_tells_on_stderr(command: Command) -> None:
    outcome = command("train", SMALL, *HASTY, "--health", "--out", "watched")
    assert outcome.code == 0
    assert outcome.out.startswith("accuracy ")
    assert "learning rate too high" in outcome.err
    assert "divide the learning rate by 10" in outcome.err
    assert "learning rate too high" not in outcome.out


def test_training_with_health_as_json(command: Command) -> None:
    outcome = command("train", SMALL, *HASTY, "--health", "--out", "watched", "--json", "-q")
    record = outcome.json
    assert record["schema"] == "convscope.run/1"
    assert record["health"]["schema"] == "convscope.health/1"
    assert record["health"]["findings"]
    assert "health" not in command("train", SMALL, *HASTY, "--out", "plain", "--json", "-q").json


def test_a_training_that_breaks_is_told_of_too(command: Command) -> None:
    deep = "input auto -> fc 64 -> relu -> fc 64 -> relu -> fc classes"
    words = (*DATA, "--set", "optimizer=sgd", "--set", "learning_rate=1000")
    outcome = command("train", deep, *words, "--health", "--out", "broken", "-q")
    assert (outcome.code, outcome.out) == (1, "")
    assert "the loss is nan" in outcome.err
    assert "learning rate too high" in outcome.err or "not finite" in outcome.err


def test_a_run_that_is_not_there(command: Command) -> None:
    outcome = command("health", "exmple")
    assert (outcome.code, outcome.out) == (2, "")
    assert "there is no run" in outcome.err
