"""``fashion-mini``: the first 200 training and 50 test images of each class of Fashion-MNIST.

It lies in the package, as two sheets of tiles in PNG, so that everything can be tried
at once and without a network.  ``scripts/make_mini.py`` makes the files.
Copyright 2017 Zalando SE, MIT licence (files/fashion-mini-LICENSE.txt).
"""

from __future__ import annotations

import io
import json
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.fashion_mnist import CLASSES
from convscope.data.images import Data, ImageSet, fingerprint_of
from convscope.errors import DataError

__all__ = ["COLUMNS", "TEST_OF_EACH", "TRAIN_OF_EACH", "load_mini", "sheet", "tiles"]

TRAIN_OF_EACH, TEST_OF_EACH = 200, 50
COLUMNS = 25


def load_mini() -> Data:
    """2,000 training and 500 test images; never a substitute for the whole, and named so."""
    record = json.loads(_file("fashion-mini.json"))
    train, test = (
        ImageSet(
            tiles(np.asarray(Image.open(io.BytesIO(_file(f"fashion-mini-{part}.png"))))),
            np.frombuffer(record[f"{part}_labels"].encode(), np.uint8).astype(np.int64) - ord("0"),
        )
        for part in ("train", "test")
    )
    fingerprint = fingerprint_of(train, test, CLASSES)
    if fingerprint != record["fingerprint"]:
        raise DataError(
            "the files inside the package are altered",
            place="fashion-mini",
            remedy="install convscope again",
        )
    return Data(
        name="fashion-mini",
        place="inside the package (a small part of Fashion-MNIST)",
        train=train,
        test=test,
        classes=CLASSES,
        fingerprint=fingerprint,
        fit="pad",
        size=(28, 28),
        dark_background=True,
    )


def sheet(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """N×1×28×28 laid out as one picture, 25 tiles a row; N is a multiple of 25."""
    rows = images.reshape(-1, COLUMNS, *images.shape[2:])
    return rows.transpose(0, 2, 1, 3).reshape(rows.shape[0] * rows.shape[2], -1)


def tiles(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The inverse of ``sheet``."""
    side = picture.shape[1] // COLUMNS
    rows = picture.reshape(-1, side, COLUMNS, side).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(rows.reshape(-1, 1, side, side))


def _file(name: str) -> bytes:
    return resources.files("convscope.data").joinpath("files", name).read_bytes()
