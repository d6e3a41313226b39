"""Image folders: decoded once, by several threads, into the cache.

The entry is found again by the listing (paths, sizes, times of change), the size,
the fit and the channels: a changed file makes a new entry.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np

from convscope.architecture.layers import Pair
from convscope.data.cache import locked, need_room
from convscope.data.decoded import Part, Story, entry_folder, keep, open_entry
from convscope.data.images import Data, Images, Labels, Skipped
from convscope.data.listing import ImageFile, Listing, list_images
from convscope.data.opening import bombs_are_errors, measure, open_image
from convscope.data.preprocessing import Fit, fit_image
from convscope.data.progress import Progress, Tell
from convscope.errors import DataError

__all__ = ["OnBad", "default_size", "entry_key", "load_image_folder"]

OnBad = Literal["refuse", "skip"]

_BLOCK_BYTES = 32 << 20
_SHOWN = 20
_KEPT_SIDE, _DEFAULT_SIDE = 128, 64


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the headers of all files say."""

    listing: Listing
    sizes: tuple[Pair, ...]
    grey: bool


def load_image_folder(
    root: Path,
    *,
    size: Pair | None,
    fit: Fit,
    channels: int | None,
    on_bad: OnBad,
    seed: int,
    tell: Tell,
) -> Data:
    """The images below ``root``, from the cache or decoded now."""
    listing = list_images(root, seed)
    folder = entry_folder(entry_key(root, _content(listing), size, fit, channels))
    data = open_entry(folder)
    if data is None:
        with locked(folder, tell):
            data = open_entry(folder) or _decode(
                listing, folder, size, fit, channels, on_bad, seed, tell
            )
    _judge(root, data.skipped, on_bad, tell)
    return data


def default_size(sizes: Sequence[Pair]) -> tuple[Pair, str]:
    """A (height, width) for images that may differ, and the reason, for a person.

    The common size if there is one and no side exceeds 128; otherwise the median height
    and width, scaled until no side exceeds 64, each a multiple of 4 and 8 at least.
    """
    smallest, largest = min(sizes), max(sizes)
    if smallest == largest and max(smallest) <= _KEPT_SIDE:
        return smallest, ""
    height, width = median(h for h, _ in sizes), median(w for _, w in sizes)
    scale = min(1.0, _DEFAULT_SIDE / max(height, width))
    chosen = tuple(max(8, 4 * round(side * scale / 4)) for side in (height, width))
    size = (chosen[0], chosen[1])
    if smallest == largest:
        found = f"all images are {smallest[0]}×{smallest[1]}"
    else:
        found = f"the sizes differ (median {height:g}×{width:g})"
    return size, f"{found}: brought to {size[0]}×{size[1]} (--size HxW chooses another)"


def entry_key(root: Path, content: str, size: Pair | None, fit: Fit, channels: int | None) -> str:
    """The name of an entry: the folder's own, for people, then a digest of all that matters."""
    what = json.dumps([str(root), content, size, fit, channels])
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", root.name)[:40]
    return f"folder-{name}-{hashlib.sha256(what.encode()).hexdigest()[:32]}"


def _content(listing: Listing) -> str:
    digest = hashlib.sha256(json.dumps(listing.classes).encode())
    for part in (listing.train, listing.test):
        for file in part:
            digest.update(f"{file.path}\0{file.label}\0{file.size}\0{file.modified}\n".encode())
        digest.update(b"\n")
    for skipped in listing.skipped:
        digest.update(f"{skipped.path}\n".encode())
    return digest.hexdigest()


def _decode(
    listing: Listing,
    folder: Path,
    size: Pair | None,
    fit: Fit,
    channels: int | None,
    on_bad: OnBad,
    seed: int,
    tell: Tell,
) -> Data:
    with bombs_are_errors(), ThreadPoolExecutor(_workers()) as pool:
        measured = _measure(listing, pool)
        chosen, note = (size, "") if size else default_size(measured.sizes)
        story = Story(
            name=listing.root.name,
            place=str(listing.root),
            classes=listing.classes,
            fit=fit,
            size=chosen,
            channels=channels or (1 if measured.grey else 3),
            notes=(*listing.notes, note) if note else listing.notes,
        )
        decoding = _Decoding(measured.listing, story, pool, tell)
        need_room(folder, decoding.total * chosen[0] * chosen[1] * story.channels)
        parts = (Part("train", decoding.blocks("train")), Part("test", decoding.blocks("test")))

        def finished() -> Story:
            if _content(list_images(listing.root, seed)) != _content(listing):
                raise DataError(
                    "files changed while they were read",
                    place=str(listing.root),
                    remedy="wait until they are complete and try again",
                )
            skipped = tuple(decoding.skipped)
            _judge(listing.root, skipped, on_bad, tell=None)
            decoding.refuse_lost_classes()
            return replace(story, skipped=skipped)

        return keep(folder, parts, finished)


