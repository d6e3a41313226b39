"""Trainings that were ended for good before their last step: what they are then, and are not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from convscope.data.images import Data
from convscope.data.progress import Progress
from convscope.errors import ConvscopeError, RunError
from convscope.network.build import build
from convscope.training import files
from convscope.training.checkpoint import load_weights, read_checkpoint
from convscope.training.evaluate import evaluate
from convscope.training.files import claimed
from convscope.training.loop import Step
from convscope.training.runs import Run, open_run, runs_folder
from convscope.training.train import train
from tests.training.making import TINY, cut_off, quick, toy_data


def ended(out: str, data: Data, **more: Any) -> Run:
    """Ends a run that was cut off."""
    return train(out=out, data=data, resume=True, finish=True, **more)


def test_the_result_is_the_network_as_it_is_in_the_checkpoint(toy: Data) -> None:
    recipe = quick(flip=True)
    cut = cut_off(5, "cut", toy, recipe)
    wanted = read_checkpoint(cut.path / "checkpoint.pt")["network"]
    seen: list[Step] = []
    run = ended("cut", toy, observe=seen.append)
    assert seen == []  # no step is made
    found = load_file(run.path / "model.safetensors")
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        assert torch.equal(value, wanted[name]), name


def test_averaged_weights_are_those_that_a_whole_training_has_at_that_step(toy: Data) -> None:
    recipe = quick(average=0.9, dropout=0.2)
    whole = train(TINY, data=toy, recipe=recipe, out="whole")
    cut = cut_off(3, "cut", toy, recipe)
    run = ended("cut", toy)
    assert (run.path / "model.safetensors").read_bytes() == whole.weights_after(3).read_bytes()
    # What is learnt and what is used are not the same, so that this could be otherwise.
    learnt = read_checkpoint(cut.path / "checkpoint.pt")["network"]["fc.weight"]
    assert not torch.equal(learnt, load_file(run.path / "model.safetensors")["fc.weight"])


@pytest.mark.parametrize("validation", [0.0, 0.25])
def test_it_is_measured_as_every_finished_run(toy: Data, validation: float) -> None:
    cut_off(5, "cut", toy, quick(validation=validation))
    run = ended("cut", toy)
    split = "validation" if validation else "test"
    steps = 12 if not validation else 8
    assert run == open_run("cut")
    assert run.finished
    assert not run.live
    results = run.results
    assert (results["split"], results["steps"], results["images"]) == (split, 5, 100)
    assert (results["ended_early"], results["planned_steps"]) == (True, steps)
    assert results["correct"] == evaluate(run, toy, split=split, device="cpu").correct  # type: ignore[arg-type]
    assert run.epochs == pytest.approx(2 * 5 / steps, abs=5e-4)
    assert repr(run).endswith(f"{100 * run.accuracy:.2f} %, stopped after 5 of {steps} steps>")
    assert 5 in dict(run.snapshots())
    last = run.metrics()[-1]
    assert last["step"] == 5
    assert math.isfinite(last["loss"])


def test_the_last_line_is_written_once(toy: Data) -> None:
    """Of a longer training only some steps have lines; the step that it ends after has one."""
    recipe = quick(epochs=100.0)  # 600 steps, a line every second
    for number in (4, 5):
        name = f"cut-{number}"
        before = [line["step"] for line in cut_off(number, name, toy, recipe).metrics()]
        assert before == [2, 4]
        assert [line["step"] for line in ended(name, toy).metrics()] == [2, 4, 5][: number - 2]


def test_it_cannot_go_on(toy: Data) -> None:
    cut_off(5, "cut", toy, quick())
    run = ended("cut", toy)
    before = {path.name: path.stat().st_mtime_ns for path in run.path.iterdir()}
    with pytest.raises(RunError) as error:
        train(out="cut", data=toy, resume=True)
    assert str(error.value) == (
        f"{run.path}: this training was stopped after 5 of 12 steps for good, and cannot go on: "
        "train again into another folder, or remove this one"
    )
    said: list[Progress] = []
    assert ended("cut", toy, progress=said.append) == run  # a second end changes nothing
    assert [each.text for each in said] == [f"{run.path} was finished already"]
    assert before == {path.name: path.stat().st_mtime_ns for path in run.path.iterdir()}


def test_one_that_has_made_its_last_step_is_finished_and_no_more(toy: Data) -> None:
    whole = train(TINY, data=toy, recipe=quick(), out="whole")
    record = {**whole.as_dict(), "finished": False, "results": {}}
    files.write_json(whole.path / "run.json", record)
    assert ended("whole", toy).results == whole.results
    assert "ended_early" not in whole.results


def test_an_end_that_was_cut_off_itself_loses_nothing(
    toy: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(5, "cut", toy, quick(epochs=100.0))
    before = (runs_folder() / "cut" / "checkpoint.pt").read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("convscope.training.session.save_weights", killed)
        ended("cut", toy)
    assert not open_run("cut").finished
    assert (runs_folder() / "cut" / "checkpoint.pt").read_bytes() == before
    assert [line["step"] for line in ended("cut", toy).metrics()] == [2, 4, 5]


def test_of_a_training_that_has_made_no_step_there_is_nothing_to_measure(toy: Data) -> None:
    run = cut_off(2, "cut", toy, quick())
    (run.path / "checkpoint.pt").unlink()
    with pytest.raises(RunError) as error:
        ended("cut", toy)
    assert str(error.value) == (
        f"{run.path}: no step has been made yet: there is nothing to be measured: "
        "go on with it by --resume without --finish, or remove its folder"
    )
    assert not open_run("cut").finished
    assert train(out="cut", data=toy, resume=True).results["steps"] == 12


@pytest.mark.parametrize("given", [{}, {"resume": True}, {"out": "cut"}])
def test_which_one_must_be_said(toy: Data, given: dict[str, Any]) -> None:
    cut_off(2, "cut", toy, quick())
    with pytest.raises(ConvscopeError) as error:
        train(data=toy, finish=True, **given)
    assert str(error.value) == (
        "it was not said which training is to be ended: name its run: --resume --finish --out RUN"
    )


def test_what_is_not_there_or_goes_on_is_not_ended(toy: Data, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no training to be ended"):
        ended(str(tmp_path / "nothing"), toy)
    run = cut_off(2, "cut", toy, quick())
    with claimed(run.path), pytest.raises(RunError) as error:
        ended("cut", toy)
    assert str(error.value) == (
        f"{run.path}: this training is under way: "
        "press Ctrl-C where it was started, or stop it in the studio"
    )
    with pytest.raises(RunError, match="this run is of another training"):
        ended("cut", toy_data(seed=5))


def test_the_weights_are_those_that_are_loaded(toy: Data) -> None:
    cut_off(5, "cut", toy, quick())
    run = ended("cut", toy)
    network = build(run.architecture, seed=1)
    load_weights(run.weights_after(5), network)
    assert torch.equal(network.fc.weight, run.network().fc.weight)  # type: ignore[arg-type, union-attr]
