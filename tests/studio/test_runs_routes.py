"""Runs: listed, shown, measured at any moment that was kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from convscope.architecture.arithmetic import explain
from convscope.inspection.health.afterwards import examine
from convscope.inspection.maps.kernels import kernels
from convscope.inspection.subject import subject_of
from convscope.training.evaluate import evaluate
from convscope.training.runs import Run, example_folder, open_run
from convscope.training.train import train
from tests.studio.conftest import Asked, Opening, unpacked


def test_the_list_holds_the_example_and_what_is_in_the_folder(asked: Asked) -> None:
    shutil.copytree(example_folder(), asked.runs / "copy")
    (asked.runs / "damaged").mkdir()
    (asked.runs / "damaged" / "run.json").write_text("{", encoding="utf-8")
    found = {run["name"]: run for run in asked.get("runs").json()["runs"]}
    assert found["example"]["state"] == "finished"
    assert found["copy"]["results"] == found["example"]["results"]
    assert found["copy"]["architecture"]["name"] == "article"
    assert "damaged" not in found
    assert asked.get("runs/damaged").status_code == 409


def test_runs_of_applications_are_listed(asked: Asked) -> None:
    found = [run for run in asked.get("runs").json()["runs"] if run["task"] != "classification"]
    for run in found:
        shown = asked.get(f"runs/{run['name']}").json()
        assert (shown["task"], shown["state"]) == (run["task"], "finished")


def test_a_run_in_full(asked: Asked) -> None:
    record = asked.get("runs/example").json()
    run = open_run("example")
    assert {key: record[key] for key in run.as_dict()} == json.loads(json.dumps(run.as_dict()))
    assert record["snapshots"] == [step for step, _ in run.snapshots()]
    assert record["pace"]["remaining_seconds"] == 0


@pytest.mark.parametrize("source", ["example", "lenet5", "input 4x4x1 -> conv 2 3x3 -> fc 2"])
def test_a_network_as_all_lenses_need_it(asked: Asked, source: str) -> None:
    record = asked.get("subject", source=source).json()
    architecture = subject_of(source).architecture
    assert architecture is not None
    assert record["explanation"] == explain(architecture).as_dict()
    assert record["trained"] == (source == "example")
    assert [card["name"] for card in record["spine"]] == [node.name for node in architecture.nodes]
    assert (record["state"] is not None) == record["trained"]


@pytest.fixture
def small(asked: Asked) -> Run:
    """A run that has kept its moments: steps 0, 1, 3, 10."""
    place = asked.runs / "small"
    if (place / "run.json").exists():
        return open_run(place)
    settings = {"epochs": 0.5, "precision": "float32"}
    return train("article", data="fashion-mini", recipe="article", settings=settings, out=place)


def test_the_end_is_measured_on_test_images_and_no_other_moment(asked: Asked, small: Run) -> None:
    end = asked.get("runs/small/confusion", count=100).json()
    assert end["split"] == "test"
    assert end["confusion"] == evaluate(small, count=100, device="cpu").confusion.tolist()
    assert "the first 100 of 500 images" in end["note"]
    before = asked.get("runs/small/confusion", count=100, step=1).json()
    assert before["split"] == "train"
    expected = evaluate(small, split="train", step=1, count=100, device="cpu")
    assert before["confusion"] == expected.confusion.tolist()
    assert asked.get("runs/small/confusion", step=99).status_code == 409


def test_health_and_kernels_are_those_of_the_functions(asked: Asked, small: Run) -> None:
    record = asked.get("runs/small/health").json()
    expected = examine(small).as_dict()
    for key in ("findings", "activations", "weights", "norms", "loss"):
        assert record[key] == json.loads(json.dumps(expected[key]))
    earlier = asked.get("runs/small/health", step=3).json()
    assert earlier["steps"] == 3
    assert earlier["weights"] == examine(small, step=3).as_dict()["weights"]
    assert asked.get("runs/small/health", step=99).status_code == 409
    for step in (None, 3):
        query = {} if step is None else {"step": step}
        head, arrays = unpacked(asked.get("runs/small/kernels", **query))
        found = kernels(subject_of(small, step=step), "conv1")
        np.testing.assert_array_equal(arrays["kernels"], found.weights)
        np.testing.assert_array_equal(arrays["biases"], found.biases)
        assert head["layer"] == "conv1"
    deep = unpacked(asked.get("runs/small/kernels", layer="conv2", start=30, inputs=2))[1]
    assert deep["kernels"].shape == (2, 2, 5, 5)


def test_each_moment_has_its_own_maps(asked: Asked, small: Run) -> None:
    maps = {
        step: asked.arrays("inside/maps", source="small", layer="conv1", step=step)[1]["maps"]
        for step in (0, 3, None)
    }
    subject = subject_of(small, step=3)
    assert subject.name == "small after step 3"
    expected = subject.module.conv1(subject.tensor(subject.images[:1]))[0]  # type: ignore[operator]
    np.testing.assert_allclose(maps[3], expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    assert abs(maps[0] - maps[3]).max() > 0.001
    assert abs(maps[None] - maps[3]).max() > 0.001


def test_state_of_the_studio(asked: Asked) -> None:
    record = asked.get("state").json()
    assert record["source"] == "example"
    assert record["runs_folder"] == str(asked.runs)
    assert {each["name"] for each in record["data"]} >= {"fashion-mini", "shapes"}
    assert {"article", "fast", "best"} <= {each["name"] for each in record["recipes"]}
    assert "learning_rate" in record["settings"]
    assert record["devices"][:2] == ["auto", "cpu"]


def test_a_run_from_elsewhere_goes_by_its_name(opening: Opening, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "mine"
    shutil.copytree(example_folder(), place)
    asked = opening(tmp_path / "runs", source=str(place))
    assert asked.get("state").json()["source"] == "mine"
    assert asked.get("runs/mine").json()["path"] == str(place)
    assert asked.get("subject", source="mine").json()["trained"]
    assert asked.record("inside/answer", source="mine")["subject"] == "mine"
    assert "not in the folder of runs" in asked.problem("runs/mine/resume", 409)
