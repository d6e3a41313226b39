"""Channels of a layer: which ones are meant, what they are called, and how to read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from convscope.errors import UsageError
from convscope.inspection.recording import altering
from convscope.inspection.subject import Layer, Subject

__all__ = [
    "PAGE",
    "chosen_channels",
    "first_maps",
    "output_of",
    "readable_layer",
    "unit_names",
]

PAGE = 64
"""How many channels are shown where none are named."""

_RANGE = re.compile(r"([0-9]{1,9})(?:\s*[-–]\s*([0-9]{1,9}))?")


def chosen_channels(
    channels: str | Sequence[int] | None,
    count: int,
    *,
    page: int = PAGE,
    place: str = "channels",
) -> tuple[int, ...]:
    """Which of ``count`` channels are meant: ``"0-63"``, ``"3,8-11"``, or their numbers.

    None means the first ``page``.  A range may end behind the last channel, so that the
    last page need not be counted out.
    """
    if channels is None:
        return tuple(range(min(count, page)))
    ranges = _ranges(channels, place) if isinstance(channels, str) else [(n, n) for n in channels]
    chosen: dict[int, None] = {}
    for first, last in ranges:
        if not 0 <= first < count or last < first:
            named = f"{first}" if first == last else f"{first} to {last}"
            raise UsageError(
                f"there is no channel {named}", place=place, remedy=f"give 0 to {count - 1}"
            )
        chosen |= dict.fromkeys(range(int(first), min(int(last), count - 1) + 1))
    if not chosen:
        raise UsageError("no channel is named", place=place, remedy=f"give 0 to {count - 1}")
    return tuple(chosen)


def _ranges(text: str, place: str) -> list[tuple[int, int]]:
    ranges = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            raise UsageError(
                f"{text!r} names no channels",
                place=place,
                remedy='write a number, a range, or several: "5", "0-63", "3,8-11"',
            )
        ranges.append((int(found[1]), int(found[2] or found[1])))
    return ranges


def readable_layer(subject: Subject, name: str) -> Layer:
    """The layer, which makes maps or a vector; UsageError for one that makes neither."""
    layer = subject.layer(name)
    if len(layer.shape) not in (1, 3):
        sides = "×".join(map(str, layer.shape)) or "a single number"
        known = [each.name for each in subject.layers if each.leaf and len(each.shape) in (1, 3)]
        listed = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
        raise UsageError(
            f"{name} makes {sides}, which is neither maps nor a vector",
            place=subject.name,
            remedy=f"those that make one of these are {listed}" if known else "",
        )
    return layer


def first_maps(subject: Subject) -> str:
    """The first layer that makes maps, else the first that makes a vector."""
    leaves = [each for each in subject.layers if each.leaf and len(each.shape) in (1, 3)]
    for each in [*(each for each in leaves if each.spatial), *leaves]:
        return each.name
    raise UsageError(f"no layer of {subject.name} makes maps or a vector")


def unit_names(subject: Subject, name: str) -> tuple[str, ...]:
    """The classes for the layer that makes the result; empty for all others."""
    last = [each for each in subject.layers if each.leaf][-1:]
    if last and last[0].name == name and last[0].shape == (len(subject.classes),):
        return subject.classes
    return ()


class _Reached(BaseException):
    """Carries a layer's output past whatever stands behind; no error of anybody's."""

    def __init__(self, output: Tensor) -> None:
        self.output = output


def output_of(module: nn.Module, name: str, images: Tensor) -> Tensor:
    """What a layer makes of a batch, N×C×H×W or N×C; what stands behind is not computed.

    Gradients flow.  The module is used as it stands: see ``borrowed``.
    """

    def stop(output: Tensor) -> Tensor:
        raise _Reached(output)

    reached = _run(module, name, images, stop)
    if reached.ndim not in (2, 4) or len(reached) != len(images):
        raise UsageError(
            f"{name} makes {'×'.join(map(str, reached.shape))} of {len(images)} images, "
            "which is neither maps nor a vector for each"
        )
    return reached


def _run(module: nn.Module, name: str, images: Tensor, stop: Callable[[Tensor], Tensor]) -> Tensor:
    try:
        with altering(module, {name: stop}):  # which complains of a layer that is not called
            made: Tensor = module(images)
    except _Reached as reached:
        return reached.output
    return made
