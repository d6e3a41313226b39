"""The network drawn to scale: every volume a box, height × width in front, channels in depth.

A cabinet projection: the front of a box is a map, undistorted, its channels lie
behind one another along an oblique line.  All boxes of a drawing share one scale for
pixels and one for channels, and the legend shows both.  The orange window is what one
unit of the next volume reads, to scale too.  Rows wrap to the width that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from convscope.architecture.arithmetic import Explanation
from convscope.report.images import EncodedImage
from convscope.report.network_layout import (
    ARC,
    BAR,
    BETWEEN,
    LINE,
    MARGIN,
    SLANT,
    Placed,
    Scale,
    caption,
    laid_out,
)
from convscope.report.numbers import percent
from convscope.report.scene import (
    LABEL,
    SMALL,
    Mark,
    Picture,
    Point,
    Polygon,
    Polyline,
    Scene,
    Words,
    width_of,
)
from convscope.report.stages import Stage, stages_of

__all__ = ["draw_network"]


def draw_network(
    explanation: Explanation, width: float = 960.0, image: EncodedImage | None = None
) -> Scene:
    """The drawing, its rows no wider than ``width`` (a single box may be).

    With an ``image`` the input is not blank but that picture.
    """
    stages = stages_of(explanation)
    scale, rows, widest = laid_out(stages, width)
    marks: list[Mark] = []
    before: Placed | None = None
    for row in rows:
        marks += _draw_row(row.boxes, scale, before, image, last=row is rows[-1])
        before = row.boxes[-1]
    across = max(widest, min(width, 330.0))
    legend, bottom = _legend(scale, stages, rows[-1].bottom + BETWEEN, across)
    marks += legend
    return Scene(
        max(widest + MARGIN, across),
        bottom + MARGIN,
        tuple(marks),
        "The network, drawn to scale",
        _description(stages),
    )


def _draw_row(
    row: Sequence[Placed],
    scale: Scale,
    before: Placed | None,
    image: EncodedImage | None,
    *,
    last: bool,
) -> Iterator[Mark]:
    below = max(item.y + item.height for item in row) + 20
    for item in row:
        yield from _box(item, scale)
        if image and item.stage.kind == "input":
            yield Picture(item.x, item.y, item.width, item.height, image.content, image.kind)
        yield from _captions(item, below)
    for left, right in pairwise(row):
        yield from _step(left, right, scale)
    arc = min(item.top for item in row) - ARC + 3
    for place, item in enumerate(row):
        if item.stage.shortcut:
            yield from _shortcut(row[place - 1] if place else None, item, arc)
    if before is not None:
        first = row[0]
        yield Polyline(((0.0, first.middle), (first.x - 4, first.middle)), "faint", arrow=True)
    if not last:
        end = row[-1]
        stop = end.right + 18
        yield Polyline(((end.right + 4, end.middle), (stop, end.middle)), "faint", arrow=True)


def _box(item: Placed, scale: Scale) -> Iterator[Mark]:
    """Top, side and front, with a line between channels where they are wide enough."""
    kind = "map" if item.stage.kind == "map" else "pooled"
    x, y, right, bottom = item.x, item.y, item.x + item.width, item.y + item.height
    front = ((x, y), (right, y), (right, bottom), (x, bottom))
    if item.stage.output.flat:
        yield from _vector(item, scale)
        return
    dx, dy = item.depth
    edge = f"{kind}-edge"
    if item.stage.count > 1:
        for shift in (8.0, 4.0):
            yield Polygon(
                _moved(
                    (
                        (x, y),
                        (x + dx, y + dy),
                        (right + dx, y + dy),
                        (right + dx, bottom + dy),
                        (right, bottom),
                        (x, bottom),
                    ),
                    shift,
                    -shift,
                ),
                f"{kind}-top",
                edge,
                0.6,
            )
    yield Polygon(((x, y), (x + dx, y + dy), (right + dx, y + dy), (right, y)), f"{kind}-top", edge)
    side = ((right, y), (right + dx, y + dy), (right + dx, bottom + dy), (right, bottom))
    yield Polygon(side, f"{kind}-side", edge)
    channels = item.stage.output.channels
    if scale.channel >= 1.6:
        for channel in range(1, channels):
            across, up = dx * channel / channels, dy * channel / channels
            corner = ((x + across, y + up), (right + across, y + up), (right + across, bottom + up))
            yield Polyline(corner, edge, 0.35, opacity=0.55)
    yield Polygon(front, f"{kind}-front" if item.stage.kind != "input" else "paper", edge)


def _moved(points: Sequence[Point], right: float, down: float) -> tuple[Point, ...]:
    return tuple((x + right, y + down) for x, y in points)


def _vector(item: Placed, scale: Scale) -> Iterator[Mark]:
    """A column of cells; one too long for the row is broken in the middle."""
    count = item.stage.output.channels
    x, right, bottom = item.x, item.x + item.width, item.y + item.height
    corners = ((x, item.y), (right, item.y), (right, bottom), (x, bottom))
    yield Polygon(corners, "vector-front", "vector-edge")
    cells = round(item.height / scale.cell)
    if scale.cell >= 2.5:
        for cell in range(1, cells):
            y = item.y + item.height * cell / cells
            yield Polyline(((x, y), (right, y)), "vector-edge", 0.4, opacity=0.7)
    if count * scale.cell > scale.column + 0.5:
        for y in (item.middle - 2.5, item.middle + 2.5):
            yield Polyline(((x - 4, y + 2), (right + 4, y - 2)), "vector-edge", 0.9)
        gap = ((x - 3, item.middle - 0.5), (right + 3, item.middle - 4.5))
        yield Polygon((*gap, *_moved(gap[::-1], 0, 5.0)), "paper")


def _captions(item: Placed, y: float) -> Iterator[Mark]:
    stage, x = item.stage, item.centre
    yield Words(x, y, stage.heading, size=LABEL, bold=True)
    y += LINE
    yield Words(x, y, str(stage.output))
    for line in caption(stage):
        y += LINE
        yield Words(x, y, line, role="muted")
    if stage.share:
        y += 8
        left = x - BAR / 2
        yield _rectangle(left, y, BAR, 3.5, "rule")
        yield _rectangle(left, y, max(BAR * stage.share, 0.7), 3.5, "accent")
        yield Words(x, y + 15, percent(stage.share), role="muted")


def _rectangle(x: float, y: float, width: float, height: float, fill: str) -> Polygon:
    return Polygon(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), fill)


def _step(left: Placed, right: Placed, scale: Scale) -> Iterator[Mark]:
    """What leads from a volume to the next: a window's rays, a fan, or an arrow."""
    window = right.stage.window
    if window is not None and not left.stage.output.flat:
        yield from _rays(left, right, window, scale)
    elif right.stage.output.flat and right.stage.kind == "vector":
        start = left.x + left.width + (0 if left.stage.output.flat else left.depth[0])
        lift = left.depth[1]
        for end, y in (
            (right.y, left.y + lift),
            (right.y + right.height, left.y + left.height + lift),
        ):
            yield Polyline(((start, y), (right.x, end)), "warm", 0.7, opacity=0.75)
    else:
        yield Polyline(
            ((left.right + 5, left.middle), (right.x - 4, right.middle)), "faint", arrow=True
        )


