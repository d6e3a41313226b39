"""``symmetry`` and ``ablate``: the words of the command line, and what they measure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convscope.inspection.changes.ablation import ablate, measure_edit
from convscope.inspection.changes.editing import swap_pooling
from convscope.inspection.subject import subject_of
from convscope.inspection.symmetry.equivariance import equivariance
from convscope.inspection.symmetry.invariance import invariance
from convscope.inspection.symmetry.transforms import default_transforms
from convscope.report.ablation_view import AblationView
from convscope.report.symmetry_view import EquivarianceView
from convscope.report.view import shown_text
from tests.cli.conftest import Command

NOTATION = "input 28x28x1 -> conv 4 3x3 pad 1 -> relu -> maxpool 4 -> fc 10"
MINI = ("--data", "fashion-mini")


MODULE = """
from torch import nn
net = lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1352, 10))
"""


@pytest.mark.parametrize(
    "words",
    [
        ("symmetry", "--count", "2"),
        ("symmetry", "--pooling", "--count", "2"),
        ("ablate", "--agreement", "--count", "2"),
        ("layers",),
        ("kernels",),
    ],
)
def test_a_remark_on_a_module_is_made_once_and_wrapped(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = tmp_path / "net.py"
    file.write_text(MODULE, encoding="utf-8")
    outcome = command(words[0], f"{file}:net", "--shape", "28x28x1", *words[1:])
    assert outcome.code == 0, outcome.err
    assert f"{outcome.out}{outcome.err}".count("how its images were prepared is not known") == 1
    assert max(map(len, outcome.err.splitlines()), default=0) <= 100


def test_symmetry_shows_the_equivariance(command: Command) -> None:
    outcome = command("symmetry", NOTATION, "--count", "8", "-q")
    expected = shown_text(EquivarianceView(equivariance(NOTATION, images=8)), width=100)
    assert outcome.code == 0
    assert outcome.out == expected


def test_symmetry_as_json_of_some_layers_and_shifts(command: Command) -> None:
    words = ("--layer", "conv1", "--layer", "pool1", "--shifts", "3,4", "--count", "8", "--json")
    subject = subject_of(NOTATION)
    found = equivariance(
        subject, default_transforms(subject.volume, (3, 4)), ["conv1", "pool1"], images=8
    )
    assert command("symmetry", NOTATION, *words, "-q").json == json.loads(
        json.dumps(found.as_dict())
    )


def test_symmetry_of_poolings(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "stays.png"
    words = ("--pooling", "--shifts", "0,2", "--count", "12", "--seed", "1")
    outcome = command("symmetry", "example", *MINI, *words, "--json", "--out", str(out))
    found = invariance(subject_of("example", data="fashion-mini"), [0, 2], images=12, seed=1)
    assert outcome.json == json.loads(json.dumps(found.as_dict()))
    assert out.is_file()
    assert out.with_suffix(".svg").is_file()
    shown = command("symmetry", "example", *MINI, *words, "-q").out
    assert "max 2×2 *" in shown


def test_symmetry_draws_the_places_too(command: Command, tmp_path: Path) -> None:
    outcome = command("symmetry", NOTATION, "--count", "4", "--out", str(tmp_path / "grid"))
    assert outcome.code == 0
    names = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert names == ["grid-places.png", "grid-places.svg", "grid.png", "grid.svg"]


def test_ablate_shows_the_ranking(command: Command) -> None:
    outcome = command("ablate", "example", *MINI, "--count", "50", "--channels", "0-3", "-q")
    subject = subject_of("example", data="fashion-mini")
    found = ablate(subject, "relu1", [0, 1, 2, 3], images=50)
    assert outcome.code == 0
    assert [line.rstrip() for line in outcome.out.splitlines()] == shown_text(
        AblationView(found), width=100
    ).splitlines()


def test_ablate_a_layer_alone_by_its_mean(command: Command, tmp_path: Path) -> None:
    words = ("--layer", "relu2", "--off", "layer", "--how", "mean", "--count", "50")
    out = tmp_path / "layer.png"
    record = command("ablate", "example", *MINI, *words, "--json", "--out", str(out)).json
    subject = subject_of("example", data="fashion-mini")
    found = ablate(subject, "relu2", [], images=50, how="mean")
    assert record == json.loads(json.dumps(found.as_dict()))
    assert record["effects"] == []
    assert out.is_file()


def test_ablate_swaps_poolings(command: Command) -> None:
    words = ("--pool", "pool1=avg", "--pool", "pool2 = L2", "--count", "50", "--json")
    record = command("ablate", "example", *MINI, *words).json
    subject = subject_of("example", data="fashion-mini")
    edited = swap_pooling(swap_pooling(subject, "pool1", "avg"), "pool2", "l2")
    found = measure_edit(subject, edited, images=50)
    assert record == json.loads(json.dumps(found.as_dict()))
    assert record["whole"]["what"] == "pool1=avg, pool2=l2"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("symmetry", "--shifts", "1,x"), "'1,x' are no numbers of pixels"),
        (("symmetry", "--shifts", "0"), "a shift by 0 pixels moves nothing"),
        (("symmetry", "--shifts", "28"), "a shift by 28 leaves nothing of 28 pixels"),
        (("symmetry", "--layer", "conv3"), "no layer 'conv3'"),
        (("symmetry", "perceptron"), "no layer of perceptron makes maps"),
        (("ablate", "--pool", "pool1"), "'pool1' is not NAME=KIND"),
        (("ablate", "--pool", "pool1=median"), "there is no pooling 'median'"),
        (("ablate", "--pool", "pool1=avg", "--layer", "relu1"), "--pool is measured alone"),
        (("ablate", "--off", "layer", "--channels", "1"), "switches all channels off"),
        (("ablate", "--layer", "relu1", "--channels", "16"), "there is no channel 16"),
        (("ablate", "--layer", "relu9"), "no layer 'relu9'"),
    ],
)
def test_words_that_cannot_be(command: Command, words: tuple[str, ...], said: str) -> None:
    outcome = command(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_images_without_labels_of_the_classes(command: Command) -> None:
    network = "input 28x28x1 -> maxpool 4 -> conv 2 3x3 -> relu -> fc 7"
    outcome = command("ablate", network, "--count", "10")
    assert outcome.code == 2
    assert "ask with --agreement" in outcome.err
    agreed = command("ablate", network, "--count", "10", "--agreement", "--json")
    assert agreed.json["against"] == "own answers"
