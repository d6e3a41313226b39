"""One image on its way through a network: what every layer was given, by whom, and made."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.pixels import Box
from convscope.errors import UsageError
from convscope.inspection.kinds import kind_of
from convscope.inspection.origins import Known, origin_of
from convscope.inspection.recording import INPUT, Call, trace
from convscope.inspection.stage import Unit
from convscope.inspection.subject import Picture, Subject
from convscope.inspection.windows import axes_of
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
        _require_size(subject, picture)
        images = subject.tensor(picture.pixels)
        self.subject = subject
        self.picture = picture
        self.pixels: NDArray[np.float32] = images[0].numpy()
        self._calls = trace(subject.module, images)
        self._places = {call.name: place for place, call in enumerate(self._calls)}
        self._known = [Known(INPUT, images), *(Known(c.name, c.output) for c in self._calls)]
        self._links: dict[str, Link] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Every call of a module, in the order of execution."""
        return tuple(call.name for call in self._calls)

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

    def field(self, name: str, at: Unit) -> tuple[Box | None, str]:
        """The box around the pixels that can reach a unit, or None and the reason.

        Exact, borders included: taps in the padding do not count, at whatever layer.
        """
        link = self.link(name)
        while link.kind == "cat":
            name, at = self.part(link, at)
            link = self.link(name)
        mask = np.ones((1, 1), np.int64)
        if link.made.ndim == 3:
            mask = np.zeros(link.made.shape[1:], np.int64)
            mask[at[1:]] = 1
        masks: dict[str, NDArray[np.int64]] = {link.name: mask}
        waiting = [(-link.order, link.name)]
        while waiting:
            link = self.link(heapq.heappop(waiting)[1])
            mask, unexplained = masks.pop(link.name), _unexplained(link)
            if unexplained:
                return None, unexplained
            if not mask.any():
                continue
            for source in dict.fromkeys(map(self.resolved, link.sources)):
                assert source is not None
                seen = _seen(link, mask, self.shape(source))
                if source not in masks and source != INPUT:
                    heapq.heappush(waiting, (-self.link(source).order, source))
                masks[source] = np.maximum(masks[source], seen) if source in masks else seen
        return _box(masks.get(INPUT)), ""

    def part(self, link: Link, at: Unit) -> tuple[str, Unit]:
        """The tensor, and the unit in it, that a unit of several laid together is."""
        channel = at[0]
        for source in link.sources:
            assert source is not None
            if channel < (channels := self.shape(source)[0]):
                break
            channel -= channels
        return source, (channel, *at[1:])

    def _found(self, place: int) -> Link:
        call = self._calls[place]
        if isinstance(call.module, ResidualBlock):
            return self._block(call, place)
        kind = kind_of(call.module)
        if kind or call.leaf:
            source = call.source
            if source is None:
                source = self._origin(call.input, self._before(place), place - 0.5)
            return _link(call, place, kind, (source,))
        source = self._origin(call.output, self._inside(place), place - 0.5)
        return _link(call, place, "", (call.source,)) if source is None else self.link(source)

    def _block(self, call: Call, place: int) -> Link:
        """body(x) + shortcut(x): the last of each way that ran in this call."""
        shortcut = f"{call.name.partition(':')[0]}.shortcut"
        body_end = shortcut_end = call.source
        for each in self._calls_inside(place):
            if each.name.startswith(f"{shortcut}."):
                shortcut_end = each.name
            elif not each.name.startswith(shortcut):
                body_end = each.name
        return _link(call, place, "sum", (body_end, shortcut_end))

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
        inside = {call.name for call in self._calls_inside(place)}
        return [each for each in self._known[: place + 1] if each.name not in inside]

    def _inside(self, place: int) -> list[Known]:
        """What was made during a call."""
        return [Known(call.name, call.output) for call in self._calls_inside(place)]

    def _calls_inside(self, place: int) -> list[Call]:
        """The calls that the latest one before ``place`` of an outer module made."""
        prefix = self._calls[place].name.partition(":")[0] + "."
        found: list[Call] = []
        for call in reversed(self._calls[:place]):
            if not call.name.startswith(prefix):
                break
            found.insert(0, call)
        return found


def _require_size(subject: Subject, picture: Picture) -> None:
    volume, pixels = subject.volume, picture.pixels
    if pixels.shape != (volume.channels, volume.height, volume.width):
        channels, height, width = (*pixels.shape, 1, 1, 1)[:3]
        raise UsageError(
            f"{picture.name} is {height}×{width}×{channels}, and {subject.name} takes {volume}",
            remedy="give a picture file, which is brought to that size",
        )


def _link(call: Call, place: int, kind: str, sources: tuple[str | None, ...]) -> Link:
    given, made = call.input[0].numpy(), call.output[0].numpy()
    return Link(call.name, kind, call.module, given, made, sources, place)


def _unexplained(link: Link) -> str:
    """Why no field leads through a link; empty if one does."""
    if not link.kind or (link.kind == "fc" and link.made.ndim != 1):
        return f"{link.name} is a {link.class_name}, whose geometry is not known"
    if None in link.sources:
        return f"what {link.name} is given was made by something that is no module"
    return ""


def _seen(
    link: Link, mask: NDArray[np.int64], source: tuple[int, ...]
) -> NDArray[np.int64]:
    """The places of a source of this shape that units at the places of ``mask`` read."""
    if len(source) != 3:
        return np.ones((1, 1), np.int64)
    whole = np.ones(source[1:], np.int64)
    if link.kind in ("conv", "pool", "globalpool"):
        assert link.module is not None
        rows, columns = axes_of(link.module, link.given.shape, link.made.shape)
        return np.minimum(rows.reads().T @ mask @ columns.reads(), 1)
    if link.kind in ("fc", "flatten") or mask.shape != whole.shape:
        return whole
    keeps_none = getattr(link.module, "running_mean", torch.empty(0)) is None
    return whole if link.kind == "batch" and keeps_none else mask


def _box(mask: NDArray[np.int64] | None) -> Box | None:
    if mask is None or not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
