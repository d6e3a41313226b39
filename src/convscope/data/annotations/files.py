"""What lies in a folder: every file that may matter, its size and its time of change.

A name that an annotation gives is looked up among the files that were found here and is
never joined to a path: whatever it says, nothing outside the folder is opened.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PurePosixPath

from convscope.data.annotations.parts import part_of_path
from convscope.data.cache import cache_folder
from convscope.data.opening import SUFFIXES
from convscope.errors import DataError, UsageError

__all__ = ["Files", "Pictures", "files_of", "shortened", "stem_of"]

_TEXTS = (".xml", ".json", ".txt", ".csv", ".tsv", ".token")
_NOT_DATA = ("__MACOSX", "node_modules")
_RUN = "run.json"


@dataclass(frozen=True, eq=False)
class Files:
    """The files below ``root`` by their path from it (with ``/``), sorted: size and time."""

    root: Path
    stamps: Mapping[str, tuple[int, int]]

    def __contains__(self, path: str) -> bool:
        return path in self.stamps

    def __iter__(self) -> Iterator[str]:
        return iter(self.stamps)

    def below(self, folder: str, *suffixes: str) -> list[str]:
        """The paths below a folder (``""`` is the root), by suffix in lower case."""
        prefix = f"{folder}/" if folder else ""
        return [
            path
            for path in self.stamps
            if path.startswith(prefix) and (not suffixes or path.lower().endswith(suffixes))
        ]

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, at any depth, without the root."""
        parents = {str(parent) for path in self.stamps for parent in PurePosixPath(path).parents}
        return frozenset(parents - {"."})

    @cached_property
    def content(self) -> str:
        """SHA-256 over root, paths, sizes and times: changes with any file."""
        digest = hashlib.sha256(str(self.root).encode(errors="surrogateescape"))
        for path, (size, modified) in self.stamps.items():
            line = f"{path}\0{size}\0{modified}\n"
            digest.update(line.encode(errors="surrogateescape"))
        return digest.hexdigest()

    def read(self, path: str, limit: int) -> bytes:
        """A whole file of ``limit`` bytes at most; DataError names the file."""
        if path in self.stamps and self.stamps[path][0] > limit:
            raise DataError(f"has more than {limit / 1e6:,.0f} MB", place=path)
        try:
            return (self.root / path).read_bytes()
        except OSError as problem:
            raise DataError(f"cannot be read ({problem.strerror})", place=path) from problem

    def read_text(self, path: str, limit: int = 1 << 28) -> str:
        """A text in UTF-8, with or without a byte order mark."""
        try:
            return self.read(path, limit).decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            raise DataError(
                f"is not UTF-8 (byte {problem.start:,})", place=path, remedy="save it as UTF-8"
            ) from problem


def files_of(source: str | Path) -> Files:
    """Lists a folder and all below it, or one file as the only one of its folder."""
    root = Path(source).expanduser().resolve()
    if root.is_file():
        state = root.stat()
        return Files(root.parent, {root.name: (state.st_size, state.st_mtime_ns)})
    if not root.is_dir():
        raise UsageError(f"there is no folder or file {root}")
    try:
        return Files(root, dict(sorted(_walk(root, "", {cache_folder().resolve()}))))
    except OSError as problem:
        raise DataError(f"cannot be read ({problem.strerror})", place=str(root)) from problem


def _walk(folder: Path, prefix: str, seen: set[Path]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Links that lead to folders are followed, each folder once: links may form a ring.

    Our own cache and runs may lie here, and are no data.
    """
    real = folder.resolve()
    if real in seen:
        return
    seen.add(real)
    with os.scandir(folder) as found:
        entries = [entry for entry in found if not entry.name.startswith(".")]
    if any(entry.name == _RUN for entry in entries):
        return
    for entry in entries:
        if entry.is_dir():
            if entry.name not in _NOT_DATA:
                yield from _walk(folder / entry.name, f"{prefix}{entry.name}/", seen)
        elif entry.name.lower().endswith(SUFFIXES + _TEXTS):
            state = entry.stat() if entry.is_file() else None  # else a link to nothing
            if state:
                yield f"{prefix}{entry.name}", (state.st_size, state.st_mtime_ns)


class Pictures:
    """Finds images, of whose paths it is made, by the names that annotations give them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for path in paths:
            name = path.rpartition("/")[2]
            self._by_name.setdefault(name, []).append(path)
            self._by_stem.setdefault(stem_of(name), []).append(path)

    def named(self, name: str, near: str = "", part: str = "") -> str:
        """The image whose path ends with ``name``; DataError if there is none, or several.

        Of several, those count whose path speaks of ``part`` (``train2017`` of train), then
        the one that shares most folders with ``near``, a path.  What comes from another
        machine (``C:/data/7.jpg``) is looked for by its last word.
        """
        wanted = name.replace("\\", "/")
        if wanted.startswith("/") or wanted[1:2] == ":":
            wanted = wanted.rpartition("/")[2]
        while wanted.startswith(("./", "../")):
            wanted = wanted.partition("/")[2]
        known = self._by_name.get(wanted.rpartition("/")[2], [])
        found = [path for path in known if f"/{path}".endswith(f"/{wanted}")]
        if not found:
            raise DataError(f'its image "{shortened(name)}" is missing')
        return _only(found, f'its image "{shortened(name)}"', near, part)

    def of_stem(self, stem: str, near: str = "", part: str = "") -> str | None:
        """The image of this name without its suffix, or None; see ``named``."""
        found = self._by_stem.get(stem, [])
        return _only(found, f'the image of "{shortened(stem)}"', near, part) if found else None


def shortened(text: str) -> str:
    """A text of a stranger's as it may stand in a message: one line, 80 characters."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in text[:81])
    return plain if len(plain) <= 80 else f"{plain[:79]}…"


def stem_of(path: str) -> str:
    """The last word of a path without its suffix."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _only(found: list[str], what: str, near: str, part: str) -> str:
    found = [path for path in found if part and part_of_path(path) == part] or found
    shared = [_shared_folders(path, near) for path in found]
    best = [path for path, count in zip(found, shared, strict=True) if count == max(shared)]
    if len(best) > 1:
        raise DataError(f"{what} may be any of {', '.join(best[:3])}")
    return best[0]


def _shared_folders(first: str, second: str) -> int:
    """How many folders two paths have in common, from the root on."""
    pairs = zip(first.split("/")[:-1], second.split("/")[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
