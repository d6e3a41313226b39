"""Activation maps and kernels in the terminal: statistics channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.inspection.channels import chosen_channels
from convscope.report.channel_words import page_words, signed, volume_words
from convscope.report.lines import Line, bar
from convscope.report.numbers import aligned, plain_percent
from convscope.report.view import Say, View, labelled
from convscope.report.walk_view import prepared

if TYPE_CHECKING:
    from convscope.inspection.maps.kernels import Kernels
    from convscope.inspection.maps.maps import ActivationMaps

__all__ = ["KernelsView", "MapsView", "head_lines", "table_lines"]

_GAP = "  "
_WIDEST = 100
_BLUE, _ORANGE = "#0072B2", "#D55E00"
_MOST_ACTIVE = 5


@dataclass(frozen=True)
class MapsView(View):
    """What ``rich.print`` shows of ActivationMaps: statistics, or a vector's numbers."""

    maps: ActivationMaps
    channels: str | Sequence[int] | None = None

    def lines(self, width: int, say: Say) -> list[Line]:
        maps, narrow = self.maps, min(width, _WIDEST)
        total = len(maps.values)
        chosen = chosen_channels(self.channels, total)
        shown = f" ({maps.shown})" if maps.shown else ""
        rows = [
            ("image", f"{maps.picture.title}{shown}"),
            *prepared(maps.picture),
            ("shown", page_words(chosen, total)),
            ("most active", self._most_active()),
        ]
        lines = head_lines(maps.subject, maps.layer, maps.kind, volume_words(maps.values.shape))
        for label, text in rows:
            lines += labelled(label, say(text), narrow)
        table = self._vector if maps.vector else self._maps
        return [*_said(lines, say), [], *table(chosen, narrow, say)]

    def _most_active(self) -> str:
        found = sorted(self.maps.statistics(), key=lambda each: (-each.strength, each.channel))
        first = found[:_MOST_ACTIVE]
        numbers = signed([each.strength for each in first])
        named = [f"{each.channel} ({number})" for each, number in zip(first, numbers, strict=True)]
        return f"{', '.join(named)}: channel (mean size of its values)"

    def _maps(self, chosen: Sequence[int], width: int, say: Say) -> list[Line]:
        found = self.maps.statistics(chosen)
        limit = max(max(abs(each.minimum), abs(each.maximum)) for each in found)
        strongest = max(each.strength for each in found) or 1.0
        columns = [
            [f"{each.channel}" for each in found],
            *(
                signed([getattr(each, name) for each in found], limit)
                for name in ("minimum", "mean", "maximum")
            ),
            aligned([plain_percent(each.zeros) for each in found]),
            signed([each.strength for each in found], limit),
        ]
        titles = ["channel", "min", "mean", "max", "zeros %", "mean size"]
        shares = [each.strength / strongest for each in found]
        return table_lines(titles, columns, say, self._names(chosen, say), shares)

    def _vector(self, chosen: Sequence[int], width: int, say: Say) -> list[Line]:
        values = [float(self.maps.values[channel, 0, 0]) for channel in chosen]
        largest = max(map(abs, values)) or 1.0
        columns = [[f"{channel}" for channel in chosen], signed(values)]
        shares = [value / largest for value in values]
        return table_lines(["channel", "value"], columns, say, self._names(chosen, say), shares)

    def _names(self, chosen: Sequence[int], say: Say) -> list[str]:
        return [say(self.maps.name_of(channel)) for channel in chosen]


@dataclass(frozen=True)
class KernelsView(View):
    """What ``rich.print`` shows of Kernels: each kernel's weights in a line of statistics."""

    kernels: Kernels
    channels: str | Sequence[int] | None = None

    def lines(self, width: int, say: Say) -> list[Line]:
        kernels, narrow = self.kernels, min(width, _WIDEST)
        count, slices, height, across = kernels.weights.shape
        chosen = chosen_channels(self.channels, count)
        size = f"{count} kernels of {height}×{across}×{slices}"
        lines = head_lines(kernels.subject, kernels.layer, kernels.kind, size)
        rows = [("shown", page_words(chosen, count, "kernels"))]
        if kernels.groups > 1:
            rows.append(("groups", f"{kernels.groups}: each kernel sees {slices} input channels"))
        for label, text in rows:
            lines += labelled(label, say(text), narrow)
        found = kernels.statistics(chosen)
        limit = max(max(abs(each.minimum), abs(each.maximum)) for each in found)
        biases = [each.bias for each in found if each.bias is not None]
        columns = [
            [f"{each.channel}" for each in found],
            *(
                signed([getattr(each, name) for each in found], limit)
                for name in ("minimum", "mean", "maximum")
            ),
            signed([each.norm for each in found]),
            *([signed(biases)] if biases else []),
        ]
        titles = ["kernel", "min", "mean", "max", "norm", *(["bias"] if biases else [])]
        names = [say(kernels.name_of(each.channel)) for each in found]
        longest = max(each.norm for each in found) or 1.0
        shares = [each.norm / longest for each in found]
        return [*_said(lines, say), [], *table_lines(titles, columns, say, names, shares)]


def head_lines(subject: str, layer: str, kind: str, size: str) -> list[Line]:
    """``conv2 of example  Conv2d  14×14×32``"""
    return [[(f"{layer} of {subject}", "bold"), (f"{_GAP}{kind}{_GAP}{size}", "dim")]]


def _said(lines: list[Line], say: Say) -> list[Line]:
    return [[(say(text), style) for text, style in line] for line in lines]


def table_lines(
    titles: Sequence[str],
    columns: Sequence[Sequence[str]],
    say: Say,
    names: Sequence[str] = (),
    shares: Sequence[float] = (),
) -> list[Line]:
    """Columns flush right; behind them bars, blue below zero, and names where there are any."""
    said = [[say(cell) for cell in column] for column in columns]
    widths = [max(len(t), *map(len, column)) for t, column in zip(titles, said, strict=True)]
    named = max(map(len, names), default=0)
    heads = _GAP.join(f"{t:>{width}}" for t, width in zip(titles, widths, strict=True))
    lines: list[Line] = [[(heads, "dim")]]
    for place in range(len(said[0])):
        cells = _GAP.join(
            f"{column[place]:>{width}}" for column, width in zip(said, widths, strict=True)
        )
        line: Line = [(cells, "")]
        if named:
            line.append((f"{_GAP}{names[place]:<{named}}", ""))
        if shares:
            share = shares[place]
            style = _ORANGE if share >= 0 else _BLUE
            line.append((_GAP + say(bar(abs(share), 16)), style))
        lines.append(line)
    return lines
