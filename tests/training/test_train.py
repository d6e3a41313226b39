"""A training as a whole: its folder, its end, and every way in which it can be cut off."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from convscope.data.images import Data
from convscope.data.progress import Progress
from convscope.errors import ConvscopeError, RecipeError, RunError, TrainingError, UsageError
from convscope.training import checkpoint, files
from convscope.training.checkpoint import read_checkpoint
from convscope.training.evaluate import evaluate
from convscope.training.loop import Step
from convscope.training.recipe import Recipe
from convscope.training.recorder import Recorder
from convscope.training.runs import Run, list_runs, open_run, runs_folder
from convscope.training.train import train, training_steps
from tests.training.making import TINY, quick, toy_data

FILES = [
    ".lock",
    "checkpoint.pt",
    "checkpoints",
    "metrics.jsonl",
    "model.safetensors",
    "run.json",
]


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def require_equal_weights(one: Run, other: Run) -> None:
    first, second = (load_file(run.path / "model.safetensors") for run in (one, other))
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value.tobytes() == second[name].tobytes(), name


def stop_at(number: int) -> Callable[[Step], None]:
    """An observer that interrupts, as Ctrl-C does, after so many steps."""

    def observe(step: Step) -> None:
        if step.step == number:
            signal.raise_signal(signal.SIGINT)

    return observe


def test_a_run_folder_holds_what_the_house_says(finished: Run, toy: Data) -> None:
    assert listing(finished.path) == FILES
    record = json.loads((finished.path / "run.json").read_text(encoding="utf-8"))
    assert record["schema"] == "convscope.run/1"
    assert record["task"] == "classification"
    assert record["architecture"]["notation"].startswith("input 12x12x1 -> conv 4 3x3 pad 1")
    assert record["data"]["fingerprint"] == toy.fingerprint
    assert record["conditions"]["device"] == "cpu"
    assert record["conditions"]["precision"] == "float32"
    assert record["conditions"]["threads"] == 1
    assert record["finished"] is True
    kept = [step for step, _ in finished.snapshots()]
    assert kept == [0, 1, 3, 6, *range(12, 61, 6)]


def test_what_was_learnt_is_far_above_chance(finished: Run) -> None:
    assert finished.accuracy > 0.8
    assert finished.results["split"] == "test"
    assert finished.results["count"] == 60
    assert finished.results["correct"] == round(finished.accuracy * 60)
    assert finished.results["precision"] == "float32"
    assert finished.results["steps"] == 60
    low, high = finished.results["interval"]
    assert low < finished.accuracy < high


def test_the_result_is_what_evaluate_measures(finished: Run, toy: Data) -> None:
    measured = evaluate(finished, toy)
    assert measured.accuracy == finished.accuracy
    assert list(measured.interval) == finished.results["interval"]


def test_the_loss_falls_along_the_lines_of_metrics(finished: Run) -> None:
    losses = [line["loss"] for line in finished.metrics()]
    assert np.mean(losses[-6:]) < 0.7 * np.mean(losses[:6])
    assert finished.metrics()[-1]["images"] == 1200


def test_the_generator_gives_every_step_and_then_the_run(toy: Data) -> None:
    steps = training_steps(TINY, data=toy, recipe=quick())
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            run = end.value
            break
    assert [step.step for step in seen] == list(range(1, 13))
    assert run == open_run("custom-toy-001")
    assert list_runs() == (run,)


def test_folders_are_numbered_and_the_same_seed_gives_the_same_weights(toy: Data) -> None:
    runs = [train(TINY, data=toy, recipe=quick(flip=True), seed=seed) for seed in (3, 3, 4)]
    assert [run.name for run in runs] == [f"custom-toy-00{number}" for number in (1, 2, 3)]
    require_equal_weights(runs[0], runs[1])
    with pytest.raises(AssertionError):
        require_equal_weights(runs[0], runs[2])


def test_a_part_kept_for_choosing_is_scored_and_the_test_set_is_not_read(toy: Data) -> None:
    steps: list[Step] = []
    run = train(TINY, data=toy, recipe=quick(validation=0.2), observe=steps.append)
    assert (run.results["split"], run.results["count"]) == ("validation", 120 - run.data.train)
    scores = [step.scores["accuracy"] for step in steps if step.scores]
    assert len(scores) == 2
    assert scores[-1] == run.accuracy == evaluate(run, toy, split="validation").accuracy
    assert [line["scores"] for line in run.metrics() if "scores" in line] == [
        {"accuracy": score} for score in scores
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"average": 0.9, "label_smoothing": 0.1},
        {"dropout": 0.5, "cutout": 4},
        {"precision": "bfloat16", "schedule": "cosine"},
        {"optimizer": "sgd", "learning_rate": 0.05, "shift": 1},
    ],
)
def test_every_part_of_a_recipe_trains(toy: Data, settings: dict[str, Any]) -> None:
    run = train(TINY, data=toy, recipe=quick(epochs=15.0, **settings))
    assert run.accuracy > 0.7
    assert str(run.architecture).count("dropout") == 0


def test_the_settings_change_the_recipe(toy: Data) -> None:
    run = train(TINY, data=toy, settings={"epochs": "0.5", "batch_size": "40"})
    assert (run.recipe.name, run.results["steps"]) == ("fast (epochs=0.5, batch_size=40)", 2)


def test_threads_are_as_before_afterwards(toy: Data) -> None:
    train(TINY, data=toy, recipe=quick(), out="one-thread")
    (runs_folder() / "one-thread" / "model.safetensors").unlink()
    torch.set_num_threads(2)
    record = open_run("one-thread").as_dict()
    files.write_json(
        runs_folder() / "one-thread" / "run.json", {**record, "finished": False, "results": {}}
    )
    threads = []
    train(
        out="one-thread",
        data=toy,
        resume=True,
        observe=lambda step: threads.append(torch.get_num_threads()),
    )
    assert torch.get_num_threads() == 2


# Cut off, and gone on with.


@pytest.mark.parametrize("place", ["in a step", "between two steps"])
def test_ctrl_c_saves_and_resuming_ends_in_the_same_bits(
    toy: Data, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    recipe = quick(flip=True, dropout=0.2, average=0.9)
    whole = train(TINY, data=toy, recipe=recipe, out="whole")
    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if place == "in a step":
            add, interrupt = Recorder.add, stop_at(7)

            def interrupted(self: Recorder, step: Step) -> None:
                interrupt(step)
                add(self, step)

            patch.setattr(Recorder, "add", interrupted)
            train(TINY, data=toy, recipe=recipe, out="cut")
        else:
            train(TINY, data=toy, recipe=recipe, out="cut", observe=stop_at(7))
    assert signal.getsignal(signal.SIGINT) == before
    state = read_checkpoint(runs_folder() / "cut" / "checkpoint.pt")
    assert state["position"] == 7
    assert not open_run("cut").finished
    assert not open_run("cut").live
    steps: list[Step] = []
    cut = train(out="cut", data=toy, resume=True, observe=steps.append)
    assert steps[0].step == 8
    require_equal_weights(whole, cut)
    assert whole.results["accuracy"] == cut.results["accuracy"]
    for one, other in zip(whole.metrics(), cut.metrics(), strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert steps[-1].seconds > steps[0].seconds > state["seconds"] > 0
    assert cut.results["seconds"] == round(steps[-1].seconds, 3)


def test_a_generator_that_is_closed_saves(toy: Data) -> None:
    steps = training_steps(TINY, data=toy, recipe=quick(), out="closed")
    for _ in range(5):
        next(steps)
    assert open_run("closed").live
    steps.close()
    assert not open_run("closed").live
    assert read_checkpoint(runs_folder() / "closed" / "checkpoint.pt")["position"] == 5


def test_what_an_observer_raises_closes_the_training(toy: Data) -> None:
    def observe(step: Step) -> None:
        if step.step == 4:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(TINY, data=toy, recipe=quick(), out="failed", observe=observe)
    assert read_checkpoint(runs_folder() / "failed" / "checkpoint.pt")["position"] == 4
    assert not open_run("failed").live


def test_a_training_in_another_thread_works_and_leaves_signals_alone(toy: Data) -> None:
    found: list[Run] = []
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(
        target=lambda: found.append(train(TINY, data=toy, recipe=quick(), out="thread"))
    )
    thread.start()
    thread.join()
    assert found[0].finished
    assert signal.getsignal(signal.SIGINT) == before


def test_the_newest_unfinished_run_is_resumed_by_default(toy: Data) -> None:
    train(TINY, data=toy, recipe=quick(), out="finished")
    with pytest.raises(KeyboardInterrupt):
        train(TINY, data=toy, recipe=quick(), out="unfinished", observe=stop_at(2))
    assert train(data=toy, resume=True).name == "unfinished"
    with pytest.raises(RunError) as error:
        train(data=toy, resume=True)
    assert str(error.value) == (
        f"{runs_folder()}: there is no unfinished run to go on with: "
        "name one with --out, or leave --resume out"
    )


def test_resuming_a_finished_run_says_so_and_changes_nothing(finished: Run, toy: Data) -> None:
    said: list[Progress] = []
    steps: list[Step] = []
    before = {path.name: path.stat().st_mtime_ns for path in finished.path.iterdir()}
    again = train(
        TINY,
        data=toy,
        recipe=quick(epochs=10.0),
        out=finished.path,
        resume=True,
        progress=said.append,
        observe=steps.append,
    )
    assert again == finished
    assert [it.text for it in said] == [f"{finished.path} was finished already"]
    assert steps == []
    assert before == {path.name: path.stat().st_mtime_ns for path in finished.path.iterdir()}


def test_resuming_what_was_killed_before_it_wrote_anything_begins(toy: Data) -> None:
    folder = runs_folder() / "killed"
    folder.mkdir(parents=True)
    (folder / ".lock").touch()
    (folder / "run.json.part").write_text("{", encoding="utf-8")
    run = train(TINY, data=toy, recipe=quick(), out="killed", resume=True)
    assert run.finished


def test_resuming_a_run_that_was_killed_before_its_first_checkpoint(toy: Data) -> None:
    whole = train(TINY, data=toy, recipe=quick(), out="whole")
    with pytest.raises(KeyboardInterrupt):
        train(TINY, data=toy, recipe=quick(), out="cut", observe=stop_at(2))
    (runs_folder() / "cut" / "checkpoint.pt").unlink()
    steps: list[Step] = []
    require_equal_weights(whole, train(out="cut", data=toy, resume=True, observe=steps.append))
    assert steps[0].step == 1
    assert len(open_run("cut").metrics()) == len(whole.metrics())


def test_a_run_that_was_killed_before_its_results_gets_them(toy: Data) -> None:
    whole = train(TINY, data=toy, recipe=quick(), out="whole")
    record = {**whole.as_dict(), "finished": False, "results": {}}
    files.write_json(whole.path / "run.json", record)
    (whole.path / "model.safetensors").unlink()
    again = train(out="whole", data=toy, resume=True)
    assert again.accuracy == whole.accuracy


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"architecture": "input auto -> fc classes"}, "its architecture is input 12x12x1"),
        ({"recipe": "article"}, "its recipe has optimizer muon, asked is adam"),
        ({"settings": {"epochs": "3"}}, "its recipe has epochs 2.0, asked is 3.0"),
        ({"seed": 1}, "its seed is 0, asked is 1"),
        ({"data": "shapes"}, "its data are toy, asked is shapes"),
        ({"data": toy_data(seed=5)}, "its data are toy ("),
        ({"size": (14, 14)}, "its images are 12x12, asked is 14x14"),
        ({"fit": "crop"}, "its images are fitted by pad, asked is crop"),
        ({"device": "mps"}, "its device is cpu, asked is mps"),
    ],
)
def test_resuming_as_something_else_is_refused(
    toy: Data, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(TINY, data=toy, recipe=quick(), out="cut", observe=stop_at(2))
    before = (runs_folder() / "cut" / "checkpoint.pt").read_bytes()
    with pytest.raises(RunError) as error:
        train(**{"data": toy, **asked}, out="cut", resume=True)
    assert f"this run is of another training: {words}" in str(error.value)
    assert (runs_folder() / "cut" / "checkpoint.pt").read_bytes() == before


def test_a_checkpoint_of_another_network_is_refused(toy: Data) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(TINY, data=toy, recipe=quick(), out="cut", observe=stop_at(2))
    path = runs_folder() / "cut" / "checkpoint.pt"
    state = read_checkpoint(path)
    del state["network"]["fc.weight"]
    checkpoint.write_checkpoint(path, state)
    with pytest.raises(RunError, match="the checkpoint is of another training"):
        train(out="cut", data=toy, resume=True)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(RunError, match="the checkpoint is damaged"):
        train(out="cut", data=toy, resume=True)


# What must not happen.


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
        f"{folder}: this folder holds a run already: go on with it by --resume, "
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
    assert "the disk is full: free some space, then go on with --resume" in str(error.value)
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


# TensorBoard.


def test_tensorboards_files_are_written_if_asked(toy: Data) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train(TINY, data=toy, recipe=quick(validation=0.2), tensorboard=True)
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    found = [(event.step, event.value) for event in events.Scalars("loss")]
    assert found == [
        (line["step"], pytest.approx(line["loss"], rel=1e-6)) for line in run.metrics()
    ]
    assert len(events.Scalars("accuracy")) == 2


def test_without_tensorboard_installed_nothing_starts(
    toy: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError) as error:
        train(TINY, data=toy, recipe=quick(), tensorboard=True)
    assert str(error.value) == (
        "TensorBoard's files need the package tensorboard, which is not installed: "
        'install it ("pip install tensorboard"), or leave --tensorboard out'
    )
    assert not runs_folder().exists()
