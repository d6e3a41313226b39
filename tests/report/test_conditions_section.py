"""Conditions of a run, and the command that repeats it: read back, it is the same run."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from convscope.architecture import Architecture
from convscope.report.conditions_section import command_for, conditions_list, repeat_section
from convscope.report.numbers import count_of
from convscope.report.training_section import run_terms
from convscope.training.recipe import RECIPES, Recipe, read_recipe
from convscope.training.runs import Run


def options(command: str) -> dict[str, list[str]]:
    words = shlex.split(command)
    found: dict[str, list[str]] = {}
    for key, value in zip(words[3::2], words[4::2], strict=True):
        found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize(
    "recipe",
    [
        *RECIPES.values(),
        read_recipe("fast", {"epochs": "2", "flip": "true", "cutout": "8"}),
        Recipe(name="my own", optimizer="sgd", learning_rate=0.05, epochs=0.75, average=0.99),
    ],
    ids=lambda recipe: recipe.name,
)
def test_the_command_gives_the_same_recipe(small_run: Run, recipe: Recipe) -> None:
    command = command_for(replace(small_run, recipe=recipe))
    found = options(command)
    settings = dict(text.split("=", 1) for text in found.get("--set", []))
    again = read_recipe(found["--recipe"][0], settings)
    assert replace(again, name="") == replace(recipe, name="")


def test_the_command_gives_the_same_network_data_and_seed(small_run: Run) -> None:
    command = command_for(replace(small_run, seed=7))
    assert command.startswith("convscope train ")
    assert Architecture.parse(shlex.split(command)[2]) == small_run.architecture
    found = options(command)
    assert found["--data"] == ["fashion-mini"]
    assert found["--seed"] == ["7"]
    assert found["--device"] == ["cpu"]
    assert "--size" not in found


def test_what_was_asked_of_a_folder_is_asked_again(small_run: Run) -> None:
    data = replace(
        small_run.data, source='/my "best" $HOME/data', asked_size=(32, 48), fit="crop", skipped=3
    )
    found = options(command_for(replace(small_run, data=data)))
    assert found["--data"] == ['/my "best" $HOME/data']
    assert found["--size"] == ["32x48"]
    assert found["--fit"] == ["crop"]
    assert found["--on-bad"] == ["skip"]


def test_the_same_weights_come_of_it(small_run: Run, tmp_path: Path) -> None:
    from convscope.training.train import train

    found = options(command_for(small_run))
    again = train(
        shlex.split(command_for(small_run))[2],
        data=found["--data"][0],
        recipe=found["--recipe"][0],
        settings=dict(text.split("=", 1) for text in found["--set"]),
        seed=int(found["--seed"][0]),
        device=found["--device"][0],
        out=tmp_path / "again",
    )
    model = "model.safetensors"
    assert (again.path / model).read_bytes() == (small_run.path / model).read_bytes()


def test_all_conditions_are_told(small_run: Run) -> None:
    text = str(conditions_list(small_run))
    for told in (
        small_run.data.fingerprint,
        small_run.data.place,
        small_run.conditions.processor,
        small_run.conditions.versions["torch"],
        small_run.created,
        count_of(small_run.conditions.threads, "thread"),
    ):
        assert told in text
    for key in small_run.recipe.as_dict():
        assert key == "name" or f">{key}<" in text


def test_files_left_out_are_told(small_run: Run) -> None:
    run = replace(small_run, data=replace(small_run.data, skipped=3))
    assert "3 files that could not be used" in str(conditions_list(run))


def test_an_early_end_is_told_and_what_the_command_gives_then(small_run: Run) -> None:
    results = {**small_run.results, "steps": 5, "ended_early": True, "planned_steps": 9}
    run = replace(small_run, results=results)
    told = "stopped after 5 of 9 steps"
    assert told in str(conditions_list(run))
    assert f"This training was {told}, and the command goes on" in str(repeat_section(run))
    assert told in str(run_terms(run))
    for whole in (conditions_list(small_run), repeat_section(small_run), run_terms(small_run)):
        assert "stopped after" not in str(whole)


def test_the_example_is_called_by_its_name(small_run: Run) -> None:
    from convscope.training.runs import run_path

    example = replace(small_run, path=run_path("example"))
    assert "convscope evaluate example\nconvscope report example" in str(repeat_section(example))
