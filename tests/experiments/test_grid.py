"""Grids of small trainings: pairs, budgets, cut off and gone on with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convscope.data.sources import load_data
from convscope.errors import UsageError
from convscope.experiments.grid import Trial, grid, right_answers, run_trials, trials_table
from convscope.training.loop import Step

TINY = "input auto -> maxpool 4 -> fc classes"
SMALL = {"data": ("fashion-mini",), "images": (200,), "settings": ({"epochs": "8"},)}


def test_a_grid_holds_every_combination_seed_by_seed() -> None:
    trials = grid(["article", "lenet5"], recipes=["fast", "article"], seeds=[0, 1])
    assert len(trials) == len(set(trials)) == 8
    assert [trial.seed for trial in trials] == [0] * 4 + [1] * 4


def test_trainings_fill_the_table(tmp_path: Path) -> None:
    trials = grid([TINY, "input auto -> fc classes"], seeds=[0, 1], **SMALL)  # type: ignore[arg-type]
    rows = [filled.row for filled in run_trials(tmp_path, trials)]
    assert [row.cell["seed"] for row in rows] == [0, 0, 1, 1]
    labels = load_data("fashion-mini").test.labels
    for row in rows:
        right = right_answers(row.values)
        assert (len(right), right.mean()) == (len(labels), row.values["accuracy"])
        assert 0.2 < row.values["accuracy"] < 0.9
    assert not list((tmp_path / "runs").iterdir())
    again = list(run_trials(tmp_path, trials))
    assert [filled.fresh for filled in again] == [False] * 4
    assert [filled.row for filled in again] == rows


def test_a_training_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    trials = [Trial(TINY, data="fashion-mini", images=400, settings=(("epochs", "3"),))]

    def stop(step: Step) -> None:
        if step.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_trials(tmp_path / "cut", trials, observe=stop))
    first: list[int] = []
    (cut,) = run_trials(tmp_path / "cut", trials, observe=lambda step: first.append(step.step))
    (whole,) = run_trials(tmp_path / "whole", trials)
    assert first[0] == 8
    assert cut.row.values["loss"] == whole.row.values["loss"]


def test_fewer_images_are_the_same_whatever_the_seed_and_balanced(tmp_path: Path) -> None:
    accuracies = {}
    for count in (50, 2000):
        trials = [Trial(TINY, data="fashion-mini", images=count, settings=(("epochs", "2"),))]
        (found,) = run_trials(tmp_path / str(count), trials)
        accuracies[count] = found.row.values["accuracy"]
    assert accuracies[50] < accuracies[2000]
    with pytest.raises(UsageError, match="fashion-mini has 2,000 training images, asked are 5"):
        list(run_trials(tmp_path / "few", [Trial(TINY, data="fashion-mini", images=5)]))


def test_a_budget_of_seconds_becomes_epochs(tmp_path: Path) -> None:
    trials = [
        Trial(TINY, data="fashion-mini", seconds=seconds, settings=(("precision", "float32"),))
        for seconds in (0.05, 0.5)
    ]
    few, more = (filled.row.values["epochs"] for filled in run_trials(tmp_path, trials))
    assert 0 < few < more
    assert np.isfinite(more)


def test_the_table_can_be_read_without_the_grid(tmp_path: Path) -> None:
    trials = grid([TINY], seeds=[0, 1, 2], **SMALL)  # type: ignore[arg-type]
    list(run_trials(tmp_path, trials))
    estimate = trials_table(tmp_path).mean("accuracy", architecture=TINY)
    assert estimate.count == 3
    assert estimate.low < estimate.mean < estimate.high
