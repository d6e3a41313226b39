"""Receptive fields: which pixels of the image a unit of each layer sees.

``fields`` gives the rule for the inside of a map, with padding counted as if it were
image: size, jump and start, as in Araujo, Norris and Sim, Computing receptive fields
of convolutional neural networks, Distill 2019.  ``reach`` gives the real pixels of one
unit, borders included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convscope.architecture.architecture import Architecture
from convscope.architecture.counts import Count, number
from convscope.architecture.layers import (
    AvgPool,
    Conv,
    DistancePool,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    MaxPool,
    Volume,
)
from convscope.architecture.pixels import (
    Box,
    Region,
    Window,
    hull,
    places_behind,
    single,
    whole,
    windows_of,
)
from convscope.architecture.shapes import Node, walk
from convscope.errors import UsageError, did_you_mean

__all__ = ["Field", "Span", "fields", "reach"]


@dataclass(frozen=True, slots=True)
class Span:
    """The field along one axis: unit i sees pixels start + i·jump and on, ``size`` of them.

    ``start`` may be negative: the field then begins in the padding.  ``jump`` and
    ``start`` are None where no one rule holds for all units: where each sees
    everything, and where the two ways of a block move by different steps.
    """

    size: Count
    jump: Count | None
    start: Count | None


@dataclass(frozen=True, slots=True)
class Field:
    """What a unit sees of the image; ``everything`` where each unit sees all there is."""

    height: Span
    width: Span
    everything: bool = False


_Lines = dict[int, tuple[int, int]]
"""jump → (start, size): the hull of all ways with that jump.  Nearly always just one."""


@dataclass(frozen=True)
class _Seen:
    """What the units of a volume see: the lines that hold, and the field as shown."""

    lines: tuple[_Lines, _Lines]
    field: Field


def fields(architecture: Architecture) -> dict[str, Field]:
    """The field of every layer, by name, and that of the input as ``input``."""
    point = Span(Count(1, "1"), Count(1, "1"), Count(0, "0"))
    seen = _Seen(({1: (0, 1)}, {1: (0, 1)}), Field(point, point))
    found = {"input": seen.field}
    nodes = architecture.nodes
    for index, node in enumerate(nodes):
        if isinstance(node.layer, FullyConnected | GlobalAvgPool) and not seen.field.everything:
            seen = _all_of(node.input, places_behind(whole(node.input), nodes[:index]))
            found[node.name] = seen.field
        else:
            seen = _after(node, seen, found)
    return found


def reach(architecture: Architecture, layer_name: str, row: int, column: int) -> Box | None:
    """The smallest box around the real pixels that can reach a unit, of any channel.

    Taps that fall into padding, at whatever layer, do not count; holes of dilation and
    strides are exact.  None where the unit sees padding alone.  A vector's units stand
    at row 0, column 0; those of ``flatten`` are taken together.
    """
    for name, volume, chain in _chains(architecture):
        if name == layer_name:
            if not (0 <= row < volume.height and 0 <= column < volume.width):
                raise UsageError(
                    f"{layer_name} has no unit at row {row}, column {column}",
                    remedy=f"its rows are 0 to {volume.height - 1}, "
                    f"its columns 0 to {volume.width - 1}",
                )
            return hull(places_behind(single(row, column), chain))
    names = ["input", *(node.name for node in walk(architecture.nodes))]
    raise UsageError(
        f"there is no layer {layer_name!r}",
        remedy=did_you_mean(layer_name, names) or f"the last one is {names[-1]}",
    )


def _chains(architecture: Architecture) -> Iterator[tuple[str, Volume, Sequence[Node]]]:
    """Every layer's name, its output, and all that leads from the image to that."""

    def inside(
        nodes: Sequence[Node], before: tuple[Node, ...]
    ) -> Iterator[tuple[str, Volume, Sequence[Node]]]:
        for index, node in enumerate(nodes):
            leading = (*before, *nodes[:index])
            yield from inside(node.body, leading)
            yield from inside(node.shortcut, leading)
            yield node.name, node.output, (*leading, node)

    nodes = architecture.nodes
    yield "input", nodes[0].input, ()
    yield from inside(nodes, ())


def _after(node: Node, seen: _Seen, found: dict[str, Field]) -> _Seen:
    """What the units of a layer see, given those of its input; noted under its name."""
    layer = node.layer
    if node.body:
        body = shortcut = seen
        for inner in node.body:
            body = _after(inner, body, found)
        for inner in node.shortcut:
            shortcut = _after(inner, shortcut, found)
        seen = _union(node, body, shortcut)
    elif isinstance(layer, Conv | MaxPool | AvgPool | L2Pool | DistancePool):
        seen = _widened(node, windows_of(layer, node.input), seen)
    elif not seen.field.everything:
        field = seen.field
        seen = _Seen(seen.lines, Field(_unchanged(field.height), _unchanged(field.width)))
    found[node.name] = seen.field
    return seen


