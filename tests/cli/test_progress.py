"""Progress: a bar on a terminal, few lines elsewhere, nothing with --quiet."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from convscope.cli.progress import clock, following, step_line
from convscope.data.progress import Progress
from convscope.training.loop import Step


def step(number: int, seconds: float, **scores: float) -> Step:
    return Step(
        step=number,
        steps=1800,
        epoch=number / 600,
        loss=0.41234,
        learning_rate=0.01,
        images=100 * number,
        seconds=seconds,
        images_per_second=8410.4,
        remaining_seconds=65.2,
        scores=scores,
    )


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_clock() -> None:
    assert [clock(value) for value in (0, 5.4, 65, 7200, -1)] == [
        "0:00",
        "0:05",
        "1:05",
        "2:00:00",
        "0:00",
    ]


def test_step_line() -> None:
    assert step_line(step(600, 10, accuracy=0.9123)) == (
        "step 600/1,800  epoch 1.0  loss 0.412  8,410 images/s  1:05 left  "
        "validation accuracy 91.23 %"
    )


def test_a_loss_that_runs_away_stays_short() -> None:
    assert "loss 1.23e+13 " in step_line(replace(step(1, 0.1), loss=1.234e13))


def test_lines_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with following() as follower:
        follower.tell(Progress("reading", 1, 2, "images"))
        follower.tell(Progress("reading", 2, 2, "images"))
        for number, seconds in [(1, 0.1), (2, 1.0), (3, 5.2), (4, 6.0), (1800, 6.1)]:
            follower.observe(step(number, seconds))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "reading"
    assert [line.split()[1] for line in lines[1:]] == ["1/1,800", "3/1,800", "1,800/1,800"]


def test_lines_for_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVSCOPE_PROGRESS", "json")
    with following() as follower:
        for done in (0, 1, 2, 3):
            follower.tell(Progress("reading", done, 3, "images"))
        follower.observe(step(600, 10))
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert told == [
        {"progress": "reading", "done": 0, "total": 3, "unit": "images"},
        {"progress": "reading", "done": 3, "total": 3, "unit": "images"},  # not four at once
        {"progress": "training", "done": 600, "total": 1800, "unit": "steps"},
    ]


def test_quiet_still_says_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    with following(quiet=True) as follower:
        follower.tell(Progress("reading"))
        follower.tell(Progress("downloading from somewhere", 0, 9, "bytes", important=True))
        follower.tell(Progress("downloading from somewhere", 5, 9, "bytes", important=True))
        follower.observe(step(1, 0.1))
    assert capsys.readouterr().err == "downloading from somewhere\n"


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with following() as follower:
        follower.tell(Progress("article: input 28x28x1 -> [conv]"))
        follower.tell(Progress("downloading", 3_000_000, 31_000_000, "bytes", important=True))
        follower.observe(step(900, 3.0))
        follower.observe(step(1800, 6.0, accuracy=0.9))
    written = terminal.getvalue()
    assert "article: input 28x28x1 -> [conv]" in written
    assert "3,000,000 of 31,000,000 bytes" in written
    assert "epoch 3.0  loss 0.412  8,410 images/s" in written
    assert "validation accuracy 90.00 %" in written
