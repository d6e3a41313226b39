"""A collection of IDX files, looked for in one place after another, each hit verified.

The decompressed payload is verified, never the packed file: mirrors compress
differently.  The order of places is: our cache, copies that others left, the mirrors,
Debian's package.  If nothing serves, one error lists every place and its reason.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from convscope.data.cache import StoringError, cache_folder, locked, need_room, storing
from convscope.data.debian import Run, run_program, unpacked_package
from convscope.data.decoded import Part, Story, entry_folder, keep, open_entry
from convscope.data.download import ANSWER_SECONDS, answers, download, host_of
from convscope.data.idx import parse_idx, payload_of
from convscope.data.images import Data
from convscope.data.preprocessing import dark_background
from convscope.data.progress import Progress, Tell
from convscope.errors import DataError

__all__ = ["Collection", "Folder", "Mirror", "Payload", "gather", "read_verified"]


_ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Payload:
    """One file of a collection, as it must be when it is unpacked."""

    name: str
    size: int
    sha256: str
    packed: int
    """Bytes of the .gz, about: to say beforehand how much will be downloaded."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where ``name``.gz can be downloaded, below ``address``."""

    name: str
    address: str

    def url(self, payload: Payload) -> str:
        """The address of one packed file."""
        return f"{self.address}/{payload.name}.gz"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in which another program may have left the files."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Collection:
    """Four payloads (training images and labels, test images and labels), and where they are."""

    name: str
    classes: tuple[str, ...]
    payloads: tuple[Payload, Payload, Payload, Payload]
    mirrors: tuple[Mirror, ...] = ()
    package: str = ""
    package_folder: str = ""

    @property
    def packed(self) -> int:
        """Bytes to download, about."""
        return sum(payload.packed for payload in self.payloads)


def gather(
    collection: Collection,
    folders: tuple[Folder, ...],
    tell: Tell,
    *,
    network: bool,
    why_no_network: str = "",
    answer_seconds: float = ANSWER_SECONDS,
    run: Run = run_program,
) -> Data:
    """The collection from the first place that serves; it is kept decoded in the cache."""
    kept = entry_folder(collection.name)
    data = open_entry(kept)
    if data is not None:
        return data
    tried = [(f"the cache {kept}", "altered or of an older form" if kept.exists() else _ABSENT)]
    with locked(kept, tell):
        data = open_entry(kept)  # another process may have made it meanwhile
        if data is not None:
            return data
        for place, read in _places(collection, folders, tell, network, answer_seconds, run, tried):
            try:
                payloads = read()
            except StoringError:
                raise
            except DataError as problem:
                tried.append((place, _short(problem)))
                if problem.problem != _ABSENT:
                    text = f"{collection.name}: {place} is passed over: {_short(problem)}"
                    tell(Progress(text, important=True))
                continue
            data = _kept(collection, payloads, place, tell)
            _forget_downloads(collection)
            return data
    if not network:
        tried.append(("the network", why_no_network))
    raise _found_nowhere(collection, tried)


def read_verified(collection: Collection, folder: Path) -> tuple[bytes, ...]:
    """The four payloads of a folder, raw or gzipped, each compared with its SHA-256."""
    if not folder.is_dir():
        raise DataError(_ABSENT)
    return tuple(_verified(payload, _file_of(payload, folder)) for payload in collection.payloads)


def _places(
    collection: Collection,
    folders: tuple[Folder, ...],
    tell: Tell,
    network: bool,
    answer_seconds: float,
    run: Run,
    tried: list[tuple[str, str]],
) -> Iterator[tuple[str, Callable[[], tuple[bytes, ...]]]]:
    """Each place and how to read it, in order; a mirror that does not answer goes to ``tried``."""
    for folder in folders:
        yield f"{folder.name} {folder.path}", partial(read_verified, collection, folder.path)
    if not network:
        return
    unpacked = sum(payload.size for payload in collection.payloads)
    need_room(cache_folder(), 2 * collection.packed + unpacked)
    yield from _answering(collection, tell, answer_seconds, tried)
    if collection.package:
        where = f"Debian's package {collection.package} (apt-get download)"
        yield where, partial(_read_package, collection, tell, run)


def _answering(
    collection: Collection, tell: Tell, seconds: float, tried: list[tuple[str, str]]
) -> Iterator[tuple[str, Callable[[], tuple[bytes, ...]]]]:
    smallest = min(collection.payloads, key=lambda payload: payload.packed)
    urls = {mirror: mirror.url(smallest) for mirror in collection.mirrors}
    if not urls:
        return
    hosts = ", ".join(host_of(url) for url in urls.values())
    text = f"asking for {collection.name} ({collection.packed / 1e6:.0f} MB): {hosts}"
    tell(Progress(text, important=True))
    reasons = answers(list(urls.values()), seconds)
    for mirror, url in urls.items():
        place = f"{mirror.name} {host_of(url)}"
        if reasons[url]:
            tried.append((place, reasons[url]))
        else:
            yield place, partial(_read_mirror, collection, mirror, tell)


