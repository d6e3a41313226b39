"""Twenty pages at once: nothing fails, nothing piles up in memory."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from convscope.training.runs import example_folder

TABS = 20
SECONDS = float(os.environ.get("CONVSCOPE_LOAD_SECONDS", "20"))
"""Two minutes before a release; here long enough for every cache to be full and turned over."""
MOST_GROWTH = 150 * 2**20


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


def resident(number: int) -> int:
    """Bytes of memory that a process holds."""
    status = Path(f"/proc/{number}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_twenty_tabs(tmp_path: Path) -> None:
    shutil.copytree(example_folder(), tmp_path / "mine")
    with subprocess.Popen(
        [sys.executable, "-m", "convscope", "studio", "--no-open", "--port", "0"],
        stdout=subprocess.PIPE,
        env={**os.environ, "CONVSCOPE_RUNS": str(tmp_path)},
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().decode().strip()
            warm = [Tab(address, number, time.monotonic() + SECONDS) for number in range(TABS)]
            for tab in warm:
                tab.join()
            before = resident(process.pid)
            tabs = [Tab(address, 99 + number, time.monotonic() + SECONDS) for number in range(TABS)]
            for tab in tabs:
                tab.join()
            growth = resident(process.pid) - before
        finally:
            process.terminate()
    assert [failure for tab in (*warm, *tabs) for failure in tab.failures] == []
    assert min(tab.clicks for tab in tabs) > 0
    assert growth < MOST_GROWTH, f"{growth / 2**20:.0f} MB"
