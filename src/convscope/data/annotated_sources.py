"""Annotated images by the one word that a user writes: ``scenes``, or a folder.

A folder is read once into the cache; the entry is found again by what was asked and by the
paths, sizes and times of all files, so that neither annotation nor image is opened twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from convscope.data.annotated import Annotated, Kind, Split, fingerprint_of_annotated
from convscope.data.annotations.decoding import (
    Opened,
    Wanted,
    brought_down,
    headers_of,
    opened,
    threads,
)
from convscope.data.annotations.files import files_of
from convscope.data.annotations.keeping import Story, Written, keep_annotated, open_annotated
from convscope.data.annotations.listing import Item, Listing, Place
from convscope.data.annotations.parts import PARTS, Part, divided
from convscope.data.annotations.recognising import SCENES, place_of, read_one
from convscope.data.cache import locked, need_room
from convscope.data.choosing import OnBad
from convscope.data.decoded import entry_folder
from convscope.data.images import Skipped
from convscope.data.listing import bad_files
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import DataError, UsageError

__all__ = ["SCENES", "load_annotated"]

_RULES = 2
"""Raised when files come to be read otherwise than before: entries are then made anew."""


def load_annotated(
    source: str | Path,
    kind: Kind,
    /,  # scenes have a source of their own
    *,
    format: str | None = None,
    annotations: str | Path | None = None,
    longest: int | None = None,
    channels: int | None = None,
    on_bad: str = "refuse",
    seed: int = 0,
    progress: Tell | None = None,
    **scenes: Any,
) -> Annotated:
    """Images with boxes (``"objects"``), ``"masks"`` or ``"captions"``, in three parts.

    ``source`` is "scenes", for which ``scenes`` are further settings, or a folder in a
    format that is recognised, or forced by ``format``: voc, coco, masks, captions.
    ``annotations`` is the file or folder that holds them where they lie elsewhere,
    ``longest`` the side to which larger images are brought down, boxes and masks with them.
    ``channels`` (1 or 3) is by default what the images have.  ``on_bad`` says what becomes
    of faulty files: "refuse" or "skip".  ``seed`` draws the parts that are not told.
    """
    _check(kind, longest, channels, on_bad)
    tell = teller(progress)
    if str(source) == SCENES:
        return _scenes(channels, seed, tell, scenes)
    if scenes:
        raise UsageError(f"{', '.join(scenes)}: only scenes have such settings")
    place = place_of(source, annotations)
    asked = [_RULES, kind, format, place.annotations.content, longest, channels, seed]
    folder = entry_folder(_entry_key(place, asked))
    data = open_annotated(folder)
    if data is None:
        with locked(folder, tell):
            data = open_annotated(folder)  # another process may have made it meanwhile
            if data is None:
                listing = read_one(place, kind, format)
                reading = _Reading(place, listing, longest, seed, tell)
                with threads() as pool:
                    data = reading.kept(folder, channels, pool)
    _judge(place.images.root, data.skipped, on_bad, tell)
    return data


class _Reading:
    """Reads the images of a listing into the cache, and gathers what cannot be used."""

    def __init__(
        self, place: Place, listing: Listing, longest: int | None, seed: int, tell: Tell
    ) -> None:
        self._place, self._listing, self._longest, self._tell = place, listing, longest, tell
        self._root = place.images.root
        self._skipped = list(listing.faults)
        self._parts, self._notes = self._divided(seed)
        self._done = 0

    def kept(self, folder: Path, channels: int | None, pool: ThreadPoolExecutor) -> Annotated:
        """Everything in an entry of the cache."""
        items = {part: self._items(part) for part in PARTS}
        every = [item for part in PARTS for item in items[part]]
        headers = headers_of(self._root, every, pool)
        known = channels or (1 if all(grey for _, grey in headers) else 3)
        sizes = [brought_down(size, self._longest) for size, _ in headers]
        layers = known + (self._listing.kind == "masks")
        need_room(folder, layers * sum(h * w for h, w in sizes), ", or choose a smaller --longest")
        wanted = Wanted(known, self._longest)
        parts = {
            part: self._images(opened(self._root, items[part], wanted, pool), len(every))
            for part in PARTS
        }

        def story(written: Mapping[Part, Written]) -> Story:
            return self._story(written, known)

        return keep_annotated(folder, parts, story)

    def _divided(self, seed: int) -> tuple[dict[Part, tuple[str, ...]], tuple[str, ...]]:
        """The keys of usable images by part; DataError where there are too few."""
        items, told = self._listing.items, self._listing.parts
        usable = {part: tuple(key for key in keys if key in items) for part, keys in told.items()}
        try:
            if not items:
                raise DataError("no image can be used")
            _refuse_empty(part for part in told if part and told[part] and not usable[part])
            return divided(usable, seed)
        except DataError as problem:
            raise self._because_of_faults(problem) from problem

    def _because_of_faults(self, problem: DataError) -> DataError:
        """The same error with the place, and with all that cannot be used."""
        why = f"; {bad_files(self._skipped)}" if self._skipped else ""
        return DataError(f"{problem.problem}{why}", place=str(self._root), remedy=problem.remedy)

    def _items(self, part: Part) -> list[Item]:
        return [self._listing.items[key] for key in self._parts[part]]

    def _images(self, images: Iterator[Opened | Skipped], total: int) -> Iterator[Opened]:
        for image in images:
            self._done += 1
            if self._done % 32 == 0 or self._done == total:
                self._tell(Progress(f"reading {self._root}", self._done, total, "images"))
            if isinstance(image, Skipped):
                self._skipped.append(image)
            else:
                yield image

    def _story(self, written: Mapping[Part, Written], channels: int) -> Story:
        root, place = self._root, str(self._root)
        if files_of(root).content != self._place.images.content:
            raise DataError(
                "files changed while they were read",
                place=place,
                remedy="wait until they are complete and try again",
            )
        try:
            _refuse_empty(part for part in PARTS if not written[part].count)
        except DataError as problem:
            raise self._because_of_faults(problem) from problem
        return Story(
            name=root.name,
            place=place,
            source=place,
            classes=self._listing.classes,
            regions=self._regions(max(one.largest_region for one in written.values())),
            channels=channels,
            category_ids=self._listing.category_ids,
            skipped=tuple(self._skipped),
            notes=(*self._listing.notes, *self._notes),
        )

    def _regions(self, largest: int) -> tuple[str, ...]:
        """The regions' names, or as many numbers as occur; DataError where one alone does."""
        if self._listing.kind != "masks":
            return ()
        if largest <= 0:
            raise DataError(
                "no mask holds a region besides 0 and 255, which is void",
                place=str(self._root),
                remedy="number the regions 0, 1, 2, …",
            )
        return self._listing.regions or tuple(str(number) for number in range(largest + 1))


