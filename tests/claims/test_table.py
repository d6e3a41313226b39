"""All claims at once: names and files, rules and verdicts, going on, what is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

import convscope.claims as room
from convscope.architecture.layers import Volume
from convscope.architecture.zoo import find_architecture
from convscope.claims import table
from convscope.claims.claim import Claim, Setting, Verdict, Word
from convscope.claims.table import (
    CLAIMS,
    claim_named,
    claims_record,
    found_in,
    measure_claims,
    outcome_of,
    stored,
)
from convscope.errors import RunError, UsageError
from convscope.inspection.changes.editing import swap_pooling
from convscope.inspection.subject import subject_of
from convscope.training.runs import open_run
from tests.claims.samples import CONDITIONS, sample, sample_outcome

NO_CLAIMS = {"__init__", "claim", "learning", "table"}


def test_names_are_files_and_each_file_has_tests() -> None:
    files = {path.stem for path in Path(room.__path__[0]).glob("*.py")} - NO_CLAIMS
    assert set(CLAIMS.values()) == files
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert files <= tests
    assert len(CLAIMS) == 15


@pytest.mark.parametrize("name", CLAIMS)
def test_each_claim_is_complete(name: str) -> None:
    claim = claim_named(name)
    assert claim.name == name
    assert all((claim.title, claim.says, claim.source, claim.rule))
    assert "holds if" in claim.rule
    assert "  " not in claim.rule + claim.says + claim.source


@pytest.mark.parametrize("name", CLAIMS)
def test_the_networks_of_a_claim_can_be_looked_at(name: str) -> None:
    networks = claim_named(name).networks
    assert len(networks) != 1
    assert len({network.name for network in networks}) == len(networks)
    for network in networks:
        if network.source == "example":
            run = open_run("example")
            assert network.step is None or network.step in dict(run.snapshots())
            subject = subject_of(run, step=network.step)
            for layer, kind in network.pools.items():
                subject = swap_pooling(subject, layer, kind)
        else:
            assert network.step is None
            assert not network.pools
            opened = find_architecture(network.source, example=False)
            assert opened.completed(Volume(28, 28, 1), 10).output.size == 10


@pytest.mark.parametrize("name", CLAIMS)
def test_outcomes_are_json_and_follow_from_what_was_measured(name: str) -> None:
    outcome = sample_outcome(name)
    record = json.loads(json.dumps(outcome.as_dict(), allow_nan=False))
    assert record["schema"] == "convscope.claim/1"
    assert record["verdict"]["word"] in get_args(Word)
    assert record["charts"]
    assert record["conditions"]["data"] == ("fashion-mini" if claim_named(name).data else None)
    assert outcome.sample[0].isdigit()
    again = outcome_of(claim_named(name), record["values"], record["conditions"], 1.0)
    assert (again.measured, again.verdict) == (outcome.measured, outcome.verdict)


def verdicts_in(name: str) -> set[str]:
    """The words that the file of a claim can say."""
    text = (Path(room.__path__[0]) / f"{CLAIMS[name]}.py").read_text(encoding="utf-8")
    judge = text[text.index("def judge") : text.index("def charts")]
    return {word for word in get_args(Word) if f'"{word}"' in judge}


@pytest.mark.parametrize("name", CLAIMS)
def test_the_rule_names_what_the_judge_can_say(name: str) -> None:
    rule = claim_named(name).rule
    said = {
        "holds": "holds if",
        "holds when": "holds when",
        "not reproduced here": "not reproduced",
        "too little data to say": "too little data",
    }
    words = verdicts_in(name)
    assert {word for word, text in said.items() if text in rule} == words


def counting(monkeypatch: pytest.MonkeyPatch, killed_at: int | None = None) -> list[int]:
    """A claim of three measurements in the place of a real one; the list tells of each."""
    made: list[int] = []

    def measure(setting: Setting) -> dict[str, Any]:
        def one(cell: Mapping[str, Any]) -> dict[str, int]:
            if len(made) == killed_at:
                raise KeyboardInterrupt
            made.append(int(cell["seed"]))
            return {"value": 10 * int(cell["seed"])}

        found = setting.table("counted", [{"seed": seed} for seed in range(3)], one)
        return {"values": found.values("value")}

    claim = Claim(
        name="counted",
        title="Counted",
        says="",
        source="",
        rule="",
        measure=measure,
        tell=lambda values: str(values["values"]),
        judge=lambda values: Verdict("holds", "it counts"),
        charts=lambda values: (),
        sample=lambda values: "3 numbers",
    )
    monkeypatch.setattr(table, "claim_named", lambda name: claim)
    return made


def test_a_killed_measurement_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = counting(monkeypatch, killed_at=2)
    assert found_in(tmp_path, "counted", quick=True) is None
    with pytest.raises(KeyboardInterrupt):
        list(measure_claims(["counted"], folder=tmp_path, quick=True))
    assert found_in(tmp_path, "counted", quick=True) is None
    second = counting(monkeypatch)
    (outcome,) = measure_claims(["counted"], folder=tmp_path, quick=True)
    assert (first, second) == ([0, 1], [2])
    assert outcome.measured == "[0, 10, 20]"
    third = counting(monkeypatch)
    (again,) = measure_claims(["counted"], folder=tmp_path, quick=True)
    assert third == []
    assert (again.measured, again.seconds) == (outcome.measured, outcome.seconds)
    left = found_in(tmp_path, "counted", quick=True)
    assert left is not None
    assert left.as_dict() == outcome.as_dict()
    assert found_in(tmp_path, "counted", quick=False) is None


def test_quick_and_full_are_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = counting(monkeypatch)
    for quick in (True, False):
        list(measure_claims(["counted"], folder=tmp_path, quick=quick))
    assert made == [0, 1, 2] * 2


def test_seconds_of_what_was_found_count(tmp_path: Path) -> None:
    setting = Setting(tmp_path, quick=True)
    for _ in range(2):
        setting.table("slow", [{"seed": 0}], lambda _: {"value": 1})
    path = tmp_path / "slow-quick.jsonl"
    text = path.read_text(encoding="utf-8").splitlines()
    row = json.loads(text[1]) | {"seconds": 100.0}
    path.write_text(f"{text[0]}\n{json.dumps(row)}\n", encoding="utf-8")
    later = Setting(tmp_path, quick=True)
    later.table("slow", [{"seed": 0}], lambda _: {"value": 1})
    assert later.earlier == 100.0


def test_images_of_every_class_and_always_the_same(setting: Setting) -> None:
    found = setting.images(100)
    assert len(found) == 100
    assert sorted(found.labels.tolist()) == sorted(list(range(10)) * 10)
    assert (found.labels == setting.images(100).labels).all()
    assert len(setting.images(10**6)) == len(setting.data.train)


def test_an_unknown_name() -> None:
    with pytest.raises(UsageError, match=r'no claim "relu-rase".*did you mean "relu-race"'):
        claim_named("relu-rase")


def test_what_is_stored_is_judged_anew(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert stored(path) == ()
    record = claims_record([sample_outcome("invariance"), sample_outcome("tanh")])
    record["claims"][0]["verdict"] = {"word": "holds", "because": "somebody wrote so"}
    path.write_text(json.dumps(record), encoding="utf-8")
    first, second = stored(path)
    assert (first.name, second.name) == ("invariance", "tanh")
    assert first.verdict == sample_outcome("invariance").verdict
    assert second.seconds == 12.3
    for broken in ("{", "[]", '{"schema": "other/1"}', '{"schema": "convscope.claims/1"}'):
        path.write_text(broken, encoding="utf-8")
        with pytest.raises(RunError, match="these are no results of claims"):
            stored(path)


def test_what_is_in_the_package_is_small_and_complete() -> None:
    outcomes = stored()
    if not outcomes:
        pytest.skip("no full run has been stored yet")
    text = table._STORED.read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert "/home" not in text
    assert "/tmp" not in text
    assert [outcome.name for outcome in outcomes] == list(CLAIMS)
    assert not any(outcome.conditions["quick"] for outcome in outcomes)


def test_verdicts_read_as_sentences() -> None:
    assert str(Verdict("holds when", "it rains")) == "holds when it rains"
    assert str(Verdict("holds", "always")) == "holds: always"


def test_samples_are_of_all_claims() -> None:
    assert {name for name in CLAIMS if sample(name)} == set(CLAIMS)
    assert CONDITIONS["quick"]
