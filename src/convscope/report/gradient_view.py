"""A WeightGradient for the terminal: what the loss feels at each place, times what stood there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convscope.inspection.walking.digits import shown, summed
from convscope.report.grids import beside, grid_lines, value_texts
from convscope.report.lines import Line
from convscope.report.numbers import thousands
from convscope.report.view import Say, View, labelled
from convscope.report.walk_view import image_words, prepared, source_words

if TYPE_CHECKING:
    from convscope.inspection.walking.places import Places, WeightGradient

__all__ = ["GradientView", "loss_words"]

_WIDEST = 100
_INDENT = "  "
_LABEL = 11
_LARGEST = 10
_WHOLE = 64
"""Up to so many places all are written out."""


def loss_words(gradient: WeightGradient) -> str:
    """cross-entropy −ln 0.9876 = 0.0125 for Ankle boot"""
    likely = f"{gradient.probability:.6g}".replace("-", "−")
    return f"cross-entropy for {gradient.target_name}: −ln {likely} = {shown(gradient.loss)}"


@dataclass(frozen=True)
class GradientView(View):
    """What ``rich.print`` shows of a WeightGradient.

    Up to 64 places of the output all are written out, as grids; of more the ten with the
    largest terms and the sum of every row, unless ``whole``.
    """

    gradient: WeightGradient
    whole: bool = False

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.gradient, min(width, _WIDEST)
        title = f"∂L/∂{found.unit} of {found.subject} = {shown(found.value)}"
        lines: list[Line] = [[(say(title), "bold")]]
        head = [
            ("image", image_words(found.picture, found.label)),
            *prepared(found.picture),
            ("loss", loss_words(found)),
            (
                "weight",
                f"{shown(found.weight_value)}, under which channel {found.channel} of "
                f"{source_words(found.source)} lies; {found.geometry.words}",
            ),
        ]
        if found.chosen:
            head.append(("chosen", found.chosen))
        if not found.trained:
            head.append(("weights", "untrained"))
        for name, text in head:
            lines += labelled(name, say(text), narrow, _LABEL)
        lines += [[], [(say(found.formula), "")]]
        for places in found.places:
            lines += self._places(places, narrow, say, several=len(found.places) > 1)
        lines += _total(found, say)
        return lines

    def _places(self, places: Places, width: int, say: Say, *, several: bool) -> Iterator[Line]:
        count, outside = places.inside.size, int(places.inside.size - places.inside.sum())
        told = (
            f"{thousands(count)} places of {places.call}"
            if several
            else (f"{thousands(count)} places")
        )
        if outside:
            told += f", at {outside} of which the weight lies on padding"
        yield [(say(f"{_INDENT}{told}"), "dim")]
        if self.whole or count <= _WHOLE:
            yield from _grids(places, width, say)
        else:
            yield from _largest(places, say)


def _grids(places: Places, width: int, say: Say) -> Iterator[Line]:
    rows, columns = range(places.upstream.shape[0]), range(places.upstream.shape[1])
    everywhere = np.ones_like(places.inside)
    blocks = [
        grid_lines(title, values, rows, columns, inside)
        for title, values, inside in (
            ("∂L/∂y", places.upstream, everywhere),
            ("x", places.inputs, places.inside),
            ("∂L/∂y·x", places.products, places.inside),
        )
    ]
    for text in beside(blocks, width - 2 * len(_INDENT)):
        yield [(say(2 * _INDENT + text) if text else "", "")]


def _largest(places: Places, say: Say) -> Iterator[Line]:
    """The places with the largest terms, and the sum of each row of the output."""
    products = places.products
    order = np.argsort(-np.abs(products), axis=None, kind="stable")[:_LARGEST]
    order = order[products.flat[order] != 0]
    rows, columns = np.unravel_index(order, products.shape)
    cells = [
        ["row", *(str(row) for row in rows)],
        ["column", *(str(column) for column in columns)],
        *(
            [title, *value_texts([float(each) for each in values[rows, columns]])]
            for title, values in (
                ("∂L/∂y", places.upstream),
                ("x", places.inputs),
                ("∂L/∂y·x", products),
            )
        ),
    ]
    widths = [max(map(len, column)) for column in cells]
    for number, row in enumerate(zip(*cells, strict=True)):
        text = "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        yield [(say(2 * _INDENT + text), "dim" if number == 0 else "")]
    rest = float(products.sum() - products[rows, columns].sum())
    left = thousands(products.size - len(order))
    yield [
        (
            say(
                f"{_INDENT}… {left} more places, together {shown(rest)}: "
                '"--terms all" writes them out'
            ),
            "dim",
        )
    ]


def _total(found: WeightGradient, say: Say) -> Iterator[Line]:
    if len(found.places) > 1:
        sums = [float(places.products.sum()) for places in found.places]
        yield [(say(f"{_INDENT}= {summed(sums)}"), "")]
    yield [(say(f"{_INDENT}= {shown(found.value)}"), "bold")]
    step = "smaller" if found.value > 0 else "greater"
    if found.value != 0:
        yield [(say(f"{_INDENT}the loss falls if this weight becomes {step}"), "dim")]
