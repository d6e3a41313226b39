"""A crowd for the studio: pages that click about, and the memory that the server takes."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from convscope.training.runs import example_folder

__all__ = ["Crowd", "Tab", "crowded", "resident", "served"]


class Tab(threading.Thread):
    """A page that clicks about, beside an event stream that stays open."""

    def __init__(self, address: str, number: int, end: float) -> None:
        super().__init__(daemon=True)
        self.failures: list[str] = []
        self.clicks = 0
        self._address, self._end = address, end
        self._chance = random.Random(number)
        self.start()

    def run(self) -> None:
        try:
            with (
                httpx.Client(base_url=self._address, timeout=120) as client,
                client.stream("GET", "api/runs/mine/events") as stream,
            ):
                if stream.status_code != 200:
                    self.failures.append(f"the stream: {stream.status_code}")
                while time.monotonic() < self._end:
                    self._click(client)
        except httpx.HTTPError as error:
            self.failures.append(repr(error))

    def _click(self, client: httpx.Client) -> None:
        image, channel = str(self._chance.randrange(400)), self._chance.randrange(16)
        source = self._chance.choice(["example", "mine", "lenet5", "article"])
        seen = {"source": source, "image": image}
        off = {"relu1": [channel]} if source != "lenet5" else {}
        path, body = self._chance.choice(
            [
                ("design", {"text": f"input 28x28x1 -> conv {channel + 1} 3x3 -> relu -> fc 10"}),
                ("inside/answer", {**seen, "off": off}),
                ("inside/strip", seen),
                ("inside/maps", {**seen, "layer": "conv2"}),
                ("inside/unit", {**seen, "layer": "conv2"}),
                ("inside/slide", {**seen, "layer": "conv2", "channels": [channel]}),
            ]
        )
        answer = client.post(f"api/{path}", json=body)
        self.clicks += 1
        if answer.status_code != 200:
            self.failures.append(f"{path} {json.dumps(body)}: {answer.status_code} {answer.text}")


@dataclass(frozen=True)
class Crowd:
    """What came of it: ``growth`` and ``memory`` are bytes of the server's, after the crowd."""

    failures: tuple[str, ...]
    clicks: tuple[int, ...]
    growth: int
    memory: int


def resident(number: int) -> int:
    """Bytes of memory that a process holds."""
    status = Path(f"/proc/{number}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


@contextmanager
def served(runs: Path) -> Iterator[tuple[str, int]]:
    """A studio in a process of its own: its address and number."""
    with subprocess.Popen(
        [sys.executable, "-m", "convscope", "studio", "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        env={**os.environ, "CONVSCOPE_RUNS": str(runs)},
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().decode().strip(), process.pid
        finally:
            process.terminate()


def crowded(runs: Path, tabs: int, seconds: float) -> Crowd:
    """Tabs twice for so long: the first time fills the caches, the second must not add much."""
    shutil.copytree(example_folder(), runs / "mine")
    with served(runs) as (address, number):
        first = _clicking(address, range(tabs), seconds)
        before = resident(number)
        second = _clicking(address, range(99, 99 + tabs), seconds)
        after = resident(number)
    failures = tuple(failure for tab in (*first, *second) for failure in tab.failures)
    return Crowd(failures, tuple(tab.clicks for tab in second), after - before, after)


def _clicking(address: str, numbers: range, seconds: float) -> list[Tab]:
    end = time.monotonic() + seconds
    tabs = [Tab(address, number, end) for number in numbers]
    for tab in tabs:
        tab.join()
    return tabs
