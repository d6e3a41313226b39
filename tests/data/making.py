"""Small images, IDX files and collections, made up for the tests."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.gathering import Collection, Mirror, Payload
from convscope.data.idx import write_idx

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def pixels(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Random bytes of a shape."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def picture(
    path: Path, height: int = 12, width: int = 10, *, grey: bool = True, seed: int = 0
) -> Path:
    """An image file of random pixels, in the format that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (height, width) if grey else (height, width, 3)
    Image.fromarray(pixels(*shape, seed=seed)).save(path)
    return path


def image_folder(root: Path, *, train: int = 4, test: int = 2, grey: bool = True) -> Path:
    """``root``/train and /test, each with the classes cat and dog."""
    seed = 0
    for part, count in (("train", train), ("test", test)):
        for name in ("cat", "dog"):
            for number in range(count):
                seed += 1
                picture(root / part / name / f"{number}.png", grey=grey, seed=seed)
    return root


def idx_payloads(train: int = 30, test: int = 10, side: int = 6) -> tuple[bytes, ...]:
    """Images and labels for training and testing, as MNIST has them; three classes."""
    out = []
    for seed, count in enumerate((train, test)):
        out.append(write_idx(pixels(count, side, side, seed=seed)))
        out.append(write_idx((np.arange(count) % 3).astype(np.uint8)))
    return tuple(out)


def idx_folder(root: Path, payloads: tuple[bytes, ...], *, packed: bool = False) -> Path:
    """The four files of MNIST, raw or gzipped."""
    root.mkdir(parents=True, exist_ok=True)
    for name, payload in zip(NAMES, payloads, strict=True):
        path = root / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(payload) if packed else payload)
    return root


def collection(payloads: tuple[bytes, ...], *addresses: str, package: str = "") -> Collection:
    """A collection of these payloads, on mirrors at these addresses."""
    described = [
        Payload(
            name, len(content), hashlib.sha256(content).hexdigest(), len(gzip.compress(content))
        )
        for name, content in zip(NAMES, payloads, strict=True)
    ]
    return Collection(
        name="little",
        classes=("ant", "bee", "cow"),
        payloads=(described[0], described[1], described[2], described[3]),
        mirrors=tuple(Mirror(f"mirror{n}", address) for n, address in enumerate(addresses)),
        package=package,
        package_folder="usr/share/little" if package else "",
    )
