"""Image folders: decoded once, by several threads, into the cache.

The entry is found again by the listing (paths, sizes, times of change), the size,
the fit and the channels: a changed file makes a new entry.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from convscope.data.cache import locked, need_room
from convscope.data.choosing import Choice, OnBad, Wanted, choose
from convscope.data.decoded import Part, Story, entry_folder, keep, open_entry
from convscope.data.images import Data, Images, Labels, Skipped
from convscope.data.listing import ImageFile, Listing, bad_files, list_images
from convscope.data.opening import bombs_are_errors, open_image
from convscope.data.preprocessing import DARK, Fit, border_brightness, fit_image
from convscope.data.progress import Progress, Tell
from convscope.errors import DataError

__all__ = ["OnBad", "entry_key", "load_image_folder", "workers"]

_BLOCK_BYTES = 32 << 20


def load_image_folder(root: Path, wanted: Wanted, tell: Tell) -> Data:
    """The images below ``root``, from the cache or decoded now."""
    listing = list_images(root, wanted.seed)
    with bombs_are_errors(), ThreadPoolExecutor(workers()) as pool:
        choice = choose(listing, wanted, pool)
        folder = entry_folder(entry_key(root, listing.content, choice, wanted.fit))
        data = open_entry(folder)
        if data is None:
            with locked(folder, tell):
                data = open_entry(folder)  # another process may have made it meanwhile
                if data is None:
                    data = _Decoding(listing, wanted, choice, pool, tell).kept(folder)
    _judge(root, data.skipped, wanted.on_bad)
    if data.skipped:
        text = f"{root}: passed over: {bad_files(data.skipped)}"
        tell(Progress(text, important=True))
    return replace(data, notes=(*data.notes, choice.note)) if choice.note else data


def entry_key(root: Path, content: str, choice: Choice, fit: Fit) -> str:
    """The name of an entry: the folder's own, for people, then a digest of all that matters."""
    what = json.dumps([str(root), content, choice.size, choice.channels, fit])
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", root.name)[:40]
    return f"folder-{name}-{hashlib.sha256(what.encode()).hexdigest()[:32]}"


class _Decoding:
    """Decodes a listing block by block, and remembers what could not be used."""

    def __init__(
        self,
        listing: Listing,
        wanted: Wanted,
        choice: Choice,
        pool: ThreadPoolExecutor,
        tell: Tell,
    ) -> None:
        self._listing, self._wanted, self._choice = listing, wanted, choice
        self._pool, self._tell = pool, tell
        self._total = len(listing.train) + len(listing.test)
        self._done = 0
        self._skipped = list(listing.skipped)
        self._counts: list[Labels] = []
        self._borders: list[float] = []

    def kept(self, folder: Path) -> Data:
        """Everything decoded into an entry of the cache."""
        height, width = self._choice.size
        size = self._total * height * width * self._choice.channels
        need_room(folder, size, ", or choose a smaller --size")
        parts = (
            Part("train", self._blocks(self._listing.train)),
            Part("test", self._blocks(self._listing.test)),
        )
        return keep(folder, parts, self._finished)

    def _blocks(self, files: tuple[ImageFile, ...]) -> Iterator[tuple[Images, Labels]]:
        height, width = self._choice.size
        step = max(16, min(1024, _BLOCK_BYTES // (height * width * self._choice.channels)))
        counts = np.zeros(len(self._listing.classes), np.int64)
        for start in range(0, len(files), step):
            images, labels = [], []
            block = files[start : start + step]
            for file, decoded in zip(block, self._pool.map(self._one, block), strict=True):
                if isinstance(decoded, Skipped):
                    self._skipped.append(decoded)
                else:
                    images.append(decoded)
                    labels.append(file.label)
            self._done += len(block)
            text = f"decoding {self._listing.root}"
            self._tell(Progress(text, self._done, self._total, "images"))
            if images:
                counts += np.bincount(labels, minlength=len(counts))
                yield np.stack(images), np.array(labels, np.int64)
        self._counts.append(counts)

    def _one(self, file: ImageFile) -> Images | Skipped:
        try:
            path = self._listing.root / file.path
            image = open_image(path, grey=self._choice.channels == 1)
            if self._choice.channels == 1:
                self._borders.append(border_brightness(np.asarray(image)))
            return fit_image(image, self._choice.size, self._choice.channels, self._wanted.fit)
        except DataError as problem:
            return Skipped(file.path, problem.problem)

    def _finished(self) -> Story:
        listing = self._listing
        place = str(listing.root)
        if list_images(listing.root, self._wanted.seed).content != listing.content:
            raise DataError(
                "files changed while they were read",
                place=place,
                remedy="wait until they are complete and try again",
            )
        _judge(listing.root, tuple(self._skipped), self._wanted.on_bad)
        train, test = self._counts
        lost = [name for name, count in zip(listing.classes, train, strict=True) if count == 0]
        if lost or not test.any():
            where = f"the class {', '.join(lost)}" if lost else "the test set"
            raise DataError(
                f"no usable image is left in {where}: {bad_files(self._skipped)}", place=place
            )
        return Story(
            name=listing.root.name,
            place=place,
            classes=listing.classes,
            fit=self._wanted.fit,
            size=self._choice.size,
            channels=self._choice.channels,
            skipped=tuple(self._skipped),
            notes=listing.notes,
            dark_background=bool(self._borders) and median(self._borders) < DARK,
        )


def _judge(root: Path, skipped: tuple[Skipped, ...], on_bad: OnBad) -> None:
    """Refuses bad files, if that is what the caller chose."""
    if skipped and on_bad == "refuse":
        raise DataError(
            f"{bad_files(skipped)}\nwhat to do",
            place=str(root),
            remedy="mend or remove them, or pass them over with --on-bad skip",
        )


def workers() -> int:
    """As many threads as there are cores to use, and eight at most: each holds an image."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return max(1, min(8, count() or 1))
