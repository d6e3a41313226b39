"""Importing torch takes seconds; it begins when the first page has been answered."""

from __future__ import annotations

import gc
import os
import threading
from importlib import import_module

__all__ = ["have_process", "is_warm", "warm_up"]

_own = threading.Event()
_begun = threading.Event()
_done = threading.Event()


def have_process() -> None:
    """Settles what a studio may in a process of its own, before torch is imported.

    Threads of torch that have nothing to do sleep, where they would spin: beside a training,
    a look at a run then costs four times as much.  And modules are not searched for garbage:
    each time, that takes a tenth of a second.
    """
    _own.set()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    gc.freeze()


def warm_up() -> None:
    """Imports in a thread of its own what the first click will need; once."""
    if _begun.is_set():
        return
    _begun.set()
    threading.Thread(target=_import, name="convscope-warming", daemon=True).start()


def is_warm() -> bool:
    """Whether torch is there; asking it anything before would wait for it."""
    return _done.is_set()


def _import() -> None:
    import_module("convscope.inspection.sources")
    import_module("convscope.inspection.walking.walk")
    if _own.is_set():
        gc.freeze()
    _done.set()
