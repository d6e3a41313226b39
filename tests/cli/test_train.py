"""``train`` and ``runs``: options become one call, and its result a few lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from convscope.training.loop import Step
from convscope.training.runs import open_run, runs_folder
from convscope.training.train import train
from tests.cli.conftest import Command

SHORT = ("--data", "fashion-mini", "--set", "epochs=0.2")
TINY = "input auto -> maxpool 4 -> fc classes"


def test_a_training_says_where_and_how_well(command: Command) -> None:
    outcome = command("train", TINY, *SHORT, "--out", "first", "--seed", "3")
    assert outcome.code == 0
    run = open_run("first")
    assert run.path == runs_folder() / "first"
    assert (run.seed, run.recipe.epochs) == (3, 0.2)
    low, high = run.results["interval"]
    lines = outcome.out.splitlines()
    assert lines[0].split(maxsplit=1) == [
        "accuracy",
        f"{100 * run.accuracy:.2f} % on the 500 test images of fashion-mini",
    ]
    assert lines[1].strip() == (
        f"95 % interval {100 * low:.2f} % to {100 * high:.2f} %; "
        "the test set was read once, after the training, in float32"
    )
    assert lines[-1].split(maxsplit=1) == ["run", str(run.path)]
    assert "input 28x28x1 -> maxpool 4 -> fc 10" in outcome.err  # the line that was used
    assert "step 4/4  epoch 0.2  loss " in outcome.err
    assert "images/s" in outcome.err


def test_quiet_says_only_the_result(command: Command) -> None:
    outcome = command("train", TINY, *SHORT, "--out", "quiet", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("accuracy ")


def test_json_is_the_run(command: Command) -> None:
    outcome = command("train", TINY, *SHORT, "--out", "record", "--json", "--quiet")
    stored = json.loads((runs_folder() / "record" / "run.json").read_text(encoding="utf-8"))
    assert outcome.json == {
        **stored,
        "name": "record",
        "path": str(runs_folder() / "record"),
    }


def test_a_validation_split_leaves_the_test_set_alone(command: Command) -> None:
    outcome = command("train", TINY, *SHORT, "--set", "validation=0.1", "--out", "choosing")
    assert "on 200 images kept from the training set for choosing" in outcome.out
    assert "the test set was not read" in outcome.out
    assert "validation accuracy" in outcome.err


def test_a_recipe_from_a_file(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text('base = "article"\nepochs = 0.1\n', encoding="utf-8")
    words = ("--recipe", str(path), "--data", "shapes", "--device", "cpu", "--offline")
    outcome = command("train", TINY, *words, "--out", "from-file", "-q")
    assert outcome.code == 0
    assert open_run("from-file").recipe.epochs == 0.1


def test_resuming_what_is_finished_says_so(command: Command) -> None:
    first = command("train", TINY, *SHORT, "--out", "done", "-q")
    again = command("train", TINY, *SHORT, "--resume", "--out", "done")
    assert again.code == 0
    assert again.out == first.out
    assert again.err.split() == [str(runs_folder() / "done"), "was", "finished", "already"]


def test_ending_where_it_is_tells_so_everywhere(command: Command) -> None:
    with pytest.raises(KeyboardInterrupt):
        settings = {"epochs": 0.2}
        train(TINY, data="fashion-mini", settings=settings, out="cut", observe=interrupted)
    refused = command("train", "--resume", "--finish", "-q")
    assert (refused.code, refused.out) == (2, "")
    assert "name its run: --resume --finish --out RUN" in refused.err
    assert not open_run("cut").finished
    ended = command("train", "--resume", "--finish", "--out", "cut", "--health")
    run = open_run("cut")
    assert (ended.code, run.finished, run.results["steps"]) == (0, True, 3)
    assert "ending where it is, and measuring" in ended.err
    words = "the training was stopped after 3 of 4 steps"
    assert ended.out.splitlines()[-2].strip() == words
    assert words in command("runs", "cut").out
    assert f"{100 * run.accuracy:.2f} % (stopped early)" in command("runs").out
    again = command("train", "--resume", "--finish", "--out", "cut", "--json", "--health")
    assert again.err.split() == [str(run.path), "was", "finished", "already"]
    results = again.json["results"]
    assert (results["ended_early"], results["planned_steps"]) == (True, 4)
    resumed = command("train", "--resume", "--out", "cut")
    assert (resumed.code, resumed.out) == (1, "")
    assert "was stopped after 3 of 4 steps for good, and cannot go on" in resumed.err


def interrupted(step: Step) -> None:
    """Ctrl-C after the third step."""
    if step.step == 3:
        raise KeyboardInterrupt


def test_two_trainings_do_not_share_a_folder(command: Command) -> None:
    command("train", TINY, *SHORT, "--out", "taken", "-q")
    before = (runs_folder() / "taken" / "run.json").read_bytes()
    outcome = command("train", TINY, *SHORT, "--out", "taken", "-q")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"{runs_folder() / 'taken'}: this folder holds a run already")
    assert (runs_folder() / "taken" / "run.json").read_bytes() == before


def test_a_loss_that_is_no_number(command: Command) -> None:
    steep = ("--set", "optimizer=sgd", "--set", "learning_rate=1000", "--recipe", "article")
    deep = "input auto -> fc 50 -> fc 50 -> fc classes"
    outcome = command("train", deep, "--data", "fashion-mini", *steep, "--out", "nan", "-q")
    assert (outcome.code, outcome.out) == (1, "")
    place, _, rest = outcome.err.partition(": ")
    assert place.startswith("step ")
    assert rest == (
        "the loss is nan: the learning rate is most likely too high for this network: "
        "train again with --set learning_rate=100, or a longer warm-up (--set warmup=0.3)\n"
    )
    assert (runs_folder() / "nan" / "checkpoint.pt").is_file()


@pytest.mark.parametrize("made", [True, False])
def test_interrupted_trainings_say_how_to_go_on(
    command: Command, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    """Once a step was made there is something to go on with."""

    def train(*_: object, observe: Callable[[str], None], **__: object) -> None:
        if made:
            observe("a step")
        raise KeyboardInterrupt

    monkeypatch.setattr("convscope.training.train.train", train)
    outcome = command("train", "--out", "half", "-q")
    assert (outcome.code, outcome.out) == (130, "")
    said = 'stopped and saved: "convscope train --resume --out half" goes on\n'
    assert outcome.err == (said if made else "interrupted\n")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--set", "epochs"], 2, "--set: 'epochs' is not KEY=VALUE: write \"--set epochs=2\""),
        (["--size", "big"], 2, "--size: 'big' is not HEIGHTxWIDTH: write \"--size 28x28\""),
        (["--size", "0x4"], 2, "--size: '0x4' is not HEIGHTxWIDTH: write \"--size 28x28\""),
        (["--device", "gpu"], 2, 'there is no device "gpu"'),
        (["--recipe", "fastt"], 2, 'there is no recipe "fastt": did you mean "fast"?'),
        (["--set", "epoch=2"], 2, 'a recipe has no key "epoch": did you mean "epochs"?'),
        (["--data", "fashion-mnsit"], 2, 'did you mean "fashion-mnist"?'),
        (["--seed", "-1"], 2, "the seed is -1: give a whole number from 0 up"),
        (["--seed", "one"], 2, "Invalid value for '--seed'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_questions_asked_wrongly(
    command: Command, words: list[str], code: int, message: str
) -> None:
    data = [] if "--data" in words else ["--data", "fashion-mini"]
    outcome = command("train", TINY, *data, *words, "--out", "never")
    assert (outcome.code, outcome.out) == (code, "")
    assert message in outcome.err.splitlines()[-1]
    assert not (runs_folder() / "never").exists()


def test_no_runs_yet(command: Command) -> None:
    outcome = command("runs")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f'there are no runs in {runs_folder()}: "convscope train" makes one\n'
    assert command("runs", "--json").json == {"schema": "convscope.runs/1", "runs": []}


def test_runs_are_listed_and_shown(command: Command) -> None:
    command("train", TINY, *SHORT, "--out", "one", "-q")
    run = open_run("one")
    head, line = command("runs").out.splitlines()
    assert head.split() == ["run", "network", "data", "recipe", "result", "begun"]
    assert line.startswith("one ")
    assert f"{100 * run.accuracy:.2f} %" in line
    shown = command("runs", "one").out
    assert f"{run.architecture}" in shown
    assert f"python {run.conditions.versions['python']}" in shown
    assert str(run.path) in shown
    assert command("runs", "--json").json["runs"] == [command("runs", "one", "--json").json]


def test_a_run_that_was_cut_off_says_how_to_go_on(command: Command) -> None:
    command("train", TINY, *SHORT, "--out", "cut", "-q")
    path = runs_folder() / "cut" / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "finished": False, "results": {}}), encoding="utf-8")
    assert "unfinished" in command("runs").out
    shown = command("runs", "cut").out
    assert f"cut off; go on with it: convscope train --resume --out {path.parent}" in shown


def test_a_run_that_is_not_there(command: Command) -> None:
    outcome = command("runs", "exampel")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f'{runs_folder() / "exampel"}: there is no run: did you mean "example"?\n'