def _refuse_empty(parts: Iterable[Part]) -> None:
    empty = list(parts)
    if empty:
        raise DataError(f"no usable image for {' and '.join(empty)}")


def _scenes(channels: int | None, seed: int, tell: Tell, settings: Mapping[str, Any]) -> Annotated:
    from convscope.data.scenes.loading import load_scenes

    data = load_scenes(seed=seed, progress=tell, **settings)
    if channels in (None, data.channels):
        return data
    train, validation, test = (_coloured(data.split(part)) for part in PARTS)
    fingerprint = fingerprint_of_annotated((train, validation, test), data.classes)
    return replace(
        data, train=train, validation=validation, test=test, channels=3, fingerprint=fingerprint
    )


def _coloured(part: Split) -> Split:
    return replace(part, images=np.repeat(np.asarray(part.images), 3, axis=-3))


def _entry_key(place: Place, asked: list[Any]) -> str:
    """The name of an entry: the folder's own, for people, then a digest of all that matters."""
    what = json.dumps([place.images.content, place.chosen, *asked])
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", place.images.root.name)[:40]
    return f"annotated-{name}-{hashlib.sha256(what.encode()).hexdigest()[:32]}"


def _judge(root: Path, skipped: tuple[Skipped, ...], on_bad: str, tell: Tell) -> None:
    """Refuses faulty files, if that is what the caller chose; else says that they are left out."""
    if not skipped:
        return
    if on_bad == "refuse":
        raise DataError(
            f"{bad_files(skipped)}\nwhat to do",
            place=str(root),
            remedy="mend or remove them, or pass them over with --on-bad skip "
            '("convscope data check" lists all)',
        )
    tell(Progress(f"{root}: passed over: {bad_files(skipped)}", important=True))


def _check(kind: str, longest: int | None, channels: int | None, on_bad: str) -> None:
    if kind not in get_args(Kind):
        raise UsageError(f'kind must be one of {", ".join(get_args(Kind))}, not "{kind}"')
    if longest is not None and longest < 8:
        raise UsageError(f"longest must be 8 pixels or more, not {longest}")
    if channels not in (None, 1, 3):
        raise UsageError(f"channels must be 1 (grey) or 3 (colour), not {channels}")
    if on_bad not in get_args(OnBad):
        raise UsageError(f'on_bad must be "refuse" or "skip", not "{on_bad}"')
