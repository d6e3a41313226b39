"""``python -m convscope.studio.launching CODE train …``: a command that nobody's terminal holds.

It runs the same command line as a person would, lets Ctrl-C reach it whoever started the
studio, steps back behind the page that a person looks at, and leaves its exit code in a file.
What is to be done once it was interrupted may stand in another file, beside that one.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["INTERRUPTED", "launched"]

INTERRUPTED = 130
_NICE = 5


def launched(arguments: Sequence[str]) -> int:
    """Runs a command of convscope; writes its exit code into the file named first."""
    place = Path(arguments[0])
    # A shell that starts the studio in the background has it ignore Ctrl-C, and its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGBREAK"):  # Windows reaches a process of another group by this alone
        signal.signal(signal.SIGBREAK, _as_interrupt)
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICE)
    code = 1
    try:
        code = _run(arguments[1:])
        # In this process, so that it is done even where the studio has ended meanwhile.
        if code == INTERRUPTED and (then := _afterwards(place)):
            code = _run(then)
    finally:
        with suppress(OSError):
            place.write_text(f"{code}\n", encoding="utf-8")
    return code


def _run(arguments: Sequence[str]) -> int:
    """The exit code of a command of convscope."""
    sys.argv = ["convscope", *arguments]
    try:
        runpy.run_module("convscope", run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


def _afterwards(place: Path) -> list[str]:
    """The command that follows an interrupted one; none where none was asked for."""
    try:
        found = json.loads(place.with_suffix(".then").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [str(word) for word in found] if isinstance(found, list) else []


def _as_interrupt(number: int, frame: Any) -> None:
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(launched(sys.argv[1:]))
