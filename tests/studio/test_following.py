"""Following a run: a page is told what is new, and each page all of it."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from convscope.errors import NoRunError
from convscope.studio.following import Follower, Look, Looks, look_at
from convscope.studio.processes import Processes
from convscope.studio.settings import Settings
from convscope.training.pace import pace_of
from convscope.training.runs import example_folder, open_run
from tests.studio.conftest import Asked


def line(step: int, **more: Any) -> dict[str, Any]:
    return {"step": step, "epoch": step / 10, "loss": 1.0, "images": 100 * step, "seconds": step / 2, **more}  # fmt: skip  # noqa: E501


def told(follower: Follower, look: Look) -> dict[str, Any]:
    """The events by their kind."""
    found = {}
    for text in follower.news(look):
        kind, data = text.strip().split("\n")
        found[kind.removeprefix("event: ")] = json.loads(data.removeprefix("data: "))
    return found


def test_at_first_all_is_told_then_what_is_new() -> None:
    follower = Follower()
    first = Look({"state": "training"}, (0, 1), (line(1), line(2)))
    assert told(follower, first) == {
        "metrics": {"from": 0, "lines": [line(1), line(2)]},
        "snapshots": {"steps": [0, 1]},
        "state": {"state": "training"},
    }
    assert told(follower, first) == {}
    more = Look({"state": "training"}, (0, 1), (line(1), line(2), line(3)))
    assert told(follower, more) == {"metrics": {"from": 2, "lines": [line(3)]}}
    ended = Look({"state": "finished"}, (0, 1, 3), more.lines)
    assert told(follower, ended) == {
        "snapshots": {"steps": [0, 1, 3]},
        "state": {"state": "finished"},
    }


def test_steps_that_are_made_again_replace_what_was_told() -> None:
    follower = Follower()
    told(follower, Look({}, (), (line(1), line(2), line(3))))
    again = Look({}, (), (line(1), line(2, loss=0.5)))
    assert told(follower, again) == {"metrics": {"from": 1, "lines": [line(2, loss=0.5)]}}
    assert told(follower, Look({}, (), ())) == {"metrics": {"from": 0, "lines": []}}


def test_the_pace_is_that_of_the_last_lines() -> None:
    lines = [line(step) for step in range(1, 30)]
    pace = pace_of(lines, 100)
    assert (pace.step, pace.steps, pace.images) == (29, 100, 2900)
    assert pace.images_per_second == pytest.approx(200)
    assert pace.remaining_seconds == pytest.approx(71 / 2)
    # It slowed down: what is left takes longer than before.
    slow = [*lines, *(line(step, seconds=14.5 + 5 * (step - 29)) for step in range(30, 50))]
    assert pace_of(slow, 100).remaining_seconds == pytest.approx(51 * 5)
    assert pace_of([], 7).steps == 7
    assert pace_of(lines[:1], 7).images_per_second is None


def test_a_folder_is_read_once_for_many_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    settings = Settings(tmp_path)

    def counted(*given: Any) -> Look:
        reads.append(given)
        return look_at(*given)

    monkeypatch.setattr("convscope.studio.following.look_at", counted)
    looks = Looks(settings, Processes(settings), pause=60)
    assert looks.at("example") == looks.at("example")
    assert len(reads) == 1
    with pytest.raises(NoRunError):
        looks.at("nothing")


def test_the_example_as_it_stands() -> None:
    settings = Settings(Path("nowhere"))
    look = look_at(settings, Processes(settings), "example")
    run = open_run("example")
    assert look.state["state"] == "finished"
    assert look.state["results"] == run.results
    assert look.lines == run.metrics()
    assert look.snapshots == tuple(step for step, _ in run.snapshots())
    assert look.state["pace"]["step"] == look.state["pace"]["steps"] == run.results["steps"]


class Listener(threading.Thread):
    """A page that listens to a run."""

    def __init__(self, asked: Asked, run: str) -> None:
        super().__init__(daemon=True)
        self.lines: list[Any] = []
        self.heard = threading.Event()
        self.wanted = 10**9
        self._address = f"{asked.studio.settings.address}api/runs/{run}/events"
        self.start()

    def run(self) -> None:
        import httpx

        with httpx.stream("GET", self._address, timeout=600) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            kind = ""
            for text in stream.iter_lines():
                if text.startswith("event: "):
                    kind = text.removeprefix("event: ")
                elif text.startswith("data: ") and kind == "metrics":
                    news = json.loads(text.removeprefix("data: "))
                    self.lines[news["from"] :] = news["lines"]
                    if len(self.lines) >= self.wanted:
                        self.heard.set()
                        return

    def until(self, count: int) -> list[Any]:
        """Once it knows so many lines."""
        self.wanted = count
        if len(self.lines) < count:
            assert self.heard.wait(60)
        return self.lines


def test_two_pages_hear_the_same(asked: Asked) -> None:
    """Lines written while they listen; a page that comes later knows all of them, too."""
    folder = asked.runs / "growing"
    shutil.copytree(example_folder(), folder)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    path = folder / "metrics.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3]), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(record | {"finished": False}), encoding="utf-8")
    first, second = Listener(asked, "growing"), Listener(asked, "growing")
    deadline = time.monotonic() + 60
    while min(len(first.lines), len(second.lines)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    with path.open("a", encoding="utf-8") as file:
        for each in lines[3:9]:
            file.write(each)
            file.flush()
            time.sleep(0.05)
    expected = [json.loads(each) for each in lines[:9]]
    assert first.until(9) == second.until(9) == Listener(asked, "growing").until(9) == expected
    assert asked.get("runs/growing/metrics").json()["lines"] == expected
    assert asked.get("runs/growing").json()["state"] == "stopped"


def test_a_stream_of_nothing_is_told_before_it_begins(asked: Asked) -> None:
    answer = asked.get("runs/nothing/events")
    assert answer.status_code == 404
    assert answer.json()["kind"] == "NoRunError"
