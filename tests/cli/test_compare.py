"""``compare``: what is compared with what, and what a reader sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from convscope.report.comparison_view import chance
from convscope.training.train import train
from tests.cli.conftest import Command

SETTINGS = {"epochs": "0.2", "precision": "float32"}
LONG = "input 28x28x1 -> conv 16 5x5 pad 2 -> relu -> maxpool 2 -> fc 10"


def test_architectures_side_by_side(command: Command) -> None:
    outcome = command("compare", "article", "lenet5", LONG)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[1].split()[:5] == ["article", "29,034", "1.00", "2,838,080", "1.00"]
    assert lines[2].split()[:3] == ["lenet5", "61,706", "2.13"]
    assert lines[3].split()[:3] == ["no.", "3", "31,786"]
    assert f"no. 3  {LONG}" in lines
    assert "  + tanh" in lines
    assert "  − batchnorm" in lines


def test_blocks_are_folded_and_wrapped(command: Command) -> None:
    lines = command("compare", "resnet20", "article").out.splitlines()
    assert len(lines) < 40
    assert max(map(len, lines)) <= 100
    assert not any("−>" in line for line in lines)
    assert sum(line.startswith("  − 2 x { ") for line in lines) == 3


def test_factors_of_any_size(command: Command) -> None:
    small = "input 1x1x1 -> fc 1"  # two parameters
    row = command("compare", small, "resnet20").out.splitlines()[2].split()
    assert row[:3] == ["resnet20", "272,474", "136,237"]


def test_runs_side_by_side(command: Command) -> None:
    for seed in range(2):
        train("perceptron", data="fashion-mini", settings=SETTINGS, seed=seed, out=f"run-{seed}")
    outcome = command("compare", "run-0", "run-1")
    assert (outcome.code, outcome.err) == (0, "")
    assert "differ in seed 0 → 1" in outcome.out
    assert "on the same 500 test images of fashion-mini" in outcome.out
    assert "points are percentage points" in " ".join(outcome.out.split())
    assert len([line for line in outcome.out.splitlines() if "Pullover" in line]) == 1
    record = command("compare", "run-0", "run-1", "--json").json
    assert [run["name"] for run in record["runs"]] == ["run-0", "run-1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["article"], "one alone cannot be compared"),
        (["example", "lenet5"], '"lenet5" is an architecture and "example" is none'),
        (["example", "exmple"], "there is no run"),
        (["input 8x8x1 -> covn 3 3x3", "article"], 'did you mean "conv"'),
    ],
)
def test_what_cannot_be_compared(command: Command, words: list[str], message: str) -> None:
    outcome = command("compare", *words)
    assert outcome.out == ""
    assert outcome.code in (1, 2)
    assert message in outcome.err


def test_a_run_comes_before_an_architecture_of_its_name(command: Command, tmp_path: Path) -> None:
    train("perceptron", data="fashion-mini", settings=SETTINGS, out="article")
    outcome = command("compare", "article", "article")
    assert "differ in nothing" in outcome.out


def test_every_p_has_the_digits_of_its_size() -> None:
    assert [chance(p) for p in (1.0, 0.0312, 0.001, 6e-8, 5.8e-8)] == [
        "1.000",
        "0.031",
        "0.001",
        "6.0e−08",
        "5.8e−08",
    ]
