"""Pictures that an application is asked about: any size, from a file, a folder or memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.annotations.decoding import brought_down
from convscope.data.opening import SUFFIXES, bombs_are_errors, open_image
from convscope.data.preprocessing import Source
from convscope.errors import DataError, UsageError

__all__ = ["Picture", "read_pictures"]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as the network will see it: C×H×W, and (height, width) as it was given."""

    name: str
    pixels: NDArray[np.uint8]
    size: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """(down, across): by what its sides were multiplied."""
        height, width = self.pixels.shape[-2:]
        return height / self.size[0], width / self.size[1]


def read_pictures(
    sources: Source | Sequence[Source], channels: int, longest: int | None = None
) -> Iterator[Picture]:
    """Each picture in turn: paths, folders, pictures of Pillow, arrays of uint8 H×W(×3).

    Grey or in colour as ``channels`` want it; a larger one is brought down so that its longer
    side has ``longest`` pixels.  Raises DataError for what cannot be opened.
    """
    one = isinstance(sources, str | Path | bytes | Image.Image | np.ndarray)
    given: list[Any] = [sources] if one else list(sources)  # type: ignore[arg-type]
    if not given:
        raise UsageError("no picture was given", remedy="give files, folders, pictures or arrays")
    for number, source in enumerate(given, 1):
        for each, name in _named(source, f"picture {number}"):
            yield _read(each, name, channels, longest)


def _named(source: Any, name: str) -> Iterator[tuple[Any, str]]:
    """A source with its name; a folder gives the pictures below it."""
    if not isinstance(source, str | Path):
        yield source, name
        return
    path = Path(source).expanduser()
    if not path.is_dir():
        yield path, str(source)
        return
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(
            f"this folder holds no pictures ({', '.join(SUFFIXES)})", place=str(path.absolute())
        )
    for file in found:
        yield file, str(file)


def _read(source: Any, name: str, channels: int, longest: int | None) -> Picture:
    with bombs_are_errors():
        image = open_image(source, name, grey=channels == 1)
    size = (image.height, image.width)
    smaller = brought_down(size, longest)
    if smaller != size:
        image = image.resize((smaller[1], smaller[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    channels_first = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return Picture(name, np.ascontiguousarray(channels_first), size)
