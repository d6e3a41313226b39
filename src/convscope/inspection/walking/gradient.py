"""The way back: the gradient of the loss through one weight of a kernel, term by term.

A kernel's weight is used at every place of the map, so that its gradient is a sum over the
places: what the loss feels there (the gradient of the loss by the layer's output, which
backpropagation brings), times the input that stood under the weight
(Goodfellow, Bengio and Courville, Deep Learning, 2016, section 9.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.errors import UsageError
from convscope.inspection.classes import class_number
from convscope.inspection.recording import altering, borrowed
from convscope.inspection.subject import Picture, Subject, subject_of
from convscope.inspection.walking.kinds import kind_of
from convscope.inspection.walking.passage import Passage
from convscope.inspection.walking.places import Index, Places, WeightGradient
from convscope.inspection.walking.stage import Grid
from convscope.inspection.walking.windows import axes_of, geometry_of

__all__ = ["weight_gradient"]

TOLERANCE = 1e-3
"""Of the sum of the terms' sizes: what differs by more is not the sum of these terms."""


def weight_gradient(
    subject: Any,
    layer: str | None = None,
    weight: Sequence[int] | None = None,
    *,
    image: Any = 0,
    target: int | str | None = None,
) -> WeightGradient:
    """How the loss of one image changes with one weight of a convolution.

    ``weight`` is (output channel, input channel, row, column) as in torch; without it, the
    one with the steepest gradient, and without ``layer`` in the last convolution.  The
    loss is the cross-entropy with ``target``, a class by its number or name; without
    it, the image's own, or the network's answer where that is not known.  The network stands as in
    use: batch normalisation has the statistics of the training.  Where a layer is called
    several times, the terms of all calls are added.
    """
    found = subject_of(subject)
    picture = found.picture(image)
    passage = Passage(found, picture)
    own, module, chosen = _convolution(passage, layer)
    calls = [each.name for each in found.layers if each.name.partition(":")[0] == own]
    goal, words = _target(found, picture, target)
    backward = _backward(found, module, calls, picture, goal)
    index, steepest = _index(own, module, weight, backward.gradient)
    chosen = ", ".join(each for each in (chosen, steepest, words) if each)
    places = tuple(
        _places(passage, call, upstream, index)
        for call, upstream in zip(calls, backward.upstream, strict=True)
    )
    terms = [float(each) for one in places for each in one.products.flat]
    recorded = float(backward.gradient[index])
    _require_equal(found, own, terms, recorded)
    geometry = geometry_of(module)
    assert geometry is not None
    depth, group = module.weight.shape[1], index[0] // (module.out_channels // module.groups)
    return WeightGradient(
        subject=found.name,
        trained=found.trained,
        picture=picture,
        label=None if picture.label is None else found.class_name(picture.label),
        layer=own,
        module=type(module).__name__,
        weight=index,
        weight_value=float(module.weight[index].detach()),
        kernel=module.weight[index[0], index[1]].detach().numpy().astype(np.float64),
        geometry=geometry,
        channel=group * depth + index[1],
        source=passage.resolved(passage.link(calls[0]).sources[0]),
        target=goal,
        target_name=found.class_name(goal),
        probability=math.exp(-backward.loss),
        loss=backward.loss,
        places=places,
        value=math.fsum(terms),
        recorded=recorded,
        size=math.fsum(map(abs, terms)),
        chosen=chosen,
    )


def _convolution(passage: Passage, layer: str | None) -> tuple[str, nn.Conv2d, str]:
    """Its name without the number of a call, its module, and what was chosen."""
    known = {}
    for each in passage.subject.layers:
        module = passage.subject.module.get_submodule(each.name.partition(":")[0])
        own_weight = isinstance(getattr(module, "weight", None), nn.Parameter)
        if isinstance(module, nn.Conv2d) and kind_of(module) == "conv" and own_weight:
            known[each.name.partition(":")[0]] = module
    listed = ", ".join(list(known)[:12])
    if layer is None:
        if not known:
            raise UsageError("it has no convolution", place=passage.subject.name)
        last = list(known)[-1]
        return last, known[last], f"{last}, the last convolution"
    passage.subject.layer(layer)
    own = layer.partition(":")[0]
    if own not in known:
        raise UsageError(
            f"{layer} is a {passage.link(layer).class_name}, and has no kernels of its own",
            place=passage.subject.name,
            remedy=f"its convolutions are {listed}" if known else "",
        )
    return own, known[own], ""


