"""A studio that is running, and somebody who asks it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from convscope.inspection.subject import Subject, subject_of
from convscope.studio.notebook import Studio, started
from convscope.studio.settings import Settings
from tests.report.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Asked:
    """A studio, and a client that knows its address."""

    studio: Studio
    client: httpx.Client

    @property
    def runs(self) -> Path:
        return self.studio.settings.runs

    def get(self, path: str, /, **query: Any) -> httpx.Response:
        return self.client.get(f"/api/{path}", params=query)

    def post(self, path: str, /, **body: Any) -> httpx.Response:
        return self.client.post(f"/api/{path}", json=body)

    def record(self, path: str, /, **body: Any) -> Any:
        """What a POST answers, which must be a record."""
        answer = self.post(path, **body)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    def arrays(self, path: str, /, **body: Any) -> tuple[dict[str, Any], Arrays]:
        """The same, which must be arrays."""
        answer = self.post(path, **body)
        assert answer.status_code == 200, answer.text
        return unpacked(answer)

    def problem(self, path: str, status: int, /, **body: Any) -> str:
        """The paragraph of what was refused."""
        answer = self.post(path, **body)
        assert answer.status_code == status, answer.text
        text: str = answer.json()["text"]
        return text


def unpacked(answer: httpx.Response) -> tuple[dict[str, Any], Arrays]:
    """Head and arrays of a binary answer, as ``api.js`` reads it."""
    assert answer.headers["content-type"] == "application/octet-stream"
    content = answer.content
    (length,) = struct.unpack("<I", content[:4])
    assert (4 + length) % 8 == 0
    head = json.loads(content[4 : 4 + length])
    body = content[4 + length :]
    arrays = {}
    for each in head["arrays"]:
        assert each["offset"] % 8 == 0
        count = int(np.prod(each["shape"]))
        kind = {"float32": "<f4", "uint8": "u1"}[each["dtype"]]
        found = np.frombuffer(body, kind, count, each["offset"])
        arrays[each["name"]] = found.reshape(each["shape"])
    return head, arrays


Opening = Callable[..., Asked]


@pytest.fixture(scope="module")
def opening() -> Iterator[Opening]:
    """``opening(runs, token=…)`` starts a studio on a free port."""
    open_ones: list[Asked] = []

    def start(runs: Path, **settings: Any) -> Asked:
        running = started(Settings(runs=runs, port=0, **settings))
        client = httpx.Client(base_url=running.settings.address, timeout=600)
        open_ones.append(Asked(running, client))
        return open_ones[-1]

    yield start
    for each in open_ones:
        each.client.close()
        each.studio.close()


@pytest.fixture(scope="module")
def asked(opening: Opening, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """One studio for all tests of a file."""
    return opening(tmp_path_factory.mktemp("studio") / "runs")


@cache
def _example() -> Subject:
    return subject_of("example")


@pytest.fixture
def example() -> Subject:
    """The package's run, on the pictures that a studio in these tests finds for it."""
    return _example()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; tests that need it are skipped, by name, where it is not."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core as a script."""
    from tests.studio.viewing import axe_script

    return axe_script(tmp_path_factory.mktemp("axe"))
