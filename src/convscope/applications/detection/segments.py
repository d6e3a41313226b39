"""Segments of an image and what they look like: where selective search begins.

Felzenszwalb and Huttenlocher's segmentation (2004, scikit-image's) cuts an image into small
segments; each is described by its size, its box, and histograms of colour and of texture, as
in Uijlings et al. (2013), section 3.  Histograms are counts: whole numbers, so that those of
merged segments are exact sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter
from skimage.color import rgb2hsv, rgb2lab
from skimage.segmentation import felzenszwalb

__all__ = [
    "COLOUR_BINS",
    "DIRECTIONS",
    "TEXTURE_BINS",
    "Look",
    "Segments",
    "looks",
    "neighbours_of",
    "segments_of",
]

COLOUR_BINS = 25
"""Of a channel."""
TEXTURE_BINS = 10
"""Of a channel and direction."""
DIRECTIONS = 8

SMOOTHING = 0.8
"""σ in pixels before segmenting: the value of both papers."""
DERIVATIVE = 1.0
"""σ in pixels of the Gaussian derivatives of texture."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """An image in one colour space: ``values`` H×W×C from 0 to 255, float64.

    ``colours`` are the bin of each pixel and channel (C×H×W), ``textures`` those of each
    direction and channel (8C×H×W).
    """

    values: NDArray[np.float64]
    colours: Indices
    textures: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """R segments: pixels of each, their boxes (R×4: left, top, right, bottom, at the edges).

    ``colours`` (R×25C) and ``textures`` (R×80C) count pixels, each of which is counted once a
    channel, or once a channel and direction; ``neighbours`` are pairs that touch, E×2, the
    first number the smaller one, in ascending order.  ``area`` is that of the image.
    """

    sizes: Indices
    boxes: Indices
    colours: Indices
    textures: Indices
    neighbours: Indices
    area: int


def looks(image: NDArray[np.uint8]) -> tuple[Look, ...]:
    """The image C×H×W in each colour space: HSV and Lab; a grey one as it is."""
    moved = np.moveaxis(image, 0, -1)
    if moved.shape[-1] == 1:
        return (_look(moved.astype(np.float64)),)
    lab = rgb2lab(moved)
    # L is 0…100 and a, b lie within ±128: each onto 0…255.
    lab = np.stack([lab[..., 0] * 2.55, lab[..., 1] + 127.5, lab[..., 2] + 127.5], -1)
    return _look(255.0 * rgb2hsv(moved)), _look(lab.clip(0.0, 255.0))


def segments_of(look: Look, scale: float, least: int) -> Segments:
    """Segments that are the larger, the larger ``scale`` is, of ``least`` pixels or more."""
    # scikit-image divides the scale by 255, as if images went from 0 to 1.
    labels = felzenszwalb(
        look.values / 255.0, scale=scale, sigma=SMOOTHING, min_size=least, channel_axis=-1
    )
    flat = labels.ravel().astype(np.int64)
    count = int(flat.max()) + 1
    return Segments(
        np.bincount(flat, minlength=count),
        _boxes(labels),
        _histograms(flat, count, look.colours, COLOUR_BINS),
        _histograms(flat, count, look.textures, TEXTURE_BINS),
        neighbours_of(labels, count),
        flat.size,
    )


def _look(values: NDArray[np.float64]) -> Look:
    channels = np.moveaxis(values, -1, 0)
    colours = np.minimum((channels * (COLOUR_BINS / 256)).astype(np.int64), COLOUR_BINS - 1)
    return Look(values, colours, np.concatenate([_texture(channel) for channel in channels]))


def _texture(channel: NDArray[np.float64]) -> Indices:
    """Bins of the slope in eight directions: max(0, ∂x·cos θ + ∂y·sin θ), 8×H×W.

    Bins share out what lies between zero and the steepest slope of the channel.
    """
    across = gaussian_filter(channel, DERIVATIVE, order=(0, 1))
    down = gaussian_filter(channel, DERIVATIVE, order=(1, 0))
    angles = [2 * pi * number / DIRECTIONS for number in range(DIRECTIONS)]
    slopes = np.stack([across * cos(angle) + down * sin(angle) for angle in angles]).clip(0.0)
    steepest = slopes.max() or 1.0
    return np.minimum((slopes * (TEXTURE_BINS / steepest)).astype(np.int64), TEXTURE_BINS - 1)


def _boxes(labels: Indices) -> Indices:
    """Left, top, right, bottom of each segment: R×4."""
    return np.array(
        [
            (columns.start, rows.start, columns.stop, rows.stop)
            for rows, columns in find_objects(labels + 1)
        ],
        np.int64,
    )


def _histograms(flat: Indices, count: int, bins: Indices, each: int) -> Indices:
    """How many pixels of each segment fall into each bin of each map (M×H×W): R×(M·each)."""
    maps = len(bins)
    places = np.arange(maps)[:, None] * each + bins.reshape(maps, -1)
    found = np.bincount((flat * (maps * each) + places).ravel(), minlength=count * maps * each)
    return found.reshape(count, maps * each)


def neighbours_of(labels: Indices, count: int) -> Indices:
    """Pairs of segments with pixels side by side, or corner to corner: E×2, in order."""
    pairs = [
        np.stack([one.ravel(), other.ravel()], 1)
        for one, other in (
            (labels[:, :-1], labels[:, 1:]),
            (labels[:-1], labels[1:]),
            (labels[:-1, :-1], labels[1:, 1:]),
            (labels[:-1, 1:], labels[1:, :-1]),
        )
    ]
    joined = np.sort(np.concatenate(pairs).astype(np.int64), 1)
    keys = np.unique((joined[:, 0] * count + joined[:, 1])[joined[:, 0] != joined[:, 1]])
    return np.stack(np.divmod(keys, count), 1)
