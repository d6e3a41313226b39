"""Figures of scenes and clips: what was made, and what is known about it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convscope.data.palette import voc_palette
from convscope.report.numbers import thousands
from convscope.report.overlay import show_picture
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, title, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.data.annotated import Objects, Split

__all__ = ["clips_figure", "scenes_figure"]

_TILE, _GAP, _CAPTION = 1.75, 0.08, 0.5
_COLUMNS = 2
_FRAME = 0.98
_CLEAR, _DIFFICULT = CATEGORIES[1], CATEGORIES[5]


def scenes_figure(split: Split, classes: Sequence[str], *, count: int = 6) -> Figure:
    """The first scenes: boxes with classes (dashed: difficult), masks, and one sentence each."""
    shown = min(count, len(split))
    rows = math.ceil(shown / _COLUMNS)
    across, down = 2 * _TILE + _GAP, _TILE + _CAPTION
    with figure_style():
        figure = new_figure(
            2 * PAD + _COLUMNS * (across + 2 * PAD) - 2 * PAD, 0.7 + rows * down, arranged=False
        )
        top = title(
            figure,
            _told(shown, len(split), "scenes"),
            "boxes around what is visible (dashed: difficult to see); masks; one of five sentences",
        )
        for number in range(shown):
            row, column = divmod(number, _COLUMNS)
            left, upper = PAD + column * (across + 2 * PAD), top + 0.08 + row * down
            axes = place(figure, left, upper, _TILE, _TILE)
            show_picture(axes, split.images[number])
            if split.objects is not None:
                _draw_objects(axes, split.objects[number], classes)
            if split.masks is not None:
                beside = place(figure, left + _TILE + _GAP, upper, _TILE, _TILE)
                show_picture(beside, _coloured(split.masks[number]))
            if split.captions is not None:
                _say(figure, left, upper + _TILE + 0.05, split.captions[number][0], 56)
    return figure


def clips_figure(split: Split, *, count: int = 4) -> Figure:
    """The first clips, a row of frames each, with one sentence above."""
    shown = min(count, len(split))
    frames = split.images[0].shape[0] if shown else 1
    down = _FRAME + 0.32
    with figure_style():
        figure = new_figure(
            2 * PAD + frames * (_FRAME + 0.05) - 0.05, 0.62 + shown * down, arranged=False
        )
        told = f"{frames} frames each, from left to right"
        top = title(figure, _told(shown, len(split), "clips"), told)
        for number in range(shown):
            upper = top + 0.08 + number * down
            if split.captions is not None:
                _say(figure, PAD, upper, split.captions[number][0], 120)
            for frame, pixels in enumerate(split.images[number]):
                left = PAD + frame * (_FRAME + 0.05)
                show_picture(place(figure, left, upper + 0.18, _FRAME, _FRAME), pixels)
    return figure


def _told(shown: int, total: int, what: str) -> str:
    return f"{shown} of {thousands(total)} {what}" if shown < total else f"{shown} {what}"


def _coloured(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """H×W → 3×H×W: VOC's colours, half way to white, for some are hardly told from black."""
    colours = voc_palette()
    colours[1:] = 128 + colours[1:] // 2
    return colours[mask].transpose(2, 0, 1)


def _draw_objects(axes: Axes, objects: Objects, classes: Sequence[str]) -> None:
    """Boxes at the edges of pixels: pixel 0 reaches from −½ to ½ in the picture."""
    from matplotlib.patches import Rectangle

    for box, label, difficult in zip(
        np.asarray(objects.boxes).tolist(), objects.labels, objects.difficult, strict=True
    ):
        left, top, right, bottom = box
        colour = _DIFFICULT if difficult else _CLEAR
        corner = (left - 0.5, top - 0.5)
        axes.add_patch(
            Rectangle(
                corner,
                right - left,
                bottom - top,
                fill=False,
                ec=colour,
                lw=1.1,
                ls="--" if difficult else "-",
            )
        )
        axes.text(
            left,
            max(top - 1.5, 5.0),
            classes[label],
            fontsize=6,
            color="#000000",
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.6},
            clip_on=True,
        )


def _say(figure: Figure, left: float, top: float, text: str, width: int) -> None:
    for number, line in enumerate(textwrap.wrap(text, width)):
        words(figure, left, top + 0.15 * number, line, fontsize=8, color=LIGHT["ink"])
