"""Where the boxes of a network drawing stand: scale, columns, rows.  Nothing is drawn here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from convscope.architecture.layers import Volume
from convscope.report.scene import LABEL, SMALL, Point, width_of
from convscope.report.stages import Stage

__all__ = [
    "ARC",
    "BAR",
    "BETWEEN",
    "LINE",
    "MARGIN",
    "SLANT",
    "Placed",
    "Row",
    "Scale",
    "caption",
    "laid_out",
]

_FACES = (168.0, 144.0, 120.0, 100.0, 84.0, 72.0)
"""Sides of the largest front, in units of the drawing: the first that costs no further row."""
_DEPTH = 0.75
"""The longest depth and the tallest vector (longer ones are broken), in largest fronts."""
SLANT = math.radians(33)
MARGIN = 10.0
BAR = 64.0
ARC = 15.0
LINE = 15.0
_GAP = 26.0
_CAPTION = 20
"""Signs of a caption's line before it is broken."""
BETWEEN = 22.0
"""Between two rows."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Units of the drawing for a pixel, for a channel in depth, for a number of a vector."""

    pixel: float
    channel: float
    cell: float
    column: float

    def front(self, volume: Volume) -> tuple[float, float]:
        """Width and height of what is seen from the front."""
        if volume.flat:
            return 11.0, min(volume.channels * self.cell, self.column)
        return max(volume.width * self.pixel, 1.5), max(volume.height * self.pixel, 1.5)

    def depth(self, volume: Volume) -> Point:
        """How far the last channel lies to the right, and upwards (negative)."""
        if volume.flat:
            return 0.0, 0.0
        length = max(volume.channels * self.channel, 1.0)
        return length * math.cos(SLANT), -length * math.sin(SLANT)


@dataclass(frozen=True, slots=True)
class Placed:
    """A stage with its place: the front's upper left corner and its extent."""

    stage: Stage
    centre: float
    x: float
    y: float
    width: float
    height: float
    depth: Point

    @property
    def right(self) -> float:
        return self.x + self.width + self.depth[0]

    @property
    def top(self) -> float:
        return self.y + self.depth[1]

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Row:
    """Boxes side by side, and where their captions end."""

    boxes: tuple[Placed, ...]
    bottom: float


def laid_out(stages: Sequence[Stage], width: float) -> tuple[Scale, list[Row], float]:
    """The scale, the rows from above, and how far they reach to the right."""
    scale, columns, counts = _fitted(stages, width - 2 * MARGIN)
    widths = [_spread(row, width - 2 * MARGIN) for row in _cut(columns, counts)]
    rows: list[Row] = []
    top, start = MARGIN, 0
    for row in widths:
        rows.append(_placed_row(stages[start : start + len(row)], row, scale, top))
        top = rows[-1].bottom + BETWEEN
        start += len(row)
    return scale, rows, MARGIN + max(map(sum, widths))


def _fitted(stages: Sequence[Stage], width: float) -> tuple[Scale, list[float], list[int]]:
    """The largest scale that needs no more rows than the smallest does."""
    fitted: list[tuple[Scale, list[float], list[int]]] = []
    for face in _FACES:
        scale = _scale_of(stages, face)
        columns = [_column_width(stage, scale) for stage in stages]
        fitted.append((scale, columns, _rows(columns, width)))
    fewest = min(len(counts) for _, _, counts in fitted)
    return next(fit for fit in fitted if len(fit[2]) == fewest)


def _scale_of(stages: Sequence[Stage], face: float) -> Scale:
    images = [stage.output for stage in stages if not stage.output.flat]
    tallest = max(max(volume.height, volume.width) for volume in images)
    deepest = max(volume.channels for volume in images)
    longest = max((stage.output.channels for stage in stages if stage.output.flat), default=1)
    pixel, column = min(face / tallest, 10.0), face * _DEPTH
    cell = min(8.0, max(column / longest, 2.0))
    return Scale(pixel, min(pixel / 2, face * _DEPTH / deepest), cell, column)


def _spread(columns: Sequence[float], width: float) -> list[float]:
    """Columns a little wider, so that a row fills its line where it nearly does."""
    extra = min((width - sum(columns)) / len(columns), _GAP)
    return [column + max(extra, 0.0) for column in columns]


def _cut(columns: Sequence[float], counts: Sequence[int]) -> Iterator[Sequence[float]]:
    """The columns of each row."""
    start = 0
    for count in counts:
        yield columns[start : start + count]
        start += count


def caption(stage: Stage) -> list[str]:
    """The lines below a stage's name and volume, broken where they are long."""
    lines = [line for word in stage.words for line in wrap(word, _CAPTION)]
    return lines + wrap(", ".join(stage.train), _CAPTION)


def _column_width(stage: Stage, scale: Scale) -> float:
    front, depth = scale.front(stage.output)[0], scale.depth(stage.output)[0]
    copies = 8.0 if stage.count > 1 else 0.0
    words = [width_of(line, SMALL) for line in caption(stage)]
    words += [width_of(str(stage.output), SMALL), width_of(stage.heading, LABEL, bold=True)]
    if stage.share:
        words.append(BAR)
    return max(front + depth + copies, *words) + _GAP


def _rows(columns: Sequence[float], width: float) -> list[int]:
    """How many columns each row holds: as few rows as fit, then as even as they get."""
    fewest = len(_filled(columns, width))
    for step in range(1, 41):
        limit = width * step / 40
        rows = _filled(columns, limit)
        if len(rows) == fewest:
            return rows
    return _filled(columns, width)


def _filled(columns: Sequence[float], width: float) -> list[int]:
    rows, used = [0], 0.0
    for column in columns:
        if rows[-1] and used + column > width:
            rows.append(0)
            used = 0.0
        rows[-1] += 1
        used += column
    return rows


def _placed_row(stages: Sequence[Stage], columns: Sequence[float], scale: Scale, top: float) -> Row:
    """The boxes of a row, their fronts centred on one line."""
    fronts = [scale.front(stage.output) for stage in stages]
    depths = [scale.depth(stage.output) for stage in stages]
    arcs = ARC if any(stage.shortcut for stage in stages) else 0.0
    above = max(
        height / 2 - depth[1] + (9.0 if stage.count > 1 else 0.0)
        for stage, (_, height), depth in zip(stages, fronts, depths, strict=True)
    )
    middle = top + arcs + above
    placed: list[Placed] = []
    x = MARGIN
    for stage, column, (width, height), depth in zip(stages, columns, fronts, depths, strict=True):
        centre = x + column / 2
        left = centre - (width + depth[0]) / 2
        placed.append(Placed(stage, centre, left, middle - height / 2, width, height, depth))
        x += column
    below = middle + max(height for _, height in fronts) / 2
    lines = max(2 + len(caption(stage)) + (1.4 if stage.share else 0) for stage in stages)
    return Row(tuple(placed), below + 10 + lines * LINE)
