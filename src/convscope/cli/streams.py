"""stdout and stderr that never fail on a sign such as → or ×.

Windows opens redirected streams in the code page of the system (cp1252 and the like):
they are switched to UTF-8.  Where somebody asked for another encoding, or a locale
has none of our signs, they are spelt in ASCII.
"""

from __future__ import annotations

import codecs
import io
import os
import sys

from convscope.report.plain import plain

__all__ = ["prepare_streams", "silence"]

_HANDLER = "convscope.plain"


def prepare_streams() -> None:
    """Make stdout and stderr able to take any text."""
    codecs.register_error(_HANDLER, _spelt)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # not a file of the system's: a notebook's or a test's stream
        if os.name == "nt" and not os.environ.get("PYTHONIOENCODING"):
            stream.reconfigure(encoding="utf-8", errors=_HANDLER)
        else:
            stream.reconfigure(errors=_HANDLER)


def _spelt(error: UnicodeError) -> tuple[str, int]:
    """What an encoding lacks: our signs in words, anything else as a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = plain(error.object[error.start : error.end])
    return text.encode("ascii", "replace").decode("ascii"), error.end


def silence() -> None:
    """Nobody reads stdout any more: the interpreter's last flush falls on nothing."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
