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
from convscope.report.sheet import Sheet, coloured, limit_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.architecture.pixels import Box
    from convscope.inspection.exciting import ChannelExcitement, Excitement, Exciting
    from convscope.inspection.kernels import Kernels
    from convscope.inspection.visualisation import Visualisation

__all__ = ["ROWS", "exciting_figure", "visualisation_figure"]

ROWS = 16
"""Channels in a figure where the caller names none."""
_TILE, _GAP = 0.66, 0.09
_LABEL = 1.3
_CAPTION = 0.27


@dataclass(frozen=True, slots=True)
class _Lead:
    """The picture at the head of a row: its colours, the box on it, and its caption."""

    colours: NDArray[np.uint8]
    box: Box | None
    caption: str


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
    leads: dict[int, _Lead] = {}
    limit = 0.0
    if kernels is not None:
        shown = kernels.weights[[each.channel for each in rows]]
        limit = limit_of(shown)
        leads = {
            each.channel: _Lead(_side_by_side(weights, limit), None, "kernel")
            for each, weights in zip(rows, shown, strict=True)
        }
    head = (
        f"What excites {exciting.layer} of {short_name(exciting.subject, 30)}",
        f"{page_words([each.channel for each in rows], exciting.total)}; "
        f"the strongest of {thousands(exciting.count)} images of {exciting.images_from}, "
        "with the greatest value of the map",
    )
    return _drawn(exciting, rows, leads, head, limit)


def visualisation_figure(made: Visualisation, channels: Sequence[int] | None = None) -> Figure:
    """The image made for each channel, and beside it the real images that excite it most."""
    rows = _rows(made.exciting, channels)
    images = {image.channel: image for image in made.images}
    limit = max(abs(image.value) for image in made.images)
    leads = {
        each.channel: _Lead(
            picture(image.pixels), image.box, f"{signed([image.value], limit)[0]}\nmade"
        )
        for each in rows
        for image in [images[each.channel]]
    }
    real = made.exciting
    head = (
        f"What {made.layer} of {short_name(made.subject, 30)} looks for",
        f"{page_words([each.channel for each in rows], made.total)}; an image made in "
        f"{made.settings['steps']:g} steps (seed {made.seed}), then the strongest of "
        f"{thousands(real.count)} images of {real.images_from}",
    )
    return _drawn(real, rows, leads, head, 0.0)


def _rows(exciting: Exciting, channels: Sequence[int] | None) -> tuple[ChannelExcitement, ...]:
    if channels is None:
        return exciting.channels[:ROWS]
    wanted = set(channels)
    return tuple(each for each in exciting.channels if each.channel in wanted)


def _side_by_side(weights: NDArray[np.float32], limit: float) -> NDArray[np.uint8]:
    """The slices of one kernel in a row, white between them."""
    height = weights.shape[1]
    gap = np.zeros((height, 1), np.float32)
    parts = [part for values in weights for part in (gap, values)][1:]
    return coloured(np.concatenate(parts, 1), limit)


def _drawn(
    exciting: Exciting,
    rows: Sequence[ChannelExcitement],
    leads: dict[int, _Lead],
    head: tuple[str, str],
    limit: float,
) -> Figure:
    sides = next(iter(exciting.pixels.values())).shape[1:] if exciting.pixels else (1, 1)
    down = _TILE * min(max(sides[0] / sides[1], 0.4), 2.5)
    parts = any(_partial(exciting, one) for each in rows for one in each.best)
    step = down + (_TILE + 0.05 if parts else 0) + _CAPTION + 0.16
    count = max((len(each.best) for each in rows), default=0)
    left = PAD + _LABEL + (_TILE + 0.25 if leads else 0)
    with figure_style():
        figure = new_figure(
            max(left + count * (_TILE + _GAP) + PAD, 7.2),
            0.7 + len(rows) * step + 0.2 + (0.35 if limit else 0),
            arranged=False,
        )
        top = title(figure, *head) + 0.14
        sheet = Sheet(figure)
        largest = max((abs(one.value) for each in rows for one in each.best), default=1.0)
        for number, each in enumerate(rows):
            upper = top + number * step
            _label(figure, exciting, each, upper)
            if each.channel in leads:
                _lead(figure, sheet, leads[each.channel], upper, down)
            for at, one in enumerate(each.best):
                place = (left + at * (_TILE + _GAP), upper, _TILE, down)
                _image(sheet, exciting, one, place, parts=parts)
                below = upper + step - _CAPTION - 0.13
                _caption(
                    figure, place[0], below, signed([one.value], largest)[0], exciting.class_of(one)
                )
        below = top + len(rows) * step
        told = "box and enlarged part: what the strongest unit sees" if parts else ""
        told = f"{told} ({exciting.boxes})" if told else exciting.boxes
        words(figure, PAD, below, told, fontsize=7, color=LIGHT["muted"])
        if limit:
            draw_scale(figure, PAD, below + 0.2, limit, "weight; one scale for all kernels")
    return figure


def _partial(exciting: Exciting, one: Excitement) -> bool:
    """Whether the unit sees so little that it is worth being enlarged."""
    height, width = exciting.pixels[one.image].shape[1:]
    return one.box is not None and 2 * one.box.height * one.box.width <= height * width


def _label(figure: Figure, exciting: Exciting, each: ChannelExcitement, top: float) -> None:
    words(figure, PAD, top, f"channel {each.channel}", fontsize=8.5, fontweight="bold")
    lines = [short_name(each.name, 18)] if each.name else []
    lines.append(f"active in {percent(each.active)}")
    lines += classes_told(exciting, each, 2).replace(", …", "").split(", ")
    if not each.best:
        lines.append("no image stands out")
    for number, line in enumerate(line for line in lines if line):
        style = {"fontsize": 7, "color": LIGHT["muted"]}
        words(figure, PAD, top + 0.17 + 0.13 * number, short_name(line, 22), **style)


def _lead(figure: Figure, sheet: Sheet, lead: _Lead, top: float, down: float) -> None:
    left = PAD + _LABEL
    height, width = lead.colours.shape[:2]
    tall = min(_TILE * height / width, down)
    place = (left, top, _TILE, tall)
    sheet.image(lead.colours, place)
    if lead.box is not None and 2 * lead.box.height * lead.box.width <= height * width:
        sheet.box(lead.box, (height, width), place)
    for number, line in enumerate(lead.caption.splitlines()):
        style = {"fontsize": 7, "color": LIGHT["ink"] if number == 0 else LIGHT["muted"]}
        words(figure, left, top + tall + 0.03 + 0.12 * number, line, **style)


def _image(
    sheet: Sheet,
    exciting: Exciting,
    one: Excitement,
    place: tuple[float, float, float, float],
    *,
    parts: bool,
) -> None:
    """An image, the box on it, and below it the part in the box."""
    left, top, width, down = place
    pixels = exciting.pixels[one.image]
    sheet.image(picture(pixels), place)
    if not parts or one.box is None:
        return
    sheet.box(one.box, pixels.shape[1:], place)
    seen = picture(exciting.patch(one))
    scale = width / max(seen.shape[:2])
    size = (seen.shape[1] * scale, seen.shape[0] * scale)
    sheet.image(seen, (left, top + down + 0.05, *size), frame=LIGHT["warm"])


def _caption(figure: Figure, left: float, top: float, value: str, shown: str) -> None:
    words(figure, left, top, value, fontsize=7)
    style = {"fontsize": 6.5, "color": LIGHT["muted"]}
    words(figure, left, top + 0.12, short_name(shown, 11), **style)
