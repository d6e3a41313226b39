"""Commands that the studio starts: processes that outlive it, each under a name of its own.

What was started is written down in a folder, so that a server that comes later finds it
again: ``NAME.json`` (the process and its command), ``NAME.log`` (what it said),
``NAME.then`` (a command that it goes on with once it was interrupted) and ``NAME.code``
(with which exit code it ended).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from convscope.studio.launching import INTERRUPTED
from convscope.training.files import write_bytes, write_json, writing

__all__ = ["INTERRUPTED", "Children"]

_LAST_BYTES = 4000
_BETWEEN_STOPS = 10.0
_MODULE = "convscope.studio.launching"


class Children:
    """The processes that are written down in one folder; hold a lock around what changes them."""

    def __init__(self, place: Path, environment: Mapping[str, str]) -> None:
        self._place = place
        # As it is now: what the studio sets for itself later is not meant for them.
        self._environment = {**os.environ, **environment, "PYTHONUTF8": "1"}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped: dict[str, float] = {}

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Starts ``convscope`` with these arguments."""
        with writing(self._place):
            self._place.mkdir(parents=True, exist_ok=True)
            log = self._file(name, "log").open("wb")
        code = self._file(name, "code")
        code.unlink(missing_ok=True)
        self._file(name, "then").unlink(missing_ok=True)
        with log:
            child = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(code), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                **_detached(),
            )
        # Somebody waits for it: else it stays as a zombie, and Python complains of it.
        threading.Thread(target=child.wait, name=f"convscope-{name}", daemon=True).start()
        self._children[name] = child
        self._stopped.pop(name, None)
        write_json(self._file(name, "json"), {"pid": child.pid, "command": list(arguments)})

    def stop(self, name: str, then: Sequence[str] = ()) -> bool:
        """Asks a process to save and end, and to go on with ``then``; False where there is none."""
        number = self.process(name)
        if number is None:
            return False
        if then:
            content = json.dumps(list(then), ensure_ascii=False).encode("utf-8")
            write_bytes(self._file(name, "then"), content)
        # A second Ctrl-C would break into the saving that the first one asked for.
        if time.monotonic() - self._stopped.get(name, -_BETWEEN_STOPS) >= _BETWEEN_STOPS:
            self._stopped[name] = time.monotonic()
            with suppress(ProcessLookupError):
                os.kill(number, getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))
        return True

    def process(self, name: str) -> int | None:
        """The number of the process of this name, while it is at work."""
        child = self._children.get(name)
        if child is not None:
            return child.pid if child.poll() is None else None
        number = (self.record(name) or {}).get("pid")
        if not isinstance(number, int) or self.code(name) is not None:
            return None
        return number if _is_ours(number, str(self._file(name, "code"))) else None

    def stopping(self, name: str) -> bool:
        """Whether it has been asked to end."""
        return name in self._stopped

    def commands(self, name: str) -> list[list[str]]:
        """What it was started with, and what it goes on with once it was interrupted."""
        found = [(self.record(name) or {}).get("command"), self._read(name, "then")]
        return [command for command in found if isinstance(command, list)]

    def code(self, name: str) -> int | None:
        """With which exit code the last process ended; None where that is not known."""
        try:
            return int(self._file(name, "code").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            child = self._children.get(name)
            return None if child is None else child.poll()

    def record(self, name: str) -> dict[str, Any] | None:
        """What was started under this name; None where nothing was."""
        found = self._read(name, "json")
        return found if isinstance(found, dict) else None

    def names(self) -> tuple[str, ...]:
        """All that were ever started."""
        return tuple(path.stem for path in sorted(self._place.glob("*.json")))

    def forget(self, name: str) -> None:
        """Removes what is written down of a process that has ended."""
        self._children.pop(name, None)
        self._stopped.pop(name, None)
        for kind in ("json", "log", "code", "then"):
            self._file(name, kind).unlink(missing_ok=True)

    def lines(self, name: str) -> list[str]:
        """The last lines of what a process wrote."""
        try:
            with self._file(name, "log").open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _LAST_BYTES))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return []
        return text.strip().splitlines()

    def said(self, name: str) -> str:
        """The last paragraph of what a process wrote."""
        lines = self.lines(name)
        start = len(lines) - 1
        while start > 0 and lines[start].startswith(" "):  # lines that went on
            start -= 1
        return " ".join(line.strip() for line in lines[max(0, start) :])

    def _read(self, name: str, kind: str) -> Any:
        try:
            return json.loads(self._file(name, kind).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _file(self, name: str, kind: str) -> Path:
        return self._place / f"{name}.{kind}"


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