def _target(subject: Subject, picture: Picture, target: int | str | None) -> tuple[int, str]:
    """The class that the loss asks for, and words where it was chosen here."""
    if target is not None:
        return class_number(subject, target, len(subject.classes)), ""
    if picture.label is not None:
        return picture.label, ""
    return (
        int(subject.probabilities(picture.pixels)[0].argmax()),
        "the loss asks for the network's own answer, since the image's class is not known",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Backward:
    """What backpropagation brings: dL/d(output) of each call, dL/d(weights), and L."""

    upstream: tuple[Grid, ...]
    gradient: Tensor
    loss: float


def _backward(
    subject: Subject, module: nn.Conv2d, calls: Sequence[str], picture: Picture, target: int
) -> _Backward:
    # Zeros are added to each output: the gradient by them is that by the output, and a
    # layer behind that works in place cannot touch it.
    zeros: list[Tensor] = []

    def plus_zero(output: Tensor) -> Tensor:
        zeros.append(torch.zeros_like(output, requires_grad=True))
        return output + zeros[-1]

    with ExitStack() as stack:
        stack.enter_context(borrowed(subject.module))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(altering(subject.module, dict.fromkeys(calls, plus_zero)))
        module.weight.requires_grad_(True)
        scores = subject.scores(subject.tensor(picture.pixels))
        subject.require_vector(scores)
        loss = functional.cross_entropy(scores, torch.tensor([target]))
        if not loss.requires_grad:
            raise UsageError(
                "no gradient leads from its result back to its weights: it is cut off, by no_grad, "
                "detach or a way through numpy",
                place=subject.name,
            )
        gradient, *upstream = torch.autograd.grad(
            loss, [module.weight, *zeros], materialize_grads=True
        )
    return _Backward(
        tuple(each[0].numpy().astype(np.float64) for each in upstream),
        gradient.detach(),
        float(loss.detach()),
    )


def _require_equal(subject: Subject, layer: str, terms: Sequence[float], recorded: float) -> None:
    if not all(map(math.isfinite, [*terms, recorded])):
        raise UsageError(f"the gradient through {layer} is not finite", place=subject.name)
    if abs(math.fsum(terms) - recorded) > TOLERANCE * math.fsum(map(abs, terms)) + 1e-9:
        raise UsageError(
            f"the terms of {layer} give {math.fsum(terms):g}, and torch's gradient is "
            f"{recorded:g}: its weights are used elsewhere, too, or are made of others",
            place=subject.name,
            remedy="choose a convolution with weights of its own",
        )


def _index(
    layer: str, module: nn.Conv2d, weight: Sequence[int] | None, gradient: Tensor
) -> tuple[Index, str]:
    shape = tuple(module.weight.shape)
    if weight is None:
        steepest = np.unravel_index(int(gradient.abs().argmax()), shape)
        a, b, c, d = map(int, steepest)
        return (a, b, c, d), "the weight with the steepest gradient"
    if len(weight) == 4 and all(
        isinstance(each, int | np.integer) and 0 <= each < side
        for each, side in zip(weight, shape, strict=True)
    ):
        a, b, c, d = map(int, weight)
        return (a, b, c, d), ""
    ends = ", ".join(
        f"{what} 0 to {side - 1}"
        for what, side in zip(
            ("output channels", "input channels", "rows", "columns"), shape, strict=True
        )
    )
    raise UsageError(
        f"{layer} has no weight {','.join(map(str, weight))}",
        remedy=f"give output channel, input channel, row, column: it has {ends}",
    )


def _places(passage: Passage, call: str, upstream: Grid, index: Index) -> Places:
    """One call's terms: the input that stood under the weight at every place of the output."""
    link = passage.link(call)
    module: Any = link.module
    axes = axes_of(module, link.given.shape, link.made.shape)
    depth, group = module.weight.shape[1], index[0] // (module.out_channels // module.groups)
    taps = [[unit[index[2 + number]] for unit in axis.taps] for number, axis in enumerate(axes)]
    inputs = np.zeros((len(taps[0]), len(taps[1])))
    inside = np.zeros(inputs.shape, np.bool_)
    for i, row in enumerate(taps[0]):
        for j, column in enumerate(taps[1]):
            inside[i, j] = 0 <= row < axes[0].side and 0 <= column < axes[1].side
            pixels = axes[0].pixel(row), axes[1].pixel(column)
            if None not in pixels:
                inputs[i, j] = link.given[(group * depth + index[1], *pixels)]
    return Places(call, upstream[index[0]], inputs, tuple(taps[0]), tuple(taps[1]), inside)
