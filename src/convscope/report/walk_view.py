"""A Walk for the terminal: every stage with its numbers, the sums with their terms."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convscope.architecture.pixels import Box
from convscope.inspection.recording import INPUT
from convscope.inspection.walking.digits import shown
from convscope.inspection.walking.seeing import PADDING_ALONE
from convscope.inspection.walking.single import Added, Multiplied
from convscope.inspection.walking.stage import unit_words
from convscope.inspection.walking.sums import Pooled, Weighted
from convscope.report.grids import beside, grid_lines, in_columns, value_texts
from convscope.report.lines import Line
from convscope.report.numbers import thousands
from convscope.report.view import Say, View, labelled

if TYPE_CHECKING:
    from convscope.inspection.subject import Picture
    from convscope.inspection.walking.stage import Stage
    from convscope.inspection.walking.walk import Walk

__all__ = [
    "WalkView",
    "field_words",
    "image_words",
    "prepared",
    "reads_words",
    "source_words",
    "span_words",
]

_WIDEST = 100
_INDENT = "  "
_LABEL = 11
_TERMS = 10
"""Terms of a vector that are written out where not all are asked for."""


def field_words(field: Box | None, note: str) -> str:
    """rows 3–16, columns 7–20 of the image, 14×14 pixels; or why that is not known."""
    if field is None:
        return f"{'none' if note == PADDING_ALONE else 'not known'}: {note}"
    rows = span_words(range(field.top, field.bottom), "row")
    columns = span_words(range(field.left, field.right), "column")
    return f"{rows}, {columns} of the image: {field.height}×{field.width} pixels"


def span_words(places: range | tuple[int, ...], what: str) -> str:
    """rows 3–16; row 3; rows −2, 1, 4 where there are holes."""
    numbers = [str(place).replace("-", "−") for place in places]
    if len(numbers) == 1:
        return f"{what} {numbers[0]}"
    if len(places) > 1 and places[-1] - places[0] == len(places) - 1:
        return f"{what}s {numbers[0]} to {numbers[-1]}"
    return f"{what}s {', '.join(numbers)}"


def image_words(picture: Picture, label: str | None) -> str:
    """fashion-mini (test), image 0: Ankle boot"""
    return picture.title if label is None else f"{picture.title}: {label}"


def prepared(picture: Picture) -> list[tuple[str, str]]:
    """What was done to a picture of one's own; of a sample nothing is said."""
    return [("prepared", picture.words)] if picture.words else []


@dataclass(frozen=True)
class WalkView(View):
    """What ``rich.print`` shows of a Walk.

    ``channels`` is how many input channels of a sum are written out tap by tap, those with
    the largest sums first; None writes out all.  The sum of every channel is always shown.
    """

    walk: Walk
    channels: int | None = 1

    def lines(self, width: int, say: Say) -> list[Line]:
        walk, narrow = self.walk, min(width, _WIDEST)
        title = f"{walk.unit} of {walk.subject} = {shown(walk.value)}"
        lines: list[Line] = [[(say(title), "bold")]]
        head = [("image", image_words(walk.picture, walk.label))]
        head += prepared(walk.picture)
        head.append(("sees", field_words(walk.field, walk.field_note)))
        if walk.means:
            head.append(("is", f"the score of {walk.means}"))
        if walk.chosen:
            head.append(("chosen", walk.chosen))
        if not walk.trained:
            head.append(("weights", "untrained"))
        for label, text in head:
            lines += labelled(label, say(text), narrow, _LABEL)
        for stage in walk.stages:
            lines.append([])
            lines += self._stage(stage, narrow, say)
        return lines

    def _stage(self, stage: Stage, width: int, say: Say) -> Iterator[Line]:
        """``batch2[12, 5, 7]  BatchNorm2d: (x − mean)/…`` and what comes of it."""
        unit = unit_words(stage.layer, stage.at)
        yield [(say(unit), "bold"), (say(f"  {stage.module}: {stage.formula}"), "")]
        if isinstance(stage, Weighted):
            yield from self._weighted(stage, width, say)
        elif isinstance(stage, Pooled):
            yield from _pooled(stage, width, say)
        elif isinstance(stage, Added | Multiplied):
            for way, number in zip(
                stage.ways, value_texts([w.value for w in stage.ways]), strict=True
            ):
                yield [(say(f"{_INDENT}{number}  {source_words(way.source)}"), "")]
        derivation, value = stage.derivation, shown(stage.value)
        if derivation != value:
            wrapped = textwrap.wrap(
                say(derivation), width - 4, break_long_words=False, break_on_hyphens=False
            )
            for line, text in enumerate(wrapped):
                yield [(f"{_INDENT}{'  ' if line else '= '}{text}", "")]
        yield [(say(f"{_INDENT}= {value}"), "bold")]

    def _weighted(self, stage: Weighted, width: int, say: Say) -> Iterator[Line]:
        for line in labelled("reads", say(reads_words(stage)), width - 2, _LABEL):
            yield [(_INDENT, ""), *line]
        if stage.inside.size == 1:
            yield from self._listed(stage, width, say)
        else:
            yield from self._grids(stage, width, say)
        if not stage.flat:
            yield from _sums(stage, width, say)

    def _grids(self, stage: Weighted, width: int, say: Say) -> Iterator[Line]:
        """Patch, kernel and products of the channels that are written out."""
        order = np.argsort(-np.abs(stage.sums), kind="stable")
        count = len(order) if self.channels is None else min(self.channels, len(order))
        for rank, index in enumerate(order[:count].tolist()):
            told = f"channel {stage.channels[index]}"
            if count < len(order):
                told += ", the largest sum" if rank == 0 else f", number {rank + 1} by size"
            yield [(say(f"{_INDENT}{told}"), "dim")]
            rows, columns, inside = stage.rows, stage.columns, stage.inside
            kernel = stage.kernel[index]
            taps = range(len(rows)), range(len(columns))
            blocks = [
                grid_lines("x", stage.patch[index], rows, columns, inside),
                grid_lines("w", kernel, *taps, np.ones_like(inside)),
                grid_lines("x·w", stage.products[index], rows, columns, inside),
            ]
            for text in beside(blocks, width - 2 * len(_INDENT)):
                yield [(say(2 * _INDENT + text) if text else "", "")]
        left = len(order) - count
        if left:
            terms = thousands(left * stage.inside.size)
            channels = "1 channel" if left == 1 else f"{left} channels"
            yield [
                (
                    say(
                        f'{_INDENT}… {terms} more terms, of {channels}: "--terms all" '
                        "writes them out"
                    ),
                    "dim",
                )
            ]

    def _listed(self, stage: Weighted, width: int, say: Say) -> Iterator[Line]:
        """Sums with one tap a channel: a line for each term, the largest first."""
        products = stage.products[:, 0, 0]
        order = np.argsort(-np.abs(products), kind="stable")
        count = len(order) if self.channels is None else min(_TERMS * self.channels, len(order))
        chosen = order[:count].tolist()
        columns = [
            ["unit" if stage.flat else "channel", *(str(stage.channels[i]) for i in chosen)],
            *(
                [title, *value_texts([float(each) for each in values[order[:count]]])]
                for title, values in (
                    ("x", stage.patch[:, 0, 0]),
                    ("w", stage.kernel[:, 0, 0]),
                    ("x·w", products),
                )
            ),
        ]
        widths = [max(map(len, column)) for column in columns]
        for row, cells in enumerate(zip(*columns, strict=True)):
            text = "  ".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=True))
            yield [(say(2 * _INDENT + text), "dim" if row == 0 else "")]
        if count < len(order):
            rest = math.fsum(float(products[index]) for index in order[count:])
            yield [
                (
                    say(
                        f"{_INDENT}… {thousands(len(order) - count)} more terms, together "
                        f'{shown(rest)}: "--terms all" writes them out'
                    ),
                    "dim",
                )
            ]


