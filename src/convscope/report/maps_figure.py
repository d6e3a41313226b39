"""Activation maps and kernels as tiles, all of a figure on one scale with zero in its middle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.inspection.channels import chosen_channels
from convscope.report.channel_words import page_words, signed, volume_words
from convscope.report.figures import short_name
from convscope.report.palette import DIVERGING, LIGHT
from convscope.report.picture_figures import picture
from convscope.report.plotting import PAD, colour_map, figure_style, new_figure, place, title, words
from convscope.report.sheet import Sheet, coloured, limit_of, mosaic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from convscope.inspection.maps.kernels import Kernels
    from convscope.inspection.maps.maps import ActivationMaps

__all__ = ["draw_scale", "kernel_figure", "maps_figure"]

_COLUMNS = 8
_TILE, _GAP = 0.8, 0.12
_CAPTION = 0.17
_IMAGE = 1.15
_SCALE = 0.5
_FEW = 4
"""Up to so many slices a kernel's stand side by side; of more, kernels are rows."""
_WIDEST = 8.0
_SHORT = 1.7
"""Inches that a label needs which is written upwards."""


def maps_figure(maps: ActivationMaps, channels: str | Sequence[int] | None = None) -> Figure:
    """The image, and the maps that a layer makes of it; of a vector, bars.

    By default the first 64 channels.  What is below zero is blue, above it orange.
    """
    chosen = chosen_channels(channels, len(maps.values))
    shown = maps.values[list(chosen)]
    size = volume_words(maps.values.shape)
    shown_words = short_name(maps.picture.title, 60) + (f", {maps.shown}" if maps.shown else "")
    head = (
        f"Activations of {maps.layer} of {short_name(maps.subject, 30)}",
        f"{maps.kind} {size}, {page_words(chosen, len(maps.values))}; {shown_words}",
    )
    if maps.vector:
        return _bars(maps, chosen, shown[:, 0, 0], head)
    names = [f"{number}  {short_name(maps.name_of(number), 10)}".rstrip() for number in chosen]
    peaks = signed([float(values.max()) for values in shown])
    columns = min(_COLUMNS, len(shown))
    down = _TILE * _proportion(shown.shape[1:])
    rows = math.ceil(len(shown) / columns)
    left = PAD + _IMAGE + 0.3
    image_down = _IMAGE * _proportion(maps.picture.pixels.shape[1:])
    height = max(rows * (down + _CAPTION + 0.06), image_down + _CAPTION)
    limit = limit_of(shown)
    with figure_style():
        width = max(left + columns * (_TILE + _GAP), 6.4)
        figure = new_figure(width, 0.75 + height + _SCALE, arranged=False)
        top = title(figure, *head) + 0.12
        sheet = Sheet(figure)
        words(figure, PAD, top, "the image", fontsize=7, color=LIGHT["muted"])
        pixels = picture(maps.picture.pixels)
        sheet.image(pixels, (PAD, top + _CAPTION, _IMAGE, image_down))
        for at, values in enumerate(shown):
            row, column = divmod(at, columns)
            across, upper = left + column * (_TILE + _GAP), top + row * (down + _CAPTION + 0.06)
            words(figure, across, upper, names[at], fontsize=7)
            if len(names[at]) < 6:
                style = {"fontsize": 6.5, "color": LIGHT["muted"], "ha": "right"}
                words(figure, across + _TILE, upper, f"≤ {peaks[at]}", **style)
            sheet.image(coloured(values, limit), (across, upper + _CAPTION, _TILE, down))
        draw_scale(
            figure, left + 0.2, top + height + 0.12, limit, "activation; one scale for all maps"
        )
    return figure


