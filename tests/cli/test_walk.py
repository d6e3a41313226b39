"""``walk`` and ``gradient`` as commands: text, JSON, figures, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convscope.inspection.walking.gradient import weight_gradient
from convscope.inspection.walking.walk import walk
from convscope.report.gradient_view import GradientView
from convscope.report.view import shown_text
from convscope.report.walk_view import WalkView
from tests.cli.conftest import Command


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_walk_shows_the_last_convolution(command: Command) -> None:
    outcome = command("walk")
    assert outcome.code == 0
    expected = shown_text(WalkView(walk("example")), width=100)
    assert lines(outcome.out) == expected.splitlines()
    assert "conv2, the last convolution, at its most active unit" in outcome.out


def test_walk_with_all_its_options(command: Command, tmp_path: Path) -> None:
    words = ("--layer", "pool2", "--at", "3,2,4", "--image", "5")
    further = ("--through", "conv1", "--every", "--terms", "all")
    out = tmp_path / "unit.png"
    outcome = command("walk", "example", *words, *further, "--out", str(out))
    found = walk("example", "pool2", (3, 2, 4), image=5, through="conv1", every=True)
    assert lines(outcome.out) == shown_text(WalkView(found, None), width=100).splitlines()
    assert out.is_file()
    assert out.with_suffix(".svg").is_file()
    assert "drawn: " in outcome.err


def test_walk_as_json(command: Command) -> None:
    outcome = command("walk", "resnet20", "--layer", "block1", "--at", "1,2,3", "--json")
    assert outcome.code == 0
    assert "untrained" in outcome.err
    found = walk("resnet20", "block1", (1, 2, 3)).as_dict()
    assert outcome.json == json.loads(json.dumps(found))
    assert outcome.json["schema"] == "convscope.walk/1"


def test_gradient(command: Command, tmp_path: Path) -> None:
    words = ("--layer", "conv1", "--weight", "3,0,1,2", "--image", "5", "--class", "2")
    outcome = command("gradient", "example", *words)
    found = weight_gradient("example", "conv1", (3, 0, 1, 2), image=5, target=2)
    assert outcome.code == 0
    assert lines(outcome.out) == shown_text(GradientView(found), width=100).splitlines()
    out = tmp_path / "gradient"
    record = command("gradient", "example", *words, "--json", "--out", str(out)).json
    assert record == json.loads(json.dumps(found.as_dict()))
    assert out.with_suffix(".png").is_file()
    whole = command("gradient", "example", *words, "--terms", "all").out
    assert lines(whole) == shown_text(GradientView(found, whole=True), width=100).splitlines()


@pytest.mark.parametrize("option", ["--class", "--target"])
@pytest.mark.parametrize("named", ["5", "Sandal", "sandal"])
def test_a_class_by_number_or_name(command: Command, option: str, named: str) -> None:
    """The same words for the gradient as for attribution."""
    assert command("gradient", option, named, "--json").json["target"] == 5
    words = ("--method", "saliency", "--no-check", "--quiet", "--json")
    found = command("attribute", option, named, *words).json
    assert found["target"] == {"number": 5, "name": "Sandal"}


def test_a_module_of_ones_own(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "def net():\n"
        "    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), "
        "nn.Linear(2 * 26 * 26, 10))\n",
        encoding="utf-8",
    )
    outcome = command("walk", f"{file}:net", "--shape", "28x28x1", "--layer", "1", "--json")
    assert outcome.code == 0, outcome.err
    assert [stage["layer"] for stage in outcome.json["stages"]] == ["0", "1"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("walk", "example", "--layer", "conv7"), "example has no layer 'conv7'"),
        (("walk", "example", "--at", "1,2"), "conv2 has no unit 1,2: give channel, row, column"),
        (
            ("walk", "example", "--at", "1,b"),
            "--at: '1,b' is no list of whole numbers: write \"--at 3,5,7\"",
        ),
        (("walk", "example", "--at", "-1,0,0"), "--at: '-1,0,0' is no list of whole numbers"),
        (("walk", "example", "--terms", "some"), "--terms: 'some' is neither a number nor all"),
        (("walk", "example", "--image", "100000"), "there is no image 100000"),
        (("walk", "example", "--through", "fc"), "no way leads from conv2 back to fc"),
        (("gradient", "example", "--layer", "fc"), "fc is a FlatLinear, and has no kernels"),
        (("gradient", "example", "--weight", "1,2,3"), "conv2 has no weight 1,2,3"),
        (("gradient", "example", "--class", "10"), "knows no class '10'"),
        (("gradient", "perceptron"), "it has no convolution"),
    ],
)
def test_questions_asked_wrongly(command: Command, words: tuple[str, ...], told: str) -> None:
    outcome = command(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err
