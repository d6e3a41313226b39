"""Every set of data by the one word that a user writes: a name, or a folder.

Names come first; a folder that is called like one of them is meant by ``./NAME``.
What is neither is an error, and never a download.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from convscope.architecture.layers import Pair
from convscope.data.cache import cache_folder
from convscope.data.choosing import OnBad, Wanted
from convscope.data.decoded import entry_folder, open_entry
from convscope.data.fashion_mnist import FASHION_MNIST, known_folders, load_fashion_mnist
from convscope.data.folders import load_image_folder
from convscope.data.gathering import holds_all
from convscope.data.idx_folder import idx_files, load_idx_folder
from convscope.data.images import Data, Skipped, fingerprint_of, mean_and_deviation
from convscope.data.mini import load_mini
from convscope.data.preprocessing import FITS, Fit, Preprocessing, unknown_fit
from convscope.data.progress import Tell, teller
from convscope.data.resizing import data_resized
from convscope.data.shapes import load_shapes
from convscope.errors import DataError, UsageError, did_you_mean

__all__ = [
    "NAMES",
    "Description",
    "Source",
    "describe",
    "list_sources",
    "load_data",
    "preprocessing_of",
    "verify",
]

NAMES = {
    "fashion-mnist": "60,000 + 10,000 images of clothes, 28×28 grey, 10 classes (Zalando 2017)",
    "fashion-mini": "2,000 + 500 images of Fashion-MNIST, inside the package",
    "shapes": "3,000 + 600 synthetic pictures of six figures, made when asked for",
}

LARGEST_SIDE = 4096


def load_data(
    name: str | Path,
    *,
    size: Pair | None = None,
    fit: Fit = "pad",
    channels: int | None = None,
    offline: bool = False,
    allow_download: bool = False,
    on_bad: OnBad = "refuse",
    seed: int = 0,
    progress: Tell | None = None,
) -> Data:
    """A set of data by its name, or from a folder of IDX files or of images.

    ``size`` (height, width) and ``channels`` (1 or 3) default to what is found.  Only
    with ``allow_download`` and without ``offline`` may the network be used, and only
    for a name.  ``seed`` splits a folder that has no test set of its own; ``on_bad``
    says what becomes of files that cannot be used.
    """
    _check(size, fit, channels, on_bad)
    tell = teller(progress)
    if name == "fashion-mnist":
        data = load_fashion_mnist(offline=offline, allow_download=allow_download, progress=progress)
    elif name == "fashion-mini":
        data = load_mini()
    elif name == "shapes":
        data = load_shapes()
    else:
        root = _existing_folder(name)
        files = idx_files(root)
        wanted = Wanted(size, channels, fit, on_bad, seed)
        if files:
            return load_idx_folder(root, files, wanted, tell)
        return load_image_folder(root, wanted, tell)
    return data_resized(data, size, channels, fit, tell)


@dataclass(frozen=True, slots=True)
class Source:
    """A name, what it is, whether it is ready without a network, and where one looked."""

    name: str
    summary: str
    ready: bool
    places: tuple[tuple[str, str], ...]


def list_sources() -> tuple[Source, ...]:
    """What there is, and what is found where: nothing is downloaded, copies are not hashed."""
    entry = entry_folder(FASHION_MNIST.name)
    kept = open_entry(entry) is not None
    places = [(str(entry), "in the cache, verified" if kept else "not in the cache")]
    for folder in known_folders():
        found = holds_all(FASHION_MNIST, folder.path)
        places.append((str(folder.path), f"{folder.name}: {'found' if found else 'absent'}"))
    ready = kept or any(holds_all(FASHION_MNIST, folder.path) for folder in known_folders())
    inside = (("inside the package", "always there"),)
    return (
        Source(FASHION_MNIST.name, NAMES["fashion-mnist"], ready, tuple(places)),
        Source("fashion-mini", NAMES["fashion-mini"], True, inside),
        Source("shapes", NAMES["shapes"], True, (("made when asked for", "always there"),)),
    )


@dataclass(frozen=True, slots=True)
class Description:
    """What there is to say about data: counts per class as (name, training, test)."""

    name: str
    place: str
    kept: str
    cache: str
    volume: str
    fit: Fit
    train: int
    test: int
    classes: tuple[tuple[str, int, int], ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dark_background: bool
    fingerprint: str
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, schema ``convscope.data/1``."""
        return {
            "schema": "convscope.data/1",
            "name": self.name,
            "place": self.place,
            "kept": self.kept,
            "cache": self.cache,
            "volume": self.volume,
            "fit": self.fit,
            "train": self.train,
            "test": self.test,
            "classes": [
                {"name": name, "train": train, "test": test} for name, train, test in self.classes
            ],
            "mean": list(self.mean),
            "std": list(self.std),
            "dark_background": self.dark_background,
            "fingerprint": self.fingerprint,
            "skipped": [{"path": one.path, "reason": one.reason} for one in self.skipped],
            "notes": list(self.notes),
        }


