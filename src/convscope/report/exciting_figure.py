"""Images that excite channels: real ones with the part that did it, and those made for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convscope.report.channel_words import page_words, signed
from convscope.report.exciting_view import classes_told
from convscope.report.figures import short_name
from convscope.report.maps_figure import draw_scale
from convscope.report.numbers import percent, thousands
from convscope.report.palette import LIGHT
from convscope.report.picture_figures import picture
from convscope.report.plotting import PAD, figure_style, new_figure, title, words
from convscope.report.scene import width_of
from convscope.report.sheet import Sheet, coloured, limit_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.architecture.pixels import Box
    from convscope.inspection.maps.exciting import ChannelExcitement, Exciting
    from convscope.inspection.maps.kernels import Kernels
    from convscope.inspection.maps.visualisation import Visualisation

__all__ = ["ROWS", "exciting_figure", "visualisation_figure"]

ROWS = 16
"""Channels in a figure where the caller names none."""
_TILE, _GAP = 0.66, 0.09
_LABEL = 1.3
_CAPTION = 0.27
_GREY = np.full((1, 1, 3), 214, np.uint8)
"""Padding, in an enlarged part."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """A picture of a row: its colours, the box that its unit sees, and its caption."""

    colours: NDArray[np.uint8]
    box: Box | None
    value: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where things stand, in inches: the height of a tile, of a row, and where images begin.

    ``field`` are the height and width of the largest box, None where parts are not enlarged.
    """

    down: float
    step: float
    left: float
    field: tuple[int, int] | None


def exciting_figure(
    exciting: Exciting,
    channels: Sequence[int] | None = None,
    *,
    kernels: Kernels | None = None,
) -> Figure:
    """A row for each channel: its images with the box that its unit saw, and that part enlarged.

    By default the first 16 of the channels.  ``kernels`` of a layer that looks at the image
    stand at the head of the rows.
    """
    rows = _rows(exciting, channels)
    leads: dict[int, _Tile] = {}
    limit = 0.0
    if kernels is not None:
        shown = kernels.weights[[each.channel for each in rows]]
        limit = limit_of(shown)
        leads = {
            each.channel: _Tile(_side_by_side(weights, limit), None, "kernel")
            for each, weights in zip(rows, shown, strict=True)
        }
    head = (
        f"What excites {exciting.layer} of {short_name(exciting.subject, 30)}",
        f"{_page(rows, exciting.total)}: the strongest of {_source(exciting)}",
    )
    return _drawn(exciting, rows, leads, head, limit)


def visualisation_figure(made: Visualisation, channels: Sequence[int] | None = None) -> Figure:
    """The image made for each channel, and beside it the real images that excite it most.

    By default the first 16 of the channels.
    """
    rows = _rows(made.exciting, channels)
    images = {image.channel: image for image in made.images}
    largest = max(abs(image.value) for image in made.images)
    leads = {
        each.channel: _Tile(
            picture(image.pixels), image.box, signed([image.value], largest)[0], "made"
        )
        for each in rows
        for image in [images[each.channel]]
    }
    head = (
        f"What {made.layer} of {short_name(made.subject, 30)} looks for",
        f"{_page(rows, made.total)}: an image made in {made.settings['steps']:g} steps "
        f"(seed {made.seed}), beside the strongest of {_source(made.exciting)}",
    )
    return _drawn(made.exciting, rows, leads, head, 0.0)


def _rows(exciting: Exciting, channels: Sequence[int] | None) -> tuple[ChannelExcitement, ...]:
    if channels is None:
        return exciting.channels[:ROWS]
    wanted = set(channels)
    return tuple(each for each in exciting.channels if each.channel in wanted)


def _page(rows: Sequence[ChannelExcitement], total: int) -> str:
    return page_words([each.channel for each in rows], total)


def _source(exciting: Exciting) -> str:
    return f"{thousands(exciting.count)} images of {short_name(exciting.images_from, 40)}"


def _side_by_side(weights: NDArray[np.float32], limit: float) -> NDArray[np.uint8]:
    """The slices of one kernel in a row, white between them."""
    gap = np.zeros((weights.shape[1], 1), np.float32)
    parts = [part for values in weights for part in (gap, values)][1:]
    return coloured(np.concatenate(parts, 1), limit)


