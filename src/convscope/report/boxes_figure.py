"""Pictures with the objects that were found in them: a box each, its class and score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convscope.report.overlay import show_picture
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.applications.detection.detections import Detections
    from convscope.applications.detection.prediction import DetectionPrediction
    from convscope.data.annotated import Objects

__all__ = ["boxes_figure", "draw_boxes"]

_LONGEST, _GAP = 2.9, 0.22
"""Inches of a picture's longer side, and between two."""
_TEXT = 0.26
_NAMED = 12
"""Objects above which boxes are drawn without their names, which would cover the picture."""

_TRUTH = "thin white lines: the objects that are there (dotted: difficult)"

_STYLES = ("-", (0, (4, 1.6)))
"""Lines by class: with six colours, twelve classes are told apart."""


def boxes_figure(
    predictions: Sequence[DetectionPrediction], truth: Sequence[Objects] | None = None
) -> Figure:
    """Pictures in rows, each with its boxes; ``truth`` is drawn beneath as thin white lines.

    Dotted are objects that are difficult.
    """
    across = min(3 if len(predictions) > 4 else 2, len(predictions))
    rows = -(-len(predictions) // across)
    shapes = [each.picture.shape[-2:] for each in predictions]
    scale = _LONGEST / max(max(shape) for shape in shapes)
    wide = max(shape[1] for shape in shapes) * scale
    high = max(shape[0] for shape in shapes) * scale
    width = 2 * PAD + across * wide + (across - 1) * _GAP
    with figure_style():
        below = PAD + rows * (high + _TEXT + _GAP)
        figure = new_figure(width, below + (_TEXT if truth is not None else 0), arranged=False)
        if truth is not None:
            words(figure, PAD, below - 0.08, _TRUTH, fontsize=8, color=LIGHT["muted"])
        for number, prediction in enumerate(predictions):
            row, column = divmod(number, across)
            left, top = PAD + column * (wide + _GAP), PAD + row * (high + _TEXT + _GAP)
            height, breadth = (side * scale for side in shapes[number])
            axes = place(figure, left, top, breadth, height)
            show_picture(axes, prediction.picture)
            if truth is not None:
                _draw_truth(axes, truth[number])
            draw_boxes(axes, prediction.detections, prediction.classes)
            text = prediction.words
            letters = int(breadth * 15)
            short = text if len(text) <= letters else f"{text[: letters - 1]}…"
            words(figure, left, top + height + 0.05, short, fontsize=8, color=LIGHT["muted"])
    return figure


def draw_boxes(axes: Axes, found: Detections, classes: Sequence[str]) -> None:
    """Boxes in their classes' colours; where they are few, with class and score."""
    from matplotlib.patches import Rectangle

    named = len(found) <= _NAMED
    for box, label, score in zip(
        found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True
    ):
        left, top, right, bottom = (edge - 0.5 for edge in box)  # a pixel's middle is whole
        colour = CATEGORIES[label % len(CATEGORIES)]
        style = _STYLES[label // len(CATEGORIES) % len(_STYLES)]
        for line, ink in ((2.6, "#ffffff"), (1.5, colour)):
            axes.add_patch(
                Rectangle(
                    (left, top),
                    right - left,
                    bottom - top,
                    fill=False,
                    linewidth=line,
                    edgecolor=ink,
                    linestyle="-" if ink == "#ffffff" else style,
                )
            )
        if named:
            axes.annotate(
                f"{classes[label]} {score:.2f}",
                (left, top),
                (1.5, -1.5),
                textcoords="offset points",
                va="top",
                fontsize=6,
                color=_ink(colour),
                bbox={"boxstyle": "square,pad=0.15", "facecolor": colour, "edgecolor": "none"},
                annotation_clip=False,
            )


def _ink(ground: str) -> str:
    """White on dark colours, near black on light ones."""
    red, green, blue = (int(ground[k : k + 2], 16) for k in (1, 3, 5))
    return "#ffffff" if 0.299 * red + 0.587 * green + 0.114 * blue < 135 else LIGHT["ink"]


def _draw_truth(axes: Axes, objects: Objects) -> None:
    from matplotlib.patches import Rectangle

    for box, difficult in zip(objects.boxes.tolist(), objects.difficult.tolist(), strict=True):
        left, top, right, bottom = (edge - 0.5 for edge in box)
        axes.add_patch(
            Rectangle(
                (left, top),
                right - left,
                bottom - top,
                fill=False,
                linewidth=0.8,
                edgecolor="#ffffff",
                linestyle=":" if difficult else "-",
            )
        )
