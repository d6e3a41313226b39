"""Data kept decoded: raw pixels in a file that is mapped into memory, not read.

An entry of the cache is a folder: ``train.pixels`` and ``test.pixels`` (uint8,
N×C×H×W), ``train.labels`` and ``test.labels`` (int64, little-endian), and
``entry.json``, written last.  Its fingerprint was worked out as the entry was made
and read back; after that, size and modification time of each file must be what
``entry.json`` says.  Where a time differs (a copied folder), the fingerprint is
worked out anew, and an entry that does not match it is not used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convscope.architecture.layers import Pair
from convscope.data.cache import cache_folder, new_folder, storing
from convscope.data.entries import mapped, read_record, renew_stamps, write_record
from convscope.data.images import Data, Images, ImageSet, Labels, Skipped, fingerprint_of
from convscope.data.preprocessing import Fit
from convscope.errors import DataError

__all__ = ["Part", "Story", "entry_folder", "keep", "open_entry"]

_SCHEMA = "convscope.decoded/1"


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
        story_record = {"story": asdict(told), "fingerprint": fingerprint}
        write_record(filling, {"schema": _SCHEMA, **story_record})
    data = open_entry(folder)
    if data is None:
        raise DataError("what was just written cannot be read back", place=str(folder))
    return data


def open_entry(folder: Path) -> Data | None:
    """The entry, or None where there is none that can be trusted."""
    try:
        record, unchanged = read_record(folder)
        if record["schema"] != _SCHEMA:
            return None
        data = _data(folder, record)
        if not unchanged and fingerprint_of(data.train, data.test, data.classes) != (
            data.fingerprint
        ):
            return None
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return None  # absent or damaged: whoever asked makes it anew
    if not unchanged:
        renew_stamps(folder, record)
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
    return ImageSet(mapped(path, size).reshape(shape), labels)
