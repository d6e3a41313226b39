"""From any picture to the numbers that a network was trained on.

A run stores one ``Preprocessing`` and predict repeats it.  The order is fixed: open,
grey or colour, invert if that is called for, fit to the size, normalise.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from convscope.architecture.layers import Pair
from convscope.data.opening import bombs_are_errors, open_image, pixels_of
from convscope.errors import DataError, UsageError, did_you_mean

__all__ = [
    "DARK",
    "FITS",
    "Fit",
    "Preprocessing",
    "ReadImages",
    "Source",
    "border_brightness",
    "content_of",
    "dark_background",
    "fit_image",
    "read_images",
]

Source = str | Path | bytes | Image.Image | NDArray[np.uint8]
"""A picture: a path, ``-``, the bytes of a file, one of Pillow, an array."""

Fit = Literal["pad", "crop", "squash"]
FITS: tuple[Fit, ...] = get_args(Fit)

DARK = 64
"""A border below this is black enough to be a background on which light things lie."""

_LIGHT = 127

_FITTING: dict[Fit, str] = {
    "pad": "scaled to fit inside {size} and padded with black",
    "crop": "scaled to cover {size} and cut around the centre",
    "squash": "stretched to {size}",
}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to a picture before a network sees it.

    ``mean`` and ``std`` are per channel, in units where 255 is 1: the network gets
    (v/255 − mean) / std.  ``dark_background`` says that the training images are grey
    and show light things on black, as Fashion-MNIST does (see ``read_images``).
    """

    size: Pair
    channels: int
    fit: Fit
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dark_background: bool = False

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise DataError(f"channels must be 1 or 3, not {self.channels}")
        if self.fit not in FITS:
            raise unknown_fit(self.fit)
        if not len(self.mean) == len(self.std) == self.channels:
            raise DataError(f"mean and std need one value for each of {self.channels} channels")
        if min(self.size) < 1:
            raise DataError(f"size must be 1×1 or more, not {self.size[0]}×{self.size[1]}")

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON; ``from_dict`` is the inverse."""
        values = asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """From what ``as_dict`` gave, as it was read from a file."""
        try:
            height, width = values["size"]
            return cls(
                size=(int(height), int(width)),
                channels=int(values["channels"]),
                fit=values["fit"],
                mean=tuple(float(v) for v in values["mean"]),
                std=tuple(float(v) for v in values["std"]),
                dark_background=bool(values.get("dark_background", False)),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(
                f"the preprocessing is incomplete or damaged ({problem!r})"
            ) from problem

    def words(self, *, inverted: bool = False) -> str:
        """One sentence: what is done to a picture, in order."""
        colour = "grey" if self.channels == 1 else "red, green and blue"
        parts = [colour, "inverted"] if inverted else [colour]
        parts.append(_FITTING[self.fit].format(size=f"{self.size[0]}×{self.size[1]}"))
        means = ", ".join(f"{v:.4f}" for v in self.mean)
        deviations = ", ".join(f"{v:.4f}" for v in self.std)
        parts.append(f"divided by 255, minus {means}, divided by {deviations}")
        return ", ".join(parts)

    def normalised(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(v/255 − mean) / std, for N×C×H×W."""
        shape = (1, self.channels, 1, 1)
        mean = np.array(self.mean, np.float32).reshape(shape)
        std = np.array(self.std, np.float32).reshape(shape)
        scaled = images.astype(np.float32) / np.float32(255)
        return ((scaled - mean) / std).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True, eq=False)
class ReadImages:
    """Pictures read for a network: uint8 N×C×H×W, what each is called, which were inverted."""

    images: NDArray[np.uint8]
    names: tuple[str, ...]
    inverted: tuple[bool, ...]


