"""``maps``, ``kernels``, ``exciting``, ``visualise``: text, records, figures, errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convscope.inspection.maps.kernels import kernels
from convscope.inspection.maps.maps import activation_maps
from convscope.inspection.subject import subject_of
from convscope.report.maps_view import KernelsView, MapsView
from convscope.report.view import shown_text
from tests.cli.conftest import Command

MINI = ("--data", "fashion-mini")
NOTE = "trained on fashion-mnist, measured on fashion-mini\n"


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_maps(command: Command) -> None:
    outcome = command("maps", "example", "--layer", "pool1", "--image", "7", *MINI)
    subject = subject_of("example", data="fashion-mini")
    expected = shown_text(MapsView(activation_maps(subject, "pool1", 7)), width=100)
    assert (outcome.code, outcome.err) == (0, NOTE)
    assert lines(outcome.out) == expected.splitlines()


def test_maps_have_defaults(command: Command) -> None:
    outcome = command("maps", *MINI)
    assert outcome.out.startswith("conv1 of example  Conv2d  28×28×16\n")
    record = command("maps", "--channels", "4", *MINI, "--json").json
    values = activation_maps(subject_of("example", data="fashion-mini"), "conv1").values
    assert np.array_equal(np.array(record["channels"][0]["values"], np.float32), values[4])


def test_kernels(command: Command) -> None:
    outcome = command("kernels", "--layer", "fc", *MINI)
    expected = shown_text(KernelsView(kernels("example", "fc")), width=100)
    assert (outcome.code, lines(outcome.out)) == (0, expected.splitlines())
    record = command("kernels", "--channels", "2", "--inputs", "0", *MINI, "--json").json
    assert (record["layer"], record["inputs"], len(record["kernels"])) == ("conv1", [0], 1)


def test_exciting(command: Command) -> None:
    words = ("exciting", "--channels", "0-1", "--count", "2", *MINI)
    outcome = command(*words)
    assert outcome.code == 0
    assert outcome.err == NOTE + "fashion-mini (test) through conv2\n"
    assert outcome.out.startswith("conv2 of example  Conv2d  channels 0, 1 of 32\n")
    quiet = command(*words, "--quiet", "--json")
    assert quiet.err == NOTE
    assert [len(each["best"]) for each in quiet.json["channels"]] == [2, 2]


def test_visualise(command: Command) -> None:
    words = ("visualise", "--channels", "0-1", "--steps", "3", "--count", "1", *MINI, "-q")
    outcome = command(*words)
    assert outcome.code == 0
    assert "2 images in 3 steps, seed 0" in outcome.out
    one, again, other = (command(*words, "--seed", seed, "--json").json["images"] for seed in "112")
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    "words",
    [
        ("maps", "--layer", "conv2"),
        ("kernels", "--layer", "conv2", "--channels", "0-2"),
        ("exciting", "--layer", "conv1", "--channels", "0-1", "--count", "2"),
        ("visualise", "--channels", "0-1", "--steps", "2", "--count", "2"),
    ],
)
def test_figures(command: Command, words: tuple[str, ...], tmp_path: Path) -> None:
    outcome = command(*words, *MINI, "--out", str(tmp_path / "figure.png"))
    assert outcome.code == 0
    png, svg = tmp_path / "figure.png", tmp_path / "figure.svg"
    assert outcome.err.endswith(f"drawn: {png}, {svg}\n")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in svg.read_text(encoding="utf-8")


STRANGER = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, stride=2)
        self.act = nn.ReLU(inplace=True)
        self.second = nn.Conv2d(4, 70, 3)

    def forward(self, images):
        return self.act(self.second(self.act(self.first(images)))).mean((2, 3))
"""


@pytest.mark.parametrize("name", ["maps", "kernels", "exciting", "visualise"])
@pytest.mark.parametrize("subject", ["stranger", "untrained"])
def test_networks_that_are_no_runs(
    command: Command, name: str, subject: str, tmp_path: Path
) -> None:
    (tmp_path / "net.py").write_text(STRANGER, encoding="utf-8")
    steps = ("--steps", "2") if name == "visualise" else ()
    few = ("--count", "1", "-q") if name in ("exciting", "visualise") else ()
    if subject == "stranger":
        words = (f"{tmp_path / 'net.py'}:Net", "--shape", "12x16x3", *MINI)
    else:
        words = ("input 12x16x1 -> residual { conv 1 3x3 pad 1 } -> conv 70 3x3 -> fc 3",)
    outcome = command(name, *words, *steps, *few, "--json")
    assert outcome.code == 0
    record = outcome.json
    assert record["schema"].startswith("convscope.")
    if name in ("maps", "kernels"):
        first = "first" if subject == "stranger" else "block1.conv1"
        assert record["layer"] == first
    else:
        assert record["layer"] == ("second" if subject == "stranger" else "conv1")
        assert len(record.get("channels") or record["images"]) == (64 if name == "exciting" else 16)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("maps", "--layer", "conv3"), 'example has no layer \'conv3\': did you mean "conv2"?'),
        (("maps", "--channels", "99"), "channels: there is no channel 99: give 0 to 15"),
        (("maps", "--image", "9999"), "there is no image 9999 of fashion-mini (test): "
         "give 0 to 499, or a picture file"),
        (("kernels", "--layer", "relu1"), "example: relu1 (ReLU) has no kernels: "
         "layers that have some are conv1, conv2, fc"),
        (("kernels", "--inputs", "x"), "inputs: 'x' names no channels: write a number, a range, "
         'or several: "5", "0-63", "3,8-11"'),
        (("exciting", "--count", "0"), "count: 0 images cannot be shown: give 1 to 100"),
        (("visualise", "--steps", "0"), "steps: 0 steps make no image: give 1 or more"),
    ],
)  # fmt: skip
def test_asked_wrongly(command: Command, words: tuple[str, ...], message: str) -> None:
    extra = ("--json",) if "--inputs" in words else ()
    outcome = command(*words, *MINI, *extra)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"{NOTE}{message}\n"
