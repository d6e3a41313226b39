"""Proposals of selective search, computed once for images and kept.

R-CNN and Fast R-CNN read the same file: its fingerprint is printed with either.  What is
kept depends on the pixels and the settings of the search alone, not on who asks.
"""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.applications.detection.selective_search import SEARCH, Search, proposed
from convscope.data.annotated import Objects
from convscope.data.cache import cache_folder, locked, new_folder
from convscope.data.progress import Progress, Tell, teller

__all__ = ["Proposals", "Recall", "proposals_of", "recall_of", "seconds_of_search"]

VERSION = 1
"""To be raised when the search finds other boxes with the same settings."""
BOXES = "boxes.npz"
AT_ONCE = 16
"""Images that a process is handed at a time."""
WORTH_A_POOL = 64
"""Images below which starting processes takes longer than searching."""

Images = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Boxes for each image (N_i×4, float32: left, top, right, bottom at the edges).

    ``fingerprint`` is the SHA-256 of all boxes, ``search`` how they were found.
    """

    boxes: tuple[Boxes, ...]
    search: Search
    fingerprint: str

    def __len__(self) -> int:
        return len(self.boxes)

    def __repr__(self) -> str:
        return (
            f"<Proposals: {self.mean:.0f} boxes for each of {len(self):,} images, "
            f"{self.fingerprint[:12]}>"
        )

    @property
    def mean(self) -> float:
        """Boxes an image."""
        return sum(map(len, self.boxes)) / max(1, len(self.boxes))

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON: where they come from and how many they are."""
        return {
            "method": "selective search",
            "search": self.search.as_dict(),
            "images": len(self),
            "boxes_an_image": self.mean,
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True, slots=True)
class Recall:
    """How much of what there is proposals reach.

    ``share`` is the part of the objects (those that are difficult left out) that a box
    overlaps by ``threshold`` or more, ``overlap`` the mean of each object's best overlap
    (MABO); both are NaN where there are no objects.  ``boxes`` is the mean number an image.
    """

    share: float
    overlap: float
    threshold: float
    objects: int
    boxes: float


def proposals_of(
    images: Images,
    search: Search = SEARCH,
    *,
    workers: int | None = None,
    progress: Tell | None = None,
) -> Proposals:
    """Proposals for each image (C×H×W): found now, or read from the cache.

    ``workers`` is how many processes search, by default one for each processor.
    """
    tell = teller(progress)
    place = cache_folder() / "proposals" / _key(images, search)
    with locked(place, tell):
        found = _read(place, len(images))
        if found is None:
            found = tuple(_searched(images, search, workers, tell))
            with new_folder(place) as filling:
                _write(filling, found, search)
    return Proposals(tuple(each.astype(np.float32) for each in found), search, _fingerprint(found))


def recall_of(boxes: Sequence[Boxes], truth: Sequence[Objects], threshold: float = 0.5) -> Recall:
    """How much of ``truth`` the boxes of each image reach, whatever their class."""
    best = [np.zeros(0)]
    for found, objects in zip(boxes, truth, strict=True):
        best.append(_best_overlaps(objects.boxes[~objects.difficult], found))
    joined = np.concatenate(best)
    count = len(joined)
    return Recall(
        float((joined >= threshold).mean()) if count else float("nan"),
        float(joined.mean()) if count else float("nan"),
        threshold,
        count,
        sum(map(len, boxes)) / max(1, len(boxes)),
    )


def seconds_of_search(images: Images, search: Search = SEARCH, most: int = 32) -> float:
    """Seconds that the search takes an image: the mean over the first ``most``, here and now.

    One process searches.  What the cache holds is left aside: reading it is no searching.
    """
    chosen = list(images[:most])
    start = time.perf_counter()
    for image in chosen:
        proposed(image, search)
    return (time.perf_counter() - start) / max(1, len(chosen))


def _searched(
    images: Images, search: Search, workers: int | None, tell: Tell
) -> Iterator[NDArray[np.int32]]:
    """The boxes of one image after another, as they come from the processes."""
    from joblib import Parallel, cpu_count, delayed

    total = len(images)
    workers = workers or (cpu_count() if total >= WORTH_A_POOL else 1)
    blocks = [images[start : start + AT_ONCE] for start in range(0, total, AT_ONCE)]
    # joblib's processes are started afresh on every system, and do not run a user's script.
    pool = Parallel(n_jobs=workers, return_as="generator")
    done = 0
    for boxes in pool(delayed(_proposed_all)(list(block), search) for block in blocks):
        yield from boxes
        done += len(boxes)
        tell(Progress("selective search", done, total, "images"))


def _proposed_all(images: Images, search: Search) -> list[NDArray[np.int32]]:
    return [proposed(image, search) for image in images]


def _best_overlaps(objects: Boxes, boxes: Boxes) -> NDArray[np.float64]:
    """Of each object (M×4) the largest intersection over union with any box (N×4)."""
    one, other = objects[:, None].astype(np.float64), boxes[None].astype(np.float64)
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    common = sides.clip(0.0).prod(2)
    areas = [(each[..., 2:] - each[..., :2]).prod(2) for each in (one, other)]
    overlaps = common / np.maximum(areas[0] + areas[1] - common, 1e-12)
    found: NDArray[np.float64] = overlaps.max(1, initial=0.0)
    return found


def _key(images: Images, search: Search) -> str:
    """What the boxes depend on: the pixels, the settings, and who segments."""
    digest = hashlib.sha256(
        json.dumps([VERSION, version("scikit-image"), len(images), search.as_dict()]).encode()
    )
    for image in images:
        digest.update(json.dumps(image.shape).encode())
        digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()[:32]


def _fingerprint(boxes: Sequence[NDArray[np.int32]]) -> str:
    digest = hashlib.sha256(json.dumps([len(each) for each in boxes]).encode())
    for each in boxes:
        digest.update(each.astype("<i4").tobytes())
    return digest.hexdigest()


def _write(folder: Path, boxes: Sequence[NDArray[np.int32]], search: Search) -> None:
    joined = np.concatenate([np.zeros((0, 4), np.int32), *boxes]).astype("<i4")
    counts = np.array([len(each) for each in boxes], "<i4")
    np.savez(folder / BOXES, boxes=joined, counts=counts)
    text = json.dumps({"search": search.as_dict(), "fingerprint": _fingerprint(boxes)}, indent=1)
    (folder / "proposals.json").write_text(text + "\n", encoding="utf-8")


def _read(folder: Path, images: int) -> tuple[NDArray[np.int32], ...] | None:
    """What was kept; None where nothing was, or where it is damaged: then it is found anew."""
    try:
        known = json.loads((folder / "proposals.json").read_text(encoding="utf-8"))
        # A file that we open ourselves is closed, too, where it is no archive.
        with (folder / BOXES).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            counts, joined = stored["counts"], stored["boxes"].astype(np.int32)
        boxes = tuple(np.split(joined, np.cumsum(counts)[:-1])) if len(counts) else ()
        intact = len(counts) == images and _fingerprint(boxes) == known["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return boxes if intact else None