def kernel_figure(
    kernels: Kernels,
    channels: str | Sequence[int] | None = None,
    inputs: str | Sequence[int] | None = None,
) -> Figure:
    """Kernels as tiles: of few slices side by side, of many as a table, kernels in rows.

    By default the first 64 kernels, and of each the first 64 slices.
    """
    count, slices, height, width = kernels.weights.shape
    chosen = chosen_channels(channels, count)
    taken = chosen_channels(inputs, slices, place="inputs")
    shown = kernels.weights[np.ix_(chosen, taken)]
    seen = "" if slices == 1 else f", {page_words(taken, slices, 'slices')}"
    head = (
        f"Kernels of {kernels.layer} of {short_name(kernels.subject, 30)}",
        f"{kernels.kind}, {count} kernels of {height}×{width}×{slices}: "
        f"{page_words(chosen, count, 'kernels')}{seen}",
    )
    draw = _tiled if len(taken) <= _FEW else _tabled
    return draw(kernels, chosen, taken, shown, head)


def _proportion(sides: Sequence[int]) -> float:
    """Height over width of a tile; of very long ones what can still be drawn."""
    return min(max(sides[0] / sides[1], 0.25), 4.0)


def _bars(
    maps: ActivationMaps, chosen: Sequence[int], values: NDArray[np.float32], head: tuple[str, str]
) -> Figure:
    limit = limit_of(values)
    names = [f"{number}  {short_name(maps.name_of(number))}".rstrip() for number in chosen]
    line = 0.22 if len(chosen) <= 32 else 0.17
    room = 0.35 + 0.075 * max(map(len, names))
    left = PAD + _IMAGE + 0.3 + room
    image_down = _IMAGE * _proportion(maps.picture.pixels.shape[1:])
    down = max(line * len(chosen), image_down + _CAPTION - 0.1)
    with figure_style():
        figure = new_figure(left + 4.2, 0.75 + down + 0.55, arranged=False)
        top = title(figure, *head) + 0.12
        words(figure, PAD, top, "the image", fontsize=7, color=LIGHT["muted"])
        place_ = (PAD, top + _CAPTION, _IMAGE, image_down)
        Sheet(figure).image(picture(maps.picture.pixels), place_)
        axes = place(figure, left, top, 3.6, down)
        ends = [DIVERGING[1], DIVERGING[-2]]
        colours = [ends[int(value >= 0)] for value in values.tolist()]
        axes.barh(range(len(chosen)), values, 0.7, color=colours)
        axes.axvline(0, color=LIGHT["faint"], linewidth=0.8)
        axes.set_yticks(range(len(chosen)), names)
        axes.set_ylim(len(chosen) - 0.5, -0.5)
        least, most = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
        longest = max(map(len, signed(values.tolist(), limit)))
        spare = (0.04 + 0.022 * longest) * ((most - least) or 1.0)
        axes.set_xlim(least - spare * (least < 0), most + spare * (most > 0 or least == 0))
        for at, (value, text) in enumerate(
            zip(values.tolist(), signed(values.tolist(), limit), strict=True)
        ):
            side = "left" if value >= 0 else "right"
            axes.annotate(
                text,
                (value, at),
                (3 if value >= 0 else -3, 0),
                "data",
                "offset points",
                ha=side,
                va="center",
                fontsize=7 if line > 0.2 else 6,
            )
        axes.tick_params(axis="y", length=0, labelsize=8 if line > 0.2 else 6.5)
        axes.spines[["left"]].set_visible(False)
        axes.set_xlabel("activation")
    return figure


