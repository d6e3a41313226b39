"""Trainings that the studio starts: processes of their own, the same that a person would start.

They go on when the page is closed and when the server ends.  What was started is written
down beside the runs (``.studio`` in their folder), so that a server that comes later finds
it again; whether a training is alive its folder's lock tells.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.errors import RunError
from convscope.studio.settings import Settings
from convscope.training.files import RUN, is_live, read_json, write_json, writing
from convscope.training.runs import names_of_new

__all__ = ["Condition", "Processes"]

_FOLDER = ".studio"
_INTERRUPTED = 130
_LAST_BYTES = 4000
_BETWEEN_STOPS = 10.0
_MODULE = "convscope.studio.launching"


@dataclass(frozen=True, slots=True)
class Condition:
    """How a training stands.

    ``word`` is ``starting``, ``training``, ``stopping``, ``finished``, ``stopped`` or
    ``failed``; ``message`` what the training said last, where it has not begun or has failed.
    """

    word: str
    message: str = ""

    @property
    def alive(self) -> bool:
        """Whether a process is at work on it."""
        return self.word in ("starting", "training", "stopping")


class Processes:
    """The trainings of one folder of runs."""

    def __init__(self, settings: Settings) -> None:
        self._runs = settings.runs
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, stem: tuple[str, str], arguments: Sequence[str]) -> str:
        """Starts ``convscope train`` with these arguments into a new run; returns its name."""
        with self._lock:
            names = names_of_new(*stem)
            name = next(name for name in names if not self._taken(name))
            self._start(name, ["train", f"--out={self._runs / name}", *arguments])
        return name

    def resume(self, name: str) -> None:
        """Goes on with a training; RunError where it is under way, or finished."""
        with self._lock:
            condition = self.condition(name)
            if condition.alive:
                raise RunError(
                    "this training is under way already",
                    place=name,
                    remedy="look at it, or stop it first",
                )
            if condition.word == "finished":
                raise RunError("this training is finished", place=name, remedy="begin a new one")
            out = str(self._runs / name)
            command = (self._record(name) or {}).get("command")
            if not (self._runs / name / RUN).is_file() and command:
                self._start(name, command)  # it ended before it began: the same again
            else:
                self._start(name, ["train", "--resume", "--offline", "--out", out])

    def stop(self, name: str) -> None:
        """Asks a training to save and end; RunError where none of the studio's is under way."""
        with self._lock:
            if not self.condition(name).alive:
                raise RunError(
                    "this training is not under way", place=name, remedy="resume it to go on"
                )
            number = self._process(name)
            if number is None:
                raise RunError(
                    "this training was started elsewhere",
                    place=name,
                    remedy="press Ctrl-C where it was started",
                )
            # A second Ctrl-C would break into the saving that the first one asked for.
            if time.monotonic() - self._stopped.get(name, -_BETWEEN_STOPS) >= _BETWEEN_STOPS:
                self._stopped[name] = time.monotonic()
                with suppress(ProcessLookupError):
                    os.kill(number, getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))

    def condition(self, name: str) -> Condition:
        """How a run of the folder stands, whoever started it."""
        folder = self._runs / name
        begun = (folder / RUN).is_file()
        if begun and read_json(folder / RUN).get("finished"):
            return Condition("finished")
        working = self._process(name) is not None
        if working and name in self._stopped:
            return Condition("stopping")
        if begun and is_live(folder):
            return Condition("training")
        if working:
            return Condition("starting", self._said(name))
        code = self._code(name)
        if code in (None, 0, _INTERRUPTED):
            return Condition("stopped")
        return Condition("failed", self._said(name))

    def pending(self) -> tuple[str, ...]:
        """Trainings that were started here and have written no run.json, yet or ever."""
        found = sorted(self._place.glob("*.json"))
        return tuple(path.stem for path in found if not (self._runs / path.stem / RUN).is_file())

    def knows(self, name: str) -> bool:
        """Whether a training of this name was started here."""
        return name in self.pending() or self._record(name) is not None

    @property
    def _place(self) -> Path:
        return self._runs / _FOLDER

    def _file(self, name: str, kind: str) -> Path:
        return self._place / f"{name}.{kind}"

    def _taken(self, name: str) -> bool:
        return (self._runs / name).exists() or self._file(name, "json").exists()

    def _start(self, name: str, arguments: list[str]) -> None:
        with writing(self._place):
            self._place.mkdir(parents=True, exist_ok=True)
            log = self._file(name, "log").open("wb")
        code = self._file(name, "code")
        code.unlink(missing_ok=True)
        with log:
            child = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(code), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "CONVSCOPE_RUNS": str(self._runs), "PYTHONUTF8": "1"},
                **_detached(),
            )
        self._children[name] = child
        self._stopped.pop(name, None)
        write_json(self._file(name, "json"), {"pid": child.pid, "command": arguments})

    def _record(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads(self._file(name, "json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _process(self, name: str) -> int | None:
        """The number of the process that works on a run, if it is one that was started here."""
        child = self._children.get(name)
        if child is not None:
            return child.pid if child.poll() is None else None
        number = (self._record(name) or {}).get("pid")
        if not isinstance(number, int) or self._code(name) is not None:
            return None
        return number if _is_ours(number, str(self._file(name, "code"))) else None

    def _code(self, name: str) -> int | None:
        """With which exit code the last process ended; None where that is not known."""
        try:
            return int(self._file(name, "code").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            child = self._children.get(name)
            return None if child is None else child.poll()

    def _said(self, name: str) -> str:
        """The last paragraph of what a process wrote."""
        try:
            with self._file(name, "log").open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _LAST_BYTES))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        lines = text.strip().splitlines()
        start = len(lines) - 1
        while start > 0 and lines[start].startswith(" "):  # lines that went on
            start -= 1
        return " ".join(line.strip() for line in lines[max(0, start) :])


def _detached() -> dict[str, Any]:
    """What makes a process outlive the one that started it."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def _is_ours(number: int, mark: str) -> bool:
    """Whether this process is one of ours: numbers are given anew when a process has ended."""
    try:
        if Path("/proc/self/cmdline").exists():
            words = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace")
            return mark in words.split("\0")
        if os.name == "nt":
            return False  # nothing of the standard library tells: it is stopped where it runs
        listed = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(number)], capture_output=True, check=False
        )
        return mark in listed.stdout.decode(errors="replace")
    except OSError:
        return False
