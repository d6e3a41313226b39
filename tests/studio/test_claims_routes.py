"""Claims: what is stored as the functions give it, and measuring one in a process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convscope.claims.table import CLAIMS, claims_listing, found_in, stored
from convscope.errors import RunError
from convscope.report.chart_figure import chart_figure
from convscope.report.plotting import svg_text
from convscope.studio import measuring
from convscope.studio.measuring import Measurings
from convscope.studio.settings import Settings
from tests.studio.conftest import Asked, Opening

PATIENCE = 300
NAME = "output-sizes"

WAITING = """\
import json, sys, time
for done in (0, 3):
    told = {"progress": "counting", "done": done, "total": 9, "unit": "measurements"}
    print(json.dumps(told), file=sys.stderr, flush=True)
time.sleep(600)
"""
"""In the place of a measurement: a process that does nothing until Ctrl-C."""


def eventually(found: Any, what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    pytest.fail(f"never: {what}")


@pytest.fixture
def measurings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Measurings]:
    """Measurings whose processes only wait."""
    (tmp_path / "waiting.py").write_text(WAITING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("convscope.studio.children._MODULE", "waiting")
    made = Measurings(Settings(tmp_path / "runs"))
    yield made
    for child in made._children._children.values():
        child.kill()
        child.wait()


def test_all_are_listed_as_the_command_lists_them(asked: Asked) -> None:
    record = asked.get("claims").json()
    assert [each["name"] for each in record["claims"]] == list(CLAIMS)
    idle = {"state": "none", "message": "", "progress": None}
    for each in record["claims"]:
        assert each.pop("here") == {"quick": idle, "full": idle, "busy": None}
    assert record == json.loads(json.dumps(claims_listing(stored())))


def test_one_with_its_figures(asked: Asked) -> None:
    known = {outcome.name: outcome for outcome in stored()}["sigmoid"]
    record = asked.get("claims/sigmoid").json()
    under = record["stored"].pop("under")
    assert record["stored"] == json.loads(json.dumps(known.as_dict()))
    assert known.sample in under
    assert (record["quick"], record["full"]) == (None, None)
    for number, chart in enumerate(known.charts):
        answer = asked.get("claims/sigmoid/figure.svg", number=number)
        assert answer.headers["content-type"].startswith("image/svg+xml")
        name = f"claim-sigmoid-stored-{number}"
        assert answer.text == svg_text(chart_figure(chart), name=name, inline=True)
        assert "style=" not in answer.text  # the page's policy would refuse it


@pytest.mark.parametrize("path", ["claims/sigmod", "claims/sigmod/figure.svg"])
def test_an_unknown_claim(asked: Asked, path: str) -> None:
    answer = asked.get(path)
    assert answer.status_code == 404
    assert answer.json()["text"] == 'there is no claim "sigmod": did you mean "sigmoid"?'


def test_a_figure_that_is_not_there(asked: Asked) -> None:
    for query in ({"number": 9}, {"of": "quick"}):
        answer = asked.get("claims/sigmoid/figure.svg", **query)
        assert answer.status_code == 404
        assert answer.json()["problem"] == "there is no such figure"


def test_one_at_a_time_with_its_progress(measurings: Measurings, tmp_path: Path) -> None:
    assert measurings.standing("tanh", "quick").state == "none"
    measurings.begin("tanh", "quick")
    found = eventually(
        lambda: (now := measurings.standing("tanh", "quick")).progress and now, "it says how far"
    )
    assert found.state == "measuring"
    assert found.progress["total"] == 9
    assert measurings.standing("tanh", "full").state == "none"
    with pytest.raises(RunError) as caught:
        measurings.begin("sigmoid", "full")
    assert str(caught.value) == (
        "sigmoid: tanh is being measured: wait until it is finished, or stop it"
    )
    later = Measurings(Settings(tmp_path / "runs"))  # a server that is started anew
    assert later.busy() == ("tanh", "quick")
    later.stop("tanh", "quick")
    eventually(lambda: measurings.busy() is None, "it ends")
    with pytest.raises(RunError, match="this claim is not being measured"):
        measurings.stop("tanh", "quick")


def test_what_was_cut_off_failed_or_damaged(measurings: Measurings, tmp_path: Path) -> None:
    place = tmp_path / "runs" / ".studio" / "claims"
    place.mkdir(parents=True)
    (place / "tanh-quick.json").write_text('{"pid": 1, "command": []}', encoding="utf-8")
    log = '{"progress": "tanh", "done": 1, "total": 4, "unit": "measurements"}\n'
    (place / "tanh-quick.log").write_text(f"{log}the disk is full:\n  make room\n", "utf-8")
    (place / "tanh-quick.code").write_text("130\n", encoding="utf-8")
    found = measurings.standing("tanh", "quick")
    assert (found.state, (found.progress or {})["done"]) == ("stopped", 1)
    (place / "tanh-quick.code").write_text("1\n", encoding="utf-8")
    found = measurings.standing("tanh", "quick")
    assert (found.state, found.message) == ("failed", "the disk is full: make room")
    (tmp_path / "runs" / "claims").mkdir()
    (tmp_path / "runs" / "claims" / "claim-tanh-quick.jsonl").write_text("{\n", encoding="utf-8")
    found = measurings.standing("tanh", "quick")
    assert found.state == "failed"
    assert "no table of an experiment" in found.message


def test_progress_is_the_last_record(tmp_path: Path) -> None:
    told = ['{"progress": "a", "done": 1}', '{"progress": "b", "done": 2}', "wrote something", "{"]
    assert measuring._progress(told) == {"progress": "b", "done": 2}
    assert measuring._progress(["[1]", "words"]) is None


@pytest.mark.slow
def test_measured_here_it_is_what_the_function_finds(opening: Opening, tmp_path: Path) -> None:
    asked = opening(tmp_path / "runs")
    begun = asked.record(f"claims/{NAME}/run", extent="quick")
    assert begun["quick"]["state"] == "measuring"
    refused = asked.post("claims/tanh/run", extent="quick")
    assert refused.status_code == 409
    assert refused.json()["problem"] == f"{NAME} is being measured"
    states = []
    with asked.client.stream("GET", f"/api/claims/{NAME}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                states.append(json.loads(line.removeprefix("data: "))["quick"]["state"])
            if states and states[-1] != "measuring":
                break
    assert states == ["measuring"] * (len(states) - 1) + ["finished"]
    record = asked.get(f"claims/{NAME}").json()
    found = found_in(asked.runs / "claims", NAME, quick=True)
    assert found is not None
    under = record["quick"].pop("under")
    assert record["quick"] == json.loads(json.dumps(found.as_dict()))
    assert under.endswith("quick")
    figure = asked.get(f"claims/{NAME}/figure.svg", of="quick")
    assert figure.text.startswith("<svg")
    # Whoever asks for it again finds it, and measures nothing.
    asked.record(f"claims/{NAME}/run", extent="quick")
    eventually(
        lambda: asked.get(f"claims/{NAME}").json()["here"]["busy"] is None, "it is found again"
    )
    assert asked.get(f"claims/{NAME}").json()["quick"]["seconds"] == found.seconds
