"""Writing into a run folder: whole files or none, one training at a time."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from convscope.errors import RunError

__all__ = [
    "Lines",
    "claimed",
    "is_live",
    "quoted",
    "read_json",
    "require_writable",
    "write_bytes",
    "write_json",
    "writing",
]

LOCK = ".lock"
RUN = "run.json"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the system refuses into a RunError that says what to do."""
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error


def require_writable(folder: Path) -> None:
    """RunError unless files can be made there, before long work rather than after it.

    Of a folder that is still to be made, the nearest one above it that exists; nothing stays.
    """
    there = next(each for each in (folder, *folder.parents) if each.exists())
    with writing(folder), tempfile.TemporaryFile(dir=there):
        pass


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file beside ``path`` and renames it: readers find the old one or the new one."""
    beside = path.with_name(f"{path.name}.part")
    with writing(path):
        try:
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON file, whole or not at all."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode("utf-8"))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; RunError where there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot be read ({error.strerror})", place=str(path)) from None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise RunError(
            "this is no JSON object: the file is damaged",
            place=str(path),
            remedy="put back the file as it was, or train again into another folder",
        )
    return value


class Lines:
    """A file that grows by one line of JSON at a time, and can be cut back.

    The position in bytes goes into the checkpoint; what was written after that belongs
    to steps that a resumed training makes again, so it is cut off.
    """

    def __init__(self, path: Path, position: int) -> None:
        self._path = path
        with writing(path):
            # Without a buffer, which would try again at closing what the disk refused.
            self._file = path.open("ab", buffering=0)
            # Never longer than it is: that would fill the rest with zeros.
            self.position = min(position, self._file.seek(0, os.SEEK_END))
            self._file.truncate(self.position)

    def add(self, value: Mapping[str, Any]) -> None:
        """One line; readers see it at once, and all of it or nothing."""
        line = (json.dumps(value, allow_nan=False) + "\n").encode("utf-8")
        with writing(self._path):
            try:
                written = 0
                while written < len(line):  # a disk that is nearly full takes a part
                    written += self._file.write(line[written:])
            except OSError:
                with contextlib.suppress(OSError):
                    self._file.truncate(self.position)
                raise
        self.position += len(line)

    def close(self) -> None:
        """No more lines."""
        self._file.close()


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, which the system takes back if the process dies.

    RunError where another training holds it.  A folder in which nothing was before, and
    nothing came to be written, is removed again.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        bare = not any(folder.iterdir())
    # A generator may be closed in another thread than it was started in.
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        # A look by ``is_live`` holds the lock for an instant; half a second outwaits it.
        lock.acquire(timeout=0.5)
    except Timeout:
        raise RunError(
            "another training is writing into this folder",
            place=str(folder),
            remedy="wait until it has finished, or give another --out",
        ) from None
    except OSError as error:
        _remove_if_bare(folder)
        raise _refused(folder, error) from error
    try:
        yield
    finally:
        lock.release()
        if bare:
            _remove_if_bare(folder)


def is_live(folder: Path) -> bool:
    """Whether a training is writing into the folder now."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _remove_if_bare(folder: Path) -> None:
    with contextlib.suppress(OSError):
        if {entry.name for entry in folder.iterdir()} <= {LOCK}:
            (folder / LOCK).unlink(missing_ok=True)
            folder.rmdir()


def _refused(path: Path, error: OSError) -> RunError:
    remedy = "give another --out, or change what stands in the way"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        problem, remedy = "the disk is full", f"free some space{_going_on(path)}"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        problem = "this folder cannot be written to"
        remedy = "give another --out, or the permission to write there"
    else:
        problem = f"cannot be written ({error.strerror or error})"
    return RunError(problem, place=str(path), remedy=remedy)


def _going_on(path: Path) -> str:
    """How a training goes on, if ``path`` is inside a run; stages have runs within a run."""
    runs = [folder for folder in (path, *path.parents) if (folder / RUN).is_file()]
    return f", then go on with --resume --out {quoted(runs[-1])}" if runs else ""


def quoted(path: Path) -> str:
    """A path as a command line takes it, in quotes where it holds a blank."""
    return f'"{path}"' if " " in str(path) else str(path)