def _drawn(
    exciting: Exciting,
    rows: Sequence[ChannelExcitement],
    leads: dict[int, _Tile],
    head: tuple[str, str],
    limit: float,
) -> Figure:
    grid = _grid(exciting, rows, leads)
    largest = max((abs(one.value) for each in rows for one in each.best), default=1.0)
    count = max((len(each.best) for each in rows), default=0)
    told = f"Below: the greatest value of the map, and the class. {_boxes_told(exciting, grid)}"
    widest = max(width_of(head[1], 8.5), width_of(told, 7)) / 72
    with figure_style():
        figure = new_figure(
            max(grid.left + count * (_TILE + _GAP), PAD + widest) + PAD,
            0.7 + len(rows) * grid.step + 0.2 + (0.42 if limit else 0),
            arranged=False,
        )
        top = title(figure, *head) + 0.14
        sheet = Sheet(figure)
        for number, each in enumerate(rows):
            upper = top + number * grid.step
            _label(figure, exciting, each, upper)
            if each.channel in leads:
                _tile(figure, sheet, leads[each.channel], grid, PAD + _LABEL, upper)
            for at, one in enumerate(each.best):
                value = signed([one.value], largest)[0]
                colours = picture(exciting.pixels[one.image])
                tile = _Tile(colours, one.box, value, exciting.class_of(one))
                _tile(figure, sheet, tile, grid, grid.left + at * (_TILE + _GAP), upper)
        below = top + len(rows) * grid.step
        words(figure, PAD, below, told, fontsize=7, color=LIGHT["muted"])
        if limit:
            draw_scale(figure, PAD + 0.2, below + 0.22, limit, "weight; one scale for all kernels")
    return figure


def _grid(exciting: Exciting, rows: Sequence[ChannelExcitement], leads: dict[int, _Tile]) -> _Grid:
    """Parts are enlarged where no unit sees more than half of its image."""
    sides = next(iter(exciting.pixels.values())).shape[1:] if exciting.pixels else (1, 1)
    boxes = [one.box for each in rows for one in each.best if one.box is not None]
    boxes += [lead.box for lead in leads.values() if lead.box is not None]
    field = None
    if boxes:
        height, width = max(box.height for box in boxes), max(box.width for box in boxes)
        if 2 * height * width <= sides[0] * sides[1]:
            field = (height, width)
    down = _TILE * min(max(sides[0] / sides[1], 0.4), 2.5)
    part = 0.05 + _TILE * field[0] / max(field) if field else 0.0
    left = PAD + _LABEL + (_TILE + 0.25 if leads else 0)
    return _Grid(down, down + part + _CAPTION + 0.2, left, field)


def _boxes_told(exciting: Exciting, grid: _Grid) -> str:
    if grid.field is None:
        return "Each unit sees more than half of the image, or all of it."
    return f"In the box, and enlarged, what the unit sees; grey is padding ({exciting.boxes})."


def _label(figure: Figure, exciting: Exciting, each: ChannelExcitement, top: float) -> None:
    words(figure, PAD, top, f"channel {each.channel}", fontsize=8.5, fontweight="bold")
    lines = [each.name, f"above 0 in {percent(each.active)}"]
    lines += classes_told(exciting, each).removesuffix(", …").split(", ")
    if not each.best:
        lines.append("no image stands out")
    for number, line in enumerate(line for line in lines if line):
        style = {"fontsize": 7, "color": LIGHT["muted"]}
        words(figure, PAD, top + 0.17 + 0.13 * number, short_name(line, 22), **style)


def _tile(figure: Figure, sheet: Sheet, tile: _Tile, grid: _Grid, left: float, top: float) -> None:
    """An image with its box, the part in the box in its place in the field, and the caption."""
    sides = tile.colours.shape[:2]
    width, down = _fitted(sides, grid.down)
    below = top + grid.down + 0.05
    # A kernel is as large as the field, and stands beside the enlarged parts.
    beside = grid.field == sides and tile.box is None
    sheet.image(tile.colours, (left, below if beside else top, width, down))
    if grid.field is not None and tile.box is not None:
        sheet.box(tile.box, sides, (left, top, width, down))
        _part(sheet, tile, grid.field, left, below)
    below = top + grid.step - _CAPTION - 0.17
    words(figure, left, below, tile.value, fontsize=7)
    style = {"fontsize": 6.5, "color": LIGHT["muted"]}
    words(figure, left, below + 0.12, short_name(tile.told, 11), **style)


def _fitted(sides: Sequence[int], down: float) -> tuple[float, float]:
    """As large as a tile allows, in its own proportions."""
    scale = min(_TILE / sides[1], down / sides[0])
    return sides[1] * scale, sides[0] * scale


def _part(sheet: Sheet, tile: _Tile, field: tuple[int, int], left: float, top: float) -> None:
    """The box's pixels where they lie in the field; what lies beyond the image is grey."""
    box = tile.box
    if box is None:
        return
    scale = _TILE / max(field)
    height, width = field
    # A box that begins at the image's edge and is too small has lost what lay before it.
    above = height - box.height if box.top == 0 else 0
    before = width - box.width if box.left == 0 else 0
    sheet.image(_GREY, (left, top, width * scale, height * scale))
    pixels = tile.colours[box.top : box.bottom, box.left : box.right]
    corner = (left + before * scale, top + above * scale)
    sheet.image(pixels, (*corner, box.width * scale, box.height * scale), frame=None)
