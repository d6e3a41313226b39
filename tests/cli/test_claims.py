"""``claims``: listed at once, measured by name, drawn, and gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convscope.claims import table
from convscope.claims.claim import Outcome
from convscope.claims.table import CLAIMS, claims_record
from convscope.training.runs import runs_folder
from tests.claims.samples import sample_outcome
from tests.cli.conftest import Command


@pytest.fixture
def nothing_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_STORED", tmp_path / "none.json")


@pytest.fixture
def two_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    record = claims_record([sample_outcome("tanh"), sample_outcome("sigmoid")])
    path.write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.setattr(table, "_STORED", path)


def test_they_are_listed(command: Command, nothing_stored: None) -> None:
    outcome = command("claims")
    assert (outcome.code, outcome.err) == (0, "")
    assert all(f"  {name}\n" in outcome.out for name in CLAIMS)
    assert "nothing has been measured and stored yet" in outcome.out
    records = command("claims", "--json").json
    assert records["schema"] == "convscope.claims/1"
    assert [record["name"] for record in records["claims"]] == list(CLAIMS)
    assert {record["verdict"] for record in records["claims"]} == {None}
    assert set(records["claims"][0]) == set(sample_outcome("tanh").as_dict())


def test_what_is_stored_is_listed_and_drawn(
    command: Command, two_stored: None, tmp_path: Path
) -> None:
    outcome = command("claims", "--out", str(tmp_path / "figures"))
    assert "verdict   holds: its tails are flat" in outcome.out
    names = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert names == [
        "claim-sigmoid-2.png", "claim-sigmoid-2.svg", "claim-sigmoid.png", "claim-sigmoid.svg",
        "claim-tanh.png", "claim-tanh.svg",
    ]  # fmt: skip
    records = command("claims", "--json").json["claims"]
    assert sum(record["verdict"] is not None for record in records) == 2


def test_some_are_measured_once(command: Command, tmp_path: Path) -> None:
    words = ("claims", "output-sizes", "sparse-interaction", "output-sizes", "--quick")
    first = command(*words, "--out", str(tmp_path / "figures"))
    assert first.code == 0
    assert "1 of 2: output-sizes: holds when" in first.err
    assert "1,431 cases" in first.out
    assert first.out.splitlines()[-2].startswith("output-sizes  ")
    assert first.out.splitlines()[-1].startswith("sparse-interaction  ")
    assert (tmp_path / "figures" / "claim-output-sizes.svg").is_file()
    folder = runs_folder() / "claims"
    before = {path: path.read_bytes() for path in folder.glob("*.jsonl")}
    assert len(before) == 2
    again = command(*words, "--json", "-q")
    assert again.err == ""
    assert [record["name"] for record in again.json["claims"]] == list(words[1:3])
    assert {path: path.read_bytes() for path in folder.glob("*.jsonl")} == before


def test_a_folder_of_ones_own(command: Command, tmp_path: Path) -> None:
    command("claims", "output-sizes", "--quick", "-q", "--folder", str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "claim-output-sizes-quick.jsonl").is_file()
    assert not (runs_folder() / "claims").exists()


def test_runs_do_not_mind_the_folder(command: Command) -> None:
    command("claims", "output-sizes", "--quick", "-q")
    assert command("runs").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["relu-rase"], 'there is no claim "relu-rase"'),
        (["--quick"], "--quick measures: say what"),
        (["--out", "figures"], "no results are stored"),
    ],
)
def test_what_is_refused(
    command: Command, nothing_stored: None, words: list[str], message: str
) -> None:
    outcome = command("claims", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_is_measured(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def measure(*_: Any, **__: Any) -> Iterator[Outcome]:
        raise AssertionError("it has begun to measure")

    monkeypatch.setattr(table, "measure_claims", measure)
    (tmp_path / "file").touch()
    outcome = command("claims", "tanh", "--quick", "--out", str(tmp_path / "file" / "figures"))
    assert (outcome.code, outcome.out) == (1, "")
    assert "give another --out" in outcome.err


def test_an_interruption_says_how_to_go_on(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(names: Any, **_: Any) -> Iterator[Outcome]:
        yield sample_outcome(names[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(table, "measure_claims", measure)
    outcome = command("claims", "tanh", "sigmoid", "--quick", "--folder", "mine", "-q")
    assert outcome.code == 130
    assert "holds: its tails are flat" in outcome.out
    assert outcome.err == (
        'stopped; what was measured stays: "convscope claims tanh sigmoid --quick --folder mine" '
        "goes on\n"
    )
    outcome = command("claims", "--all", "-q", "--json")
    assert outcome.out == ""
    assert '"convscope claims --all" goes on' in outcome.err


@pytest.mark.slow
def test_a_killed_process_leaves_what_it_measured(command: Command) -> None:
    """The first rows survive the kill word for word, and the rest is measured."""
    words = ("claims", "parameter-sharing", "--quick", "-q", "--json")
    path = runs_folder() / "claims" / "parameter-sharing-quick.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "convscope", *words], stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while not (path.is_file() and path.read_bytes().count(b"\n") >= 3):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    before = path.read_bytes()
    kept = before[: before.rfind(b"\n") + 1]
    outcome = command(*words)
    assert outcome.code == 0
    assert path.read_bytes().startswith(kept)
    assert len(path.read_bytes().splitlines()) == 9
    (record,) = outcome.json["claims"]
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert record["seconds"] > 0.9 * sum(row["seconds"] for row in rows)
