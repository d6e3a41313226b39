"""``runs`` shows what applications trained beside the classifiers."""

from __future__ import annotations

from itertools import islice

from convscope.training.runs import runs_folder
from tests.applications.test_application import BACKBONE
from tests.applications.toy import Toy, toy_data
from tests.cli.conftest import Command


def test_applications_are_listed_and_shown(command: Command) -> None:
    toy = Toy("two", BACKBONE).fit(toy_data(), out=runs_folder() / "toys")
    _, line = command("runs").out.splitlines()
    right = toy.trained_run.results["right"]
    assert line.split()[:4] == ["toys", "detection,", "two", "toys"]
    assert f"{right:.3f} (validation)" in line
    shown = command("runs", "toys").out
    assert "from scratch: input 128x128x1 -> conv 4 3x3 pad 1" in shown
    assert f"right     {right:.3f}" in shown
    assert "the test part was not read" in shown
    assert command("runs", "--json").json["runs"] == [command("runs", "toys", "--json").json]


def test_a_training_that_was_cut_off_says_how_to_go_on(command: Command) -> None:
    steps = Toy("two", BACKBONE).fit_steps(toy_data(), out=runs_folder() / "cut")
    assert len(list(islice(steps, 2))) == 2
    steps.close()
    assert "unfinished" in command("runs").out
    shown = command("runs", "cut").out
    assert f"convscope detect train --resume --out {runs_folder() / 'cut'}" in shown


def test_a_classifiers_command_names_the_one_that_works(command: Command) -> None:
    Toy("two", BACKBONE).fit(toy_data(), out=runs_folder() / "toys")
    outcome = command("evaluate", "toys")
    assert outcome.code != 0 and outcome.out == ""
    assert "this is a run of detection, and a classifier's is wanted" in outcome.err
    assert "convscope detect" in outcome.err
