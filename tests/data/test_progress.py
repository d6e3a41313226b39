"""What is told reaches the caller, or the log."""

from __future__ import annotations

import logging

import pytest

from convscope.data.progress import Progress, teller


def test_the_callers_function_is_used(heard: list[Progress]) -> None:
    teller(heard.append)(Progress("x", 1, 2, "bytes"))
    assert heard == [Progress("x", 1, 2, "bytes")]


def test_without_one_it_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    tell = teller(None)
    with caplog.at_level(logging.INFO, "convscope.data"):
        tell(Progress("begins", 0, 10, "images"))
        tell(Progress("goes on", 5, 10, "images"))
        tell(Progress("downloads", important=True))
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "begins"),
        ("WARNING", "downloads"),
    ]
