"""``evaluate``, ``report`` and ``demo`` on a run that is trained here in a second."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from convscope.report.terminal import EvaluationView
from convscope.report.view import shown_text
from convscope.training.evaluate import evaluate
from convscope.training.runs import open_run, runs_folder
from tests.cli.conftest import Command


@pytest.fixture
def run(command: Command) -> str:
    words = ("input auto -> maxpool 4 -> fc classes", "--data", "fashion-mini")
    settings = ("--set", "epochs=0.2", "--set", "validation=0.1")
    assert command("train", *words, *settings, "--out", "small", "-q").code == 0
    return "small"


def test_evaluate_shows_the_evaluation(command: Command, run: str) -> None:
    outcome = command("evaluate", run)
    expected = shown_text(EvaluationView(evaluate(run)), width=100)
    assert (outcome.code, outcome.err) == (0, "")
    assert [line.rstrip() for line in outcome.out.splitlines()] == expected.splitlines()


def test_evaluate_as_json_on_another_split(command: Command, run: str) -> None:
    outcome = command("evaluate", run, "--split", "validation", "--json")
    record = evaluate(run, split="validation").as_dict()
    assert outcome.json == json.loads(json.dumps(record))
    assert outcome.json["count"] == 200


def test_evaluate_on_data_of_other_classes(command: Command, run: str) -> None:
    outcome = command("evaluate", run, "--data", "shapes")
    assert (outcome.code, outcome.out) == (1, "")
    assert "the run knows no class disc" in outcome.err


def test_report_says_where_it_is(command: Command, run: str) -> None:
    folder = runs_folder() / run
    outcome = command("report", run)
    assert outcome.code == 0
    assert outcome.out == f"{folder / 'report.html'}\n"
    assert outcome.err == f"figures: {folder / 'figures'}\n"
    elsewhere = folder.parent / "elsewhere"
    record = command("report", run, "--out", str(elsewhere), "--json").json
    assert record["report"] == str(elsewhere / "report.html")
    assert record["figures"]
    assert all(Path(figure).is_file() for figure in record["figures"])


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("evaluate", "absent"),
        ("predict", "truncated"),
        ("evaluate", "of another network"),
        ("report", "truncated"),
    ],
)
def test_weights_that_cannot_be_used(command: Command, run: str, name: str, damage: str) -> None:
    folder = runs_folder() / run
    if damage == "absent":
        (folder / "model.safetensors").unlink()
    elif damage == "truncated":
        os.truncate(folder / "model.safetensors", 500)
    else:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        record["architecture"]["notation"] = "input 28x28x1 -> conv 3 3x3 -> fc 10"
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    outcome = command(name, run, *(["fashion-mini:0"] if name == "predict" else []))
    assert "Traceback" not in outcome.err
    if name != "report":  # a report says in its place what is missing
        assert (outcome.code, outcome.out) == (1, "")
        assert str(folder) in outcome.err


def test_the_demo_goes_the_whole_way_once(command: Command) -> None:
    first = command("demo", "--data", "fashion-mini")
    run = open_run("demo-fashion-mini")
    page = run.path / "report.html"
    assert first.code == 0
    assert "29,034" in first.out
    assert f"{100 * run.accuracy:.2f} % on the 500 test images of fashion-mini" in first.out
    assert str(page) in first.out
    assert "These data are fashion-mini" in first.out
    assert "predict demo-fashion-mini fashion-mini:7" in first.out
    written = (run.path / "model.safetensors").stat().st_mtime_ns, page.stat().st_mtime_ns

    again = command("demo", "--data", "fashion-mini", "--json")
    assert again.code == 0
    assert again.json["schema"] == "convscope.demo/1"
    assert again.json["report"] == str(page)
    assert again.json["evaluation"]["accuracy"] == run.accuracy
    assert "was finished already" in " ".join(again.err.split())
    assert written == (
        (run.path / "model.safetensors").stat().st_mtime_ns,
        page.stat().st_mtime_ns,
    )


def test_the_demo_without_data_says_how_to_go_on(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "nothing"))
    monkeypatch.setattr("convscope.data.fashion_mnist.known_folders", lambda: ())
    outcome = command("demo", "--offline")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.endswith(
        'or go the same way on a small part of it: "convscope demo --data fashion-mini"\n'
    )
    assert not runs_folder().exists()


@pytest.mark.parametrize(
    ("accuracy", "verdict"), [(0.9167, "91.67 % is past"), (0.8912, "89.12 % is below")]
)
def test_the_verdict_is_beside_the_articles(accuracy: float, verdict: str) -> None:
    from dataclasses import replace

    from convscope.cli.demo import verdict as said

    example = open_run("example")
    results = {**example.results, "accuracy": accuracy, "count": 10_000}
    run = replace(
        example, data=replace(example.data, name="fashion-mnist"), results=results, finished=True
    )
    assert said(run) == [f"{verdict} the article's 90 %."]
