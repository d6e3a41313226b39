"""Annotated images kept in the cache: pixels mapped into memory, the rest beside them.

An entry holds, for each part, ``PART.pixels`` and ``PART.masks`` (the bytes of all images,
one after the other), ``PART.npz`` (sizes, numbers of frames, boxes, labels, marks) and
``PART.json`` (names, captions, ids).  Its fingerprint was worked out as it was made.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import VOID, Annotated, Objects, Split, fingerprint_of_annotated
from convscope.data.annotations.decoding import Opened
from convscope.data.annotations.parts import PARTS, Part
from convscope.data.cache import new_folder, storing
from convscope.data.entries import mapped, read_record, renew_stamps, write_record
from convscope.data.images import Skipped
from convscope.errors import DataError

__all__ = ["Story", "Written", "keep_annotated", "open_annotated"]

_SCHEMA = "convscope.annotated/1"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Story:
    """What ``Annotated`` knows besides its parts."""

    name: str
    place: str
    source: str
    classes: tuple[str, ...]
    regions: tuple[str, ...]
    channels: int
    category_ids: tuple[int, ...] | None
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A part on the disk: how many images, and the largest region in a mask (−1: none)."""

    count: int
    largest_region: int


def keep_annotated(
    folder: Path,
    parts: Mapping[Part, Iterator[Opened]],
    story: Callable[[Mapping[Part, Written]], Story],
) -> Annotated:
    """Writes an entry and opens it; ``story`` is asked when all parts are written."""
    with new_folder(folder) as filling:
        written = {part: _write_part(filling, part, images) for part, images in parts.items()}
        told = story(written)
        record = {"schema": _SCHEMA, "story": asdict(told)}
        splits = [_open_part(filling, part, told.channels) for part in PARTS]
        fingerprint = fingerprint_of_annotated(splits, told.classes or told.regions)
        del splits  # Windows renames no folder whose files are mapped
        write_record(filling, {**record, "fingerprint": fingerprint})
    data = open_annotated(folder)
    if data is None:
        raise DataError("what was just written cannot be read back", place=str(folder))
    return data


def open_annotated(folder: Path) -> Annotated | None:
    """The entry, or None where there is none that can be trusted."""
    try:
        record, unchanged = read_record(folder)
        if record["schema"] != _SCHEMA:
            return None
        data = _data(folder, record)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, DataError):
        return None  # absent or damaged: whoever asked makes it anew
    if not unchanged:
        parts = (data.train, data.validation, data.test)
        if fingerprint_of_annotated(parts, data.classes or data.regions) != data.fingerprint:
            return None
        renew_stamps(folder, record)
    return data


def _write_part(filling: Path, part: Part, images: Iterable[Opened]) -> Written:
    known: list[Opened] = []
    shapes: list[tuple[int, ...]] = []
    largest = -1
    with (
        storing(filling.parent),
        (filling / f"{part}.pixels").open("wb") as pixels,
        (filling / f"{part}.masks").open("wb") as masks,
    ):
        # plain writes: a full disk is an error here, and would be a dead process in a map
        for image in images:
            pixels.write(image.pixels.data)
            shapes.append(image.pixels.shape)
            if image.mask is not None:
                masks.write(np.ascontiguousarray(image.mask).data)
                told = image.mask[image.mask != VOID]
                largest = max(largest, int(told.max(initial=0))) if told.size else largest
            known.append(image.without_pixels())
        for file in (pixels, masks):
            file.flush()
            os.fsync(file.fileno())
    _write_known(filling, part, known, shapes)
    return Written(len(known), largest)


