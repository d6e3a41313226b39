"""The confusion matrix as a figure: what is right in blue, mistakes in orange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.report.figures import short_name
from convscope.report.numbers import percent, thousands
from convscope.report.palette import LIGHT
from convscope.report.plotting import PAD, colour_map, figure_style, new_figure, place, title, words
from convscope.report.scene import width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.training.evaluate import Evaluation

__all__ = ["RIGHT", "WRONG", "confusion_figure", "shares_of"]

RIGHT = ("#f4f8fb", "#a9cfe6", "#3d8fc1", "#0b5c8f", "#063a5c")
WRONG = ("#ffffff", "#fbe3cf", "#f4b98a", "#e07b39", "#a84300")


_MOST_NAMES = 160
"""More names than these cannot be read beside the matrix."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Inches of a cell, points of the labels and of the counts (0: none), longest label."""

    cell: float
    label: float
    count: float
    longest: int


def _sizes(classes: int) -> _Sizes:
    for most, sizes in (
        (6, _Sizes(0.62, 8.5, 9, 26)),
        (12, _Sizes(0.46, 8.5, 8.5, 20)),
        (20, _Sizes(0.36, 8, 7, 18)),
        (60, _Sizes(0.25, 7, 5, 16)),
    ):
        if classes <= most:
            return sizes
    return _Sizes(max(0.05, min(0.12, 18 / classes)), 4.5, 0, 14)


def shares_of(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each row divided by its sum; a class without images stays at 0."""
    sums = confusion.sum(1, keepdims=True)
    shares: NDArray[np.float64] = confusion / np.maximum(sums, 1)
    return shares


def confusion_figure(evaluation: Evaluation) -> Figure:
    """True classes in rows, answers in columns; colours by the share of the row.

    Right answers and mistakes have a scale each, the mistakes' up to the largest of
    them: on one scale a good network's mistakes would all look white.
    """
    count = len(evaluation.classes)
    sizes = _sizes(count)
    names = [short_name(name, sizes.longest) for name in evaluation.classes]
    room = max(width_of(name, sizes.label) for name in names) / 72 + 0.1
    side, left = sizes.cell * count, PAD + 0.2 + room
    below = room + 0.4 if count > 12 else 0.72 * room + 0.45
    with figure_style():
        width, height = max(left + side + 1.35, 3.4), max(side, 1.9) + 0.55 + below
        figure = new_figure(width, height, arranged=False)
        images = f"{thousands(evaluation.count)} images of {evaluation.data}"
        top = title(figure, "Confusion matrix", f"{images}, {percent(evaluation.accuracy)} right")
        axes = place(figure, left, top + 0.08, side, side)
        shares = shares_of(evaluation.confusion)
        largest = float((shares - np.diag(shares.diagonal())).max()) or 1.0
        right, wrong = colour_map("right", RIGHT), colour_map("wrong", WRONG)
        pixels = wrong(shares / largest)
        pixels[np.diag_indices(count)] = right(shares.diagonal())
        axes.imshow(pixels)
        if sizes.count:
            _write_counts(axes, evaluation.confusion, pixels, sizes.count)
        _label(axes, names, sizes.label)
        edge, scale = left + side + 0.28, min(1.3, max(side, 1.9) / 2 - 0.35)
        _scale(figure, (edge, top + 0.3, scale), right, 1.0, "right answers")
        _scale(figure, (edge, top + scale + 0.8, scale), wrong, largest, "mistakes")
    return figure


def _label(axes: Axes, names: list[str], size: float) -> None:
    if len(names) <= 12:
        axes.set_xticks(range(len(names)), names, ha="right", rotation_mode="anchor", rotation=40)
    else:
        axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0, labelsize=size, labelcolor=LIGHT["ink"])
    if len(names) > _MOST_NAMES:
        axes.set(xticks=[], yticks=[])
    axes.set(xlabel="answer", ylabel="true class")
    axes.spines[:].set_color(LIGHT["rule"])
    axes.spines[:].set_visible(True)


def _write_counts(
    axes: Axes, confusion: NDArray[np.int64], pixels: NDArray[Any], size: float
) -> None:
    """The counts in their cells, dark on light and light on dark; zeros stay blank."""
    luminance = pixels[..., :3] @ (0.299, 0.587, 0.114)
    longest = len(str(confusion.max()))
    for row, column in np.argwhere(confusion > 0).tolist():
        axes.text(
            column,
            row,
            str(confusion[row, column]),
            ha="center",
            va="center_baseline",
            fontsize=size if longest <= 3 else size * 3.6 / longest,
            color="#ffffff" if luminance[row, column] < 0.56 else LIGHT["ink"],
        )


def _scale(
    figure: Figure, where: tuple[float, float, float], colours: Any, largest: float, label: str
) -> None:
    """A scale with its title: left, top and height in inches."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    left, top, height = where
    words(figure, left, top - 0.32, label, fontsize=7.5)
    words(figure, left, top - 0.18, "share of the row", fontsize=7, color=LIGHT["muted"])
    axes = place(figure, left, top, 0.12, height)
    bar = figure.colorbar(ScalarMappable(Normalize(0, largest), colours), cax=axes)
    bar.outline.set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    digits = 0 if largest > 0.035 else 1
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.{digits}f} %"))
    axes.tick_params(length=0, labelsize=7.5)
