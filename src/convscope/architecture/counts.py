"""A number with its derivation: what the text, the page and the report all show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from convscope.architecture.layers import Volume

__all__ = ["Count", "number", "product", "total"]


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number and the arithmetic that gives it.

    >>> str(Count(416, "16 kernels · (5·5·1) + 16 biases"))
    '16 kernels · (5·5·1) + 16 biases = 416'

    The derivation up to its first ", " is arithmetic, units in words among it; what
    follows is a remark.  One without digits says why the number is 0.
    """

    value: int
    derivation: str

    def __str__(self) -> str:
        arithmetic, comma, remark = self.derivation.partition(", ")
        shown = number(self.value)
        if not any(sign.isdigit() for sign in arithmetic):
            return f"{shown}: {self.derivation}" if self.derivation else shown
        if arithmetic == shown:
            return f"{shown}{comma}{remark}"
        return f"{arithmetic} = {shown}{comma}{remark}"


def number(value: int) -> str:
    """12544 → 12,544; the minus is a minus sign."""
    return f"{value:,}".replace("-", "−")


def product(volume: Volume) -> str:
    """28·28·16, or 10 for a plain vector."""
    sides = (volume.channels,) if volume.flat else (volume.height, volume.width, volume.channels)
    return "·".join(number(side) for side in sides)


def total(counts: Iterable[Count]) -> Count:
    """The sum, derived as the terms that are not 0."""
    values = [count.value for count in counts if count.value]
    return Count(sum(values), " + ".join(number(value) for value in values) or "none")
