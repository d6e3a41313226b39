"""Entries of the cache: a folder whose ``entry.json`` is written last and knows the rest.

It holds size and time of change of every other file.  Where one differs (a copied folder,
a damaged disk), whoever opens the entry has to compare its fingerprint before using it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convscope.data.cache import storing

__all__ = ["mapped", "read_record", "renew_stamps", "write_record"]

_RECORD = "entry.json"
_WRITABLE_MAP = 1 << 30
"""Up to this size a map is copy-on-write, so that torch may share it without a warning."""


def mapped(path: Path, size: int) -> NDArray[np.uint8]:
    """A file of ``size`` bytes, 1 or more, mapped into memory; OSError, ValueError."""
    mode: Literal["c", "r"] = "c" if size < _WRITABLE_MAP else "r"
    # a plain array over the map: nothing that np.memmap adds is wanted further on
    return np.asarray(np.memmap(path, np.uint8, mode, shape=(size,)))


def write_record(filling: Path, record: dict[str, Any]) -> None:
    """``entry.json`` beside the files that are there, safely on the disk."""
    text = json.dumps({**record, "files": _stamps(filling)}, indent=1)
    with storing(filling.parent), (filling / _RECORD).open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_record(folder: Path) -> tuple[dict[str, Any], bool]:
    """The record, and whether all files are as it says; OSError, ValueError, KeyError."""
    record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    return record, record["files"] == _stamps(folder)


def renew_stamps(folder: Path, record: dict[str, Any]) -> None:
    """So that the next start need not work a fingerprint out; a read-only cache may refuse."""
    beside = folder / f"{_RECORD}.{os.getpid()}.part"
    try:
        text = json.dumps({**record, "files": _stamps(folder)}, indent=1)
        beside.write_text(text, encoding="utf-8")
        beside.replace(folder / _RECORD)
    except OSError:
        return


def _stamps(folder: Path) -> dict[str, list[int]]:
    files = sorted(path for path in folder.iterdir() if not path.name.startswith(_RECORD))
    states = {path.name: path.stat() for path in files}
    return {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()}
