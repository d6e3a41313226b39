"""What must not happen: two in one folder, a full disk, a loss that runs away."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from convscope.data.images import Data
from convscope.errors import ConvscopeError, RecipeError, RunError, TrainingError, UsageError
from convscope.training import checkpoint
from convscope.training import train as training
from convscope.training.checkpoint import read_checkpoint
from convscope.training.loop import Step
from convscope.training.recipe import Recipe
from convscope.training.runs import open_run, runs_folder
from convscope.training.train import train, training_steps
from tests.training.making import TINY, listing, quick, require_equal_weights


def test_two_trainings_into_one_folder(toy: Data) -> None:
    steps = training_steps(TINY, data=toy, recipe=quick(), out="one")
    next(steps)
    folder = runs_folder() / "one"
    for resume in (False, True):
        with pytest.raises(RunError) as error:
            train(TINY, data=toy, recipe=quick(), out="one", resume=resume)
        assert str(error.value).startswith(
            f"{folder}: another training is writing into this folder: "
        )
    rest = list(steps)
    assert rest[-1].step == 12
    assert open_run("one").finished
    with pytest.raises(RunError) as error:
        train(TINY, data=toy, recipe=quick(), out="one")
    assert str(error.value) == (
        f"{folder}: this folder holds a run already: go on with it by --resume --out {folder}, "
        "or give another --out"
    )


def test_a_folder_with_other_things_is_left_alone(toy: Data, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(RunError, match="this folder is not empty: give another --out"):
        train(TINY, data=toy, recipe=quick(), out=tmp_path)
    assert "thesis.txt" in listing(tmp_path)
    assert "run.json" not in listing(tmp_path)


def test_the_example_is_not_written_to(toy: Data) -> None:
    with pytest.raises(RunError) as error:
        train(TINY, data=toy, recipe=quick(), out="example")
    assert str(error.value) == (
        '"example" is the run inside the package: give another --out, or ./example'
    )


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"recipe": "fest"}, RecipeError),
        ({"settings": {"learning_rte": "1"}}, RecipeError),
        ({"settings": {"shift": "12"}}, RecipeError),
        ({"architecture": "input 28x28x1 -> fc classes"}, UsageError),
        ({"architecture": "input auto -> fc 10"}, UsageError),
        ({"device": "tpu"}, UsageError),
        ({"seed": -1}, UsageError),
    ],
)
def test_what_cannot_be_trained_writes_nothing(
    toy: Data, asked: dict[str, Any], kind: type[ConvscopeError]
) -> None:
    for out in (None, "named"):
        with pytest.raises(kind):
            train(**{"architecture": TINY, "data": toy, **asked}, out=out)
    assert not runs_folder().exists() or listing(runs_folder()) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"architecture": 3}, "an architecture is wanted, and this is of the type int"),
        ({"architecture": ["conv 2 3x3"]}, "this is of the type list"),
        ({"architecture": ""}, "is no name of the zoo, no notation and no file"),
        ({"architecture": "input auto -> konv 2 3x3"}, "unknown layer 'konv'"),
        ({"recipe": 3}, "a recipe is wanted, and this is of the type int"),
        ({"recipe": "fest"}, 'there is no recipe "fest"'),
        ({"settings": ["epochs=1"]}, "settings are of the type list"),
        ({"settings": {"epochs": "many"}}, "epochs"),
        ({"seed": "1"}, "the seed is '1'"),
        ({"seed": 1.5}, "the seed is 1.5"),
        ({"seed": True}, "the seed is True"),
    ],
)
def test_arguments_of_the_wrong_kind_are_refused_before_data_are_read(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], words: str
) -> None:
    def load(*_: Any, **__: Any) -> Data:
        raise AssertionError("data were read")

    monkeypatch.setattr(training, "load_data", load)
    with pytest.raises(ConvscopeError) as error:
        train(**asked)
    assert words in str(error.value)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_from_the_start_leaves_nothing_behind(
    toy: Data, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.fsync", fail)
    for out in (None, "named"):
        with pytest.raises(RunError, match=r"the disk is full|cannot be written to"):
            train(TINY, data=toy, recipe=quick(), out=out)
    assert listing(runs_folder()) == []


def test_a_disk_that_fills_up_keeps_the_last_good_checkpoint(
    toy: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(TINY, data=toy, recipe=quick(), out="whole")
    monkeypatch.setattr(checkpoint, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoint, "COST", 1e9)
    real = os.fsync

    def fail(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def observe(step: Step) -> None:
        if step.step == 5:
            monkeypatch.setattr("os.fsync", fail)

    with pytest.raises(RunError) as error:
        train(TINY, data=toy, recipe=quick(), out="full", observe=observe)
    going_on = f"free some space, then go on with --resume --out {runs_folder() / 'full'}"
    assert f"the disk is full: {going_on}" in str(error.value)
    assert not [name for name in listing(runs_folder() / "full") if name.endswith(".part")]
    assert read_checkpoint(runs_folder() / "full" / "checkpoint.pt")["position"] == 5
    monkeypatch.setattr("os.fsync", real)
    require_equal_weights(whole, train(out="full", data=toy, resume=True))


def test_a_loss_that_runs_away_stops_with_the_step_the_cause_and_the_remedy(
    toy: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoint, "COST", 1e9)
    recipe = Recipe(
        optimizer="sgd", learning_rate=1000.0, batch_size=20, epochs=9.0, precision="float32"
    )
    last: list[Step] = []
    with pytest.raises(TrainingError) as error:
        train(
            "input auto -> fc 64 -> relu -> fc 64 -> relu -> fc classes",
            data=toy,
            recipe=recipe,
            out="away",
            observe=last.append,
        )
    stopped = len(last) + 1
    assert str(error.value).startswith(f"step {stopped} of 54 (epoch ")
    assert "the learning rate is most likely too high for this network" in str(error.value)
    assert "--set learning_rate=100" in str(error.value)
    state = read_checkpoint(runs_folder() / "away" / "checkpoint.pt")
    assert 0 <= state["position"] < stopped
    assert all(bool(value.isfinite().all()) for value in state["network"].values())
    assert not open_run("away").finished
