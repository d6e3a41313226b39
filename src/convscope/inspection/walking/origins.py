"""Where a tensor came from that no module made: found by its numbers, never guessed.

Between modules stand functions: ``torch.flatten``, ``functional.relu``, ``out += identity``,
``scale * out``, ``torch.cat``.  One of these is taken for the origin of a tensor only
where what it makes of recorded outputs is equal to the tensor in every bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from convscope.inspection.recording import INPUT

__all__ = ["Known", "Origin", "origin_of"]

_LATEST, _EARLIER = 8, 64
"""A sum has one of the last outputs of its shape among its terms, and one of these as other."""
_SIGNS = {"sum": " + ", "product": " · "}
_SAMPLE = 32
"""So many values are compared before all are."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A tensor whose name is known."""

    name: str
    values: Tensor


@dataclass(frozen=True, slots=True)
class Origin:
    """``function`` of some sources: same, flatten, relu, sum, product or cat."""

    function: str
    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        """relu(conv1), layer1.0.bn2 + maxpool; that of the source itself for ``same``."""
        if self.function == "same":
            return self.sources[0]
        if self.function in _SIGNS:
            return _SIGNS[self.function].join(self.sources)
        return f"{self.function}({', '.join(self.sources)})"


def origin_of(values: Tensor, known: Sequence[Known]) -> Origin | None:
    """What made a tensor (1×…), of tensors that were there before, the latest last.

    None where it is none of these functions, and where all values are the same: a
    layer that is silent equals any other.
    """
    if values.numel() < 2 or bool((values == values.flatten()[0]).all()):
        return None
    latest = list(reversed(known))
    for search in (_single, _sum, _product, _cat):
        for origin in search(values, latest):
            return origin
    return None


def _single(values: Tensor, latest: Sequence[Known]) -> Iterator[Origin]:
    for each in latest:
        if each.values.shape == values.shape:
            if torch.equal(each.values, values):
                yield Origin("same", (each.name,))
            elif torch.equal(each.values.clamp_min(0), values):
                yield Origin("relu", (each.name,))
        elif (
            values.ndim == 2
            and each.values.numel() == values.numel()
            and torch.equal(each.values.flatten(1), values)
        ):
            yield Origin("flatten", (each.name,))


def _sum(values: Tensor, latest: Sequence[Known]) -> Iterator[Origin]:
    same = [each for each in latest if each.values.shape == values.shape][:_EARLIER]
    step = max(1, values.numel() // _SAMPLE)
    total, *parts = (each.flatten()[::step] for each in (values, *(k.values for k in same)))
    for index, one in enumerate(same[:_LATEST]):
        for behind, other in enumerate(same[index + 1 :], index + 1):
            # A few values tell most pairs apart.
            if (
                torch.equal(parts[index] + parts[behind], total)
                and torch.equal(one.values + other.values, values)
                and bool(one.values.any() and other.values.any())
            ):
                yield Origin("sum", (one.name, other.name))


def _product(values: Tensor, latest: Sequence[Known]) -> Iterator[Origin]:
    """A number for each channel, times the maps of that channel."""
    if values.ndim != 4 or values.shape[2:] == (1, 1):
        return
    scales = [each for each in latest if each.values.shape == (*values.shape[:2], 1, 1)]
    maps = [each for each in latest if each.values.shape == values.shape]
    corner = values[..., :1, :1]
    for scale in scales[:_LATEST]:
        for each in maps[:_LATEST]:
            # One value of each channel tells most pairs apart.
            if torch.equal(scale.values * each.values[..., :1, :1], corner) and torch.equal(
                scale.values * each.values, values
            ):
                yield Origin("product", (scale.name, each.name))


def _cat(values: Tensor, latest: Sequence[Known]) -> Iterator[Origin]:
    """Channels of several tensors behind one another."""
    start, names = 0, []
    parts = [
        each for each in latest if each.values.shape[2:] == values.shape[2:] and each.name != INPUT
    ]
    while values.ndim == 4 and start < values.shape[1]:
        for each in parts:
            stop = start + each.values.shape[1]
            if stop <= values.shape[1] and torch.equal(each.values, values[:, start:stop]):
                break
        else:
            return
        names.append(each.name)
        start = stop
    if len(names) > 1:
        yield Origin("cat", tuple(names))
