"""Made scenes kept in the cache, because making thousands takes seconds.

An entry is a folder named by all that decides its bytes.  Where size or time of one of its
files is not what was noted when it was made, the scenes are made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import Objects, Split
from convscope.data.annotations.parts import Part
from convscope.data.cache import StoringError, cache_folder, locked, need_room, new_folder, storing
from convscope.data.entries import read_record, write_record
from convscope.data.progress import Progress, Tell, teller
from convscope.data.scenes.scene import Making

__all__ = ["VERSIONS", "kept"]

VERSIONS = {"scenes": 2, "clips": 3}
"""Raised with every change that gives other bytes: older entries are then made anew."""

_WORTH_KEEPING = 500
"""Fewer scenes are made as quickly as they are read."""


def kept(
    kind: str, making: Making, count: int, make: Callable[[Part], Split], progress: Tell | None
) -> Split:
    """A part from the cache; or made, and put there.  A cache that cannot be written is no harm."""
    if count < _WORTH_KEEPING:
        return make(making.part)
    folder = cache_folder() / "scenes" / _key(kind, making, count)
    found = _read(folder)
    if found is not None:
        return found
    tell = teller(progress)
    try:
        with locked(folder, tell):
            found = _read(folder)
            if found is None:
                found = make(making.part)
                _write(folder, found)
    except StoringError as problem:
        tell(Progress(f"scenes are not kept: {problem}"))
        return found if found is not None else make(making.part)
    return found


def _key(kind: str, making: Making, count: int) -> str:
    record = {
        "version": VERSIONS[kind],
        "kind": kind,
        "count": count,
        "part": making.part,
        "seed": making.seed,
        "size": making.size,
        "pairs": making.pairs,
        "difficulty": asdict(making.difficulty),
        "garments": making.garments.fingerprint,
    }
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    return f"{kind}-{making.part}-{making.seed}-{count}-{digest[:16]}"


def _write(folder: Path, split: Split) -> None:
    images = np.asarray(split.images)
    need_room(folder.parent, images.nbytes + (1 << 20))
    with new_folder(folder) as filling, storing(folder):
        np.save(filling / "images.npy", images, allow_pickle=False)
        np.savez_compressed(filling / "known.npz", allow_pickle=False, **_known(split))
        words = {"names": split.names, "captions": split.captions}
        (filling / "words.json").write_text(json.dumps(words), encoding="utf-8")
        write_record(filling, {})


def _known(split: Split) -> dict[str, NDArray[Any]]:
    """Masks and objects as arrays: those of all images after one another, and how many each."""
    if split.objects is None or split.masks is None:
        return {}
    return {
        "masks": np.asarray(split.masks),
        "counts": np.array([len(each) for each in split.objects], np.int64),
        "boxes": np.concatenate([each.boxes for each in split.objects]),
        "labels": np.concatenate([each.labels for each in split.objects]),
        "difficult": np.concatenate([each.difficult for each in split.objects]),
    }


def _read(folder: Path) -> Split | None:
    """None where nothing is kept, or what is kept is damaged: it is then made anew."""
    try:
        if not read_record(folder)[1]:
            return None
        words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        images = np.load(folder / "images.npy", allow_pickle=False)
        with np.load(folder / "known.npz", allow_pickle=False) as known:
            masks = known.get("masks")
            objects = _objects(known) if masks is not None else None
        captions = tuple(tuple(each) for each in words["captions"])
        return Split(tuple(words["names"]), images, objects, masks, captions)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):
        return None


def _objects(known: Any) -> tuple[Objects, ...]:
    ends = np.cumsum(known["counts"])[:-1]
    parts = (np.split(known[name], ends) for name in ("boxes", "labels", "difficult"))
    return tuple(Objects(*each) for each in zip(*parts, strict=True))
