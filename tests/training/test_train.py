"""A training as a whole: its folder, its steps and its end."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from convscope.data.images import Data
from convscope.errors import UsageError
from convscope.training import files
from convscope.training.evaluate import evaluate
from convscope.training.loop import Step
from convscope.training.runs import Run, list_runs, open_run, runs_folder
from convscope.training.train import train, training_steps
from tests.training.making import TINY, listing, quick, require_equal_weights

FILES = [
    ".lock",
    "checkpoint.pt",
    "checkpoints",
    "metrics.jsonl",
    "model.safetensors",
    "run.json",
]


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