def _rays(left: Placed, right: Placed, window: tuple[int, int], scale: Scale) -> Iterator[Mark]:
    """The window on the front of its input, and rays to the unit that it makes."""
    width = min(window[1] * scale.pixel, left.width)
    height = min(window[0] * scale.pixel, left.height)
    # Around the unit that the layer before has made, so that the eye can follow one.
    middle = _unit(left)
    x = min(max(middle[0] - width / 2, left.x), left.x + left.width - width)
    y = min(max(middle[1] - height / 2, left.y), left.y + left.height - height)
    unit = _unit(right)
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    for corner in corners:
        yield Polyline((corner, unit), "warm", 0.6, opacity=0.6)
    yield Polygon(corners, "warm-soft", "warm", 1.0, opacity=0.5)
    side = min(max(scale.pixel, 2.2), right.width, right.height)
    yield _rectangle(unit[0] - side / 2, unit[1] - side / 2, side, side, "warm")


def _unit(item: Placed) -> Point:
    """The unit of a volume whose making the rays show."""
    return item.x + item.width * 0.66, item.y + item.height * 0.36


def _shortcut(left: Placed | None, right: Placed, y: float) -> Iterator[Mark]:
    """The way around a residual block, above it."""
    end = right.x + right.depth[0] + right.width / 2 - 5
    if left is None:
        points: tuple[Point, ...] = ((0.0, y), (end, y), (end, right.top - 3))
    else:
        start = left.x + left.depth[0] + left.width / 2 + 5
        points = ((start, left.top - 2), (start, y), (end, y), (end, right.top - 3))
    yield Polyline(points, "accent", 1.0, arrow=True)