def describe(data: Data) -> Description:
    """Counts, sizes, mean and deviation of the training images, and where all this came from."""
    mean, std = mean_and_deviation(data.train.images)
    train, test = (
        np.bincount(part.labels, minlength=len(data.classes)) for part in (data.train, data.test)
    )
    counts = zip(data.classes, train.tolist(), test.tolist(), strict=True)
    return Description(
        name=data.name,
        place=data.place,
        kept=data.kept,
        cache=str(cache_folder()),
        volume=str(data.volume),
        fit=data.fit,
        train=len(data.train),
        test=len(data.test),
        classes=tuple(counts),
        mean=mean,
        std=std,
        dark_background=data.dark_background,
        fingerprint=data.fingerprint,
        skipped=data.skipped,
        notes=data.notes,
    )


def preprocessing_of(data: Data) -> Preprocessing:
    """How a picture must be prepared for a network that is trained on ``data``."""
    mean, std = mean_and_deviation(data.train.images)
    # one value in all images has no deviation: it is left as it is, minus the mean
    deviations = tuple(value or 1.0 for value in std)
    dark = data.dark_background and data.channels == 1
    return Preprocessing(data.size, data.channels, data.fit, mean, deviations, dark)


def verify(data: Data) -> None:
    """Works the fingerprint out anew, over every pixel; an error if it differs."""
    found = fingerprint_of(data.train, data.test, data.classes)
    if found != data.fingerprint:
        raise DataError(
            f"the pixels are not those of the fingerprint {data.fingerprint[:12]}…",
            place=data.kept or data.place,
            remedy="remove this folder of the cache, and it will be made anew",
        )


def _check(size: Pair | None, fit: str, channels: int | None, on_bad: str) -> None:
    if fit not in FITS:
        raise unknown_fit(fit)
    if size is not None and not all(1 <= side <= LARGEST_SIDE for side in size):
        raise UsageError(
            f"a size of {size[0]}×{size[1]} cannot be used",
            place="size",
            remedy=f"height and width must be between 1 and {LARGEST_SIDE}",
        )
    if channels not in (None, 1, 3):
        raise UsageError(f"channels must be 1 (grey) or 3 (colour), not {channels}")
    if on_bad not in get_args(OnBad):
        raise UsageError(f'on_bad must be "refuse" or "skip", not "{on_bad}"')


def _existing_folder(name: str | Path) -> Path:
    if not str(name):
        raise UsageError("the name of the data is empty", remedy=f"one of {', '.join(NAMES)}")
    root = Path(name).expanduser().resolve()
    if root.is_dir():
        return root
    if root.is_file():
        raise UsageError(
            "is a file, and data are a folder", place=str(root), remedy=f"give {root.parent}"
        )
    close = did_you_mean(str(name), NAMES) or _sibling(root)
    known = ", ".join(NAMES)
    raise UsageError(
        f'there is no data set of the name "{name}" and no folder {root}',
        remedy=close or f"give a folder, or one of {known}",
    )


def _sibling(root: Path) -> str:
    """``did you mean …`` among the folders beside the one that is not there."""
    try:
        names = {path.name.lower(): path for path in root.parent.iterdir() if path.is_dir()}
    except OSError:
        return ""
    close = did_you_mean(root.name, names)
    return close and f'did you mean "{names[close.split(chr(34))[1]]}"?'
