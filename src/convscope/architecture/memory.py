"""Activation memory of one image, in float32: what is kept, and what lives at once.

Training keeps, until the backward pass, what the derivatives need (and torch keeps):

- the input of a conv, fc, batchnorm, leakyrelu, gelu, silu, and of every pooling window
  (a global mean needs nothing but its size);
- the output of a relu, sigmoid, tanh and l2pool, whose derivatives are made of it;
- beside these, the place of each maximum (8 bytes), the mask of a dropout, and the
  mean and deviation per channel of a batchnorm.

A tensor that several layers need is kept once, and counted at the layer that made it.
Use needs less: a layer's input and output at once, and whatever a residual block holds
for its sum.  Flatten, and dropout in use, hand on what they got.  Weights, gradients,
the optimizer's state, and the workspace of a library's kernels are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convscope.architecture.counts import Count, number, product
from convscope.architecture.layers import (
    GELU,
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    Dropout,
    Flatten,
    FullyConnected,
    L2Pool,
    LeakyReLU,
    MaxPool,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
    Volume,
)
from convscope.architecture.shapes import Node

__all__ = ["FLOAT_BYTES", "inference_memory", "training_memory"]

FLOAT_BYTES = 4
_PLACE_BYTES = 8

_NEEDS_INPUT = (
    Conv,
    FullyConnected,
    BatchNorm,
    LeakyReLU,
    GELU,
    SiLU,
    MaxPool,
    AvgPool,
    L2Pool,
    DistancePool,
)
_NEEDS_OUTPUT = (ReLU, Sigmoid, Tanh, L2Pool)


@dataclass(frozen=True, slots=True)
class _Tensor:
    """The output of the layer ``maker``, under whatever shape it is handed on."""

    maker: str
    volume: Volume

    @property
    def size(self) -> int:
        return self.volume.size


@dataclass(frozen=True, slots=True)
class _Step:
    """One layer at work: what it reads, what it makes, and what else must stay."""

    node: Node
    reads: tuple[_Tensor, ...]
    makes: _Tensor
    held: tuple[_Tensor, ...]


def inference_memory(nodes: Sequence[Node]) -> dict[str, Count]:
    """Bytes that live at once while each layer works, by its name."""
    image = _Tensor("input", nodes[0].input)
    return {step.node.name: _alive(step) for step in _steps(nodes, image, training=False)}


def training_memory(nodes: Sequence[Node]) -> dict[str, Count]:
    """Bytes that each layer leaves for the backward pass; the image's under ``input``."""
    image = _Tensor("input", nodes[0].input)
    steps = list(_steps(nodes, image, training=True))
    needed_by: dict[str, str] = {}
    for step in steps:
        if isinstance(step.node.layer, _NEEDS_INPUT):
            needed_by.setdefault(step.reads[0].maker, step.node.name)
        if isinstance(step.node.layer, _NEEDS_OUTPUT):
            needed_by.setdefault(step.makes.maker, "its own derivative")
    kept = {"input": _kept(image, needed_by)}
    for step in steps:
        made_here = step.makes.maker == step.node.name
        count = _kept(step.makes, needed_by) if made_here else Count(0, "nothing new")
        kept[step.node.name] = _with_extras(step.node, count)
    return kept


def _steps(
    nodes: Sequence[Node], image: _Tensor, *, training: bool, held: tuple[_Tensor, ...] = ()
) -> Iterator[_Step]:
    for node in nodes:
        if node.body:
            yield from _steps(node.body, image, training=training, held=(*held, image))
            body = _end(node.body, image, training)
            yield from _steps(node.shortcut, image, training=training, held=(*held, body))
            shortcut = _end(node.shortcut, image, training)
            made = _Tensor(node.name, node.output)
            yield _Step(node, (body, shortcut), made, held)
        else:
            made = _end((node,), image, training)
            yield _Step(node, (image,), made, held)
        image = made


def _end(nodes: Sequence[Node], image: _Tensor, training: bool) -> _Tensor:
    """The tensor that a chain hands on."""
    for node in nodes:
        hands_on = isinstance(node.layer, Flatten) or (
            isinstance(node.layer, Dropout) and not training
        )
        if not hands_on:
            image = _Tensor(node.name, node.output)
    return image


def _alive(step: _Step) -> Count:
    """(input + output + what is held) · 4 bytes, no tensor twice."""
    parts: list[str] = []
    total = 0
    counted: set[str] = set()
    labelled = [
        *((tensor, "") for tensor in (*step.reads, step.makes)),
        *((tensor, " held") for tensor in step.held),
    ]
    for tensor, label in labelled:
        if tensor.maker not in counted:
            counted.add(tensor.maker)
            total += tensor.size
            parts.append(f"{product(tensor.volume)}{label}")
    terms = " + ".join(parts)
    shown = f"({terms})" if len(parts) > 1 else terms
    return Count(total * FLOAT_BYTES, f"{shown} · {FLOAT_BYTES} bytes")


def _kept(tensor: _Tensor, needed_by: dict[str, str]) -> Count:
    reason = needed_by.get(tensor.maker)
    if reason is None:
        return Count(0, "no derivative needs it")
    derivation = f"{product(tensor.volume)} · {FLOAT_BYTES} bytes, for {reason}"
    return Count(tensor.size * FLOAT_BYTES, derivation)


def _with_extras(node: Node, kept: Count) -> Count:
    """What a layer keeps beside its input and output."""
    match node.layer:
        case MaxPool():
            extra = node.output.size * _PLACE_BYTES
            what = f"{product(node.output)} places · {_PLACE_BYTES} bytes"
        case Dropout():
            extra = node.output.size * FLOAT_BYTES
            what = f"{product(node.output)} mask · {FLOAT_BYTES} bytes"
        case BatchNorm():
            channels = node.output.channels
            extra = 2 * channels * FLOAT_BYTES
            what = f"2·{number(channels)} statistics · {FLOAT_BYTES} bytes"
        case _:
            return kept
    if not kept.value:
        return Count(extra, what)
    arithmetic, _, remark = kept.derivation.partition(", ")
    return Count(kept.value + extra, f"{arithmetic} + {what}, {remark}")
