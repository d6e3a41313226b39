"""The folder where checked data are kept, and how something gets into it whole.

Whatever enters is written beside its place and renamed into it: a reader sees all
of it or nothing, and a full disk, a kill or a power cut leaves at most a
``.part`` folder that the next writer removes.  One lock an entry keeps two
processes from doing the same work.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from convscope.data.progress import Progress, Tell
from convscope.errors import DataError

__all__ = [
    "CACHE_VARIABLE",
    "StoringError",
    "cache_folder",
    "locked",
    "need_room",
    "new_folder",
    "storing",
]

CACHE_VARIABLE = "CONVSCOPE_CACHE"

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "you may not write there",
    errno.EPERM: "you may not write there",
    errno.ENOTDIR: "a file stands where a folder is needed",
    errno.EEXIST: "a file stands where a folder is needed",
}


def cache_folder() -> Path:
    """CONVSCOPE_CACHE, or the platform's own place for caches (not created here)."""
    chosen = os.environ.get(CACHE_VARIABLE, "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("convscope", appauthor=False)


class StoringError(DataError):
    """The cache cannot be written: no other place to get the data from would help."""


@contextmanager
def storing(place: Path) -> Iterator[None]:
    """Turns a failure to write below ``place`` into an error that a person can act on."""
    try:
        yield
    except OSError as problem:
        said = problem.strerror or str(problem) or type(problem).__name__
        reason = _REASONS.get(problem.errno or 0)
        raise StoringError(
            f"cannot write: {reason} ({said})" if reason else f"cannot write ({said})",
            place=str(place),
            remedy=f"set {CACHE_VARIABLE} to a folder with room that you may write to",
        ) from problem


@contextmanager
def locked(target: Path, tell: Tell) -> Iterator[None]:
    """Holds the lock of one entry of the cache; says so when it has to wait."""
    path = target.with_name(target.name + ".lock")
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            text = f"another process prepares {target.name}: waiting for it"
            tell(Progress(text, important=True))
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes its place at the end, or vanishes after an error.

    Call it under the entry's lock: what an earlier writer left behind is removed.
    """
    with storing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_remains(target)
        filling = target.with_name(f"{target.name}.{os.getpid()}.part")
        filling.mkdir()
    try:
        yield filling
        with storing(target):
            _replace(filling, target)
    finally:
        shutil.rmtree(filling, ignore_errors=True)


def need_room(place: Path, size: int, advice: str = "") -> None:
    """Refuses at once what would not fit on the disk; ``advice`` is one more way to mend it."""
    existing = place
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    with storing(place):
        free = shutil.disk_usage(existing).free
    if size > free:
        raise StoringError(
            f"{size / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB are free",
            place=str(place),
            remedy=f"free some space, or set {CACHE_VARIABLE} to a folder with more room{advice}",
        )


def _remove_remains(target: Path) -> None:
    for left in target.parent.glob(f"{target.name}.*.part"):
        shutil.rmtree(left, ignore_errors=True)


def _replace(filling: Path, target: Path) -> None:
    """Renames ``filling`` to ``target``; what stood there goes first."""
    if target.exists():
        aside = target.with_name(f"{target.name}.old.{os.getpid()}.part")
        target.rename(aside)
        filling.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        filling.rename(target)
