"""How a long task says what it does: a callback of the caller's, or the log.

A library prints nothing.  Whoever calls hands a function over (the command line
draws a bar on stderr); without one, what is said goes to the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Progress", "Tell", "teller"]

_LOG = logging.getLogger("convscope.data")


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing said: ``done`` of ``total`` ``unit`` where there is something to count.

    ``important`` marks what a person must be told even when nothing is drawn: that
    the network is about to be used, or that damaged files were passed over.
    """

    text: str
    done: int = 0
    total: int = 0
    unit: str = ""
    important: bool = False


Tell = Callable[[Progress], None]


def teller(progress: Tell | None) -> Tell:
    """The caller's function, or one that writes to the log."""
    return _log if progress is None else progress


def _log(said: Progress) -> None:
    if said.important:
        _LOG.warning("%s", said.text)
    elif said.done == 0:
        _LOG.info("%s", said.text)
