"""What is decided before a training starts, and what cannot start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convscope.architecture.architecture import Architecture
from convscope.architecture.zoo import ZOO
from convscope.data.images import Data, ImageSet, mean_and_deviation
from convscope.errors import RecipeError, RunError, UsageError
from convscope.network.build import build
from convscope.training import prepare
from convscope.training.prepare import fitted, planned, require_same, resumed, with_dropout
from convscope.training.runs import Run
from tests.training.making import TINY, quick, toy_data

LINE = "input 12x12x1 -> conv 4 3x3 pad 1 -> batchnorm -> relu -> maxpool 4 -> fc 3"


def test_open_ends_are_filled_in_from_the_data(toy: Data) -> None:
    plan = planned(TINY, toy, "fast", {}, 0, "cpu")
    assert str(plan.architecture) == LINE
    assert plan.recipe.name == "fast"
    assert (plan.train, plan.held) == (toy.train, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "input 28x28x1 -> fc 3",
            "input 28x28x1 -> fc 3: the network takes 28×28×1, and toy gives 12×12×1: "
            'write "input auto", or bring the images to its size with --size 28x28',
        ),
        (
            "input 12x12x3 -> fc 3",
            "input 12x12x3 -> fc 3: the network takes 12×12×3, and toy gives 12×12×1: "
            'write "input auto"',
        ),
        (
            "input auto -> fc 10",
            "input auto -> fc 10: the network gives 10 numbers, and toy has 3 classes: "
            'let the last layer be "fc classes"',
        ),
        (
            "input auto -> conv 3 3x3",
            "input auto -> conv 3 3x3: the network gives 10×10×3 numbers, and toy has 3 classes: "
            'let the last layer be "fc classes"',
        ),
    ],
)
def test_what_does_not_fit_the_data_is_refused(toy: Data, line: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        fitted(Architecture.parse(line), toy)
    assert str(error.value) == message


def test_the_mean_is_that_of_the_images_learnt_from(toy: Data) -> None:
    plan = planned(TINY, toy, quick(validation=0.25), {}, 7, "cpu")
    assert plan.held is not None
    assert len(plan.train) + len(plan.held) == len(toy.train)
    assert 25 <= len(plan.held) <= 35
    mean, deviation = mean_and_deviation(plan.train.images)
    assert (plan.preprocessing.mean, plan.preprocessing.std) == (mean, deviation)
    assert mean != mean_and_deviation(toy.train.images)[0]


def test_images_of_one_colour_do_not_divide_by_zero(toy: Data) -> None:
    flat = ImageSet(np.full((6, 1, 12, 12), 7, np.uint8), np.arange(6) % 3)
    plan = planned(TINY, replace(toy, train=flat), "fast", {}, 0, "cpu")
    assert plan.preprocessing.std == (1.0,)


def test_a_seed_below_zero_is_refused(toy: Data) -> None:
    with pytest.raises(UsageError, match="the seed is -1: give a whole number from 0 up"):
        planned(TINY, toy, "fast", {}, -1, "cpu")


def test_names_come_from_the_zoo_the_file_or_nowhere(toy: Data, tmp_path: Path) -> None:
    def name(architecture: str | Architecture) -> str:
        return planned(architecture, toy, "fast", {}, 0, "cpu").name

    path = tmp_path / "my network.txt"
    path.write_text(TINY, encoding="utf-8")
    assert name("Article") == "article"
    assert name(ZOO["article"].architecture) == "article"
    assert name(str(path)) == "my network"
    assert name(TINY) == name(Architecture.parse(TINY)) == "custom"
    assert name(TINY + " # " + "x" * 5000) == "custom"


def test_dropout_goes_before_the_last_fc_and_adds_no_parameters() -> None:
    plain = Architecture.parse(LINE.replace("fc 3", "fc 8 -> relu -> fc 3"))
    changed = with_dropout(plain, 0.25)
    assert str(changed).endswith("fc 8 -> relu -> dropout 0.25 -> fc 3")
    assert build(plain).state_dict().keys() == build(changed).state_dict().keys()
    first, second = build(plain, seed=1).state_dict(), build(changed, seed=1).state_dict()
    assert all(bool((first[name] == second[name]).all()) for name in first)
    assert with_dropout(plain, 0.0) is plain


def test_dropout_without_fc_is_refused_before_anything_starts(toy: Data) -> None:
    line = "input auto -> conv 3 3x3 -> globalavgpool"
    with pytest.raises(RecipeError) as error:
        planned(line, toy, "fast", {"dropout": 0.1}, 0, "cpu")
    assert str(error.value) == (
        "recipe, dropout: there is no fc layer that dropout could go before: "
        "give --set dropout=0, and write dropout into the architecture where it belongs"
    )


def test_asking_for_the_same_or_for_nothing_is_no_difference(finished: Run) -> None:
    require_same(finished, None, None, {}, None)
    require_same(finished, TINY, quick(epochs=10.0), {}, 0)
    require_same(finished, Architecture.parse(LINE), None, {"epochs": "10"}, None)


def test_every_difference_is_named(finished: Run) -> None:
    with pytest.raises(RunError) as error:
        require_same(finished, "input auto -> fc classes", None, {"epochs": 3, "flip": True}, 4)
    assert str(error.value) == (
        f"{finished.path}: this run is of another training: its architecture is {LINE}, asked is "
        "input 12x12x1 -> fc 3; its recipe has epochs 10.0, asked is 3.0; its recipe has flip "
        "False, asked is True; its seed is 0, asked is 4: "
        "resume it as it was begun, or train into another folder"
    )


def test_other_data_are_a_difference(finished: Run, toy: Data) -> None:
    assert resumed(finished, toy).architecture == finished.architecture
    other = toy_data(seed=9)
    with pytest.raises(RunError) as error:
        resumed(finished, other)
    assert (
        f"its data are toy ({toy.fingerprint[:12]}), these are toy ({other.fingerprint[:12]})"
        in str(error.value)
    )


def test_a_device_that_is_gone_is_said(
    finished: Run, toy: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "available", lambda device: False)
    with pytest.raises(RunError, match="begun on cpu, which torch does not find here"):
        resumed(finished, toy)


@pytest.mark.parametrize("key", ["shift", "cutout"])
def test_changes_larger_than_the_image_are_refused(toy: Data, key: str) -> None:
    planned(TINY, toy, "fast", {key: 11}, 0, "cpu")
    with pytest.raises(RecipeError) as error:
        planned(TINY, toy, "fast", {key: 12}, 0, "cpu")
    assert str(error.value) == (
        f"recipe, {key}: 12 pixels leave nothing of images of 12x12: give less than 12"
    )