def _unchanged(span: Span) -> Span:
    def plain(count: Count | None) -> Count | None:
        return None if count is None else Count(count.value, number(count.value))

    return Span(
        Count(span.size.value, number(span.size.value)), plain(span.jump), plain(span.start)
    )


def _all_of(volume: Volume, region: Region) -> _Seen:
    """Each unit sees all places of the layer before, and whatever those see."""
    box = hull(region) or Box(0, 0, 0, 0)
    height, width = (
        Span(
            Count(last - first, f"{number(last)} − {number(first)}, by all places of {volume}"),
            None,
            Count(first, number(first)),
        )
        for first, last in ((box.top, box.bottom), (box.left, box.right))
    )
    return _Seen(({}, {}), Field(height, width, everything=True))


def _widened(node: Node, windows: tuple[Window, Window], seen: _Seen) -> _Seen:
    """size + d·(F − 1)·jump, jump·S, start − P·jump, along both axes."""
    if seen.field.everything:
        return seen
    lines: list[_Lines] = []
    spans: list[Span] = []
    sides = (node.output.height, node.output.width)
    for window, before, units in zip(windows, seen.lines, sides, strict=True):
        after = {
            jump * window.stride: (
                start - window.before * jump,
                size + (window.reach - 1) * jump,
            )
            for jump, (start, size) in before.items()
        }
        lines.append(after)
        if len(before) == 1:
            spans.append(_derived(window, *next(iter(before.items()))))
        else:
            spans.append(_uneven(after, units))
    return _Seen((lines[0], lines[1]), Field(spans[0], spans[1]))


def _derived(window: Window, jump: int, line: tuple[int, int]) -> Span:
    start, size = line
    reach = f"({window.kernel} − 1)"
    if window.dilation != 1:
        reach = f"{window.dilation}·{reach}"
    return Span(
        Count(size + (window.reach - 1) * jump, f"{number(size)} + {reach}·{number(jump)}"),
        Count(jump * window.stride, f"{number(jump)}·{window.stride}"),
        Count(start - window.before * jump, f"{number(start)} − {window.before}·{number(jump)}"),
    )


def _union(node: Node, body: _Seen, shortcut: _Seen) -> _Seen:
    """A block's unit sees what its two ways see."""
    if body.field.everything:
        return body
    lines: list[_Lines] = []
    spans: list[Span] = []
    sides = (node.output.height, node.output.width)
    for one, other, units in zip(body.lines, shortcut.lines, sides, strict=True):
        both = dict(one)
        for jump, (start, size) in other.items():
            first, length = both.get(jump, (start, size))
            near, far = min(start, first), max(start + size, first + length)
            both[jump] = (near, far - near)
        lines.append(both)
        if len(both) == 1:
            spans.append(_joined(both, one, other))
        else:
            spans.append(_uneven(both, units))
    return _Seen((lines[0], lines[1]), Field(spans[0], spans[1]))


def _joined(both: _Lines, body: _Lines, shortcut: _Lines) -> Span:
    ((jump, (start, size)),) = both.items()

    def ends(lines: _Lines) -> str:
        ((near, length),) = lines.values()
        return f"{number(near)} … {number(near + length - 1)}"

    last = number(start + size - 1)
    subtracted = number(start) if start >= 0 else f"({number(start)})"
    return Span(
        Count(
            size,
            f"{last} − {subtracted} + 1, the union of {ends(body)} by the body "
            f"and {ends(shortcut)} by the shortcut",
        ),
        Count(jump, number(jump)),
        Count(start, number(start)),
    )


def _uneven(lines: _Lines, units: int) -> Span:
    """Ways that move by different steps drift apart: the largest union of any unit.

    The union's length is a convex function of the unit, so that it is largest at one
    of the two ends.
    """

    def length(unit: int) -> int:
        first = min(start + unit * jump for jump, (start, _) in lines.items())
        last = max(start + size + unit * jump for jump, (start, size) in lines.items())
        return last - first

    largest = max(length(0), length(units - 1))
    jumps = " and ".join(number(jump) for jump in sorted(lines))
    remark = f"the largest union of ways that move by {jumps} pixels a step"
    return Span(Count(largest, f"{number(largest)}, {remark}"), None, None)
