"""A network as the few steps that a person would draw: what changes the volume, and its train.

Batch normalisation, activations and dropout keep the volume; they join the step they
follow.  A residual block is one step.  Runs of equal steps are told once where a
network is too long to be read otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from convscope.architecture.arithmetic import Explanation
from convscope.architecture.layers import (
    AvgPool,
    Conv,
    DistancePool,
    Dropout,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    Layer,
    MaxPool,
    Pair,
    Residual,
    Volume,
)
from convscope.architecture.printing import WORDS, layer_text
from convscope.architecture.shapes import Node, walk

__all__ = ["MOST_STAGES", "Stage", "stages_of"]

MOST_STAGES = 18
"""More steps than these, and runs of equal ones are drawn once."""

_NBSP = "\N{NO-BREAK SPACE}"
"""A word and its number stay on one line."""
_Pool = MaxPool | AvgPool | L2Pool | DistancePool


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: what it does in ``words``, and in ``train`` the layers that join it.

    ``kind`` is input, map, pooled or vector; ``window`` is what slides over its input,
    if anything does; ``shortcut`` is empty, "identity" or "conv 1×1"; ``count`` tells
    how many equal steps this one stands for, up to the one called ``last``.
    """

    name: str
    kind: str
    words: tuple[str, ...]
    output: Volume
    share: float
    window: Pair | None = None
    shortcut: str = ""
    train: tuple[str, ...] = ()
    count: int = 1
    last: str = ""

    @property
    def heading(self) -> str:
        return self.name if self.count == 1 else f"{self.name} … {self.last}"


def stages_of(explanation: Explanation, most: int = MOST_STAGES) -> tuple[Stage, ...]:
    """The steps of a network, the input first."""
    nodes = explanation.architecture.nodes
    stages = [Stage("input", "input", (), explanation.input, 0.0)]
    for node in nodes:
        share = sum(explanation.share_of_work(explanation[inner.name]) for inner in walk([node]))
        if _joins(node) and len(stages) > 1:
            last = stages[-1]
            stages[-1] = replace(last, train=(*last.train, _word(node.layer)))
        else:
            stages.append(_stage(node, share))
    return tuple(stages) if len(stages) <= most else _told_once(stages)


def _joins(node: Node) -> bool:
    """Whether a layer keeps the volume and does no work of its own."""
    layer = node.layer
    works = isinstance(layer, Conv | _Pool | FullyConnected | Residual)
    return node.input == node.output and not works


def _stage(node: Node, share: float) -> Stage:
    layer = node.layer
    window = layer.kernel if isinstance(layer, Conv | _Pool) else None
    if not isinstance(layer, Residual):
        return Stage(node.name, _kind(node), (_word(layer),), node.output, share, window)
    steps = [_word(inner.layer) for inner in node.body if not _joins(inner)]
    shortcut = "conv 1×1" if node.shortcut else "identity"
    words = (*_counted(steps), f"+ {shortcut}")
    return Stage(node.name, _kind(node), words, node.output, share, shortcut=shortcut)


def _kind(node: Node) -> str:
    if node.output.flat:
        return "vector"
    return "pooled" if isinstance(node.layer, _Pool | GlobalAvgPool) else "map"


def _word(layer: Layer) -> str:
    """A layer in the notation's words, without what a drawing shows or leaves aside."""
    match layer:
        case Conv(channels, kernel, stride, _, dilation, groups):
            word = f"conv {channels} {_pair(kernel)}"
            word += f" stride{_NBSP}{_step(stride)}" if stride != (1, 1) else ""
            word += f" dilation{_NBSP}{_step(dilation)}" if dilation != (1, 1) else ""
            return word + (f" groups{_NBSP}{groups}" if groups != 1 else "")
        case MaxPool() | AvgPool() | L2Pool() | DistancePool():
            word = f"{WORDS[type(layer)]} {_pair(layer.kernel)}"
            return word + (
                f" stride{_NBSP}{_step(layer.stride)}" if layer.stride != layer.kernel else ""
            )
        case Dropout():
            return "dropout"
        case _:
            return layer_text(layer)


def _pair(pair: Pair) -> str:
    return f"{pair[0]}×{pair[1]}"


def _step(pair: Pair) -> str:
    return f"{pair[0]}" if pair[0] == pair[1] else _pair(pair)


def _counted(words: Sequence[str]) -> tuple[str, ...]:
    """("a", "a", "b") → ("2 × a", "b")"""
    runs = [(word, len(list(run))) for word, run in groupby(words)]
    return tuple(word if count == 1 else f"{count} × {word}" for word, count in runs)


def _told_once(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Runs of equal steps as one, with their number and the sum of their work."""
    told: list[Stage] = []
    for _, group in groupby(stages, key=lambda stage: (stage.words, stage.train, stage.output)):
        run = list(group)
        share = sum(stage.share for stage in run)
        told.append(replace(run[0], count=len(run), last=run[-1].name, share=share))
    return tuple(told)
