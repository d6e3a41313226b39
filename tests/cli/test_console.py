"""Text for people: wrapped for the terminal, never within a word."""

from __future__ import annotations

import pytest

from convscope.cli.console import wrapped
from convscope.training.train import train
from tests.cli.conftest import Command


def test_lines_fit_and_hold_every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = " ".join(f"word-{number}" for number in range(30))
    lines = wrapped(text, indent=4, label=10)
    assert max(map(len, lines)) <= 30
    assert " ".join(" ".join(lines).split()) == text
    assert [line.startswith("    w") for line in lines] == [False] + [True] * (len(lines) - 1)


def test_a_long_word_is_never_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert wrapped(f"in {'x' * 90}") == ["in", f"  {'x' * 90}"]
    assert wrapped("") == [""]


def test_lines_stay_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "2 files cannot be used:\n  one.png: is no picture\n  two.png: holds an object beyond it"
    assert wrapped(text) == [
        "2 files cannot be used:",
        "  one.png: is no picture",
        "  two.png: holds an object beyond it",
    ]
    assert wrapped("at first\n  two.png: holds an object that lies beyond it") == [
        "at first",
        "  two.png: holds an object that lies",
        "    beyond it",
    ]
    assert wrapped("one\n\ntwo") == ["one", "", "two"]


def test_the_network_of_a_run_is_wrapped(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    network = "input 28x28x1 -> " + "conv 2 3x3 pad 1 -> relu -> " * 8 + "fc 10"
    settings = {"epochs": "0.05", "precision": "float32"}
    run = train(network, data="fashion-mini", settings=settings, out="long")
    lines = command("runs", "long").out.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("data "))
    assert max(map(len, lines[:place])) <= 100
    assert " ".join(" ".join(lines[:place]).split()) == f"network custom: {run.architecture}"
    assert "1 step, 100 images in " in command("runs", "long").out