def source_words(source: str | None) -> str:
    """pool1; the image; or that nobody knows."""
    return {None: "something that is no module", INPUT: "the image"}.get(source, source or "")


def reads_words(stage: Weighted) -> str:
    """rows 3 to 7, columns 5 to 9 of pool1, 16 channels: 400 terms, 10 taps in the padding"""
    source = source_words(stage.source)
    told = "" if stage.geometry is None else f"{stage.geometry.words}: "
    if stage.flat:
        return f"all {thousands(len(stage.channels))} units of {source}"
    channels = f"channels {stage.channels[0]} to {stage.channels[-1]}"
    if len(stage.channels) == 1:
        channels = f"channel {stage.channels[0]}"
    told += f"{span_words(stage.rows, 'row')}, {span_words(stage.columns, 'column')}"
    told += f" of {channels} of {source}: {thousands(stage.terms)} terms"
    if stage.padded:
        filled = stage.geometry.filled if stage.geometry else "zeros"
        many = f"{stage.padded} of the {stage.inside.size} taps"
        told += f"; {many} lie in the padding" + ("" if filled == "zeros" else f" ({filled})")
    return told


def _sums(stage: Weighted, width: int, say: Say) -> Iterator[Line]:
    """The sum of every input channel, and the bias."""
    yield [(say(f"{_INDENT}sums of the channels"), "dim")]
    digits = max(len(str(channel)) for channel in stage.channels)
    cells = [
        f"{channel:>{digits}}  {text}"
        for channel, text in zip(
            stage.channels, value_texts([float(each) for each in stage.sums]), strict=True
        )
    ]
    for text in in_columns(cells, width - 2 * len(_INDENT)):
        yield [(say(2 * _INDENT + text) if text else "", "")]
    if stage.bias is not None:
        yield [(say(f"{_INDENT}bias  {shown(stage.bias)}"), "")]


def _pooled(stage: Pooled, width: int, say: Say) -> Iterator[Line]:
    """The window, its winner with a star; beside it the weights where they differ."""
    mark = None
    if stage.winner is not None:
        mark = stage.rows.index(stage.winner[1]), stage.columns.index(stage.winner[2])
    blocks = [grid_lines("x", stage.values, stage.rows, stage.columns, stage.inside, mark)]
    if stage.reduction == "distance" and stage.weights is not None:
        everywhere = np.ones_like(stage.inside)
        for title, values in (("w", stage.weights), ("x·w", stage.terms)):
            blocks.append(grid_lines(title, values, stage.rows, stage.columns, everywhere))
    source = source_words(stage.source)
    told = f"channel {stage.channel} of {source}"
    if stage.geometry is not None:
        told = f"{stage.geometry.words}: {told}"
    for line in labelled("reads", say(told), width - 2, _LABEL):
        yield [(_INDENT, ""), *line]
    for text in beside(blocks, width - 2 * len(_INDENT)):
        yield [(say(2 * _INDENT + text) if text else "", "")]
