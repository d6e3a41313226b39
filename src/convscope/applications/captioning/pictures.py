"""Pictures and clips as whole batches: what a captioner is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.applications.pictures import (
    Picture,
    is_folder,
    listed,
    pictures_in,
    read_pictures,
)
from convscope.data.annotated import Pixels
from convscope.data.opening import picture_of
from convscope.data.preprocessing import Preprocessing, Source, fit_image
from convscope.errors import UsageError
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
    return fit_image(picture_of(image), (side, side), channels, "pad")


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
    found = torch.empty(0)
    with torch.no_grad():
        for start in range(0, len(images), size):
            # A copy, since memory-mapped images cannot be written to, and torch warns of that.
            part = change(torch.from_numpy(np.array(images[start : start + size])))
            if not start:
                # All at once: many small results among large ones that come and go would leave
                # holes in the memory, several times as large as all results together.
                found = part.new_empty((len(images), *part.shape[1:]))
            found[start : start + size] = part
    return found


def read_sources(
    sources: Any, side: int, channels: int, *, clips: bool, invert: bool
) -> list[tuple[str, NDArray[np.uint8]]]:
    """Pictures, each with its name: uint8 C×side×side, or clips as T×C×side×side.

    ``sources`` are one or a list of: paths, folders, bytes of files, pictures of Pillow and
    arrays of uint8 (H×W or H×W×3).  A clip is a folder of frames, in the order of their
    names, or an array T×H×W or T×H×W×3.
    """
    if clips:
        return [
            _read_clip(source, number, side, channels, invert)
            for number, source in enumerate(listed(sources), 1)
        ]
    return [
        (picture.name, _shown(picture, side, channels, invert))
        for picture in read_pictures(sources, channels)
    ]


def _read_clip(
    source: Source, number: int, side: int, channels: int, invert: bool
) -> tuple[str, NDArray[np.uint8]]:
    name = str(source) if isinstance(source, str | Path) else f"clip {number}"
    frames = read_pictures(_frames(source), channels)
    return name, np.stack([_shown(frame, side, channels, invert) for frame in frames])


def _shown(picture: Picture, side: int, channels: int, invert: bool) -> NDArray[np.uint8]:
    pixels = 255 - picture.pixels if invert else picture.pixels
    return _fitted(pixels, side, channels)


def _frames(source: Source) -> list[Source]:
    """The frames of a clip, first to last."""
    if isinstance(source, np.ndarray) and source.ndim in (3, 4) and len(source):
        return list(source)
    if is_folder(source):
        return list(pictures_in(Path(source), below=False))
    given = "a file" if isinstance(source, str | Path) else type(source).__name__
    raise UsageError(
        f"{given} is no clip",
        place=str(source) if isinstance(source, str | Path) else "",
        remedy="give a folder of frames, or an array T×H×W or T×H×W×3 of uint8",
    )


def _preprocessing(mean: Sequence[float], std: Sequence[float], side: int) -> Preprocessing:
    return Preprocessing((side, side), len(mean), "pad", tuple(mean), tuple(std))
