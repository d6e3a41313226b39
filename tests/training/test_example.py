"""The script that makes the package's run, and the run that it made."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from convscope.training.evaluate import evaluate
from convscope.training.runs import Run, example_folder, open_run

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_example.py"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_example", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_copy_tells_nothing_of_where_it_was_made(finished: Run, tmp_path: Path) -> None:
    script().copied(finished, tmp_path / "example")
    assert sorted(path.name for path in (tmp_path / "example").iterdir()) == [
        "checkpoints",
        "metrics.jsonl",
        "model.safetensors",
        "run.json",
    ]
    text = (tmp_path / "example" / "run.json").read_text(encoding="utf-8")
    assert str(finished.path.parent) not in text
    assert json.loads(text)["data"]["place"] == "where the package was made"
    copy = open_run(tmp_path / "example")
    assert copy.results == finished.results
    np.testing.assert_array_equal(
        copy.network().state_dict()["fc.weight"], finished.network().state_dict()["fc.weight"]
    )


@pytest.mark.skipif(not example_folder().exists(), reason="scripts/make_example.py was not run")
def test_the_example_is_the_articles_network_past_ninety_percent() -> None:
    run = open_run("example")
    assert run.is_example
    assert run.finished
    assert (run.architecture_name, run.data.name) == ("article", "fashion-mnist")
    assert (run.results["split"], run.results["count"]) == ("test", 10_000)
    assert run.accuracy > 0.9
    assert evaluate(run, "fashion-mini").accuracy > 0.85
    assert sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file()) < 500_000


@pytest.mark.skipif(not example_folder().exists(), reason="scripts/make_example.py was not run")
def test_the_example_has_kept_moments_of_its_training() -> None:
    run = open_run("example")
    moments = [step for step, _ in run.snapshots()]
    assert moments == [*script().MOMENTS, run.results["steps"]]
    learnt = [evaluate(run, "fashion-mini", step=step).accuracy for step in moments]
    assert learnt == sorted(learnt)
    assert learnt[0] < 0.3
    assert learnt[-1] == evaluate(run, "fashion-mini").accuracy
    last, result = run.network(moments[-1]).state_dict(), run.network().state_dict()
    assert all(bool((last[name] == result[name]).all()) for name in result)
