"""``python -m convscope.studio.launching CODE train …``: a command that nobody's terminal holds.

It runs the same command line as a person would, lets Ctrl-C reach it whoever started the
studio, steps back behind the page that a person looks at, and leaves its exit code in a file.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["launched"]

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
    sys.argv = ["convscope", *arguments[1:]]
    code = 1
    try:
        runpy.run_module("convscope", run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        code = 130
    finally:
        with suppress(OSError):
            place.write_text(f"{code}\n", encoding="utf-8")
    return code


def _as_interrupt(number: int, frame: Any) -> None:
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(launched(sys.argv[1:]))
