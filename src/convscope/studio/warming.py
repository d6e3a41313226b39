"""Importing torch takes seconds; it begins when the first page has been answered."""

from __future__ import annotations

import threading
from importlib import import_module

__all__ = ["is_warm", "warm_up"]

_begun = threading.Event()
_done = threading.Event()


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
    _done.set()
