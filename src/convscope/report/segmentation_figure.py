"""Masks as pictures: laid over the images that they belong to, and rung by rung."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import VOID
from convscope.data.palette import voc_palette
from convscope.report.overlay import frame, show_picture
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.picture_figures import picture
from convscope.report.plotting import PAD, figure_style, new_figure, place, title, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.applications.segmentation.answers import Segmentation
    from convscope.applications.segmentation.ladder import SegmentationComparison
    from convscope.experiments.statistics import Estimate

__all__ = [
    "comparison_figure",
    "mask_figure",
    "masks_figure",
    "painted",
    "region_colours",
    "rungs_figure",
]

_TOL = ("#332288", "#882255", "#DDCC77", "#44AA99", "#999933", "#AA4499")
"""Of Paul Tol's muted scheme, those that are none of Okabe and Ito's."""
_SIDE, _GAP, _NAME = 1.55, 0.12, 0.24
_KEY = 0.2
_ALPHA = 0.6


def region_colours(count: int) -> NDArray[np.float64]:
    """A colour for each region, count×3 in 0…1; the first, mostly background, has none (black).

    Okabe and Ito's, then Tol's; of more than 12 regions Pascal VOC's palette.
    """
    known = [_rgb(colour) for colour in (*CATEGORIES, *_TOL)]
    if count - 1 <= len(known):
        return np.array([(0.0, 0.0, 0.0), *known])[:count]
    return voc_palette()[:count].astype(np.float64) / 255


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return red, green, blue


def painted(image: NDArray[np.uint8], mask: NDArray[np.uint8], regions: int) -> NDArray[np.float64]:
    """The image, with every region but the first in its colour, void white: H×W×3 in 0…1.

    Regions are outlined, so that two whose colours look alike still stand apart.
    """
    base = picture(image).astype(np.float64) / 255
    base = np.broadcast_to(base.mean(2, keepdims=True), base.shape).copy()
    colours = region_colours(regions)
    for number in np.unique(mask).tolist():
        chosen = mask == number
        if number == VOID:
            base[chosen] = 1.0
        elif number:
            base[chosen] = (1 - _ALPHA) * base[chosen] + _ALPHA * colours[number]
            base[chosen & _edge(chosen)] = colours[number]
    return base


def _edge(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The region's pixels that touch another one."""
    inner = chosen.copy()
    inner[1:] &= chosen[:-1]
    inner[:-1] &= chosen[1:]
    inner[:, 1:] &= chosen[:, :-1]
    inner[:, :-1] &= chosen[:, 1:]
    return chosen & ~inner


