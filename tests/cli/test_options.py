"""Completion, and the words that the command line shares with the rooms above it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from convscope.architecture.zoo import ZOO
from convscope.cli import options
from convscope.cli.code import complete as complete_code
from convscope.cli.options import read_pair, read_settings
from convscope.data.folders import OnBad
from convscope.data.preprocessing import Fit
from convscope.data.sources import NAMES
from convscope.training.recipe import RECIPES
from convscope.training.runs import run_path, runs_folder
from convscope.training.settings import SETTINGS
from tests.cli.conftest import Command


def test_words_are_those_of_the_data_room() -> None:
    assert get_args(get_args(options.FitOption)[0]) == get_args(Fit)
    assert get_args(get_args(options.OnBadOption)[0]) == get_args(OnBad)


DRAWING = [
    ("walk", "--layer", "conv1"),
    ("gradient",),
    ("maps",),
    ("kernels",),
    ("exciting",),
    ("visualise",),
    ("fields",),
    ("attribute",),
    ("symmetry",),
    ("symmetry", "--pooling"),
    ("ablate",),
    ("image", "fashion-mini:0"),
]


@pytest.mark.parametrize("words", DRAWING, ids=" ".join)
def test_a_figure_that_cannot_be_written_is_refused_before_the_work(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("it has begun to work")

    monkeypatch.setattr("convscope.inspection.subject.subject_of", work)
    monkeypatch.setattr("convscope.report.image_numbers.image_numbers", work)
    outcome = command(*words, "--out", str(tmp_path / "map.pdf"))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"{tmp_path / 'map.pdf'}: a figure is no .pdf file: name it .png; the SVG is written "
        "beside it\n"
    )
    outcome = command(*words, "--out", str(tmp_path))
    assert outcome.err.endswith(": this is a folder: name a file in it\n")
    (tmp_path / "file").touch()
    outcome = command(*words, "--out", str(tmp_path / "file" / "map.png"))
    assert outcome.code == 1
    assert "give another --out" in outcome.err
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_pairs() -> None:
    assert read_pair(None, "--size") is None
    assert read_pair("28", "--size") == (28, 28)
    assert read_pair("6X4", "--size") == read_pair("6×4", "--size") == (6, 4)


def test_settings() -> None:
    assert read_settings(None) == {}
    assert read_settings(["epochs=2", "name = a=b"]) == {"epochs": "2", "name": "a=b"}


def test_completion_offers_what_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").touch()
    (tmp_path / "fashion-photos").mkdir()
    for name in ("good", "bad"):
        (runs_folder() / name).mkdir(parents=True)
    (runs_folder() / "good" / "run.json").touch()
    assert [name for name, _ in options.complete_architectures("")] == list(ZOO)
    assert options.complete_recipes("") == [*RECIPES, "own.toml"]
    assert set(options.complete_data("")) >= {*NAMES, f"fashion-photos{os.sep}"}
    assert options.complete_data("fashion-p") == [f"fashion-photos{os.sep}"]
    assert options.complete_runs("") == ["example", "good"]
    assert options.complete_runs("g") == ["good"]
    assert complete_code("") == ["example", "good", *ZOO]
    assert options.complete_settings("ep") == ["epochs="]
    assert len(options.complete_settings("")) == len(SETTINGS)


def test_completed_runs_are_where_runs_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONVSCOPE_RUNS")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "here").mkdir(parents=True)
    (tmp_path / "runs" / "here" / "run.json").touch()
    assert options.complete_runs("h") == ["here"]
    assert run_path("here") == tmp_path / "runs" / "here"


@pytest.mark.parametrize(
    ("words", "expected"),
    [("expl", "explain"), ("explain resnet", "resnet20"), ("evaluate exa", "example")],
)
def test_bash_completes(words: str, expected: str) -> None:
    environment = {
        **os.environ,
        "_CONVSCOPE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"convscope {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    found = subprocess.run(
        [sys.executable, "-m", "convscope"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert expected in found.stdout.split()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("data",), "Without a command: what there is"),
        (("runs",), "runs [OPTIONS] [RUN] "),
        (("data", "fetch"), "fetch [OPTIONS] [NAME] "),
        (("image",), "Bring images to this size"),
        (("gradient",), "--class,--target"),
        (("attribute",), "--class,--target"),
        (("walk",), "--seed N "),
    ],
)
def test_help_is_plain(
    command: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert told in " ".join(command(*words, "--help").out.split())
