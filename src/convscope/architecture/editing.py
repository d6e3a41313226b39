"""An architecture with one layer put in, put in another's place, or taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Layer, Repeat, Residual
from convscope.architecture.notation import parse_line
from convscope.architecture.printing import architecture_text
from convscope.architecture.tokens import tokenize
from convscope.errors import NotationError, ShapeError, UsageError

__all__ = ["Action", "edited", "placed", "rewritten"]

Action = Literal["before", "after", "replace", "remove"]
Path = tuple[int, ...]

_HEAD = "input auto -> "
"""What is put in has no input of its own."""


def edited(
    architecture: Architecture, path: Path, action: Action, notation: str = ""
) -> Architecture:
    """The architecture after one change at ``path``, as in ``Node.path``.

    ``notation`` is what is put ``before`` or ``after`` the layer, or in its place: one
    layer or several.  Raises UsageError where nothing stands at the path, NotationError
    where the notation does not read, and ShapeError where what came out does not fit; that
    error's ``text`` is the line that came out.
    """
    new = () if action == "remove" else _layers(notation)
    if not path:
        raise UsageError("the input is no layer", remedy="name one by its path")
    layers = _changed(architecture.layers, path, action, new)
    return Architecture.parse(architecture_text(architecture.input, layers))


def rewritten(text: str, path: Path, action: Action, notation: str = "") -> str:
    """The text with the same change, and all else as it was written: lines, spaces, comments.

    Where that would be another network than ``edited`` makes, its canonical line.  Raises
    what ``edited`` raises.
    """
    wanted = edited(Architecture.parse(text), path, action, notation)
    for start, end, put in _changes(text, path, action, notation.strip()):
        changed = text[:start] + put + text[end:]
        try:
            if Architecture.parse(changed) == wanted:
                return changed
        except UsageError:
            continue
    return str(wanted)


def _changes(
    text: str, path: Path, action: Action, notation: str
) -> Iterator[tuple[int, int, str]]:
    """From where to where what may be written, the nicest first."""
    start, end = parse_line(text).spans[path]
    match action:
        case "before":
            yield start, start, f"{notation} -> "
        case "after":
            yield end, end, f" -> {notation}"
        case "replace":
            yield start, end, notation
        case "remove":
            before = [token.start for token in tokenize(text) if token.start < start]
            for first in reversed(before[-2:]):  # the arrow, or an arrow at the end of a line
                yield first - (text[first - 1] == " "), end, ""
            after = [token.start for token in tokenize(text) if token.start >= end]
            yield start, min([*after[1:2], len(text)]), ""


def placed(error: ShapeError, path: Path, action: Action, notation: str) -> ShapeError:
    """The error as ``notation`` has it, where the layer that does not fit was put in by it.

    Any other layer keeps its place in the line that came out.
    """
    depth = len(path) - 1
    if error.path[:depth] != path[:depth] or len(error.path) <= depth or action == "remove":
        return error
    place = error.path[depth] - path[depth] - (action == "after")
    span = parse_line(_HEAD + notation).spans.get((place, *error.path[depth + 1 :]))
    if span is None:
        return error
    return error.located(notation, span[0] - len(_HEAD), span[1] - len(_HEAD))


def _layers(notation: str) -> tuple[Layer, ...]:
    """One layer or several, without the input that a whole line begins with."""
    if not notation.strip():
        raise NotationError("no layer is given", text=notation, remedy='write one, such as "relu"')
    try:
        return parse_line(_HEAD + notation).layers
    except NotationError as error:
        start, end = (max(0, place - len(_HEAD)) for place in (error.start, error.end))
        raise NotationError(
            error.problem, text=notation, start=start, end=end, remedy=error.remedy
        ) from None


def _changed(
    layers: tuple[Layer, ...], path: Path, action: Action, new: tuple[Layer, ...]
) -> tuple[Layer, ...]:
    place, inner = path[0], path[1:]
    if not 0 <= place < len(layers):
        raise UsageError(f"there is no layer at {place}", remedy=f"give 0 to {len(layers) - 1}")
    before, old, after = layers[:place], layers[place], layers[place + 1 :]
    if inner:
        match old:
            case Residual(body):
                return (*before, Residual(_changed(body, inner, action, new)), *after)
            case Repeat(count, body):
                return (*before, Repeat(count, _changed(body, inner, action, new)), *after)
        raise UsageError("this layer holds no others", remedy="give a shorter path")
    match action:
        case "before":
            return (*before, *new, old, *after)
        case "after":
            return (*before, old, *new, *after)
        case "replace":
            return (*before, *new, *after)
        case "remove":
            return (*before, *after)