class _Decoding:
    """Decodes a listing block by block, and remembers what could not be used."""

    def __init__(
        self, listing: Listing, story: Story, pool: ThreadPoolExecutor, tell: Tell
    ) -> None:
        self.skipped = list(listing.skipped)
        self.total = len(listing.train) + len(listing.test)
        self._listing, self._story, self._pool, self._tell = listing, story, pool, tell
        self._done = 0
        self._seen = {"train": np.zeros(len(story.classes), np.int64), "test": np.zeros(1)}

    def blocks(self, part: Literal["train", "test"]) -> Iterator[tuple[Images, Labels]]:
        files = self._listing.train if part == "train" else self._listing.test
        height, width = self._story.size
        step = max(16, min(1024, _BLOCK_BYTES // (height * width * self._story.channels)))
        seen = np.zeros(len(self._story.classes), np.int64)
        for start in range(0, len(files), step):
            images, labels = [], []
            block = files[start : start + step]
            for file, decoded in zip(block, self._pool.map(self._one, block), strict=True):
                if isinstance(decoded, Skipped):
                    self.skipped.append(decoded)
                else:
                    images.append(decoded)
                    labels.append(file.label)
            self._done += len(block)
            text = f"decoding {self._story.name}"
            self._tell(Progress(text, self._done, self.total, "images"))
            if images:
                seen += np.bincount(labels, minlength=len(seen))
                yield np.stack(images), np.array(labels, np.int64)
        self._seen[part] = seen

    def refuse_lost_classes(self) -> None:
        """After skipping, every class still needs a training image, and the test set one."""
        counts = zip(self._story.classes, self._seen["train"], strict=True)
        lost = [name for name, count in counts if count == 0]
        if lost or not self._seen["test"].any():
            what = f"the class {', '.join(lost)}" if lost else "the test set"
            raise DataError(f"no usable image is left in {what}", place=self._story.place)

    def _one(self, file: ImageFile) -> Images | Skipped:
        story = self._story
        try:
            path = self._listing.root / file.path
            image = open_image(path, grey=story.channels == 1)
            return fit_image(image, story.size, story.channels, story.fit)
        except DataError as problem:
            return Skipped(file.path, problem.problem)
        except Exception as problem:
            return Skipped(file.path, f"cannot be decoded ({problem})")


def _measure(listing: Listing, pool: ThreadPoolExecutor) -> _Measured:
    """Reads all headers; what cannot be opened leaves the listing."""

    def one(file: ImageFile) -> tuple[int, int, bool] | Skipped:
        try:
            return measure(listing.root / file.path)
        except DataError as problem:
            return Skipped(file.path, problem.problem)

    found = {
        file: said
        for part in (listing.train, listing.test)
        for file, said in zip(part, pool.map(one, part), strict=True)
    }
    skipped = [said for said in found.values() if isinstance(said, Skipped)]
    good = [said for said in found.values() if not isinstance(said, Skipped)]
    if not good:
        raise DataError(_bad_files(skipped, len(found)), place=str(listing.root))

    def usable(part: tuple[ImageFile, ...]) -> tuple[ImageFile, ...]:
        return tuple(file for file in part if not isinstance(found[file], Skipped))

    kept = replace(
        listing,
        train=usable(listing.train),
        test=usable(listing.test),
        skipped=(*listing.skipped, *skipped),
    )
    return _Measured(kept, tuple((h, w) for h, w, _ in good), all(grey for _, _, grey in good))


def _judge(root: Path, skipped: tuple[Skipped, ...], on_bad: OnBad, tell: Tell | None) -> None:
    """Refuses bad files, or tells that they are passed over, as the caller chose."""
    if not skipped:
        return
    if on_bad == "refuse":
        raise DataError(
            f"{_bad_files(skipped)}\nwhat to do",
            place=str(root),
            remedy="mend or remove them, or pass them over with --on-bad skip",
        )
    if tell is not None:
        tell(Progress(f"{root}: passed over: {_bad_files(skipped)}", important=True))


def _bad_files(skipped: Sequence[Skipped], total: int | None = None) -> str:
    lines = [f"\n  {one.path}: {one.reason}" for one in skipped[:_SHOWN]]
    rest = len(skipped) - len(lines)
    more = f"\n  and {rest:,} more" if rest else ""
    one = len(skipped) == 1
    return f"{len(skipped):,} file{'' if one else 's'} cannot be used:{''.join(lines)}{more}"


def _workers() -> int:
    """As many threads as there are cores to use, and eight at most: each holds an image."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return max(1, min(8, count() or 1))
