"""A figure of an image beside the numbers it consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convscope.errors import UsageError
from convscope.report.image_numbers import ImageNumbers, shade, wants_black
from convscope.report.palette import LIGHT
from convscope.report.plotting import figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LARGEST", "image_figure"]

LARGEST = 64
"""Rows or columns of numbers that one can still read in a figure."""
_CELL = 0.26
"""Inches for one number."""
_DIGITS = 6.0
_PICTURE = 3.2
_FRAME = 0.9


def image_figure(image: ImageNumbers) -> Figure:
    """The image, its window marked, and the window's numbers on patches of their shade."""
    window = image.window
    if max(window.height, window.width) > LARGEST:
        raise UsageError(
            f"{window.height}×{window.width} numbers cannot be read in a figure",
            place="window",
            remedy=f"choose a window of at most {LARGEST}×{LARGEST}",
        )
    across = max(window.width * _CELL, 1.6) + _FRAME
    down = max(window.height * _CELL + _FRAME, 2.0)
    grids = len(image.channels)
    with figure_style():
        figure = new_figure(_PICTURE + across * grids, max(down, _PICTURE))
        axes = figure.subplots(
            1, 1 + grids, gridspec_kw={"width_ratios": [_PICTURE, *[across] * grids]}
        )
        _picture(axes[0], image)
        for index, channel in enumerate(image.channels):
            _numbers(axes[1 + index], image, index, channel)
    return figure


def _picture(axes: Axes, image: ImageNumbers) -> None:
    from matplotlib.patches import Rectangle

    height, width, channels = image.pixels.shape
    pixels = image.pixels[:, :, 0] if channels == 1 else image.pixels
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    axes.set_anchor("N")
    axes.set_title(f"{height}×{width}×{channels}")
    axes.set_xticks([])
    axes.set_yticks([])
    if not image.whole:
        window = image.window
        corner = (window.column - 0.5, window.row - 0.5)
        axes.add_patch(
            Rectangle(corner, window.width, window.height, fill=False, ec=LIGHT["warm"], lw=1.6)
        )


def _numbers(axes: Axes, image: ImageNumbers, index: int, channel: str) -> None:
    """One channel's numbers; rows and columns are counted at the edges."""
    window = image.window
    numbers = image.numbers[:, :, index].tolist()
    axes.imshow(np.array([[shade(value, channel) for value in row] for row in numbers], np.uint8))
    axes.set_anchor("N")
    axes.set_title(channel if len(image.channels) > 1 else window.words)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xticks(range(window.width), [str(window.column + i) for i in range(window.width)])
    axes.set_yticks(range(window.height), [str(window.row + i) for i in range(window.height)])
    axes.tick_params(length=0, labelsize=_DIGITS, labeltop=True, labelbottom=False)
    for row, values in enumerate(numbers):
        for column, value in enumerate(values):
            ink = "#000000" if wants_black(shade(value, channel)) else "#ffffff"
            axes.text(
                column, row, str(value), ha="center", va="center", fontsize=_DIGITS, color=ink
            )
