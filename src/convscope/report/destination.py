"""Where a figure will be written, known before there is one; without matplotlib."""

from __future__ import annotations

import os
from pathlib import Path

from convscope.errors import UsageError
from convscope.training.files import require_writable

__all__ = ["figure_path"]


def figure_path(out: str | Path) -> Path:
    """Where ``plotting.save_as`` will write; UsageError, RunError where it could not.

    For whoever works long before there is a figure.
    """
    path = Path(os.path.normpath(Path(out).expanduser().absolute()))
    suffix = path.suffix.lower()
    if path.is_dir() or not path.name:
        raise UsageError("this is a folder", place=str(path), remedy="name a file in it")
    if suffix not in ("", ".png", ".svg"):
        raise UsageError(
            f"a figure is no {path.suffix} file",
            place=str(path),
            remedy="name it .png; the SVG is written beside it",
        )
    require_writable(path.parent)
    return path
