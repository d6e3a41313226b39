"""A run's folder as it grows: what the page is told while a training goes on.

All is read from the folder, so that two pages, a page that was loaded again and a server
that was started again see the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from convscope.errors import ConvscopeError, NoRunError
from convscope.studio.processes import Condition, Processes
from convscope.studio.settings import Settings
from convscope.studio.sources import any_run, run_folder
from convscope.training.ending import early_end
from convscope.training.pace import pace_of
from convscope.training.recipe import total_steps
from convscope.training.runs import Run

__all__ = ["Follower", "Look", "Looks", "condition_of", "event", "look_at"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a run stands at one moment; ``lines`` are those of metrics.jsonl."""

    state: dict[str, Any]
    snapshots: tuple[int, ...]
    lines: tuple[dict[str, Any], ...]


def condition_of(settings: Settings, processes: Processes, name: str) -> Condition:
    """How a run stands, also one that is not in the folder of runs, or not there yet."""
    try:
        folder = run_folder(settings, name)
    except NoRunError:
        if name not in processes.pending():
            raise
        return processes.condition(name)
    if folder.parent == settings.runs:
        return processes.condition(name)
    run = any_run(settings, name)
    word = "finished" if run.finished else "training" if run.live else "stopped"
    return Condition(word)


def look_at(settings: Settings, processes: Processes, name: str) -> Look:
    """The run's folder as it is now; NoRunError where there is no such run."""
    condition = condition_of(settings, processes, name)
    state: dict[str, Any] = {
        "run": name,
        "state": condition.word,
        "message": condition.message,
        "begun": False,
        "created": None,
        "pace": pace_of((), 0).as_dict(),
        "results": {},
    }
    if name in processes.pending():
        return Look(state, (), ())
    run = any_run(settings, name)
    state |= {"begun": True, "created": run.created, "results": dict(run.results)}
    if not isinstance(run, Run):
        return Look(state, (), ())
    try:
        lines = run.metrics()
    except ConvscopeError as error:
        lines = ()
        state["message"] = str(error)
    pace = pace_of(lines, total_steps(run.recipe, run.data.train)).as_dict()
    # Of one that was ended early nothing is left, though steps are.
    state["pace"] = pace | ({"remaining_seconds": 0.0} if early_end(run.results) else {})
    return Look(state, tuple(step for step, _ in run.snapshots()), lines)


class Follower:
    """What one page has been told of a run, so that it is told only what is new."""

    def __init__(self) -> None:
        self._state: dict[str, Any] | None = None
        self._snapshots: tuple[int, ...] | None = None
        self._lines: tuple[dict[str, Any], ...] | None = None

    def news(self, look: Look) -> Iterator[str]:
        """The events between the last look and this one.

        ``metrics`` say ``from`` which line on theirs stand: a training that was killed and
        goes on makes some steps again, and what was told of them no longer holds.
        """
        if look.lines != self._lines:
            first = self._same(look)
            yield event("metrics", {"from": first, "lines": look.lines[first:]})
            self._lines = look.lines
        if look.snapshots != self._snapshots:
            yield event("snapshots", {"steps": look.snapshots})
            self._snapshots = look.snapshots
        if look.state != self._state:
            yield event("state", look.state)
            self._state = look.state

    def _same(self, look: Look) -> int:
        """How many lines are still what they were."""
        count = 0
        for old, new in zip(self._lines or (), look.lines, strict=False):
            if old != new:
                break
            count += 1
        return count


class Looks:
    """Looks that several pages share: a folder is read a few times a second, by however many."""

    def __init__(self, settings: Settings, processes: Processes, pause: float = 0.4) -> None:
        self._settings = settings
        self._processes = processes
        self._pause = pause
        self._last: dict[str, tuple[float, Look]] = {}

    def at(self, name: str) -> Look:
        """A look that is at most ``pause`` seconds old."""
        known = self._last.get(name)
        now = time.monotonic()
        if known is not None and now - known[0] < self._pause:
            return known[1]
        found = look_at(self._settings, self._processes, name)
        if len(self._last) > 64:
            self._last.clear()
        self._last[name] = (now, found)
        return found


def event(kind: str, data: Any) -> str:
    """One event of an event stream."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {text}\n\n"
