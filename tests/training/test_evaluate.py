"""Evaluations: against scikit-learn, and open about which images were measured."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from convscope.data.images import Data, ImageSet
from convscope.data.sources import load_data
from convscope.errors import DataError, UsageError
from convscope.training import runs
from convscope.training.evaluate import Evaluation, evaluate
from convscope.training.runs import Run, open_run
from convscope.training.train import train
from tests.training.making import TINY, quick, toy_data


@pytest.fixture(scope="module")
def measured(finished: Run, toy: Data) -> Evaluation:
    return evaluate(finished, toy)


def answers(run: Run, images: ImageSet) -> torch.Tensor:
    """softmax, the plain way."""
    pixels = torch.from_numpy(run.preprocessing.normalised(images.images))
    return run.network()(pixels).softmax(1).detach()


def test_the_numbers_are_scikit_learns(finished: Run, toy: Data, measured: Evaluation) -> None:
    given = answers(finished, toy.test).argmax(1).numpy()
    np.testing.assert_array_equal(measured.predictions, given)
    assert measured.accuracy == pytest.approx(accuracy_score(toy.test.labels, given))
    assert measured.correct == (toy.test.labels == given).sum()
    np.testing.assert_allclose(
        [[it.precision, it.recall, it.f1, it.support] for it in measured.per_class],
        np.transpose(precision_recall_fscore_support(toy.test.labels, given, zero_division=0)),
    )
    assert (measured.run, measured.data, measured.split) == ("toy-run", "toy", "test")
    assert (measured.count, measured.note) == (60, "")
    assert measured.conditions.precision == "float32"


def test_the_most_confident_mistakes_come_first(
    finished: Run, toy: Data, measured: Evaluation
) -> None:
    found = answers(finished, toy.test)
    wrong = [k for k in range(60) if found[k].argmax() != toy.test.labels[k]]
    assert 0 < len(wrong) < 40
    assert sorted(it.index for it in measured.mistakes) == wrong
    sure = [it.confidence for it in measured.mistakes]
    assert sure == sorted(sure, reverse=True)
    for it in measured.mistakes:
        assert it.true == toy.test.labels[it.index] != it.predicted
        assert it.confidence == pytest.approx(found[it.index].max().item(), abs=1e-6)


def test_the_record_is_json(measured: Evaluation) -> None:
    record = json.loads(json.dumps(measured.as_dict(), allow_nan=False))
    assert record["schema"] == "convscope.evaluation/1"
    assert record["correct"] == measured.correct
    assert record["confusion"] == measured.confusion.tolist()
    assert len(record["reliability"]) == 15
    assert record["classes"] == ["top", "middle", "bottom"]


def test_other_images_of_the_same_classes_are_named(finished: Run) -> None:
    other = evaluate(finished, toy_data(seed=7))
    assert other.note == "toy has changed since the training"
    other = evaluate(finished, toy_data(seed=7, name="more"))
    assert (other.data, other.note) == ("more", "trained on toy, measured on more")


def test_classes_in_another_order_are_brought_into_the_runs(
    finished: Run, toy: Data, measured: Evaluation
) -> None:
    places = np.array([2, 0, 1])
    turned = replace(
        toy,
        classes=("middle", "bottom", "top"),
        test=ImageSet(toy.test.images, places[toy.test.labels]),
    )
    np.testing.assert_array_equal(evaluate(finished, turned).confusion, measured.confusion)


def test_classes_that_the_run_does_not_know(finished: Run, toy: Data) -> None:
    with pytest.raises(DataError) as error:
        evaluate(finished, replace(toy, classes=("top", "left", "right")))
    assert str(error.value) == (
        "toy: the run knows no class left, right; it knows top, middle, bottom: "
        "give data with the classes of the training"
    )


def test_images_of_another_size(finished: Run) -> None:
    with pytest.raises(DataError) as error:
        evaluate(finished, load_data("fashion-mini"))
    assert str(error.value).startswith(
        "fashion-mini: the network takes 12×12×1, these images are 28×28×1: "
    )


def test_the_parts_of_a_run_that_kept_some_for_choosing(toy: Data) -> None:
    run = train(TINY, data=toy, recipe=quick(validation=0.2))
    parts = {split: evaluate(run, toy, split=split) for split in ("train", "validation", "test")}  # type: ignore[arg-type]
    assert {split: it.count for split, it in parts.items()} == {
        "train": run.data.train,
        "validation": 120 - run.data.train,
        "test": 60,
    }
    assert parts["validation"].accuracy == run.accuracy


def test_a_run_that_kept_none(finished: Run, toy: Data) -> None:
    assert evaluate(finished, toy, split="train").count == 120
    with pytest.raises(UsageError) as error:
        evaluate(finished, toy, split="validation")
    assert str(error.value) == (
        f"{finished.path}: this run kept no images for validation: "
        "evaluate it on the test split, or train with --set validation=0.1"
    )
    with pytest.raises(UsageError, match='there is no split "tset"'):
        evaluate(finished, toy, split="tset")  # type: ignore[arg-type]


def test_without_data_it_is_those_of_the_training() -> None:
    run = train("input auto -> maxpool 4 -> fc classes", data="fashion-mini", recipe=quick())
    measured = evaluate(run.name)
    assert (measured.data, measured.count, measured.note) == ("fashion-mini", 500, "")
    assert measured.accuracy == run.accuracy
    assert evaluate(run, "fashion-mini").accuracy == run.accuracy


@pytest.fixture
def made_up_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run in the place of the package's, which claims to be of Fashion-MNIST."""
    folder = tmp_path / "package" / "example"
    train("input auto -> maxpool 4 -> fc classes", data="fashion-mini", recipe=quick(), out=folder)
    monkeypatch.setattr(runs, "example_folder", lambda: folder)
    path = folder / "run.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["data"] |= {"name": "fashion-mnist", "source": "fashion-mnist", "test": 10_000}
    path.write_text(json.dumps(values), encoding="utf-8")
    return open_run("example")


def no_fashion_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    from convscope.training import prepare

    def load(name: str, **options: object) -> Data:
        assert options["offline"] is True
        if name == "fashion-mnist":
            raise DataError("it is not on this machine")
        return load_data(name)

    monkeypatch.setattr(prepare, "load_data", load)


def test_the_example_falls_back_to_fashion_mini_and_says_so(
    made_up_example: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_fashion_mnist(monkeypatch)
    measured = evaluate("example")
    assert (measured.data, measured.count) == ("fashion-mini", 500)
    assert measured.note == (
        "fashion-mnist is not on this machine: measured on the 500 test images of fashion-mini, "
        'a part of its 10,000; "convscope data fetch" brings it'
    )


def test_no_other_run_falls_back(
    made_up_example: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(made_up_example.path, tmp_path / "copy")
    no_fashion_mnist(monkeypatch)
    with pytest.raises(DataError, match="it is not on this machine"):
        evaluate(copy)
    with pytest.raises(DataError, match="it is not on this machine"):
        evaluate("example", "fashion-mnist")
