"""Pictures and clips as whole batches: what a captioner is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from convscope.data.annotated import Pixels
from convscope.data.opening import SUFFIXES
from convscope.data.preprocessing import Preprocessing, Source, fit_image, read_images
from convscope.errors import DataError, UsageError
from convscope.training.task import Normalise

__all__ = ["SIDE", "as_batch", "in_parts", "normaliser", "read_sources"]

SIDE = 128
"""Height and width of what a captioner is shown, unless it is told another."""


def as_batch(images: Sequence[Pixels] | Pixels, side: int, channels: int) -> NDArray[np.uint8]:
    """Images of any sizes as one array N×C×side×side; clips as N×T×C×side×side.

    Those of another size keep their proportions and are padded with black; clips of fewer
    frames than the longest one repeat their last.
    """
    if isinstance(images, np.ndarray) and images.shape[-3:] == (channels, side, side):
        return images
    if not len(images):
        return np.zeros((0, channels, side, side), np.uint8)
    if images[0].ndim == 3:
        return np.stack([_fitted(image, side, channels) for image in images])
    longest = max(len(clip) for clip in images)
    return np.stack([_clip(clip, longest, side, channels) for clip in images])


def _clip(frames: Pixels, length: int, side: int, channels: int) -> NDArray[np.uint8]:
    fitted = [_fitted(frame, side, channels) for frame in frames]
    return np.stack(fitted + [fitted[-1]] * (length - len(fitted)))


def _fitted(image: Pixels, side: int, channels: int) -> NDArray[np.uint8]:
    pixels = image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))
    return fit_image(Image.fromarray(pixels), (side, side), channels, "pad")


def normaliser(
    mean: Sequence[float], std: Sequence[float], side: int, device: torch.device
) -> Callable[[Tensor], Tensor]:
    """uint8 N×C×H×W (or clips, N×T×C×H×W) → float32 on the device: (v/255 − mean) / std."""
    normalise = Normalise(_preprocessing(mean, std, side), device)

    def prepared(images: Tensor) -> Tensor:
        flat = normalise(images.flatten(0, -4))  # channels last is for four dimensions
        return flat.reshape(*images.shape[:-3], *flat.shape[1:]) if images.ndim > 4 else flat

    return prepared


def in_parts(change: Callable[[Tensor], Tensor], images: NDArray[np.uint8], size: int) -> Tensor:
    """``change`` of all images, ``size`` of them at a time, without gradients."""
    found = []
    with torch.no_grad():
        for start in range(0, len(images), size):
            # A copy, since memory-mapped images cannot be written to, and torch warns of that.
            found.append(change(torch.from_numpy(np.array(images[start : start + size]))))
    return torch.cat(found)


def read_sources(
    sources: Any, side: int, channels: int, *, clips: bool, invert: bool
) -> list[tuple[str, NDArray[np.uint8]]]:
    """Pictures, each with its name: uint8 C×side×side, or clips as T×C×side×side.

    ``sources`` are one or a list of: paths, folders, bytes of files, pictures of Pillow and
    arrays of uint8 (H×W or H×W×3).  A clip is a folder of frames, in the order of their
    names, or an array T×H×W or T×H×W×3.
    """
    one = isinstance(sources, str | Path | bytes | Image.Image | np.ndarray)
    given = [sources] if one else list(sources)
    if not given:
        raise UsageError("no image was given", remedy="give a file, a picture or an array")
    read = _read_clip if clips else _read_picture
    found = []
    for number, source in enumerate(given, 1):
        for each in [source] if clips else _expanded(source):
            found.append(read(each, number, side, channels, invert))
    return found


def _read_picture(
    source: Source, number: int, side: int, channels: int, invert: bool
) -> tuple[str, NDArray[np.uint8]]:
    read = read_images([source], _plain(side, channels), invert=invert)
    named = isinstance(source, str | Path)
    return read.names[0] if named else f"image {number}", read.images[0]


def _read_clip(
    source: Source, number: int, side: int, channels: int, invert: bool
) -> tuple[str, NDArray[np.uint8]]:
    name, frames = f"clip {number}", _frames(source)
    if isinstance(source, str | Path):
        name = str(source)
    return name, read_images(frames, _plain(side, channels), invert=invert).images


def _frames(source: Source) -> list[Source]:
    """The frames of a clip, first to last."""
    if isinstance(source, np.ndarray) and source.ndim in (3, 4) and len(source):
        return list(source)
    if isinstance(source, str | Path) and Path(source).expanduser().is_dir():
        return list(_expanded(source))
    given = "a file" if isinstance(source, str | Path) else type(source).__name__
    raise UsageError(
        f"{given} is no clip",
        place=str(source) if isinstance(source, str | Path) else "",
        remedy="give a folder of frames, or an array T×H×W or T×H×W×3 of uint8",
    )


def _expanded(source: Source) -> Sequence[Source]:
    """A folder as the pictures in it, by name; anything else as it is."""
    if not isinstance(source, str | Path) or not Path(source).expanduser().is_dir():
        return [source]
    folder = Path(source).expanduser()
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(
            f"this folder holds no images ({', '.join(SUFFIXES)})", place=str(folder.absolute())
        )
    return found


def _plain(side: int, channels: int) -> Preprocessing:
    """Size and colours alone: what reads pictures asks for them as a whole."""
    return _preprocessing([0.0] * channels, [1.0] * channels, side)


def _preprocessing(mean: Sequence[float], std: Sequence[float], side: int) -> Preprocessing:
    return Preprocessing((side, side), len(mean), "pad", tuple(mean), tuple(std))
