"""What is looked at, as a page says it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from convscope.studio.answers import Body
from convscope.studio.subjects import Changes, Sight

__all__ = [
    "Channel",
    "ImageText",
    "LayerName",
    "Looking",
    "Seed",
    "Seeing",
    "SourceText",
    "Step",
]

SourceText = Annotated[str, Field(min_length=1, max_length=20_000)]
"""A run by its name, ``example``, a name of the zoo, or a notation."""
Step = Annotated[int, Field(ge=0, le=2**53)] | None
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
ImageText = Annotated[str, Field(min_length=1, max_length=64)]
"""The number of a sample, or the id of a picture."""
LayerName = Annotated[str, Field(min_length=1, max_length=200)]
Channel = Annotated[int, Field(ge=0, le=10_000_000)]
Pool = Literal["max", "avg", "l2", "distance", "none"]


class Looking(Body):
    """A network: ``source`` at ``step`` (null is its end), with some things changed in it."""

    source: SourceText = "example"
    step: Step = None
    seed: Seed = 0
    off: dict[LayerName, list[Channel]] = Field(default_factory=dict)
    pools: dict[LayerName, Pool] = Field(default_factory=dict)

    def sight(self) -> Sight:
        """The same as a value that subjects are found by."""
        off = tuple(
            (layer, tuple(sorted(set(channels))))
            for layer, channels in sorted(self.off.items())
            if channels
        )
        return Sight(
            self.source, self.step, self.seed, Changes(off, tuple(sorted(self.pools.items())))
        )


class Seeing(Looking):
    """An image on its way through a network."""

    image: ImageText = "0"