def masks_figure(segmentations: Sequence[Segmentation], *, across: int = 3) -> Figure:
    """Each picture beside itself with its regions painted; below, what the colours mean."""
    across = max(1, min(across, len(segmentations)))
    rows = -(-len(segmentations) // across)
    regions = segmentations[0].regions
    present = sorted({int(k) for found in segmentations for k in np.unique(found.mask)})
    pair, height = 2 * _SIDE + _GAP, _SIDE + _NAME
    width = max(2 * PAD + across * pair + (across - 1) * 2 * _GAP, 4.2)
    keys = _key_rows(len(present), width)
    with figure_style():
        figure = new_figure(width, 2 * PAD + rows * (height + _GAP) + keys * _KEY, arranged=False)
        for number, found in enumerate(segmentations):
            row, column = divmod(number, across)
            left, top = PAD + column * (pair + 2 * _GAP), PAD + row * (height + _GAP)
            words(figure, left, top, _shortened(found.source, 44), fontsize=8.5)
            show_picture(place(figure, left, top + _NAME, _SIDE, _SIDE), found.picture)
            axes = place(figure, left + _SIDE + _GAP, top + _NAME, _SIDE, _SIDE)
            _show(axes, painted(found.picture, found.mask, len(regions)))
        bottom = PAD + rows * (height + _GAP)
        _draw_key(figure, bottom, width, [(k, regions[k]) for k in present], len(regions))
    return figure


def mask_figure(found: Segmentation) -> Figure:
    """One picture beside itself with its regions painted."""
    return masks_figure([found])


def rungs_figure(
    images: Sequence[NDArray[np.uint8]],
    truth: Sequence[NDArray[np.uint8]],
    answers: Sequence[tuple[str, Sequence[NDArray[np.uint8]]]],
    regions: tuple[str, ...],
    heading: str,
) -> Figure:
    """A row a picture: itself, its true mask, then what each rung of the ladder answers."""
    columns: list[tuple[str, Sequence[NDArray[np.uint8]] | None]] = [("picture", None)]
    columns += [("truth", truth), *answers]
    side = 1.12
    width = 2 * PAD + len(columns) * side + (len(columns) - 1) * 0.08
    shown = [*truth, *(mask for _, masks in answers for mask in masks)]
    present = sorted({int(k) for mask in shown for k in np.unique(mask) if k != VOID})
    keys = _key_rows(len(present), width)
    with figure_style():
        height = 0.75 + len(images) * (side + 0.08) + keys * _KEY + PAD
        figure = new_figure(width, height, arranged=False)
        top = title(figure, heading) + 0.1
        for column, (name, masks) in enumerate(columns):
            left = PAD + column * (side + 0.08)
            words(figure, left, top, name, fontsize=8, color=LIGHT["muted"])
            for row, image in enumerate(images):
                axes = place(figure, left, top + 0.2 + row * (side + 0.08), side, side)
                if masks is None:
                    show_picture(axes, image)
                else:
                    _show(axes, painted(image, masks[row], len(regions)))
        bottom = top + 0.26 + len(images) * (side + 0.08)
        _draw_key(figure, bottom, width, [(k, regions[k]) for k in present], len(regions))
    return figure


def comparison_figure(comparison: SegmentationComparison) -> Figure:
    """Mean IoU and boundary F-score of every rung: a point a mean, whiskers a deviation."""
    rungs = comparison.rungs
    with figure_style():
        figure = new_figure(7.2, 3.5)
        axes = figure.subplots(1, 2, sharey=True)
        for side, key, name in (
            (axes[0], "mean_iou", "mean IoU, %"),
            (axes[1], "boundary_f", "boundary F-score, %"),
        ):
            _draw_points(side, [rung.scores[key] for rung in rungs], [r.method for r in rungs])
            side.set_xlabel(name)
            side.grid(True, axis="x")
        axes[0].set_yticks(range(len(rungs)), [rung.name for rung in rungs])
        axes[0].set_ylim(len(rungs) - 0.5, -0.6)  # the first on top
        axes[0].tick_params(axis="y", length=0)
        seeds = len(comparison.seeds)
        text = f"{comparison.images:,} {comparison.split} images of {comparison.data}"
        figure.suptitle(
            f"Segmentation, rung by rung: {text}, {seeds} {'seed' if seeds == 1 else 'seeds'}",
            x=0.012, ha="left", fontsize=10.5, fontweight="bold",
        )  # fmt: skip
        figure.supxlabel(
            "points: means over the seeds; whiskers: their standard deviation",
            x=0.02, ha="left", fontsize=8, color=LIGHT["muted"],
        )  # fmt: skip
    return figure


def _draw_points(axes: Axes, estimates: Sequence[Estimate], methods: Sequence[str]) -> None:
    names = list(dict.fromkeys(methods))
    for number, (found, method) in enumerate(zip(estimates, methods, strict=True)):
        style: dict[str, Any] = {
            "color": CATEGORIES[names.index(method)],
            "fmt": "os^D"[names.index(method) % 4],
        }
        axes.errorbar(
            100 * found.mean, number, xerr=100 * found.deviation, capsize=3, markersize=6, **style
        )
        axes.annotate(
            f"{100 * found.mean:.1f}", (100 * found.mean, number), (0, 6),
            textcoords="offset points", ha="center", fontsize=7.5, color=LIGHT["muted"],
        )  # fmt: skip


def _show(axes: Axes, pixels: NDArray[np.float64]) -> None:
    axes.imshow(pixels, interpolation="nearest")
    frame(axes)


_KEY_WIDTH = 1.2


def _key_rows(count: int, width: float) -> int:
    across = max(1, int((width - 2 * PAD) / _KEY_WIDTH))
    return -(-count // across)


def _draw_key(
    figure: Figure, top: float, width: float, named: Sequence[tuple[int, str]], regions: int
) -> None:
    """Squares of the regions' colours with their names."""
    colours = region_colours(regions)
    across = max(1, int((width - 2 * PAD) / _KEY_WIDTH))
    for index, (number, name) in enumerate(named):
        row, column = divmod(index, across)
        left, upper = PAD + column * _KEY_WIDTH, top + row * _KEY
        axes = place(figure, left, upper + 0.02, 0.12, 0.12)
        axes.set_facecolor(tuple(colours[number]))
        frame(axes)
        words(figure, left + 0.17, upper, _shortened(name, 17), fontsize=7.5)


def _shortened(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"…{text[-letters + 1 :]}"
