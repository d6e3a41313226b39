"""How fast a training goes while a page watches it, and while none does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Pace:
    """How many images a training has seen at moments of this process's clock."""

    def __init__(self, client: httpx.Client, run: str) -> None:
        self._client, self._run = client, run
        self._lines: list[dict[str, Any]] = []
        self._start = math.inf
        self.look()

    def look(self) -> None:
        """Reads what it has written, and with it, nearer each time, when it began."""
        self._lines = self._client.get(f"runs/{self._run}/metrics").json()["lines"]
        if self._lines:
            self._start = min(self._start, time.monotonic() - self._lines[-1]["seconds"])

    def between(self, start: float, end: float) -> float:
        """Images a second; RuntimeError where it had ended by then."""
        seconds = [line["seconds"] for line in self._lines]
        images = [line["images"] for line in self._lines]
        if end - self._start > seconds[-1] + 10:
            raise RuntimeError("the training ended while it was watched")
        at = np.interp([start - self._start, end - self._start], seconds, images)
        return float(at[1] - at[0]) / (end - start)


def paces_of(
    pace: Pace, open_page: Callable[[], Page], length: float, settles: float
) -> list[float]:
    """Images a second in spans of so many seconds: alone, watched, alone, watched, alone.

    What begins or opens is left alone for ``settles`` seconds before it counts.
    """
    spans: list[tuple[float, float]] = []

    def passes() -> None:
        start = time.monotonic()
        time.sleep(length)
        spans.append((start, time.monotonic()))

    time.sleep(settles)
    passes()
    for _ in range(2):
        page = open_page()
        page.locator(".facts dd").first.wait_for()
        page.wait_for_timeout(1000 * settles)
        passes()
        page.context.close()
        time.sleep(1)
        passes()
        pace.look()
    time.sleep(2)  # until it has written what the last span needs
    pace.look()
    return [pace.between(*span) for span in spans]
