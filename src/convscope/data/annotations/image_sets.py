"""Lists of names that say which image is for what: VOC's ImageSets, and others like them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from convscope.data.annotations.files import shortened, stem_of
from convscope.data.annotations.listing import Place
from convscope.data.annotations.parts import PARTS, Part, part_of_word
from convscope.data.images import Skipped

__all__ = ["Told", "read_sets", "split_by_lists"]

Told = tuple[dict[Part | None, tuple[str, ...]], list[Skipped], list[str]]
"""Names by part, what is wrong with the lists, and notes."""

_SHOWN = 5


def read_sets(place: Place, folder: str, names: Sequence[str], what: str) -> Told | None:
    """``train.txt``, ``val.txt`` and ``test.txt`` of a folder; None where there are none.

    ``trainval.txt`` stands in where ``train.txt`` is missing.  ``what`` is what a name in
    a list must have ("annotation file").
    """
    for files in (place.annotations, place.images):
        lists: dict[Part, str] = {}
        for path in files.below(folder, ".txt"):
            word = stem_of(path).lower()
            part = part_of_word(word)
            if path.count("/") == folder.count("/") + 1 and part and part not in lists:
                lists[part] = path  # sorted: train.txt comes before trainval.txt
        if lists:
            texts = {part: (path, files.read_text(path)) for part, path in lists.items()}
            return split_by_lists(texts, names, what)
    return None


def split_by_lists(lists: dict[Part, tuple[str, str]], names: Collection[str], what: str) -> Told:
    """Names by part as lists tell: for each part its path and text, a name a line.

    A name may be followed by other columns.  What is in two lists stays in the first.
    """
    known = set(names)
    parts: dict[Part | None, tuple[str, ...]] = {}
    faults: list[Skipped] = []
    taken: dict[str, str] = {}
    for part in PARTS:
        if part not in lists:
            continue
        path, text = lists[part]
        wanted = [_name_in(line, known) for line in text.splitlines() if line.strip()]
        lost = [name for name in wanted if name not in known]
        twice = [f"{name} ({taken[name]})" for name in wanted if name in taken]
        reasons = []
        if lost:
            reasons.append(f"names {_some(lost)} without {what}")
        if twice:
            reasons.append(f"names {_some(twice)} that stand in another list too")
        if reasons:
            faults.append(Skipped(path, "; ".join(reasons)))
        kept = dict.fromkeys(name for name in wanted if name in known and name not in taken)
        taken.update(dict.fromkeys(kept, path))
        parts[part] = tuple(kept)
    rest = tuple(name for name in names if name not in taken)
    notes = [f"in no list, and not used: {_some(rest)}"] if rest else []
    return {**parts, None: rest}, faults, notes


def _name_in(line: str, known: set[str]) -> str:
    """The whole line, or its first word: names may hold spaces, and lists further columns."""
    whole = line.strip()
    return whole if whole in known else whole.split()[0]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(shortened(name) for name in names[:_SHOWN])
    more = ", …" if len(names) > _SHOWN else ""
    return f"{len(names):,} ({shown}{more})"
