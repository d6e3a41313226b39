"""Pictures that an application is asked about: any size, from a file, a folder or memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.annotations.decoding import brought_down
from convscope.data.opening import (
    SUFFIXES,
    bombs_are_errors,
    open_image,
    picture_of,
    pixels_of,
)
from convscope.data.preprocessing import Source, content_of
from convscope.errors import DataError, UsageError

__all__ = ["Picture", "is_folder", "is_one", "listed", "pictures_in", "read_pictures"]


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

    def brought_down(self, longest: int | None) -> Picture:
        """The same with a longer side of at most ``longest`` pixels, as in training."""
        height, width = self.pixels.shape[-2:]
        smaller = brought_down((height, width), longest)
        if smaller == (height, width):
            return self
        image = picture_of(self.pixels)
        image = image.resize((smaller[1], smaller[0]), Image.Resampling.BILINEAR)
        return Picture(self.name, pixels_of(image), self.size)


def read_pictures(
    sources: Source | Sequence[Source], channels: int, longest: int | None = None
) -> Iterator[Picture]:
    """Each picture in turn: paths, folders, pictures of Pillow, arrays of uint8 H×W(×3).

    Grey or in colour as ``channels`` want it; a larger one is brought down so that its longer
    side has ``longest`` pixels.  Raises DataError for what cannot be opened.
    """
    for number, source in enumerate(listed(sources), 1):
        for each in pictures_in(Path(source)) if is_folder(source) else [source]:
            yield _read(each, number, channels).brought_down(longest)


def listed(sources: Source | Sequence[Source]) -> list[Any]:
    """One source or several as a list; UsageError where there is none."""
    given = [sources] if isinstance(sources, _ONE) else list(sources)
    if not given:
        raise UsageError("no image was given", remedy="give files, folders, pictures or arrays")
    return given


def is_one(sources: Source | Sequence[Source]) -> bool:
    """Whether it is a single picture, and neither several nor a folder."""
    return isinstance(sources, _ONE) and not is_folder(sources)


def is_folder(source: object) -> TypeGuard[str | Path]:
    """Whether it names a folder."""
    return isinstance(source, str | Path) and Path(source).expanduser().is_dir()


def pictures_in(folder: Path, *, below: bool = True) -> list[Path]:
    """The pictures of a folder by name, and those of its folders; DataError without any."""
    place = folder.expanduser()
    files = place.rglob("*") if below else place.iterdir()
    found = sorted(file for file in files if file.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(
            f"this folder holds no images ({', '.join(SUFFIXES)})", place=str(place.absolute())
        )
    return found


_ONE = (str, Path, bytes, Image.Image, np.ndarray)


def _read(source: Source, number: int, channels: int) -> Picture:
    content, name = content_of(source, number)
    with bombs_are_errors():
        image = open_image(content, name, grey=channels == 1)
    return Picture(name, pixels_of(image), (image.height, image.width))
