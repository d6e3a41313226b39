"""Test images by a short name, such as ``fashion-mini:7``."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from convscope.data.opening import picture_of
from convscope.data.sources import NAMES, load_data
from convscope.errors import UsageError, did_you_mean

__all__ = ["named_image"]


def named_image(text: str) -> Image.Image | None:
    """The test image of ``NAME:NUMBER``; None for a text that is no such name.

    UsageError where the set is not known, or has no image of that number.
    """
    name, colon, number = text.rpartition(":")
    if not colon or (name not in NAMES and not _looks_like_one(text)):
        return None
    if name not in NAMES:
        raise UsageError(
            f'there is no set of images "{name}"',
            place=text,
            remedy=did_you_mean(name, NAMES) or f"known are {', '.join(NAMES)}",
        )
    images = load_data(name, offline=True).test.images
    # isascii: isdigit alone lets digits of other scripts pass
    if not (number.isascii() and number.isdigit() and int(number) < len(images)):
        raise UsageError(
            f'{name} has no test image "{number}"',
            remedy=f"give {name}:0 to {name}:{len(images) - 1}",
        )
    return picture_of(images[int(number)])


def _looks_like_one(text: str) -> bool:
    """Two letters at least: ``C:7`` is a file on a drive."""
    return re.fullmatch(r"[A-Za-z][\w-]+:[0-9]+", text) is not None and not Path(text).exists()
