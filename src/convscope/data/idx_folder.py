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

from convscope.architecture.layers import Pair
from convscope.data.cache import locked
from convscope.data.decoded import Part, Story, entry_folder, keep, open_entry
from convscope.data.fashion_mnist import FASHION_MNIST
from convscope.data.folders import entry_key
from convscope.data.idx import dimensions_of, parse_idx, payload_of
from convscope.data.images import Data, Images, Labels, split_indices
from convscope.data.listing import TEST_SHARE
from convscope.data.preprocessing import Fit
from convscope.data.progress import Progress, Tell
from convscope.data.resizing import resized
from convscope.errors import DataError

__all__ = ["idx_files", "load_idx_folder"]

_NAMING = (
    "name them as MNIST does: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
    "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (raw or .gz)"
)
_NAMES_FILE = "classes.txt"


@dataclass(frozen=True, slots=True)
class _Pair:
    images: Path
    labels: Path


def idx_files(root: Path) -> tuple[Path, ...]:
    """The IDX files that lie in a folder; of a raw file and its .gz, the raw one."""
    found = {path.name: path for path in sorted(root.iterdir()) if path.is_file()}
    kept = [
        path
        for name, path in found.items()
        if not (name.endswith(".gz") and name.removesuffix(".gz") in found)
    ]
    return tuple(path for path in kept if dimensions_of(path))


def load_idx_folder(
    root: Path,
    files: tuple[Path, ...],
    *,
    size: Pair | None,
    fit: Fit,
    channels: int | None,
    seed: int,
    tell: Tell,
) -> Data:
    """The images in ``files``, from the cache or read now."""
    train, test = _pairs(root, files)
    folder = entry_folder(entry_key(root, _content(root, files, seed), size, fit, channels))
    data = open_entry(folder)
    if data is None:
        with locked(folder, tell):
            data = open_entry(folder) or _read(
                root, train, test, folder, size, fit, channels, seed, tell
            )
    return data


def _read(
    root: Path,
    train: _Pair,
    test: _Pair | None,
    folder: Path,
    size: Pair | None,
    fit: Fit,
    channels: int | None,
    seed: int,
    tell: Tell,
) -> Data:
    tell(Progress(f"reading {root}"))
    digests: list[str] = []
    images, values = _arrays(train, digests)
    notes: list[str] = []
    if test is None:
        stays, held = split_indices(values, TEST_SHARE, seed)
        sets = [(images[stays], values[stays]), (images[held], values[held])]
        share = f"{TEST_SHARE:.0%} of each class"
        notes.append(f"no test set: {share} is held out as one, by seed {seed}")
    else:
        sets = [(images, values), _arrays(test, digests)]
    if sets[0][0].shape[1:] != sets[1][0].shape[1:]:
        raise DataError("training and test images differ in size", place=str(root))
    known, classes, named = _classes(root, sets[0][1], sets[1][1], digests)
    story = Story(
        name=FASHION_MNIST.name if named else root.name,
        place=str(root),
        classes=classes,
        fit=fit,
        size=size or (images.shape[2], images.shape[3]),
        channels=channels or images.shape[1],
        notes=tuple(notes),
    )

    def block(images: Images, values: Labels) -> list[tuple[Images, Labels]]:
        return [(resized(images, story.size, story.channels, fit), np.searchsorted(known, values))]

    return keep(
        folder, (Part("train", block(*sets[0])), Part("test", block(*sets[1]))), lambda: story
    )


def _pairs(root: Path, files: tuple[Path, ...]) -> tuple[_Pair, _Pair | None]:
    """The training pair, and the test pair if there is one."""
    images: dict[str, list[Path]] = {"train": [], "test": [], "": []}
    labels: dict[str, list[Path]] = {"train": [], "test": [], "": []}
    for path in files:
        (images if dimensions_of(path) >= 3 else labels)[_set_of(path.name)].append(path)
    counts = {name: (len(images[name]), len(labels[name])) for name in images}
    match (counts["train"], counts["test"], counts[""]):
        case ((1, 1), (1, 1), (0, 0)):
            return (
                _Pair(images["train"][0], labels["train"][0]),
                _Pair(images["test"][0], labels["test"][0]),
            )
        case ((1, 1), (0, 0), (0, 0)):
            return _Pair(images["train"][0], labels["train"][0]), None
        case ((0, 0), (0, 0), (1, 1)):
            return _Pair(images[""][0], labels[""][0]), None
    names = ", ".join(path.name for path in files)
    raise DataError(
        f"cannot tell which of these IDX files belong together: {names}",
        place=str(root),
        remedy=_NAMING,
    )


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


def _classes(
    root: Path, train: Labels, test: Labels, digests: list[str]
) -> tuple[Labels, tuple[str, ...], bool]:
    """The values that stand for classes, the names of these, whether it is Fashion-MNIST."""
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
    if digests == [payload.sha256 for payload in FASHION_MNIST.payloads]:
        return known, FASHION_MNIST.classes, True
    return known, _names(root, known), False


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
