"""Trainings that the studio starts: processes of their own, the same that a person would start.

They go on when the page is closed and when the server ends.  What was started is written
down beside the runs (``.studio`` in their folder), so that a server that comes later finds
it again; whether a training is alive its folder's lock tells.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from convscope.errors import RunError
from convscope.studio.children import INTERRUPTED, Children
from convscope.studio.settings import Settings
from convscope.training.ending import early_end
from convscope.training.files import RUN, is_live, read_json
from convscope.training.runs import names_of_new

__all__ = ["FOLDER", "Condition", "Processes"]

FOLDER = ".studio"
"""Beside the runs: what the studio has started."""
_ALIVE = ("starting", "training", "stopping", "ending")


@dataclass(frozen=True, slots=True)
class Condition:
    """How a training stands.

    ``word`` is ``starting``, ``training``, ``stopping``, ``ending``, ``finished``, ``stopped``
    or ``failed``; ``message`` what the training said last, where it has not begun or has failed.
    """

    word: str
    message: str = ""

    @property
    def alive(self) -> bool:
        """Whether a process is at work on it."""
        return self.word in _ALIVE


class Processes:
    """The trainings of one folder of runs."""

    def __init__(self, settings: Settings) -> None:
        self._runs = settings.runs
        environment = {"CONVSCOPE_RUNS": str(settings.runs)}
        self._children = Children(settings.runs / FOLDER, environment)
        self._lock = threading.Lock()

    def begin(self, stem: tuple[str, str], arguments: Sequence[str]) -> str:
        """Starts ``convscope train`` with these arguments into a new run; returns its name."""
        with self._lock:
            names = names_of_new(*stem)
            name = next(name for name in names if not self._taken(name))
            self._children.start(name, ["train", f"--out={self._runs / name}", *arguments])
        return name

    def resume(self, name: str) -> None:
        """Goes on with a training; RunError where it is under way, or finished."""
        with self._lock:
            word = self._open(name)
            if word in _ALIVE:
                raise RunError(
                    "this training is under way already",
                    place=name,
                    remedy="look at it, or stop it first",
                )
            out = str(self._runs / name)
            command = (self._children.record(name) or {}).get("command")
            if not (self._runs / name / RUN).is_file() and command:
                self._children.start(name, command)  # it ended before it began: the same again
            else:
                self._children.start(name, ["train", "--resume", "--offline", "--out", out])

    def stop(self, name: str) -> None:
        """Asks a training to save and end; RunError where none of the studio's is under way."""
        with self._lock:
            if not self.condition(name).alive:
                raise RunError(
                    "this training is not under way", place=name, remedy="resume it to go on"
                )
            self._open(name)
            self._interrupt(name)

    def finish(self, name: str) -> None:
        """Ends a training for good where it is; RunError where it is not there, or over.

        One that is under way saves first.  Its own process goes on to the end, so that it
        comes there whatever becomes of this server.
        """
        with self._lock:
            word = self._open(name)
            out = str(self._runs / name)
            command = ["train", "--resume", "--finish", "--offline", "--out", out]
            if not (self._runs / name / RUN).is_file():
                raise RunError(
                    "this training has not begun yet: there is nothing to be measured",
                    place=name,
                    remedy="wait until it makes steps",
                )
            if word == "stopping":
                raise RunError(
                    "this training is just saving", place=name, remedy="ask again once it is paused"
                )
            if word in _ALIVE:
                self._interrupt(name, command)
            else:
                self._children.start(name, command)

    def forget(self, name: str) -> None:
        """Forgets a training that ended before it wrote anything; RunError for any other."""
        with self._lock:
            if self.condition(name).alive:
                raise RunError(
                    "this training is under way", place=name, remedy="stop it, or let it end"
                )
            if name not in self.pending():
                raise RunError(
                    "this training has left something, and it would be lost",
                    place=name,
                    remedy="remove its folder if that is what you want",
                )
            self._children.forget(name)

    def _open(self, name: str) -> str:
        """The word for a training that is not over, nor about to be; else RunError."""
        word = self.condition(name).word
        if word == "ending":
            raise RunError(
                "this training is being stopped for good already",
                place=name,
                remedy="wait a moment for its result",
            )
        if word == "finished":
            early = early_end(read_json(self._runs / name / RUN).get("results", {}))
            raise RunError(
                f"this training was {early} for good" if early else "this training is finished",
                place=name,
                remedy="begin a new one",
            )
        return word

    def _interrupt(self, name: str, then: Sequence[str] = ()) -> None:
        if not self._children.stop(name, then):
            raise RunError(
                "this training was started elsewhere",
                place=name,
                remedy="press Ctrl-C where it was started",
            )

    def condition(self, name: str) -> Condition:
        """How a run of the folder stands, whoever started it."""
        folder = self._runs / name
        begun = (folder / RUN).is_file()
        if begun and read_json(folder / RUN).get("finished"):
            return Condition("finished")
        working = self._children.process(name) is not None
        if working and any("--finish" in command for command in self._children.commands(name)):
            return Condition("ending")
        if working and self._children.stopping(name):
            return Condition("stopping")
        if begun and is_live(folder):
            return Condition("training")
        if working:
            return Condition("starting", self._children.said(name))
        code = self._children.code(name)
        if code in (None, 0, INTERRUPTED):
            return Condition("stopped")
        return Condition("failed", self._children.said(name))

    def pending(self) -> tuple[str, ...]:
        """Trainings that were started here and have written no run.json, yet or ever."""
        names = self._children.names()
        return tuple(name for name in names if not (self._runs / name / RUN).is_file())

    def _taken(self, name: str) -> bool:
        return (self._runs / name).exists() or self._children.record(name) is not None