def _tiled(
    kernels: Kernels,
    chosen: Sequence[int],
    taken: Sequence[int],
    shown: NDArray[np.float32],
    head: tuple[str, str],
) -> Figure:
    """Each kernel by itself, its slices side by side."""
    limit, slices = limit_of(shown), len(taken)
    columns = min(len(chosen), {1: 8, 2: 4}.get(slices, 3))
    tile = 0.7 if slices == 1 else 0.6
    across = slices * (tile + 0.06) - 0.06
    down = tile * _proportion(shown.shape[2:])
    rows = math.ceil(len(chosen) / columns)
    with figure_style():
        width = max(2 * PAD + columns * (across + 0.2) - 0.2, 5.2)
        step = down + _CAPTION + 0.08
        figure = new_figure(width, 0.75 + rows * step + _SCALE, arranged=False)
        top = title(figure, *head) + 0.12
        sheet = Sheet(figure)
        for at, (channel, weights) in enumerate(zip(chosen, shown, strict=True)):
            row, column = divmod(at, columns)
            left, upper = PAD + column * (across + 0.2), top + row * step
            name = f"{channel}  {short_name(kernels.name_of(channel), 12)}".rstrip()
            words(figure, left, upper, name, fontsize=7)
            for slot, values in enumerate(weights):
                place_ = (left + slot * (tile + 0.06), upper + _CAPTION, tile, down)
                sheet.image(coloured(values, limit), place_)
        told = "weight; one scale for all"
        if slices == 3:
            told += "; slices for red, green and blue"
        draw_scale(figure, PAD + 0.2, top + rows * step + 0.12, limit, told)
    return figure


def _tabled(
    kernels: Kernels,
    chosen: Sequence[int],
    taken: Sequence[int],
    shown: NDArray[np.float32],
    head: tuple[str, str],
) -> Figure:
    """Kernels as rows, their slices as columns: one picture."""
    limit = limit_of(shown)
    tile = min(max(_WIDEST / len(taken), 0.12), 0.42)
    down = tile * _proportion(shown.shape[2:])
    names = [f"{number}  {short_name(kernels.name_of(number), 14)}".rstrip() for number in chosen]
    left = PAD + 0.3 + 0.07 * max(map(len, names))
    width, height = tile * len(taken), down * len(chosen)
    with figure_style():
        figure = new_figure(
            max(left + width + PAD, 5.6), 0.75 + 0.42 + height + _SCALE + 0.1, arranged=False
        )
        top = title(figure, *head) + 0.45
        Sheet(figure).image(mosaic(shown, limit), (left, top, width, height), frame=None)
        axes = place(figure, left, top, width, height)
        axes.patch.set_visible(False)
        axes.spines[:].set_visible(False)
        axes.set_xlim(0, len(taken))
        axes.set_ylim(len(chosen), 0)
        _number(axes.set_xticks, [str(number) for number in taken], tile, 0.2)
        _number(axes.set_yticks, names, down, 0.105)
        axes.tick_params(length=0, labelsize=6.5, pad=2, labeltop=True, labelbottom=False)
        axes.xaxis.set_label_position("top")
        grouped = " of the kernel's group" if kernels.groups > 1 else ""
        rows = ", and kernels in rows" if height < _SHORT else ""
        axes.set_xlabel(f"slices: input channels{grouped}{rows}", fontsize=7.5, labelpad=4)
        if not rows:
            axes.set_ylabel("kernels: output channels", fontsize=7.5)
        draw_scale(figure, left + 0.2, top + height + 0.18, limit, "weight; one scale for all")
    return figure


def _number(set_ticks: Callable[..., Any], names: Sequence[str], step: float, room: float) -> None:
    """Labels in the middle of tiles, as many as have room: ``step`` inches are between tiles."""
    every = max(1, math.ceil(room / step))
    places = range(0, len(names), every)
    set_ticks([at + 0.5 for at in places], [names[at] for at in places])


def draw_scale(figure: Figure, left: float, top: float, limit: float, label: str) -> Axes:
    """The one scale of a figure, from −limit to limit, and what its colours mean."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    axes = place(figure, left, top, 2.4, 0.1)
    colours = ScalarMappable(Normalize(-limit, limit), colour_map("diverging", DIVERGING))
    bar = figure.colorbar(colours, cax=axes, orientation="horizontal")
    bar.outline.set_visible(False)
    axes.set_xticks([-limit, 0, limit], [*signed([-limit], limit), "0", *signed([limit], limit)])
    axes.tick_params(length=0, labelsize=7.5)
    words(figure, left + 2.65, top - 0.03, label, fontsize=8, color=LIGHT["muted"])
    return axes
