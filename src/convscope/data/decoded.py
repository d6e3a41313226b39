"""Data kept decoded: raw pixels in a file that is mapped into memory, not read.

An entry of the cache is a folder: ``train.pixels`` and ``test.pixels`` (uint8,
N×C×H×W), ``train.labels`` and ``test.labels`` (int64, little-endian), and
``entry.json``, written last.  Its fingerprint was worked out as the entry was made
and read back; after that, size and modification time of each file must be what
``entry.json`` says.  Where a time differs (a copied folder), the fingerprint is
worked out anew, and an entry that does not match it is not used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convscope.architecture.layers import Pair
from convscope.data.cache import cache_folder, new_folder, storing
from convscope.data.images import Data, Images, ImageSet, Labels, Skipped, fingerprint_of
from convscope.data.preprocessing import Fit
from convscope.errors import DataError

__all__ = ["Part", "Story", "entry_folder", "keep", "open_entry"]

_SCHEMA = "convscope.decoded/1"
_FILES = ("train.pixels", "train.labels", "test.pixels", "test.labels")
_WRITABLE_MAP = 1 << 30
"""Up to this size a map is copy-on-write, so that torch may share it without a warning."""


@dataclass(frozen=True, slots=True)
class Part:
    """One set on its way into the cache: blocks of pixels (C×H×W each) and their labels.

    ``blocks`` yields (images, labels), as they are decoded.
    """

    name: Literal["train", "test"]
    blocks: Iterable[tuple[Images, Labels]]


@dataclass(frozen=True, slots=True)
class Story:
    """What ``Data`` knows besides its pixels."""

    name: str
    place: str
    classes: tuple[str, ...]
    fit: Fit
    size: Pair
    channels: int
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    dark_background: bool = False


def entry_folder(key: str) -> Path:
    """Where the cache keeps the entry ``key``, whether it is there or not."""
    return cache_folder() / "decoded" / key


def keep(folder: Path, parts: Iterable[Part], story: Callable[[], Story]) -> Data:
    """Writes an entry and opens it; ``story`` is asked when all parts are written."""
    with new_folder(folder) as filling:
        for part in parts:
            _write_part(filling, part)
        told = story()
        train, test = (_opened_set(filling, part, told) for part in ("train", "test"))
        fingerprint = fingerprint_of(train, test, told.classes)
        del train, test  # Windows renames no folder whose files are mapped
        _write_record(filling, {"story": asdict(told), "fingerprint": fingerprint})
    data = open_entry(folder)
    if data is None:
        raise DataError("what was just written cannot be read back", place=str(folder))
    return data


def open_entry(folder: Path) -> Data | None:
    """The entry, or None where there is none that can be trusted."""
    try:
        record = json.loads((folder / "entry.json").read_text(encoding="utf-8"))
        if record["schema"] != _SCHEMA:
            return None
        data = _data(folder, record)
        unchanged = record["files"] == _stamps(folder)
        if not unchanged and fingerprint_of(data.train, data.test, data.classes) != (
            data.fingerprint
        ):
            return None
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return None  # absent or damaged: whoever asked makes it anew
    if not unchanged:
        _write_stamps_again(folder, record)
    return data


def _write_part(filling: Path, part: Part) -> None:
    pixels_path, labels_path = filling / f"{part.name}.pixels", filling / f"{part.name}.labels"
    with (
        storing(filling.parent),
        pixels_path.open("wb") as pixels,
        labels_path.open("wb") as labels,
    ):
        # plain writes: a full disk is an error here, and would be a dead process in a map
        for images, block_labels in part.blocks:
            pixels.write(np.ascontiguousarray(images).data)
            labels.write(block_labels.astype("<i8").data)
        for file in (pixels, labels):
            file.flush()
            os.fsync(file.fileno())


def _write_record(filling: Path, record: dict[str, Any]) -> None:
    record = {"schema": _SCHEMA, **record, "files": _stamps(filling)}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    with storing(filling.parent), (filling / "entry.json").open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _write_stamps_again(folder: Path, record: dict[str, Any]) -> None:
    """So that the next start need not work the fingerprint out; a read-only cache may refuse."""
    beside = folder / f"entry.json.{os.getpid()}.part"
    try:
        text = json.dumps({**record, "files": _stamps(folder)}, indent=1, ensure_ascii=False)
        beside.write_text(text, encoding="utf-8")
        beside.replace(folder / "entry.json")
    except OSError:
        return


def _stamps(folder: Path) -> dict[str, list[int]]:
    states = {name: (folder / name).stat() for name in _FILES}
    return {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()}


def _data(folder: Path, record: dict[str, Any]) -> Data:
    told = record["story"]
    story = Story(
        name=told["name"],
        place=told["place"],
        classes=tuple(told["classes"]),
        fit=told["fit"],
        size=(told["size"][0], told["size"][1]),
        channels=told["channels"],
        skipped=tuple(Skipped(**one) for one in told["skipped"]),
        notes=tuple(told["notes"]),
        dark_background=told["dark_background"],
    )
    return Data(
        name=story.name,
        place=story.place,
        train=_opened_set(folder, "train", story),
        test=_opened_set(folder, "test", story),
        classes=story.classes,
        fingerprint=record["fingerprint"],
        fit=story.fit,
        size=story.size,
        skipped=story.skipped,
        notes=story.notes,
        dark_background=story.dark_background,
        kept=str(folder),
    )


def _opened_set(folder: Path, name: str, story: Story) -> ImageSet:
    labels = np.fromfile(folder / f"{name}.labels", "<i8").astype(np.int64, copy=False)
    path = folder / f"{name}.pixels"
    shape = (len(labels), story.channels, *story.size)
    size = int(np.prod(shape, dtype=np.int64))
    if size == 0 or path.stat().st_size != size:
        raise DataError("does not hold what its labels promise", place=str(path))
    mode: Literal["c", "r"] = "c" if size < _WRITABLE_MAP else "r"
    # a plain array over the map: nothing that np.memmap adds is wanted further on
    return ImageSet(np.asarray(np.memmap(path, np.uint8, mode, shape=shape)), labels)
