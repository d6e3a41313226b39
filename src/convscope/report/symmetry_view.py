"""Equivariance and invariance for the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import aligned, plain_percent, thousands
from convscope.report.view import Say, View, labelled, widths_of

if TYPE_CHECKING:
    from convscope.inspection.intervals import Estimate
    from convscope.inspection.symmetry.equivariance import Equivariance
    from convscope.inspection.symmetry.layer_errors import LayerError
    from convscope.inspection.symmetry.shift_results import Invariance, Pooling

__all__ = ["EquivarianceView", "InvarianceView", "error_text", "shown_layers"]

_WIDEST = 120
_GAP = "  "
MOST_LAYERS = 30


def error_text(value: float) -> str:
    """0, 4e-07 (rounding), 0.021, 0.21"""
    if math.isnan(value):
        return "?"
    if value == 0:
        return "0"
    if value < 0.001:
        return f"{value:.0e}".replace("-", "−")
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def shown_layers(result: Equivariance) -> tuple[str, ...]:
    """All layers; of more than 30, those with windows: convolutions and poolings."""
    if len(result.layers) <= MOST_LAYERS:
        return result.layers
    kinds = {each.layer: each.kind for each in result.errors}
    windowed = tuple(n for n in result.layers if "Conv" in kinds[n] or "Pool" in kinds[n])
    return windowed or result.layers


@dataclass(frozen=True)
class EquivarianceView(View):
    """What ``rich.print`` shows of an Equivariance."""

    equivariance: Equivariance

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.equivariance, min(width, _WIDEST)
        title = "how far the map of a moved image is from the moved map of the image"
        lines: list[Line] = [[(say(title), "bold")]]
        for label, text in (
            ("measured", _measured(found)),
            ("error", "‖f(g x) − g f(x)‖ / ‖g f(x)‖, mean over the images [95 % interval]"),
            ("interior", "units that see neither padding nor what moved in"),
            ("edge", "beside an error: how many places from the edge inwards it reaches"),
            ("( )", _BETWEEN if any(not each.counterpart for each in found.errors) else ""),
            ("note", found.note),
        ):
            lines += labelled(label, say(text), narrow) if text else []
        for title, moves, part in _blocks(found):
            lines += [[], [(say(title), "bold")], *self._table(moves, part, narrow, say)]
        left_out = len(found.layers) - len(shown_layers(found))
        if left_out:
            told = f"{left_out} layers without windows are left out here; --json has them all"
            lines += [[], [(say(told), "dim")]]
        return lines

    def _table(
        self,
        moves: Sequence[str],
        part: Callable[[LayerError], Estimate | None],
        width: int,
        say: Say,
    ) -> list[Line]:
        """Layers in rows, movements in columns; with intervals where they fit."""
        rows = [[self.equivariance.error(name, move) for move in moves] for name in self._names]
        head = ["layer", "step", *(say(move.removesuffix(", circular")) for move in moves)]
        for full in (True, False):
            cells = [
                [say(each[0].layer), _step(each[0]), *(say(_cell(e, part(e), full)) for e in each)]
                for each in rows
            ]
            widths = widths_of([head, *cells])
            if sum(widths) + len(_GAP) * (len(widths) - 1) <= width:
                break
        return [[(_row(head, widths), "dim")], *([(_row(row, widths), "")] for row in cells)]

    @property
    def _names(self) -> tuple[str, ...]:
        return shown_layers(self.equivariance)


_BETWEEN = "the map has no exactly moved one: compared with what lies between two of its places"

Block = tuple[str, list[str], "Callable[[LayerError], Estimate | None]"]


def _blocks(found: Equivariance) -> list[Block]:
    """The tables there are: title, movements, which of the two errors."""
    from convscope.inspection.symmetry.transforms import Shift

    shifts = [each for each in found.transforms if isinstance(each, Shift)]
    filled = [each.name for each in shifts if not each.circular]
    around = [each.name for each in shifts if each.circular]
    others = [each.name for each in found.transforms if not isinstance(each, Shift)]
    blocks: list[Block] = [
        ("shifted, interior", filled or around, lambda each: each.interior),
        ("shifted, whole map; what comes in is black", filled, lambda each: each.whole),
        ("shifted around the edge, whole map", around, lambda each: each.whole),
        ("mirrored and turned, interior", others, lambda each: each.interior),
        ("mirrored and turned, whole map", others, lambda each: each.whole),
    ]
    return [block for block in blocks if block[1]]


def _cell(error: LayerError, estimate: Estimate | None, full: bool) -> str:
    if estimate is None:
        return "–"
    text = error_text(estimate.value)
    if full and estimate.value >= 0.001 and not math.isnan(estimate.low):
        text += f" [{error_text(estimate.low)}, {error_text(estimate.high)}]"
    if not error.counterpart:
        return f"({text})"
    if estimate is error.whole and error.border and _exact(error.interior):
        text += f", edge {error.border}"
    return text


def _exact(interior: Estimate | None) -> bool:
    return interior is not None and interior.value < 1e-5


def _step(error: LayerError) -> str:
    if error.step is None:
        return "–"
    height, width = error.step
    return str(height) if height == width else f"{height}×{width}"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    laid = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(laid).rstrip()


def _measured(found: Equivariance | Invariance) -> str:
    images = f"{thousands(found.count)} images of {found.images_from}, drawn with seed {found.seed}"
    return f"{found.subject}{'' if found.trained else ' (untrained)'}, {images}"


@dataclass(frozen=True)
class InvarianceView(View):
    """What ``rich.print`` shows of an Invariance."""

    invariance: Invariance

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.invariance, min(width, _WIDEST)
        several = len(found.poolings) > 1
        lines: list[Line] = [[(say("what stays when the image is shifted"), "bold")]]
        for label, text in (
            ("measured", _measured(found)),
            ("shifts", "each image right, down, left or up, in turn; what comes in is black"),
            ("poolings", _SWAPPED if several else ""),
            ("note", found.note),
        ):
            lines += labelled(label, say(text), narrow) if text else []
        tables = [
            (
                "answers unchanged, %, by the shift in pixels",
                [
                    [plain_percent(each.unchanged.value) for each in pooling.predictions[1:]]
                    for pooling in found.poolings
                ],
                [
                    _interval(p.predictions[1].unchanged, 100) if p.predictions[1:] else ""
                    for p in found.poolings
                ],
            ),
            (
                "mean change of the first answer's probability",
                [
                    [f"{each.change.value:.3f}" for each in pooling.predictions[1:]]
                    for pooling in found.poolings
                ],
                [
                    _interval(p.predictions[1].change, 1) if p.predictions[1:] else ""
                    for p in found.poolings
                ],
            ),
            *(self._map_table(layer) for layer in found.layers),
        ]
        for number, (title, rows, intervals) in enumerate(tables):
            table = self._table(rows, intervals, say, accuracy=number == 0)
            lines += [[], [(say(title), "bold")], *table]
        return lines

    def _map_table(self, layer: str) -> tuple[str, list[list[str]], list[str]]:
        changes = [pooling.map_changes(layer)[1:] for pooling in self.invariance.poolings]
        return (
            f"{layer}: relative change of its map",
            [[error_text(each.change.value) for each in row] for row in changes],
            [_interval(row[0].change, 1) if row else "" for row in changes],
        )

    def _table(
        self, rows: list[list[str]], intervals: list[str], say: Say, *, accuracy: bool
    ) -> list[Line]:
        poolings, shifts = self.invariance.poolings, self.invariance.shifts[1:]
        columns = [aligned(list(column)) for column in zip(*rows, strict=True)]
        near = f"at {shifts[0]}: 95 % interval" if shifts else ""
        head = ["", *map(str, shifts), near, *(["right, %"] if accuracy else [])]
        body = [
            [
                say(_called(pooling)),
                *row,
                say(intervals[number]),
                *([_accuracy(pooling)] if accuracy else []),
            ]
            for number, (pooling, row) in enumerate(
                zip(poolings, zip(*columns, strict=True), strict=True)
            )
        ]
        widths = widths_of([head, *body])
        made: list[Line] = [[(_right(head, widths), "dim")]]
        for pooling, row in zip(poolings, body, strict=True):
            made.append([(_right(row, widths), "bold" if pooling.own else "")])
        return made


_SWAPPED = (
    "put in the place of the network's own (*), with the same weights and not trained again: "
    '"right" is the accuracy that is left, unshifted'
)


def _called(pooling: Pooling) -> str:
    return f"{pooling.name} *" if pooling.own else pooling.name


def _accuracy(pooling: Pooling) -> str:
    return "–" if pooling.accuracy is None else plain_percent(pooling.accuracy.value)


def _interval(estimate: Estimate, scale: int) -> str:
    if math.isnan(estimate.low):
        return ""
    digits = 1 if scale == 100 else 3
    return f"{scale * estimate.low:.{digits}f} to {scale * estimate.high:.{digits}f}"


def _right(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, all others to the right."""
    first, *others = (
        f"{cell:<{width}}" if number == 0 else f"{cell:>{width}}"
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return _GAP.join([first, *others])