def _read_mirror(collection: Collection, mirror: Mirror, tell: Tell) -> tuple[bytes, ...]:
    total, host = collection.packed, host_of(mirror.address)
    text = f"downloading {collection.name} from {host}, {total / 1e6:.0f} MB"
    tell(Progress(text, 0, total, "bytes", important=True))
    # a part belongs to one mirror: another one packs the same payload differently
    folder = cache_folder() / "downloads" / collection.name / mirror.name
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    payloads, before = [], 0
    for payload in collection.payloads:

        def received(count: int, before: int = before) -> None:
            tell(Progress(text, before + count, total, "bytes"))

        payloads.append(_downloaded(payload, mirror, folder, received))
        before += payload.packed
    return tuple(payloads)


def _downloaded(
    payload: Payload, mirror: Mirror, folder: Path, received: Callable[[int], None]
) -> bytes:
    """One payload, verified; a resumed part that turns out wrong is fetched once more, whole."""
    part = folder / f"{payload.name}.gz.part"
    done = part.with_suffix("")
    resumed = part.exists() or done.exists()
    limit = payload.size + (1 << 16)
    if not done.exists():
        download(mirror.url(payload), part, limit=limit, received=received)
        with storing(done):
            part.replace(done)
    try:
        return _verified(payload, done)
    except DataError:
        done.unlink(missing_ok=True)
        if not resumed:
            raise
        return _downloaded(payload, mirror, folder, received)


def _read_package(collection: Collection, tell: Tell, run: Run) -> tuple[bytes, ...]:
    def announce(host: str, size: int) -> None:
        text = f"downloading Debian's package {collection.package} from {host}"
        tell(Progress(f"{text}, {size / 1e6:.0f} MB", important=True))

    folder = cache_folder() / "downloads" / collection.name / "debian"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        unpacked = unpacked_package(collection.package, folder, announce, run)
        return read_verified(collection, unpacked / collection.package_folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_downloads(collection: Collection) -> None:
    """The packed files are of no use once the payload is in memory and verified."""
    shutil.rmtree(cache_folder() / "downloads" / collection.name, ignore_errors=True)


def _file_of(payload: Payload, folder: Path) -> Path:
    for name in (payload.name, f"{payload.name}.gz"):
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"holds neither {payload.name} nor {payload.name}.gz")


def _verified(payload: Payload, path: Path) -> bytes:
    content = payload_of(path, payload.size)
    if len(content) != payload.size:
        raise DataError(
            f"holds {len(content):,} bytes where {payload.size:,} belong: it is truncated",
            place=path.name,
        )
    if hashlib.sha256(content).hexdigest() != payload.sha256:
        raise DataError("is altered: its SHA-256 is not the published one", place=path.name)
    return content


def _kept(collection: Collection, payloads: tuple[bytes, ...], place: str, tell: Tell) -> Data:
    tell(Progress(f"{collection.name}: found in {place}, verified"))
    arrays = [parse_idx(p, q.name) for p, q in zip(payloads, collection.payloads, strict=True)]
    size = (arrays[0].shape[1], arrays[0].shape[2])
    train = arrays[0][:, None]
    story = Story(
        collection.name,
        place,
        collection.classes,
        "pad",
        size,
        channels=1,
        dark_background=dark_background(train),
    )
    parts = (
        Part("train", [(train, arrays[1].astype(np.int64))]),
        Part("test", [(arrays[2][:, None], arrays[3].astype(np.int64))]),
    )
    return keep(entry_folder(collection.name), parts, lambda: story)


def _short(problem: DataError) -> str:
    return f"{problem.place}: {problem.problem}" if problem.place else problem.problem


def _found_nowhere(collection: Collection, tried: list[tuple[str, str]]) -> DataError:
    names = ", ".join(f"{payload.name}[.gz]" for payload in collection.payloads)
    places = "".join(f"\n  {place}: {reason}" for place, reason in tried)
    debian = f"sudo apt-get install {collection.package}" if collection.package else "none known"
    return DataError(
        f"found in none of the places tried:{places}\nthree ways to mend it",
        place=collection.name,
        remedy=f"1. where there is a network: convscope data fetch {collection.name}"
        f"\n  2. on Debian and Ubuntu: {debian}"
        f"\n  3. bring the files {names} from another machine and give their folder: "
        "--data FOLDER",
    )


def holds_all(collection: Collection, folder: Path) -> bool:
    """Whether a folder holds a file for each payload; it is not read."""
    return all(
        (folder / payload.name).is_file() or (folder / f"{payload.name}.gz").is_file()
        for payload in collection.payloads
    )
