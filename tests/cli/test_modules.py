"""``explain`` and ``layers`` on networks of other people, from a file to the last number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import find_architecture
from tests.cli.conftest import Command

ARTICLE = """\
from torch import nn


class convnet1(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels=1, out_channels=16, kernel_size=5, stride=1, padding=2)
        self.batch1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(kernel_size=2)
        self.conv2 = nn.Conv2d(in_channels=16, out_channels=32, kernel_size=5, stride=1, padding=2)
        self.batch2 = nn.BatchNorm2d(32)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(kernel_size=2)
        self.fc = nn.Linear(32 * 7 * 7, 10)

    def forward(self, x):
        print("forward")
        out = self.conv1(x)
        out = self.batch1(out)
        out = self.relu1(out)
        out = self.pool1(out)
        out = self.conv2(out)
        out = self.batch2(out)
        out = self.relu2(out)
        out = self.pool2(out)
        out = out.view(out.size(0), -1)
        out = self.fc(out)
        return out


def features():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())


def unusual():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "net.py").write_text(ARTICLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "net.py"


def test_the_articles_own_class_is_explained(command: Command, file: str) -> None:
    outcome = command("explain", "net.py:convnet1")
    assert outcome.code == 0
    ours = command("explain", "article")
    assert outcome.out.endswith(ours.out)
    assert outcome.out.startswith("the layers of net.py:convnet1\n")
    assert "each layer has the same name there and here" in outcome.out
    assert "it takes 28×28×1: its first fc takes 1,568 numbers" in outcome.out
    assert "29,034" in outcome.out


def test_its_record_is_that_of_the_architecture_with_the_names(command: Command, file: str) -> None:
    record = command("explain", "net.py:convnet1", "--json").json
    module = record.pop("module")
    assert record == json.loads(json.dumps(explain(find_architecture("article")).as_dict()))
    assert module["name"] == "net.py:convnet1"
    assert module["names"][0] == {"here": "conv1", "there": "conv1"}
    assert len(module["names"]) == 9


def test_names_that_differ_stand_beside_ours(command: Command, file: str) -> None:
    outcome = command("explain", "net.py:features", "--shape", "8x9x1", "--table")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[2].split() == ["here", "there"]
    assert lines[3].split() == ["conv1", "0"]
    assert "input 8x9x1 -> conv 4 3x3 -> relu" in outcome.out


def test_a_shape_is_asked_for_when_it_is_needed(command: Command, file: str) -> None:
    outcome = command("explain", "net.py:features")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        'net.py:features: its layers do not tell what it takes: say it with "--shape 224x224x3" '
        "(shape= in Python), height first\n"
    )
    assert command("explain", "net.py:features", "--shape", "8").code == 2


def test_what_cannot_be_expressed_is_named_and_the_rest_is_listed(
    command: Command, file: str
) -> None:
    outcome = command("explain", "net.py:unusual", "--shape", "9x9x3")
    assert outcome.code == 0
    assert "ReLU6: the activations of the notation are relu" in outcome.out
    assert "receptive fields are worked out from the notation" in outcome.out
    assert "7×7×4" in outcome.out
    assert "multiply-adds  " not in outcome.out
    record = command("explain", "net.py:unusual", "--shape", "9x9x3", "--json").json
    assert record["schema"] == "convscope.layers/1"
    assert [each["name"] for each in record["unexpressed"]] == ["1"]


def test_layers_of_all_kinds_of_subjects(command: Command, file: str) -> None:
    for subject in ("example", "resnet20", "net.py:convnet1"):
        record = command("layers", subject, "--json").json
        assert record["subject"] == subject
        assert record["layers"][0]["name"] == "conv1"
        text = command("layers", subject).out
        assert all(each["name"] in text for each in record["layers"])


def test_an_architecture_says_its_shape_itself(command: Command) -> None:
    outcome = command("explain", "article", "--shape", "28x28x1")
    assert outcome.code == 2
    assert outcome.err.startswith("--shape: an architecture says itself what it takes")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["explain", "nett.py:convnet1"], 'nett.py: there is no such file: did you mean "net.py"?'),
        (["explain", "net.py"], "net.py: which name of this file is meant?"),
        (["explain", "net.py:convnet"], 'did you mean "convnet1"?'),
        (["layers", "net.py:convnet1", "--shape", "8x8x1"], "net.py:convnet1: it does not take"),
        (["layers", "net.py:features", "--shape", "8x8x1"], "a classifier makes 1×classes"),
        (["layers", "net.py:features", "--shape", "8x8"], "'8x8' is not HEIGHTxWIDTHxCHANNELS"),
    ],
)
def test_errors_are_one_paragraph(
    command: Command, file: str, words: list[str], message: str
) -> None:
    outcome = command(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err
