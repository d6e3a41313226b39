"""The network as the page's strip shows it: cards, each with its place in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.notation import parse_line
from convscope.architecture.printing import WORDS, layer_text
from convscope.architecture.shapes import Node
from convscope.architecture.zoo import ZOO
from convscope.errors import NotationError, ShapeError, UsageError, did_you_mean

__all__ = ["read", "spine"]

Spans = Mapping[tuple[int, ...], tuple[int, int]]
_EXAMPLE = Volume(28, 28, 1)
_CLASSES = 10


def read(
    text: str, volume: Volume | None = None, classes: int | None = None
) -> tuple[str, Architecture]:
    """The architecture that a text from a page means, complete, and the text that it is in.

    A name of the zoo, or a notation; never a file, which a page has no business to name.
    What is left open is filled in with ``volume`` and ``classes``, by default 28×28×1 and 10.
    """
    name = text.strip().lower()
    if name in ZOO:
        architecture = ZOO[name].example
        return str(architecture), architecture
    try:
        architecture = Architecture.parse(text)
    except NotationError as error:
        close = did_you_mean(name, ZOO) if name.isascii() and name.isidentifier() else ""
        if close:
            raise UsageError(f"{text.strip()!r} is no name of the zoo", remedy=close) from None
        raise error
    if architecture.complete:
        return text, architecture
    try:
        return text, architecture.completed(volume or _EXAMPLE, classes or _CLASSES)
    except ShapeError as error:
        raise error.located(text, *parse_line(text).spans[error.path]) from None


def spine(text: str, architecture: Architecture) -> list[dict[str, Any]]:
    """The layers in order; ``start`` and ``end`` are each one's place in ``text``.

    Repetitions are written out: their layers share a place.  A residual block holds its
    ``body`` and its ``shortcut``, which is empty where that is the identity.
    """
    return _cards(architecture.nodes, parse_line(text).spans)


def _cards(nodes: Sequence[Node], spans: Spans) -> list[dict[str, Any]]:
    return [_card(node, spans) for node in nodes]


def _card(node: Node, spans: Spans) -> dict[str, Any]:
    start, end = spans[node.path]
    return {
        "name": node.name,
        "kind": WORDS[type(node.layer)],
        "notation": layer_text(node.layer),
        "input": _sides(node.input),
        "output": _sides(node.output),
        "path": list(node.path),
        "start": start,
        "end": end,
        "body": _cards(node.body, spans),
        "shortcut": _cards(node.shortcut, spans),
    }


def _sides(volume: Volume) -> dict[str, Any]:
    return {
        "height": volume.height,
        "width": volume.width,
        "channels": volume.channels,
        "flat": volume.flat,
        "text": str(volume),
    }
