"""Equivariance as figures: the errors of all layers in one grid, and where on the maps they lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from convscope.report.figures import short_name
from convscope.report.numbers import thousands
from convscope.report.palette import LIGHT
from convscope.report.plotting import PAD, colour_map, figure_style, new_figure, place, title, words
from convscope.report.scene import width_of
from convscope.report.symmetry_view import error_text, shown_layers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.inspection.intervals import Estimate
    from convscope.inspection.symmetry.equivariance import Equivariance
    from convscope.inspection.symmetry.layer_errors import LayerError

__all__ = ["equivariance_figure", "places_figure"]

ERRORS = ("#ffffff", "#e4eff7", "#a9cfe6", "#3d8fc1", "#0b5c8f", "#063a5c")
"""White where a map moves exactly, dark where it does not."""
_LARGEST = 1.0
_MOST_MAPS = 24
_IN_A_ROW = 6

Group = tuple[str, list[str], bool]
"""Its title, its movements, and whether the interior is meant."""


def equivariance_figure(result: Equivariance) -> Figure:
    """Layers in rows, movements in columns, the relative error in each cell.

    In brackets where the moved image has no exactly moved map.
    """
    names, groups = shown_layers(result), _groups(result)
    across, down, gap = 0.62, 0.25, 0.22
    room = max(width_of(name, 8.5) for name in names) / 72 + 0.12
    total = sum(len(group[1]) for group in groups) * across + gap * (len(groups) - 1)
    with figure_style():
        width = PAD + room + total + 1.05
        figure = new_figure(max(width, 6.4), 1.72 + down * len(names), arranged=False)
        told = f"{thousands(result.count)} images of {result.images_from}, mean relative error"
        who = result.subject + ("" if result.trained else " (untrained)")
        top = title(figure, f"Equivariance of {who}", told) + 0.72
        left = PAD + room
        for number, group in enumerate(groups):
            size = across * len(group[1])
            axes = place(figure, left, top, size, down * len(names))
            _draw_group(axes, result, names, group)
            words(figure, left, top - 0.36, group[0].replace(", ", ",\n"), fontsize=8, va="bottom")
            if number == 0:
                axes.set_yticks(range(len(names)), names)
                axes.tick_params(axis="y", labelcolor=LIGHT["ink"])
            left += size + gap
        _scale(figure, left + 0.05, top, min(1.7, down * max(len(names), 4)))
        if any(not each.counterpart for each in result.errors):
            words(figure, PAD, top + down * len(names) + 0.1, _BETWEEN, fontsize=7.5, color=_MUTED)
    return figure


_MUTED = LIGHT["muted"]
_BETWEEN = "( ) no exactly moved map: compared with what lies between two of its places"


def _groups(result: Equivariance) -> list[Group]:
    from convscope.inspection.symmetry.transforms import Shift

    shifts = [each for each in result.transforms if isinstance(each, Shift)]
    filled = [each.name for each in shifts if not each.circular]
    around = [each.name for each in shifts if each.circular]
    others = [each.name for each in result.transforms if not isinstance(each, Shift)]
    groups = [
        ("shifted, interior", filled or around, True),
        ("shifted, black comes in", filled, False),
        ("shifted, around the edge", around, False),
        ("mirrored or turned", others, False),
    ]
    return [group for group in groups if group[1]]


def _draw_group(axes: Axes, result: Equivariance, names: Sequence[str], group: Group) -> None:
    _, moves, inside = group
    axes.set_xlim(-0.5, len(moves) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    for row, name in enumerate(names):
        for column, move in enumerate(moves):
            error = result.error(name, move)
            _draw_cell(axes, (column, row), error, error.interior if inside else error.whole)
    axes.set_xticks(range(len(moves)), [_short(move) for move in moves])
    axes.set_yticks([])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8, pad=2)
    axes.spines[:].set_visible(False)


def _short(move: str) -> str:
    words_ = {"flip left-right": "left–\nright", "flip up-down": "up–\ndown"}
    return words_.get(move, move.removesuffix(", circular").replace(" ", "\n", 1))


def _draw_cell(
    axes: Axes, where: tuple[int, int], error: LayerError, estimate: Estimate | None
) -> None:
    from matplotlib.patches import Rectangle

    column, row = where
    known = estimate is not None and not math.isnan(estimate.value)
    share = _share(estimate.value) if estimate is not None and known else 0.0
    red, green, blue, _ = colour_map("errors", ERRORS)(share)
    exact = error.counterpart or not known
    axes.add_patch(
        Rectangle(
            (column - 0.48, row - 0.46),
            0.96,
            0.92,
            facecolor=(red, green, blue) if known else LIGHT["cell"],
            edgecolor=LIGHT["rule"],
            linewidth=0.5,
        )
    )
    text = error_text(estimate.value) if estimate is not None and known else "–"
    light = 0.299 * red + 0.587 * green + 0.114 * blue < 0.56 and known
    axes.text(
        column,
        row,
        text if exact else f"({text})",
        ha="center",
        va="center_baseline",
        fontsize=7.5,
        style="normal" if exact else "italic",
        color="#ffffff" if light else LIGHT["ink"],
    )


def _share(value: float) -> float:
    """Where an error lies on the scale, 0 to 1: its square root, so that small ones are seen."""
    return min(1.0, math.sqrt(value / _LARGEST))


def places_figure(result: Equivariance, move: str | None = None) -> Figure:
    """The maps of all layers under one movement: at which places the error lies.

    Without ``move`` it is the largest circular shift, or the first movement there is.
    """
    chosen = move if move is not None else _default_move(result)
    names = shown_layers(result)[:_MOST_MAPS]
    rows = math.ceil(len(names) / _IN_A_ROW)
    columns = math.ceil(len(names) / rows)
    tile, gap, captions = 1.1, 0.2, 0.52
    with figure_style():
        height = 0.75 + rows * (tile + captions) + 0.1
        figure = new_figure(
            max(2 * PAD + columns * (tile + gap) + 0.75, 6.4), max(height, 2.9), arranged=False
        )
        images = f"{thousands(result.count)} images"
        told = f"error of each place against the mean size of the map, {images}"
        if any(np.isnan(result.error(name, chosen).by_place).any() for name in names):
            told += "; hatched: nothing to compare"
        top = title(figure, f"Where the maps of {result.subject} break: {chosen}", told)
        for number, name in enumerate(names):
            row, column = divmod(number, columns)
            left, upper = PAD + column * (tile + gap), top + 0.12 + row * (tile + captions)
            error = result.error(name, chosen)
            _draw_places(place(figure, left, upper, tile, tile), error)
            words(figure, left, upper + tile + 0.05, short_name(name, 17), fontsize=8)
            words(
                figure, left, upper + tile + 0.19, _caption(error), fontsize=7, color=LIGHT["muted"]
            )
        _scale(figure, PAD + columns * (tile + gap) + 0.02, top + 0.3, 1.35)
    return figure


def _default_move(result: Equivariance) -> str:
    from convscope.inspection.symmetry.transforms import Shift

    shifts = [each for each in result.transforms if isinstance(each, Shift)]
    around = [each for each in shifts if each.circular] or shifts
    if around:
        return max(around, key=lambda each: abs(each.right) + abs(each.down)).name
    return result.transforms[0].name


def _caption(error: LayerError) -> str:
    if error.whole is None:
        return "not comparable"
    if not error.counterpart:
        return "between its places"
    if error.border == 0:
        return "exact everywhere"
    reaches = error.interior is not None and error.interior.value < 1e-5
    return f"edge {error.border} wide" if reaches else f"error {error_text(error.whole.value)}"


def _draw_places(axes: Axes, error: LayerError) -> None:
    from matplotlib.colors import PowerNorm

    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(LIGHT["rule"])
    axes.set_facecolor(LIGHT["cell"])
    axes.patch.set_hatch("/////")
    axes.patch.set_edgecolor(LIGHT["rule"])
    colours, norm = colour_map("errors", ERRORS), PowerNorm(0.5, 0, _LARGEST, clip=True)
    axes.imshow(np.ma.masked_invalid(error.by_place), cmap=colours, norm=norm, aspect="auto")


def _scale(figure: Figure, left: float, top: float, height: float) -> None:
    """The scale of all errors, by their square root."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm

    axes = place(figure, left, top, 0.12, height)
    colours = colour_map("errors", ERRORS)
    bar = figure.colorbar(ScalarMappable(PowerNorm(0.5, 0, _LARGEST), colours), cax=axes)
    bar.outline.set_color(LIGHT["rule"])
    bar.set_ticks([0, 0.05, 0.25, 0.5, 1], labels=["0", "0.05", "0.25", "0.5", "≥ 1"])
    axes.minorticks_off()
    axes.tick_params(length=0, labelsize=7.5)
    words(figure, left, top - 0.18, "relative error", fontsize=7.5, color=_MUTED)