def _legend(
    scale: Scale, stages: Sequence[Stage], top: float, width: float
) -> tuple[list[Mark], float]:
    """The two scales, the window and the bar, wrapped to the width."""
    pixels = _round_length(34 / scale.pixel)
    channels = _round_length(34 / scale.channel)
    entries: list[tuple[str, str, float]] = [
        ("pixels", f"{pixels} pixels", pixels * scale.pixel),
        ("channels", f"{channels} channels", channels * scale.channel * math.cos(SLANT)),
    ]
    if any(stage.window for stage in stages):
        entries.append(("window", "what one unit reads", 9.0))
    if any(stage.shortcut for stage in stages):
        entries.append(("shortcut", "shortcut, added at its end", 16.0))
    if any(stage.share for stage in stages):
        entries.append(("bar", "share of all multiply-adds", 26.0))
    marks: list[Mark] = []
    x, y = MARGIN, top + 12
    for kind, text, length in entries:
        needed = length + 6 + width_of(text, SMALL)
        if x > MARGIN and x + needed > width:
            x, y = MARGIN, y + 20
        marks += _key(kind, x, y, length)
        marks.append(Words(x + length + 6, y, text, role="muted", anchor="start"))
        x += needed + 20
    return marks, y + 4


def _key(kind: str, x: float, y: float, length: float) -> Iterator[Mark]:
    middle = y - 4
    match kind:
        case "pixels":
            yield Polyline(((x, middle - 3), (x, middle + 3)), "ink", 0.9)
            yield Polyline(((x, middle), (x + length, middle)), "ink", 1.2)
            yield Polyline(((x + length, middle - 3), (x + length, middle + 3)), "ink", 0.9)
        case "channels":
            rise = length * math.tan(SLANT) / 2
            yield Polyline(((x, middle + rise), (x + length, middle - rise)), "ink", 1.2)
        case "window":
            corners = ((x, y - 9), (x + 9, y - 9), (x + 9, y), (x, y))
            yield Polygon(corners, "warm-soft", "warm", 1.0)
        case "shortcut":
            yield Polyline(((x, middle), (x + length, middle)), "accent", 1.0, arrow=True)
        case _:
            yield _rectangle(x, middle - 2, length, 3.5, "rule")
            yield _rectangle(x, middle - 2, length * 0.6, 3.5, "accent")


def _round_length(value: float) -> int:
    """1, 2, 5, 10, 20, 50, …: the largest that does not exceed ``value``."""
    best = 1
    for power in range(6):
        for digit in (1, 2, 5):
            if digit * 10**power <= value:
                best = digit * 10**power
    return best


def _description(stages: Sequence[Stage]) -> str:
    """The drawing for those who cannot see it."""
    steps = [f"{stage.heading} {stage.output}" for stage in stages]
    return "From left to right: " + ", ".join(steps) + "."
