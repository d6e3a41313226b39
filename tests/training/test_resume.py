"""Trainings that were cut off, and gone on with: the same bits as in one go."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from convscope.data.images import Data
from convscope.data.progress import Progress
from convscope.errors import RunError
from convscope.training import checkpoint, files
from convscope.training.checkpoint import read_checkpoint
from convscope.training.loop import Step
from convscope.training.recorder import Recorder
from convscope.training.runs import Run, open_run, runs_folder
from convscope.training.train import train, training_steps
from tests.training.making import TINY, quick, require_equal_weights, stop_at, toy_data


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
