"""Figures made of pictures: the mistakes of which a network is surest, and its first kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.report.figures import short_name
from convscope.report.numbers import percent, thousands
from convscope.report.palette import DIVERGING, LIGHT
from convscope.report.plotting import PAD, colour_map, figure_style, new_figure, place, title, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.training.evaluate import Evaluation

__all__ = ["MOST_KERNELS", "kernels_figure", "mistakes_figure", "picture"]

MOST_KERNELS = 64


def picture(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """C×H×W as H×W×3, for those who show pictures."""
    return np.ascontiguousarray(np.broadcast_to(image.transpose(1, 2, 0), (*image.shape[1:], 3)))


def mistakes_figure(
    evaluation: Evaluation, images: Sequence[NDArray[np.uint8]], columns: int = 6
) -> Figure:
    """The most confident mistakes, ``images`` in their order: true class, answer, confidence."""
    shown = evaluation.mistakes[: len(images)]
    rows = math.ceil(len(shown) / columns)
    height, width = images[0].shape[1:] if len(images) else (1, 1)
    across, gap, captions = 1.15, 0.24, 0.68
    down = across * min(height / width, 2.5)
    with figure_style():
        figure = new_figure(
            2 * PAD + columns * (across + gap) - gap,
            0.75 + max(rows, 0.3) * (down + captions),
            arranged=False,
        )
        wrong = evaluation.count - evaluation.correct
        top = title(
            figure,
            "The mistakes of which the network was surest",
            f"{len(shown)} of {thousands(wrong)} on {thousands(evaluation.count)} images "
            f"of {evaluation.data}",
        )
        for place_, (mistake, image) in enumerate(zip(shown, images, strict=False)):
            row, column = divmod(place_, columns)
            left, upper = PAD + column * (across + gap), top + 0.1 + row * (down + captions)
            axes = place(figure, left, upper, across, down)
            axes.set_axis_off()
            axes.imshow(picture(image), aspect="auto")
            true, answer = evaluation.classes[mistake.true], evaluation.classes[mistake.predicted]
            confidence = percent(mistake.confidence)
            under = upper + down + 0.05
            words(figure, left, under, short_name(true), fontsize=7.5)
            called = short_name(f"called {answer}", 20)
            words(figure, left, under + 0.14, called, fontsize=7.5, color=LIGHT["warm-ink"])
            told = f"{confidence} sure, no. {mistake.index}"
            words(figure, left, under + 0.28, told, fontsize=7, color=LIGHT["muted"])
    return figure


def kernels_figure(weights: NDArray[np.float32], name: str) -> Figure:
    """The kernels of the first layer, N×C×H×W: every channel a map, all on one scale.

    Zero is white: what a kernel adds is orange, what it takes away blue.
    """
    shown = weights[:MOST_KERNELS]
    count, channels, height, width = weights.shape
    limit = float(np.abs(shown).max()) or 1.0
    columns = min(len(shown), 8 if channels == 1 else 4)
    rows = math.ceil(len(shown) / columns)
    tile = 0.62 if channels == 1 else 0.5
    across = tile * channels + 0.06 * (channels - 1)
    down = tile * min(max(height / width, 0.3), 3.0)
    with figure_style():
        figure = new_figure(
            max(2 * PAD + columns * (across + 0.16) - 0.16, 4.4),
            1.3 + rows * (down + 0.24),
            arranged=False,
        )
        first = f"the first {MOST_KERNELS} of " if count > MOST_KERNELS else ""
        shape = f"{height}×{width}" + ("; each in red, green and blue" if channels == 3 else "")
        top = title(figure, f"Kernels of {name}", f"{first}{thousands(count)}, each {shape}")
        for number, kernel in enumerate(shown):
            row, column = divmod(number, columns)
            left, upper = PAD + column * (across + 0.16), top + 0.24 + row * (down + 0.24)
            words(figure, left, upper - 0.14, str(number + 1), fontsize=7, color=LIGHT["muted"])
            for channel, values in enumerate(kernel):
                start = left + channel * (tile + 0.06)
                axes = place(figure, start, upper, tile, down)
                image = _draw_map(axes, values, limit)
        _zero_scale(figure, image, PAD, top + 0.24 + rows * (down + 0.24))
    return figure


def _draw_map(axes: Axes, values: NDArray[np.float32], limit: float) -> Any:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(LIGHT["rule"])
    axes.spines[:].set_linewidth(0.5)
    colours = colour_map("diverging", DIVERGING)
    return axes.imshow(values, cmap=colours, vmin=-limit, vmax=limit, aspect="auto")


def _zero_scale(figure: Figure, image: Any, left: float, top: float) -> None:
    """The one scale of all maps, zero in its middle."""
    axes = place(figure, left, top + 0.06, 2.4, 0.1)
    bar = figure.colorbar(image, cax=axes, orientation="horizontal")
    bar.outline.set_visible(False)
    axes.tick_params(length=0, labelsize=7.5)
    axes.locator_params(axis="x", nbins=5)
    words(figure, left + 2.55, top + 0.04, "weight", fontsize=8, color=LIGHT["muted"])
