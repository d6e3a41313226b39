"""Ctrl-C that waits for the end of a step, so that what is saved is whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Patience"]


class Patience:
    """While ``busy``, Ctrl-C is only noted (``asked``); otherwise it does what it always does.

    Use it as a context manager; outside the main thread, where Python delivers no
    signals, it does nothing.
    """

    def __init__(self) -> None:
        self.busy = False
        self.asked = False
        self._before: object = None
        self._installed = False

    def __enter__(self) -> Self:
        before = signal.getsignal(signal.SIGINT)
        # Whoever ignores Ctrl-C, or handles it outside Python (None), keeps doing so.
        ours = threading.current_thread() is threading.main_thread() and callable(before)
        if ours:
            self._before = before
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        main = threading.current_thread() is threading.main_thread()
        if self._installed and main:
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.busy:
            self.asked = True
        elif callable(self._before):
            self._before(number, frame)