def _write_known(
    filling: Path, part: Part, known: list[Opened], shapes: list[tuple[int, ...]]
) -> None:
    sizes = [shape[-2:] for shape in shapes]
    frames = [shape[0] if len(shape) == 4 else 0 for shape in shapes]
    arrays: dict[str, NDArray[Any]] = {
        "sizes": np.array(sizes, "<i8").reshape(-1, 2),
        "frames": np.array(frames, "<i8"),
        "full_sizes": np.array([image.full_size for image in known], "<i8").reshape(-1, 2),
    }
    objects = [image.objects for image in known if image.objects is not None]
    if objects:
        arrays["counts"] = np.array([len(one) for one in objects], "<i8")
        arrays["boxes"] = np.concatenate([one.boxes for one in objects]).astype("<f4")
        arrays["labels"] = np.concatenate([one.labels for one in objects]).astype("<i8")
        arrays["difficult"] = np.concatenate([one.difficult for one in objects])
    texts = {
        "names": [image.item.name for image in known],
        "captions": [image.item.captions for image in known],
        "ids": [image.item.id for image in known],
    }
    with storing(filling.parent):
        np.savez(filling / f"{part}.npz", **arrays)  # type: ignore[arg-type, unused-ignore]
        (filling / f"{part}.json").write_text(json.dumps(texts), encoding="utf-8")


def _data(folder: Path, record: dict[str, Any]) -> Annotated:
    told = record["story"]
    train, validation, test = (_open_part(folder, part, told["channels"]) for part in PARTS)
    return Annotated(
        name=told["name"],
        place=told["place"],
        train=train,
        validation=validation,
        test=test,
        classes=tuple(told["classes"]),
        regions=tuple(told["regions"]),
        channels=told["channels"],
        fingerprint=record["fingerprint"],
        source=told["source"],
        skipped=tuple(Skipped(**one) for one in told["skipped"]),
        notes=tuple(told["notes"]),
        category_ids=None if told["category_ids"] is None else tuple(told["category_ids"]),
    )


def _open_part(folder: Path, part: Part, channels: int) -> Split:
    texts = json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
    with (folder / f"{part}.npz").open("rb") as file:  # numpy leaves a damaged one open
        arrays = dict(np.load(file, allow_pickle=False))
    sizes = [(int(height), int(width)) for height, width in arrays["sizes"]]
    shapes = [
        (frames, channels, *size) if frames else (channels, *size)
        for frames, size in zip(arrays["frames"].tolist(), sizes, strict=True)
    ]
    masks = folder / f"{part}.masks"
    captions = tuple(tuple(said) for said in texts["captions"])
    return Split(
        names=tuple(texts["names"]),
        images=_cut(folder / f"{part}.pixels", shapes),
        objects=_objects(arrays) if "counts" in arrays else None,
        masks=_cut(masks, sizes) if masks.stat().st_size else None,
        captions=captions if any(captions) else None,
        ids=None if None in texts["ids"] else tuple(texts["ids"]),
        full_sizes=arrays["full_sizes"].astype(np.int64, copy=False),
    )


def _cut(path: Path, shapes: Sequence[tuple[int, ...]]) -> list[Pixels] | Pixels:
    """The file's bytes as one array where all shapes are equal, else as one for each."""
    ends = np.cumsum([np.prod(shape, dtype=np.int64) for shape in shapes])
    total = int(ends[-1]) if shapes else 0
    if not total or path.stat().st_size != total:
        raise DataError("does not hold what its sizes promise", place=str(path))
    flat = mapped(path, total)
    if len(set(shapes)) == 1:
        return flat.reshape(len(shapes), *shapes[0])
    pieces = np.split(flat, ends[:-1])
    return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]


def _objects(arrays: Mapping[str, NDArray[Any]]) -> tuple[Objects, ...]:
    ends = np.cumsum(arrays["counts"])[:-1]
    boxes, labels, difficult = (
        np.split(arrays[key], ends) for key in ("boxes", "labels", "difficult")
    )
    return tuple(
        Objects(box.astype(np.float32, copy=False), label.astype(np.int64, copy=False), mark)
        for box, label, mark in zip(boxes, labels, difficult, strict=True)
    )
