"""One image on its way through a network: what every layer was given, by whom, and made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.inspection.recording import INPUT, Call, trace
from convscope.inspection.subject import Picture, Subject
from convscope.inspection.walking.kinds import kind_of
from convscope.inspection.walking.origins import Known, origin_of
from convscope.inspection.walking.stage import Unit
from convscope.network.build import ResidualBlock

__all__ = ["Link", "Passage"]


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A layer between what it is given and what it makes, for one image, without a batch.

    ``kind`` is empty where it cannot be explained.  ``sources`` are the layers whose
    outputs it is given, None for what no module made.  ``order`` is its place in the
    order of execution.  A function between modules is a link without a ``module``.
    """

    name: str
    kind: str
    module: nn.Module | None
    given: NDArray[np.float32]
    made: NDArray[np.float32]
    sources: tuple[str | None, ...]
    order: float

    @property
    def class_name(self) -> str:
        """Of its module; that of a function is ``function``."""
        return "function" if self.module is None else type(self.module).__name__


class Passage:
    """All links from an image to the result, found when they are asked for."""

    def __init__(self, subject: Subject, picture: Picture) -> None:
        images = subject.tensor(picture.pixels)
        self.subject = subject
        self.picture = picture
        self.pixels: NDArray[np.float32] = images[0].numpy()
        self._calls = trace(subject.module, images)
        self._places = {call.name: place for place, call in enumerate(self._calls)}
        self._image = Known(INPUT, images)
        self._links: dict[str, Link] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Every call of a module, in the order of execution."""
        return tuple(call.name for call in self._calls)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls themselves, in the order of execution."""
        return self._calls

    def link(self, name: str) -> Link:
        """The link of a layer; for a module that hands on what its last layer made, that one."""
        if name not in self._links:
            self.subject.layer(name)
            self._links[name] = self._found(self._places[name])
        return self._links[name]

    def shape(self, name: str) -> tuple[int, ...]:
        """That of a layer's output, or of the image."""
        return self.pixels.shape if name == INPUT else self.link(name).made.shape

    def resolved(self, name: str | None) -> str | None:
        """The name under which a source is explained."""
        return name if name is None or name == INPUT else self.link(name).name

    def behind(self, name: str) -> set[str]:
        """All that a layer's output is made of, the image included where that is known."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for source in self.link(waiting.pop()).sources:
                resolved = self.resolved(source)
                if resolved is not None and resolved not in found:
                    found.add(resolved)
                    if resolved != INPUT:
                        waiting.append(resolved)
        return found

    def part(self, link: Link, at: Unit) -> tuple[str, Unit]:
        """The tensor, and the unit in it, that a unit of several laid together is."""
        channel, *sources = at[0], *(source for source in link.sources if source is not None)
        while channel >= (channels := self.shape(sources[0])[0]):
            channel -= channels
            del sources[0]
        return sources[0], (channel, *at[1:])

    def _found(self, place: int) -> Link:
        call = self._calls[place]
        if isinstance(call.module, ResidualBlock):
            return self._block(call, place)
        kind = kind_of(call.module)
        if kind or call.leaf:
            return _link(call, place, kind, (self._source(place),))
        source = self._origin(call.output, self._inside(place), place - 0.25)
        return _link(call, place, "", (call.source,)) if source is None else self.link(source)

    def _block(self, call: Call, place: int) -> Link:
        """body(x) + shortcut(x): the last of each way that ran in this call."""
        shortcut = f"{call.name.partition(':')[0]}.shortcut"
        body_end = shortcut_end = self._source(place)
        for each in self._calls_inside(place):
            if each.name.startswith(f"{shortcut}."):
                shortcut_end = each.name
            elif not each.name.startswith(shortcut):
                body_end = each.name
        return _link(call, place, "sum", (body_end, shortcut_end))

    def _source(self, place: int) -> str | None:
        """What made the input of a call: a module, or a function that its numbers betray."""
        call = self._calls[place]
        return call.source or self._origin(call.input, self._before(place), place - 0.5)

    def _origin(self, values: Tensor, known: Sequence[Known], order: float) -> str | None:
        """The name of what made these values, a link for a function being put down."""
        origin = origin_of(values, known)
        if origin is None:
            return None
        if origin.function != "same" and origin.name not in self._links:
            first = next(each.values for each in known if each.name == origin.sources[0])
            self._links[origin.name] = Link(
                origin.name,
                origin.function,
                None,
                first[0].numpy(),
                values[0].numpy(),
                origin.sources,
                order,
            )
        return origin.name

    def _before(self, place: int) -> list[Known]:
        """What was there when a call began."""
        end = place - len(self._calls_inside(place))
        return [self._image, *self._made(self._calls[:end])]

    def _inside(self, place: int) -> list[Known]:
        """What a call was given, and what was made during it."""
        call, given = self._calls[place], self._source(place)
        found = [] if given is None else [Known(given, call.input)]
        return found + self._made(self._calls_inside(place))

    def _made(self, calls: Sequence[Call]) -> list[Known]:
        """What these calls made, and what functions made for them."""
        found = []
        for call in calls:
            if call.source is None and (call.leaf or kind_of(call.module)):
                function = self.link(call.name).sources[-1]
                if function is not None and function not in self._places:
                    found.append(Known(function, call.input))
            found.append(Known(call.name, call.output))
        return found

    def _calls_inside(self, place: int) -> list[Call]:
        """The calls that the latest one before ``place`` of an outer module made."""
        prefix = self._calls[place].name.partition(":")[0] + "."
        found: list[Call] = []
        for call in reversed(self._calls[:place]):
            if not call.name.startswith(prefix):
                break
            found.insert(0, call)
        return found


def _link(call: Call, place: int, kind: str, sources: tuple[str | None, ...]) -> Link:
    given, made = call.input[0].numpy(), call.output[0].numpy()
    return Link(call.name, kind, call.module, given, made, sources, place)
