"""What all routes of one studio share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import Depends, Request

from convscope.studio.applying import Applications
from convscope.studio.following import Looks
from convscope.studio.measuring import Measurings
from convscope.studio.pictures import Pictures
from convscope.studio.processes import Processes
from convscope.studio.settings import Settings
from convscope.studio.subjects import Kept, Subjects
from convscope.training.runs import Run

if TYPE_CHECKING:
    from convscope.inspection.health.afterwards import Examination

__all__ = ["Here", "Workspace"]

_RECORDS, _EXAMINATIONS = 64, 2


class Workspace:
    """One studio at work; ``closing`` is set when it ends, and event streams with it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.closing = threading.Event()
        self.pictures = Pictures(settings.limits)
        self.subjects = Subjects(settings, self.pictures)
        self.processes = Processes(settings)
        self.looks = Looks(settings, self.processes)
        self.measurings = Measurings(settings)
        self.applications = Applications(settings, self.pictures)
        self._records: Kept[dict[str, Any]] = Kept(_RECORDS)
        self._examinations: Kept[tuple[Examination, threading.Lock]] = Kept(_EXAMINATIONS)

    def record(self, question: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer to a question that takes long, kept for whoever asks it again."""
        return self._records.get(question, make)

    def examination(self, run: Run) -> tuple[Examination, threading.Lock]:
        """What has looked at a run's health so far, and the lock to hold while it looks."""

        def make() -> tuple[Examination, threading.Lock]:
            from convscope.inspection.health.afterwards import Examination

            return Examination(run), threading.Lock()

        return self._examinations.get((run.path, run.created), make)


def _here(request: Request) -> Workspace:
    return cast("Workspace", request.app.state.workspace)


Here = Annotated[Workspace, Depends(_here)]
"""What a route asks for in order to get at the workspace."""
