"""``convscope attribute``."""

from __future__ import annotations

from pathlib import Path

import pytest

from convscope.cli.attribute import complete_methods
from convscope.inspection.attribution.methods import METHODS

from .conftest import Command

HERE = ("--data", "fashion-mini")


def test_one_method_with_its_label_and_its_figure(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    found = command("attribute", "example", *HERE, "--method", "guided-backprop", "--out", str(out))
    assert found.code == 0
    assert "label        FAILED: randomisation" in found.out
    assert "FAILED: randomisation" in out.with_suffix(".svg").read_text(encoding="utf-8")
    assert "randomising" in found.err


def test_all_methods_without_checks(command: Command) -> None:
    found = command("attribute", *HERE, "--no-check", "--target", "Sandal", "--quiet")
    assert found.code == 0
    assert found.out.count("not checked") == 5
    assert "class        Sandal" in found.out


def test_the_record(command: Command) -> None:
    record = command("attribute", *HERE, "--method", "saliency", "--image", "3", "--json").json
    assert record["schema"] == "convscope.attribution/1"
    assert record["trust"]["deletion"]["orders"] == 20
    assert (len(record["values"]), len(record["values"][0])) == (28, 28)
    every = command("attribute", *HERE, "--no-check", "--json").json
    assert every["schema"] == "convscope.attributions/1"
    assert [each["label"] for each in every["attributions"]] == ["not checked"] * 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "salience"), "there is no method 'salience': did you mean \"saliency\"?"),
        (("--method", "saliency", "--target", "hat"), "example knows no class 'hat'"),
        (("--method", "grad-cam", "--layer", "fc"), "fc makes a vector, and Grad-CAM needs maps"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    command: Command, words: tuple[str, ...], message: str
) -> None:
    found = command("attribute", "example", *HERE, *words)
    assert found.code == 2
    assert message in found.err


def test_methods_are_completed() -> None:
    assert complete_methods("g") == ["grad-cam", "guided-backprop"]
    assert set(complete_methods("")) == {"all", *METHODS}


def test_a_network_without_convolutions_has_no_grad_cam(command: Command) -> None:
    found = command("attribute", "perceptron", "--no-check")
    assert found.code == 0
    assert "left out     grad-cam: perceptron has no convolution" in found.out
    alone = command("attribute", "perceptron", "--method", "grad-cam")
    assert alone.code == 2
