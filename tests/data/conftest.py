"""Each test of the data room has a cache of its own, and hears what is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from convscope.data.progress import Progress
from tests.data.server import Server


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in use."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CONVSCOPE_CACHE", str(folder))
    return folder


@pytest.fixture
def heard() -> list[Progress]:
    """What was told: give ``heard.append`` as the progress."""
    return []


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A small HTTP server on this machine, reached without any proxy."""
    monkeypatch.setenv("no_proxy", "*")
    with Server() as running:
        yield running
