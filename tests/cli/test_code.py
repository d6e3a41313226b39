"""``code``: a run or an architecture, to stdout or into a file."""

from __future__ import annotations

from pathlib import Path

from convscope.architecture.zoo import find_architecture
from convscope.export.python_code import python_code
from convscope.training.runs import open_run, runs_folder
from tests.cli.conftest import Command


def test_an_architecture(command: Command) -> None:
    outcome = command("code", "lenet5")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == python_code(find_architecture("lenet5"))
    line = str(find_architecture("lenet5"))
    assert command("code", *line.replace("->", "→").split()).out == outcome.out


def test_a_run(command: Command) -> None:
    assert command("code", "example").out == python_code(open_run("example"))


def test_into_a_file_with_its_weights(command: Command, tmp_path: Path) -> None:
    outcome = command("code", "example", "--out", str(tmp_path / "network.py"))
    assert outcome.code == 0
    written = [Path(line) for line in outcome.out.splitlines()]
    assert [path.name for path in written] == ["network.py", "network.safetensors"]
    assert all(path.is_file() for path in written)


def test_a_name_that_is_both(command: Command) -> None:
    command(
        "train",
        "input auto -> fc classes",
        "--data",
        "shapes",
        "--set",
        "epochs=0.1",
        "--out",
        "lenet5",
        "-q",
    )
    outcome = command("code", "lenet5")
    assert outcome.out == python_code(find_architecture("lenet5"))
    path = runs_folder() / "lenet5"
    assert outcome.err == (
        f'"lenet5" is taken as the architecture; the run of that name is {path}\n'
    )
    assert command("code", str(path)).out == python_code(open_run(path))


def test_what_is_neither(command: Command) -> None:
    outcome = command("code", "lenet6")
    assert (outcome.code, outcome.out) == (2, "")
