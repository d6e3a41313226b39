"""A network as a value: its input and its layers, checked at birth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from convscope.architecture.layers import FullyConnected, Layer, Repeat, Residual, Volume
from convscope.architecture.notation import parse_line
from convscope.architecture.printing import architecture_text
from convscope.architecture.shapes import Node, place
from convscope.errors import ShapeError, UsageError

__all__ = ["Architecture"]


@dataclass(frozen=True)
class Architecture:
    """An input volume and the layers that follow it; whoever holds one knows that it fits.

    >>> network = Architecture.parse("input 28x28x1 -> conv 16 5x5 pad 2 -> relu -> fc 10")
    >>> network.nodes[0].output
    Volume(height=28, width=28, channels=16, flat=False)

    ``input`` None is ``input auto``: known once the data are (``completed``).
    ``str`` gives the canonical line, and parsing that gives the same value.  Raises
    NotationError for a text that cannot be read, ShapeError for a layer that does not
    fit its input.
    """

    input: Volume | None
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        # What cannot be written cannot be a value: reading the canonical line checks the
        # caps and the ranges of records that were put together in Python.
        text = str(self)
        line = parse_line(text)
        if line.layers != self.layers:
            raise UsageError(
                f"these layers do not read back as they were written: {text}",
                remedy="give whole numbers, pairs as tuples, and layers as tuples",
            )
        if self.input is not None:
            try:
                place(self.input, self.layers)
            except ShapeError as error:
                raise error.located(text, *line.spans[error.path]) from None

    @classmethod
    def parse(cls, text: str) -> Architecture:
        """Read a line of notation; errors point into ``text``."""
        line = parse_line(text)
        try:
            return cls(line.volume, line.layers)
        except ShapeError as error:
            raise error.located(text, *line.spans[error.path]) from None

    def __str__(self) -> str:
        return architecture_text(self.input, self.layers)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be filled in from the data."""
        return self.input is not None and not _awaits_classes(self.layers)

    def completed(self, volume: Volume, classes: int) -> Architecture:
        """``input auto`` and ``fc classes`` filled in; what is given already stays."""
        return Architecture(self.input or volume, _with_classes(self.layers, classes))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every layer with its name and volumes, repetitions written out."""
        if self.input is None or not self.complete:
            missing = "input auto" if self.input is None else "fc classes"
            raise UsageError(
                f'"{missing}" is filled in from the data, and there are none yet',
                remedy='write numbers, as in "input 28x28x1" and "fc 10", or give the data',
            )
        return place(self.input, self.layers)

    @property
    def output(self) -> Volume:
        """What the last layer gives."""
        return self.nodes[-1].output


def _awaits_classes(layers: tuple[Layer, ...]) -> bool:
    return any(
        _awaits_classes(layer.body)
        if isinstance(layer, Residual | Repeat)
        else isinstance(layer, FullyConnected) and layer.features == "classes"
        for layer in layers
    )


def _with_classes(layers: tuple[Layer, ...], classes: int) -> tuple[Layer, ...]:
    def filled(layer: Layer) -> Layer:
        match layer:
            case FullyConnected("classes", bias):
                return FullyConnected(classes, bias)
            case Residual(body):
                return Residual(_with_classes(body, classes))
            case Repeat(count, body):
                return Repeat(count, _with_classes(body, classes))
        return layer

    return tuple(filled(layer) for layer in layers)
