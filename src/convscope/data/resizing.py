"""Whole sets of images brought to another size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from convscope.architecture.layers import Pair
from convscope.data.images import Data, Images, ImageSet, fingerprint_of
from convscope.data.preprocessing import Fit, fit_image

__all__ = ["data_resized", "resized"]


def resized(images: Images, size: Pair, channels: int, fit: Fit) -> Images:
    """N×C×H×W at another size or with other channels; the same array where nothing changes."""
    if images.shape[1:] == (channels, *size):
        return images
    out = np.empty((len(images), channels, *size), np.uint8)
    for index, image in enumerate(images):
        pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        out[index] = fit_image(picture, size, channels, fit)
    return out


def data_resized(data: Data, size: Pair | None, channels: int | None, fit: Fit) -> Data:
    """Data at another size or with other channels; in memory, with a fingerprint of its own."""
    wanted = (channels or data.channels, *(size or data.size))
    if wanted == (data.channels, *data.size):
        return replace(data, fit=fit)
    train, test = (
        ImageSet(resized(part.images, wanted[1:], wanted[0], fit), part.labels)
        for part in (data.train, data.test)
    )
    return replace(
        data,
        train=train,
        test=test,
        fingerprint=fingerprint_of(train, test, data.classes),
        fit=fit,
        size=wanted[1:],
        kept="",
    )
