"""Which size and colours a folder of images gets where nobody says: read from all headers.

The choice is remembered in the cache, so that a later start opens no image, and so
that asking for the chosen size by name finds the same decoded images.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from convscope.architecture.layers import Pair
from convscope.data.cache import cache_folder, storing
from convscope.data.images import Skipped
from convscope.data.listing import Listing, bad_files
from convscope.data.opening import measure
from convscope.data.preprocessing import Fit
from convscope.errors import DataError

__all__ = ["Choice", "OnBad", "Wanted", "choose", "default_size"]

OnBad = Literal["refuse", "skip"]

_KEPT_SIDE, _DEFAULT_SIDE = 128, 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asks of a folder; None leaves it open."""

    size: Pair | None = None
    channels: int | None = None
    fit: Fit = "pad"
    on_bad: OnBad = "refuse"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Size (height, width) and channels of every image, and the reason, for a person."""

    size: Pair
    channels: int
    note: str = ""


def default_size(sizes: Sequence[Pair]) -> tuple[Pair, str]:
    """A (height, width) for images that may differ, and the reason, for a person.

    The common size if there is one and no side exceeds 128; otherwise the median height
    and width, scaled until no side exceeds 64, each a multiple of 4 and 8 at least.
    """
    smallest, largest = min(sizes), max(sizes)
    same = smallest == largest
    if same and max(smallest) <= _KEPT_SIDE:
        return smallest, ""
    height, width = median(h for h, _ in sizes), median(w for _, w in sizes)
    scale = min(1.0, _DEFAULT_SIDE / max(height, width))
    high, wide = (max(8, 4 * round(side * scale / 4)) for side in (height, width))
    found = f"all images are {height:g}×{width:g}" if same else "the sizes of the images differ"
    if not same:
        found += f" (median {height:g}×{width:g})"
    return (high, wide), f"{found}: brought to {high}×{wide} (--size HxW chooses another)"


def choose(listing: Listing, wanted: Wanted, pool: ThreadPoolExecutor) -> Choice:
    """What is wanted, filled in from the headers where it leaves something open."""
    if wanted.size and wanted.channels:
        return Choice(wanted.size, wanted.channels)
    path = cache_folder() / "chosen" / f"{listing.content}.json"
    found = _remembered(path)
    if found is None:
        found = _measured(listing, pool)
        _remember(path, found)
    note = "" if wanted.size else found.note
    return Choice(wanted.size or found.size, wanted.channels or found.channels, note)


def _measured(listing: Listing, pool: ThreadPoolExecutor) -> Choice:
    """Files without a header are no matter here: decoding will name them."""

    def one(path: str) -> tuple[int, int, bool] | Skipped:
        try:
            return measure(listing.root / path)
        except DataError as problem:
            return Skipped(path, problem.problem)

    said = list(pool.map(one, [file.path for file in (*listing.train, *listing.test)]))
    good = [header for header in said if not isinstance(header, Skipped)]
    if not good:
        bad = [header for header in said if isinstance(header, Skipped)]
        raise DataError(bad_files(bad), place=str(listing.root))
    size, note = default_size([(height, width) for height, width, _ in good])
    return Choice(size, 1 if all(grey for _, _, grey in good) else 3, note)


def _remembered(path: Path) -> Choice | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        height, width = record["size"]
        return Choice((int(height), int(width)), int(record["channels"]), str(record["note"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(path: Path, choice: Choice) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(asdict(choice), ensure_ascii=False), encoding="utf-8")
        beside.replace(path)
