"""Detectors side by side: their boxes in the same pictures, their precision and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convscope.report.boxes_figure import draw_boxes
from convscope.report.detection_view import METHOD_NAMES, PARTS
from convscope.report.overlay import show_picture
from convscope.report.palette import LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.applications.detection.detections import Detections
    from convscope.applications.detection.relations import DetectionComparison
    from convscope.data.annotated import Objects

__all__ = ["comparison_figure", "methods_figure"]

_SIDE, _GAP, _NAME = 2.1, 0.16, 0.24


def methods_figure(
    images: Sequence[NDArray[np.uint8]],
    truth: Sequence[Objects],
    columns: Sequence[tuple[str, Sequence[Detections]]],
    classes: Sequence[str],
) -> Figure:
    """A row a picture: what is there, then what each detector finds, side by side."""
    names = ["what is there", *(name for name, _ in columns)]
    width = 2 * PAD + len(names) * _SIDE + (len(names) - 1) * _GAP
    height = 2 * PAD + _NAME + len(images) * (_SIDE + _GAP) - _GAP
    with figure_style():
        figure = new_figure(width, height, arranged=False)
        for column, name in enumerate(names):
            left = PAD + column * (_SIDE + _GAP)
            words(figure, left, PAD, name, fontsize=9, fontweight="bold")
            for row, image in enumerate(images):
                axes = place(figure, left, PAD + _NAME + row * (_SIDE + _GAP), _SIDE, _SIDE)
                show_picture(axes, image)
                if column == 0:
                    _draw_truth(axes, truth[row], classes)
                else:
                    draw_boxes(axes, columns[column - 1][1][row], classes)
    return figure


def _draw_truth(axes: Axes, objects: Objects, classes: Sequence[str]) -> None:
    """White boxes with the names of what they hold; dotted where that is difficult."""
    from matplotlib.patches import Rectangle

    for box, label, difficult in zip(
        objects.boxes.tolist(), objects.labels.tolist(), objects.difficult.tolist(), strict=True
    ):
        left, top, right, bottom = (edge - 0.5 for edge in box)  # a pixel's middle is whole
        line = ":" if difficult else "-"
        axes.add_patch(
            Rectangle(
                (left, top), right - left, bottom - top, fill=False, ec="#ffffff", lw=1.2, ls=line
            )
        )
        axes.annotate(
            classes[label], (left, top), (1.5, -1.5), textcoords="offset points", va="top",
            fontsize=6, color=LIGHT["ink"], annotation_clip=False,
            bbox={"boxstyle": "square,pad=0.15", "facecolor": "#ffffff", "edgecolor": "none"},
        )  # fmt: skip


def comparison_figure(comparison: DetectionComparison) -> Figure:
    """Precision of each method, and the milliseconds of an image, part by part."""
    results = comparison.results
    names = [METHOD_NAMES[each.method] for each in results]
    with figure_style():
        figure = new_figure(8.4, 1.5 + 0.52 * len(results))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.25))
        _draw_precision(left, comparison)
        _draw_seconds(right, comparison)
        left.set_yticks(range(len(results)), names)
        left.invert_yaxis()
        for axes in (left, right):
            axes.tick_params(axis="y", length=0, labelcolor=LIGHT["ink"])
            axes.spines["left"].set_visible(False)
            axes.grid(True, axis="x")
        seeds = len(comparison.seeds)
        figure.supxlabel(
            f"{comparison.images:,} {comparison.split} images of {comparison.data}; means over "
            f"{seeds} {'seed' if seeds == 1 else 'seeds'}, whiskers: standard deviation",
            x=0.01, ha="left", fontsize=8, color=LIGHT["muted"],
        )  # fmt: skip
    return figure


def _draw_precision(axes: Axes, comparison: DetectionComparison) -> None:
    for number, result in enumerate(comparison.results):
        for shift, found, colour, marker, label in (
            (-0.14, result.at_half, LIGHT["accent"], "o", "mAP@0.5"),
            (0.14, result.mean, LIGHT["warm"], "s", "mAP@[.5:.95]"),
        ):
            axes.errorbar(
                found.mean, number + shift, xerr=found.deviation, fmt=marker, color=colour,
                markersize=5, capsize=2.5, label=label if number == 0 else None,
            )  # fmt: skip
            axes.annotate(
                f"{found.mean:.3f}", (found.mean + found.deviation, number + shift), (5, 0),
                textcoords="offset points", va="center", fontsize=7.5, color=LIGHT["muted"],
            )  # fmt: skip
        axes.plot(
            result.recall.mean, number, marker="|", markersize=11, markeredgewidth=1.4, ls="none",
            color=LIGHT["faint"], label="recall of proposals" if number == 0 else None,
        )  # fmt: skip
    axes.set_xlim(0, 1.08)
    axes.set_title("Precision", pad=24)
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda place: not labels[place].startswith("mAP"))
    axes.legend(
        [handles[k] for k in order], [labels[k] for k in order], loc="lower left",
        bbox_to_anchor=(-0.02, 0.99), ncols=3, columnspacing=0.9, handletextpad=0.2, fontsize=7.5,
    )  # fmt: skip


def _draw_seconds(axes: Axes, comparison: DetectionComparison) -> None:
    colours = (LIGHT["faint"], LIGHT["accent"], LIGHT["warm"])
    largest = max(each.seconds["all"].mean for each in comparison.results)
    for number, result in enumerate(comparison.results):
        start = 0.0
        for part, colour in zip(PARTS, colours, strict=True):
            length = 1000 * result.seconds[part].mean
            label = part if number == 0 else None
            axes.barh(number, length, 0.55, start, color=colour, label=label)
            start += length
        whole = result.seconds["all"]
        spread = f" ± {1000 * whole.deviation:.1f}" if whole.count > 1 else ""
        axes.annotate(
            f"{1000 * whole.mean:.1f}{spread}", (start, number), (5, 0),
            textcoords="offset points", va="center", fontsize=7.5, color=LIGHT["muted"],
        )  # fmt: skip
    axes.set_xlim(0, 1000 * largest * 1.22)
    axes.set_title("Milliseconds an image", pad=24)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=3, columnspacing=0.9,
                handlelength=1.0, fontsize=7.5)  # fmt: skip
