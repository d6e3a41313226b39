"""Debian's own copy: the package is downloaded as a file and unpacked, not installed.

``apt-get download`` needs no root and asks the mirrors that this machine already
uses, which a closed network often has.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from convscope.data.cache import storing
from convscope.data.download import host_of
from convscope.errors import DataError

__all__ = ["Run", "run_program", "unpacked_package"]

Run = Callable[[Sequence[str], Path], "subprocess.CompletedProcess[str]"]
"""Runs a program in a folder; a value, so that tests need no Debian."""

_SECONDS = 600
_APT = ("apt-get", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10")


def run_program(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A program without a terminal, in English, for ten minutes at most."""
    return subprocess.run(
        list(words),
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )


def unpacked_package(
    package: str, folder: Path, announce: Callable[[str, int], None], run: Run = run_program
) -> Path:
    """Fetches ``package`` into ``folder`` and returns the folder it was unpacked into.

    ``announce`` is told host and size first.  Raises DataError with the reason.
    """
    for program in ("apt-get", "dpkg-deb"):
        if run is run_program and shutil.which(program) is None:
            raise DataError(f"there is no {program} on this machine", place=f"{package}")
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    announce(*_host_and_size(package, folder, run))
    _checked(run, (*_APT, "download", package), folder)
    found = sorted(folder.glob(f"{package}_*.deb"))
    if not found:
        raise DataError("apt-get downloaded no file", place=package)
    _checked(run, ("dpkg-deb", "-x", found[-1].name, "unpacked"), folder)
    return folder / "unpacked"


def _host_and_size(package: str, folder: Path, run: Run) -> tuple[str, int]:
    printed = _checked(run, (*_APT, "download", "--print-uris", package), folder)
    match = re.search(r"^'([^']+)' \S+ (\d+)", printed, re.MULTILINE)
    if match is None:
        raise DataError("apt-get knows no address for it", place=package)
    return host_of(match[1]), int(match[2])


def _checked(run: Run, words: Sequence[str], folder: Path) -> str:
    command = " ".join(word for word in words if not word.startswith(("-o", "Acquire")))
    try:
        done = run(words, folder)
    except (OSError, subprocess.SubprocessError) as problem:
        raise DataError(f"{command} failed ({problem})") from problem
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        said = lines[0] if lines else f"exit code {done.returncode}"
        raise DataError(f"{command} failed ({said.strip()})")
    return done.stdout
