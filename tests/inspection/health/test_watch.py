"""A watch beside a training: it changes nothing, and looks when it should."""

from __future__ import annotations

import json

import pytest
from safetensors.numpy import load_file

from convscope.data.images import Data
from convscope.data.sources import load_data
from convscope.errors import RunError, TrainingError
from convscope.inspection.health.afterwards import Examination, examine
from convscope.inspection.health.watch import Watch
from convscope.training.runs import open_run
from convscope.training.train import train

SETTINGS = {"epochs": "2", "precision": "float32"}


@pytest.fixture(scope="module")
def mini() -> Data:
    return load_data("fashion-mini")


def test_a_watched_training_ends_in_the_same_bits(mini: Data) -> None:
    watch = Watch(share=1.0)
    settings = {**SETTINGS, "dropout": "0.3", "flip": "true"}
    plain = train("article", data=mini, settings=settings, out="plain")
    watched = train("article", data=mini, settings=settings, out="watched", observe=watch.observe)
    one, other = (load_file(run.path / "model.safetensors") for run in (plain, watched))
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)
    assert watch.looks > 5


def test_it_looks_after_powers_of_two_and_at_the_end(mini: Data) -> None:
    watch = Watch(share=1.0)
    train("perceptron", data=mini, settings={"epochs": "4"}, out="one", observe=watch.observe)
    steps = [vitals.step for vitals in watch.health().history.vitals]
    assert steps == [1, 2, 4, 8, 16, 32, 64, 80]


def test_looks_that_would_cost_too_much_are_left_out(mini: Data) -> None:
    watch = Watch(share=0.0)
    train("perceptron", data=mini, settings={"epochs": "4"}, out="one", observe=watch.observe)
    steps = [vitals.step for vitals in watch.health().history.vitals]
    assert steps == [1, 2, 4, 8, 16, 32, 80]


def test_the_probe_is_what_the_network_gets(mini: Data) -> None:
    watch = Watch()
    train("perceptron", data=mini, settings={"epochs": "0.2"}, out="one", observe=watch.observe)
    last = watch.health().history.last
    assert last.count == 200
    assert abs(last.input_mean) < 0.1
    assert last.input_deviation == pytest.approx(1, abs=0.1)
    assert watch.health().history.labels.agreement > 0.5  # type: ignore[union-attr]


def test_a_training_that_breaks_is_told_of(mini: Data) -> None:
    watch = Watch(share=1.0)
    settings = {"epochs": "4", "optimizer": "sgd", "learning_rate": "1000", "precision": "float32"}
    with pytest.raises(TrainingError):
        train(
            "input auto -> fc 64 -> relu -> fc 64 -> relu -> fc classes",
            data=mini,
            settings=settings,
            out="broken",
            observe=watch.observe,
        )
    kinds = {finding.kind for finding in watch.health().findings}
    assert kinds & {"learning rate too high", "not finite", "exploding gradients"}


def test_a_run_that_is_over_is_examined_from_its_snapshots(mini: Data) -> None:
    run = train("article", data=mini, settings=SETTINGS, out="over")
    found = examine("over")
    assert [vitals.step for vitals in found.history.vitals] == [step for step, _ in run.snapshots()]
    assert found.findings == ()
    record = json.loads(json.dumps(found.as_dict()))
    assert record["schema"] == "convscope.health/1"
    assert [layer["name"] for layer in record["weights"]] == ["conv1", "conv2", "fc"]


def test_a_run_is_examined_as_it_stood(mini: Data) -> None:
    run = train("article", data=mini, settings=SETTINGS, out="moments")
    moments = [step for step, _ in run.snapshots()]
    examination = Examination(run)
    end, middle = examination.health(), examination.health(moments[2])
    assert [vitals.step for vitals in middle.history.vitals] == moments[:3]
    assert max(step for step, _ in middle.history.losses) <= moments[2]
    # Whatever was looked at before, the numbers are those of a fresh look.
    for step, known in ((None, end), (moments[2], middle)):
        fresh, found = examine(run, step=step).as_dict(), known.as_dict()
        assert {**fresh, "seconds": 0} == {**found, "seconds": 0}
    assert middle.as_dict()["weights"][0]["update"] > end.as_dict()["weights"][0]["update"]
    with pytest.raises(RunError, match="the weights after step 7 were not kept"):
        examination.health(7)


def test_an_examination_goes_on_with_its_training(mini: Data) -> None:
    run = train("article", data=mini, settings=SETTINGS, out="growing")
    later = [(path, path.read_bytes()) for _, path in run.snapshots()[-2:]]
    document = run.path / "run.json"
    text = document.read_text(encoding="utf-8")
    document.write_text(text.replace('"finished": true', '"finished": false'), encoding="utf-8")
    for path, _ in later:
        path.unlink()
    examination = Examination("growing")
    assert examination.health().history.last.step == open_run("growing").snapshots()[-1][0] == 10
    for path, content in later:
        path.write_bytes(content)
    document.write_text(text, encoding="utf-8")
    grown, fresh = examination.health().as_dict(), examine("growing").as_dict()
    assert {**grown, "seconds": 0} == {**fresh, "seconds": 0}


def test_the_example_is_healthy() -> None:
    found = examine("example")
    assert found.findings == ()
    assert found.history.last.step == open_run("example").results["steps"]


def test_what_is_too_fast_is_found_afterwards_too(mini: Data) -> None:
    settings = {**SETTINGS, "optimizer": "adam", "learning_rate": "1"}
    train("article", data=mini, settings=settings, out="fast")
    assert "learning rate too high" in {finding.kind for finding in examine("fast").findings}
