"""Everything in a folder of annotated images looked at, and each faulty file named.

What it finds is what ``load_annotated`` refuses or passes over: both read alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.data.annotated import VOID, Kind
from convscope.data.annotations.decoding import Opened, Wanted, opened, threads
from convscope.data.annotations.listing import Format, Listing, Place
from convscope.data.annotations.parts import PARTS, divided
from convscope.data.annotations.recognising import place_of, readers
from convscope.data.images import Skipped
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import DataError

__all__ = ["Checked", "CheckedAnnotations", "check_annotated"]


@dataclass(frozen=True, slots=True)
class CheckedAnnotations:
    """The annotations of one kind and format: images by part, and how often each thing occurs.

    ``counts`` are objects by class, masks by region that they hold, or captions alone;
    ``parts`` are train, validation and test, and "unused" where lists leave images out.
    """

    format: Format
    kind: Kind
    parts: tuple[tuple[str, int], ...]
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a folder: ``faults`` holds every faulty file with its reasons."""

    place: str
    annotations: tuple[CheckedAnnotations, ...]
    faults: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        kinds = ", ".join(f"{one.kind} ({one.format})" for one in self.annotations)
        return f"<Checked {self.place}: {kinds or 'nothing readable'}; {len(self.faults):,} faults>"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, schema ``convscope.data-check/1``."""
        return {
            "schema": "convscope.data-check/1",
            "place": self.place,
            "annotations": [
                {
                    "format": one.format,
                    "kind": one.kind,
                    "parts": dict(one.parts),
                    "counts": [{"name": name, "count": count} for name, count in one.counts],
                }
                for one in self.annotations
            ],
            "faults": [{"path": one.path, "reason": one.reason} for one in self.faults],
            "notes": list(self.notes),
        }


def check_annotated(
    source: str | Path,
    *,
    format: str | None = None,
    annotations: str | Path | None = None,
    progress: Tell | None = None,
) -> Checked:
    """Reads every annotation, and every image that one belongs to, in a folder.

    ``format`` and ``annotations`` are those of ``load_annotated``; by default all formats
    that are recognised are checked.  DataError where there is none.
    """
    place, tell = place_of(source, annotations), teller(progress)
    found: list[CheckedAnnotations] = []
    faults: list[Skipped] = []
    notes: list[str] = []
    for read in readers(place, format):
        try:
            listing = read(place)
        except DataError as problem:
            faults.append(Skipped(problem.place or str(place.images.root), problem.problem))
            continue
        checking = _Checking(place, listing, tell)
        found.append(checking.checked())
        faults += checking.faults
        notes += checking.notes
    root = str(place.images.root)
    return Checked(root, tuple(found), tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(notes)))


class _Checking:
    """Opens all images of a listing, and counts."""

    def __init__(self, place: Place, listing: Listing, tell: Tell) -> None:
        self._place, self._listing, self._tell = place, listing, tell
        self._count = _COUNTS[listing.kind]
        self.faults = list(listing.faults)
        self.notes = list(listing.notes)

    def checked(self) -> CheckedAnnotations:
        root, items = self._place.images.root, list(self._listing.items.values())
        counts: Counter[int] = Counter()
        text = f"checking {root}"
        with threads() as pool:
            for done, image in enumerate(opened(root, items, Wanted(), pool), 1):
                if done % 32 == 0 or done == len(items):
                    self._tell(Progress(text, done, len(items), "images"))
                if isinstance(image, Skipped):
                    self.faults.append(image)
                else:
                    counts.update(self._count(image))
        return CheckedAnnotations(
            self._listing.format, self._listing.kind, self._parts(), self._named(counts)
        )

    def _parts(self) -> tuple[tuple[str, int], ...]:
        told = self._listing.parts
        try:
            parts, notes = divided(told, seed=0)
        except DataError as problem:
            self.faults.append(Skipped(str(self._place.images.root), str(problem)))
            return tuple((part or "unused", len(names)) for part, names in told.items() if names)
        self.notes += notes
        unused = len(told.get(None, ())) if set(told) - {None} else 0
        counts: list[tuple[str, int]] = [(part, len(parts[part])) for part in PARTS]
        return (*counts, ("unused", unused)) if unused else tuple(counts)

    def _named(self, counts: Counter[int]) -> tuple[tuple[str, int], ...]:
        if self._listing.kind == "captions":
            return (("captions", counts[0]),)
        names = self._listing.classes or self._listing.regions
        if self._listing.kind == "masks" and not max(counts, default=1):
            problem = "no mask holds a region besides 0 and 255, which is void"
            self.faults.append(Skipped(str(self._place.images.root), problem))
        if not names:
            return tuple((str(number), counts[number]) for number in sorted(counts))
        return tuple((name, counts[number]) for number, name in enumerate(names))


def _regions_of(image: Opened) -> list[int]:
    held = [] if image.mask is None else np.unique(image.mask).tolist()
    return [number for number in held if number != VOID]


_COUNTS: dict[Kind, Callable[[Opened], list[int]]] = {
    "objects": lambda image: [] if image.objects is None else image.objects.labels.tolist(),
    "masks": _regions_of,
    "captions": lambda image: [0] * len(image.item.captions),
}
