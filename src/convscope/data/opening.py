"""Opening image files that strangers made: safely, and always to the same pixels.

Turned upright by EXIF, transparency laid on white, 16 bits brought to 8, and then
either grey or red, green and blue.  What is damaged, empty or enormous is an error
that names the file.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from convscope.errors import DataError, UsageError

__all__ = [
    "FORMATS",
    "LARGEST_PIXELS",
    "SUFFIXES",
    "bombs_are_errors",
    "is_grey",
    "measure",
    "open_image",
    "picture_of",
    "pixels_of",
]

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")

LARGEST_PIXELS = 89_478_485
"""Pillow's own limit: a quarter of a gigabyte as red, green and blue."""

_GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")


@contextmanager
def bombs_are_errors() -> Iterator[None]:
    """Makes Pillow raise where it would only warn of a decompression bomb.

    Its other warnings, of odd metadata, are no matter here.  Filters of warnings belong
    to the process: hold this around a pool of threads, not inside them.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def open_image(
    source: Path | bytes | Image.Image | np.ndarray[Any, Any],
    name: str = "",
    *,
    grey: bool | None = None,
) -> Image.Image:
    """An image as mode L or RGB; ``grey`` says which, by default what the file holds.

    Pictures of Pillow are taken as they are, and arrays of uint8, H×W or H×W×3.

    ``name`` is what errors call it (by default the path).
    """
    place = name or (str(source) if isinstance(source, Path) else "the image")
    if isinstance(source, np.ndarray):
        source = _of_array(source, place)
    if isinstance(source, Image.Image):
        return _plain(source, grey)
    try:
        with _opened(source, place) as image:
            image.load()
            return _plain(_upright(image), grey)
    except DataError:
        raise
    except MemoryError as problem:
        raise DataError("does not fit in memory", place=place) from problem
    except Exception as problem:  # Pillow's decoders raise whatever a damaged file provokes
        raise DataError(f"is damaged ({_said(problem)})", place=place) from problem


def measure(path: Path) -> tuple[int, int, bool]:
    """(height, width, whether it is grey) from the header alone; upright, as it will open."""
    try:
        with _opened(path, str(path)) as image:
            width, height = image.size
            if _orientation(image) in (5, 6, 7, 8):  # a quarter turn
                width, height = height, width
            return height, width, is_grey(image)
    except DataError:
        raise
    except Exception as problem:  # see open_image
        raise DataError(f"is damaged ({_said(problem)})", place=str(path)) from problem


def is_grey(image: Image.Image) -> bool:
    """Whether the file holds one channel of brightness (a palette counts as colour)."""
    return image.mode in _GREY_MODES


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    """A picture of mode L or RGB as uint8 C×H×W."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def picture_of(pixels: NDArray[np.uint8]) -> Image.Image:
    """uint8 C×H×W as a picture of Pillow."""
    turned = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    return Image.fromarray(np.ascontiguousarray(turned))


def _opened(source: Path | bytes, place: str) -> Image.Image:
    try:
        if isinstance(source, bytes):
            empty = not source
            image = None if empty else Image.open(io.BytesIO(source), formats=FORMATS)
        else:
            empty = source.stat().st_size == 0
            image = None if empty else Image.open(source, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise _too_large(place) from problem
    except UnidentifiedImageError as problem:
        raise DataError("is not a PNG, JPEG, WebP or BMP image", place=place) from problem
    except (FileNotFoundError, PermissionError, IsADirectoryError) as problem:
        raise DataError(f"cannot be read ({problem.strerror})", place=place) from problem
    if image is None:
        raise DataError("is empty (0 bytes)", place=place)
    if image.width * image.height > LARGEST_PIXELS:
        image.close()
        raise _too_large(place)
    return image


def _of_array(pixels: np.ndarray[Any, Any], place: str) -> Image.Image:
    grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or not (grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise UsageError(
            f"an array of {pixels.dtype} {'×'.join(map(str, pixels.shape))} is no picture",
            place=place,
            remedy="give uint8, height × width or height × width × 3",
        )
    if not pixels.size:
        raise UsageError("the array is empty", place=place)
    return Image.fromarray(np.ascontiguousarray(pixels))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF says nothing against the pixels
        return image


def _orientation(image: Image.Image) -> int:
    """EXIF's number from 1 to 8, where the header alone tells it."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # asking would decode the whole image
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # damaged EXIF says nothing against the pixels
        return 1


def _too_large(place: str) -> DataError:
    return DataError(
        f"has more than {LARGEST_PIXELS:,} pixels (a decompression bomb?)",
        place=place,
        remedy="make it smaller",
    )


def _plain(image: Image.Image, grey: bool | None) -> Image.Image:
    wanted = "L" if (is_grey(image) if grey is None else grey) else "RGB"
    if image.mode in ("I", "I;16", "I;16B", "I;16L"):
        image = _eight_bits(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == wanted else image.convert(wanted)


def _eight_bits(image: Image.Image) -> Image.Image:
    """0..65535 brought to 0..255, rounded: Pillow itself would cut everything above 255."""
    wide: np.ndarray[Any, np.dtype[np.int64]] = np.asarray(image).astype(np.int64)
    narrow = (wide.clip(0, 65535) * 255 + 32767) // 65535
    return Image.fromarray(narrow.astype(np.uint8))


def _said(problem: Exception) -> str:
    text = str(problem).strip().split("\n")[0]
    return text or type(problem).__name__
