"""Training, validation and test part: as names and folders say, or drawn by a seed.

The draw sorts names by their hash, so that an image which is added or mended moves at
most one other across each border.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from convscope.errors import DataError

__all__ = ["PARTS", "Part", "divided", "part_in_name", "part_of_path", "part_of_word"]

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)

_SHARES: dict[Part, float] = {"test": 0.2, "validation": 0.1}
"""Of the training images, where a part is missing."""

_WORDS: dict[str, Part] = {
    **dict.fromkeys(("train", "training", "trainval", "restval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def part_of_word(word: str) -> Part | None:
    """The part that a word means: ``train``, ``valid``, ``train2017``, ``testImages``."""
    bare = re.sub(r"([0-9]{4}|images|clips)$", "", word.lower())
    return _WORDS.get(bare)


def part_in_name(name: str) -> Part | None:
    """The part that the last telling word of a name means: ``instances_val2017.json``."""
    words = [part_of_word(word) for word in re.split(r"[^A-Za-z0-9]+", name)]
    return next((part for part in reversed(words) if part), None)


def part_of_path(path: str) -> Part | None:
    """The part that the innermost telling folder of a path means."""
    parts = [part_of_word(folder) for folder in path.split("/")[:-1]]
    return next((part for part in reversed(parts) if part), None)


def divided(
    said: Mapping[Part | None, Sequence[str]], seed: int
) -> tuple[dict[Part, tuple[str, ...]], tuple[str, ...]]:
    """Names by part, all three filled, and sentences about what was decided.

    ``said`` holds the names whose part is told, and under None those of which nothing is:
    they are used where no part is told at all.  Without a test part, that for validation
    serves; what is still missing is drawn from the training part.  DataError where there
    is too little to draw from.
    """
    parts = {part: tuple(said.get(part, ())) for part in PARTS}
    notes = []
    if not any(parts.values()):
        parts["train"] = tuple(said.get(None, ()))
    elif not parts["train"]:
        raise DataError("no image is for training", remedy="say which are")
    if parts["validation"] and not parts["test"]:
        parts["test"], parts["validation"] = parts["validation"], ()
        notes.append("no test part: that for validation serves as one")
    total = len(parts["train"])
    missing = [part for part in _SHARES if not parts[part]]
    if total <= len(missing):
        many = "1 image is" if total == 1 else f"{total} images are"
        raise DataError(
            f"{many} too few to hold some out for {' and '.join(reversed(missing))}",
            remedy=f"{len(missing) + 1} are needed at least",
        )
    for part in missing:
        count = max(1, round(_SHARES[part] * total))
        drawn = set(sorted(parts["train"], key=lambda name: _rank(seed, name))[:count])
        parts[part] = tuple(name for name in parts["train"] if name in drawn)
        parts["train"] = tuple(name for name in parts["train"] if name not in drawn)
        notes.append(f"no {part} part: {_SHARES[part]:.0%} of the images are drawn by seed {seed}")
    return parts, tuple(notes)


def _rank(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode(errors="surrogateescape")).digest()
