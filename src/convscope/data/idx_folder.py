"""A folder of IDX files, raw or gzipped: MNIST, its relatives, and one's own.

Files are known by their first bytes.  Names with ``train`` and with ``t10k``, ``test``
or ``val`` tell the sets apart; a single pair of images and labels is split by a seed.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.data.cache import locked
from convscope.data.choosing import Choice, Wanted
from convscope.data.decoded import Part, Story, entry_folder, keep, open_entry
from convscope.data.fashion_mnist import FASHION_MNIST
from convscope.data.folders import entry_key
from convscope.data.idx import parse_idx, payload_of, shape_of
from convscope.data.images import Data, Images, Labels, split_indices
from convscope.data.listing import TEST_SHARE, split_note
from convscope.data.opening import SUFFIXES
from convscope.data.preprocessing import dark_background
from convscope.data.progress import Progress, Tell
from convscope.data.resizing import resized
from convscope.errors import DataError

__all__ = ["idx_files", "load_idx_folder"]

_NAMING = (
    "name them as MNIST does: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
    "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (raw or .gz)"
)
_NAMED = re.compile(r"idx\d-ubyte(\.gz)?$")
_NAMES_FILE = "classes.txt"


@dataclass(frozen=True, slots=True)
class _Pair:
    images: Path
    labels: Path


def idx_files(root: Path) -> tuple[Path, ...]:
    """The IDX files that lie in a folder; of a raw file and its .gz, the raw one.

    A file that is named as one counts too, so that its damage is told, not passed over.
    """
    try:
        paths = sorted(path for path in root.iterdir() if path.is_file())
    except OSError as problem:
        raise DataError(f"cannot be read ({problem.strerror})", place=str(root)) from problem
    # a folder full of images is not opened file by file
    found = {path.name: path for path in paths if path.suffix.lower() not in SUFFIXES}
    kept = [
        path
        for name, path in found.items()
        if not (name.endswith(".gz") and name.removesuffix(".gz") in found)
    ]
    return tuple(path for path in kept if _NAMED.search(path.name) or shape_of(path))


def load_idx_folder(root: Path, files: tuple[Path, ...], wanted: Wanted, tell: Tell) -> Data:
    """The images in ``files``, from the cache or read now."""
    pairs = _pairs(root, files)
    # a shape that is none is told when the file is read
    _, height, width, channels = (*shape_of(pairs[0].images), 1, 1, 1, 1)[:4]
    native = Choice((height, width), channels)
    choice = Choice(wanted.size or native.size, wanted.channels or native.channels)
    content = _content(root, files, wanted.seed)
    folder = entry_folder(entry_key(root, content, choice, wanted.fit))
    data = open_entry(folder)
    if data is None:
        with locked(folder, tell):
            data = open_entry(folder)  # another process may have made it meanwhile
            if data is None:
                tell(Progress(f"reading {root}"))
                data = _read(root, pairs, choice, wanted, folder)
    return data


def _read(
    root: Path, pairs: tuple[_Pair, ...], choice: Choice, wanted: Wanted, folder: Path
) -> Data:
    digests: list[str] = []
    sets = [_arrays(pair, digests) for pair in pairs]
    notes = []
    if len(sets) == 1:
        images, values = sets[0]
        sets = [(images[at], values[at]) for at in split_indices(values, TEST_SHARE, wanted.seed)]
        notes.append(split_note(wanted.seed))
    (train, train_values), (test, test_values) = sets
    if train.shape[1:] != test.shape[1:]:
        raise DataError("training and test images differ in size", place=str(root))
    known, classes = _classes(root, train_values, test_values)
    fashion = digests == [payload.sha256 for payload in FASHION_MNIST.payloads]
    story = Story(
        name=FASHION_MNIST.name if fashion else root.name,
        place=str(root),
        classes=FASHION_MNIST.classes if fashion else classes,
        fit=wanted.fit,
        size=choice.size,
        channels=choice.channels,
        notes=tuple(notes),
        dark_background=dark_background(train),
    )

    def block(images: Images, values: Labels) -> list[tuple[Images, Labels]]:
        pixels = resized(images, choice.size, choice.channels, wanted.fit)
        return [(pixels, np.searchsorted(known, values))]

    parts = (
        Part("train", block(train, train_values)),
        Part("test", block(test, test_values)),
    )
    return keep(folder, parts, lambda: story)


def _pairs(root: Path, files: tuple[Path, ...]) -> tuple[_Pair, ...]:
    """The training pair, and the test pair if there is one."""
    found: dict[str, list[list[Path]]] = {"train": [[], []], "test": [[], []], "": [[], []]}
    for path in files:
        dimensions = len(shape_of(path)) or (3 if "image" in path.name else 1)
        found[_set_of(path.name)][0 if dimensions >= 3 else 1].append(path)
    present = {name: pair for name, pair in found.items() if any(pair)}
    paired = all(len(images) == len(labels) == 1 for images, labels in present.values())
    if not paired or set(present) not in ({"train", "test"}, {"train"}, {""}):
        names = ", ".join(path.name for path in files)
        raise DataError(
            f"cannot tell which of these IDX files belong together: {names}",
            place=str(root),
            remedy=_NAMING,
        )
    return tuple(_Pair(images[0], labels[0]) for images, labels in present.values())


def _set_of(name: str) -> str:
    lower = name.lower()
    if "train" in lower:
        return "train"
    return "test" if re.search(r"t10k|test|val", lower) else ""


def _content(root: Path, files: tuple[Path, ...], seed: int) -> str:
    states = [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for path in (*files, root / _NAMES_FILE)
        if path.exists()
    ]
    return json.dumps(["idx", seed, states])


def _arrays(pair: _Pair, digests: list[str]) -> tuple[Images, Labels]:
    """Images as N×C×H×W and the values of their labels; adds the SHA-256 of both payloads."""
    arrays: list[NDArray[np.uint8]] = []
    for path in (pair.images, pair.labels):
        payload = payload_of(path)
        digests.append(hashlib.sha256(payload).hexdigest())
        arrays.append(parse_idx(payload, str(path)))
    images, labels = arrays
    place = str(pair.images)
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    else:
        sizes = "×".join(str(side) for side in images.shape)
        raise DataError(f"images must be N×H×W or N×H×W×3, not {sizes}", place=place)
    if labels.ndim != 1 or len(labels) != len(images):
        raise DataError(
            f"{len(images):,} images and {labels.size:,} labels do not belong together",
            place=place,
            remedy=f"check {pair.labels}",
        )
    if images.size == 0:
        raise DataError("holds no images", place=place)
    return images, labels.astype(np.int64)


def _classes(root: Path, train: Labels, test: Labels) -> tuple[Labels, tuple[str, ...]]:
    """The values that stand for classes, and the names of these."""
    known = np.unique(train)
    if len(known) < 2:
        raise DataError(
            f"all training labels are {known[0]}: at least two classes are needed",
            place=str(root),
        )
    unknown = np.setdiff1d(test, known)
    if len(unknown):
        raise DataError(
            f"the test set holds labels that training lacks: {', '.join(map(str, unknown))}",
            place=str(root),
        )
    return known, _names(root, known)


def _names(root: Path, known: Labels) -> tuple[str, ...]:
    """From ``classes.txt``, one name a line, or else the labels themselves."""
    path = root / _NAMES_FILE
    if not path.exists():
        return tuple(str(value) for value in known)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot be read ({problem})", place=str(path)) from problem
    names = tuple(line.strip() for line in lines if line.strip())
    if len(names) != len(known) or len(set(names)) != len(names):
        raise DataError(
            f"names {len(set(names))} classes, and the labels are of {len(known)}",
            place=str(path),
            remedy="write one name a line, in the order of the labels",
        )
    return names