def fit_image(image: Image.Image, size: Pair, channels: int, fit: Fit) -> NDArray[np.uint8]:
    """The picture as uint8 C×H×W; unchanged where it already has the size.

    ``pad`` keeps the proportions and all of the picture, on black; ``crop`` keeps the
    proportions and cuts around the centre; ``squash`` stretches.  Resampled with
    Pillow's bilinear filter, which takes the mean of all pixels where it shrinks.
    """
    if fit not in FITS:
        raise unknown_fit(fit)
    mode = "L" if channels == 1 else "RGB"
    image = image if image.mode == mode else image.convert(mode)
    target = (size[1], size[0])
    if image.size != target:
        method = Image.Resampling.BILINEAR
        if fit == "squash":
            image = image.resize(target, method)
        elif fit == "crop":
            image = ImageOps.fit(image, target, method)
        else:
            image = _padded(image, target)
    return pixels_of(image)


def _padded(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Scaled to fit inside, on black; a side of the longest splinter stays one pixel."""
    scale = min(target[0] / image.width, target[1] / image.height)
    width = min(target[0], max(1, round(image.width * scale)))
    height = min(target[1], max(1, round(image.height * scale)))
    scaled = image.resize((width, height), Image.Resampling.BILINEAR)
    if scaled.size == target:
        return scaled
    whole = Image.new(image.mode, target)
    whole.paste(scaled, ((target[0] - width) // 2, (target[1] - height) // 2))
    return whole


def border_brightness(pixels: NDArray[np.uint8]) -> float:
    """The median of the outermost rows and columns of …×H×W."""
    edges = (pixels[..., 0, :], pixels[..., -1, :], pixels[..., 1:-1, 0], pixels[..., 1:-1, -1])
    return float(np.median(np.concatenate([edge.ravel() for edge in edges])))


def dark_background(images: NDArray[np.uint8]) -> bool:
    """Whether grey images show light things on black: their border's median is below 64."""
    return images.shape[1] == 1 and border_brightness(images[:2000]) < DARK


def read_images(
    sources: Sequence[Source],
    preprocessing: Preprocessing,
    *,
    invert: bool | None = None,
    stdin: BinaryIO | None = None,
) -> ReadImages:
    """Reads pictures as the run that ``preprocessing`` belongs to needs them.

    A source is a path, the bytes of a file, ``-`` for standard input, a picture of Pillow or
    an array of uint8 (H×W or H×W×3).  ``invert``
    turns light into dark (v becomes 255 − v) in all or in none of them.  None is the
    rule: a picture is inverted where the network learnt light things on black and the
    median of the picture's outermost pixels is above 127.
    """
    if not sources:
        raise UsageError("no image was given")
    images, names, inverted = [], [], []
    with bombs_are_errors():
        for number, source in enumerate(sources, 1):
            content, name = content_of(source, number, stdin)
            image = open_image(content, name, grey=preprocessing.channels == 1)
            turned = _calls_for_inverting(image, preprocessing) if invert is None else invert
            image = ImageOps.invert(image) if turned else image
            images.append(
                fit_image(image, preprocessing.size, preprocessing.channels, preprocessing.fit)
            )
            names.append(name)
            inverted.append(turned)
    return ReadImages(np.stack(images), tuple(names), tuple(inverted))


def unknown_fit(fit: str) -> UsageError:
    """The error for a word that is not in FITS."""
    return UsageError(
        f'"{fit}" is not a way to fit an image to a size',
        place="fit",
        remedy=did_you_mean(str(fit), FITS) or f"use one of {', '.join(FITS)}",
    )


def content_of(
    source: Source, number: int, stdin: BinaryIO | None = None
) -> tuple[Path | bytes | Image.Image | NDArray[np.uint8], str]:
    """What ``open_image`` opens, and what errors call it; UsageError for what is no source."""
    if isinstance(source, bytes | Image.Image | np.ndarray):
        return source, f"image {number}"
    if not isinstance(source, str | Path):
        raise UsageError(
            f"an image is wanted, and this is of the type {type(source).__name__}",
            remedy="give a path, the bytes of a file, a picture of Pillow, or an array of uint8",
        )
    if str(source) == "-":
        return (stdin or sys.stdin.buffer).read(), "standard input"
    return Path(source).expanduser().absolute(), str(source)


def _calls_for_inverting(image: Image.Image, preprocessing: Preprocessing) -> bool:
    if not preprocessing.dark_background:
        return False
    return border_brightness(np.asarray(image.convert("L"))) > _LIGHT
