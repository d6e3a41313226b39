"""A module read as a chain of layers: its steps, or what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import nn

from convscope.architecture.layers import Layer

__all__ = ["Reading", "Step", "Unexpressed", "unrolled"]


@dataclass(frozen=True, slots=True)
class Unexpressed:
    """Something for which the notation has no layer: where it stands, what it is, and why.

    ``name`` is a module's, or of the module in whose forward a function stands (empty for
    the network itself).
    """

    name: str
    what: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A layer, and what it is in the module: a call (``layer1.0.relu:2``), or a function."""

    layer: Layer
    theirs: str
    module: nn.Module | None = None
    body: tuple[Step, ...] = ()
    shortcut: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The chain, or what stands against it.  ``tail`` is a softmax at the end, left out, and
    ``idle`` modules are those that change nothing at this size.
    """

    steps: tuple[Step, ...] = ()
    unexpressed: tuple[Unexpressed, ...] = ()
    tail: str = ""
    idle: tuple[str, ...] = ()


def unrolled(steps: Sequence[Step]) -> Iterator[Step]:
    """Every step: body, shortcut, then the block, as ``architecture.shapes.walk`` does."""
    for step in steps:
        yield from unrolled(step.body)
        yield from unrolled(step.shortcut)
        yield step
