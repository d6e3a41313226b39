"""What goes into and comes out of every module of a network, recorded and given back.

Everything that is borrowed from a module (its mode, its hooks, the gradients and the
global random state) is as it was afterwards, also where an exception came between.
Recorded tensors are clones: an in-place ReLU behind a layer does not change them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convscope.errors import UsageError, did_you_mean

__all__ = ["Call", "altering", "borrowed", "recording", "trace"]

INPUT = "input"
"""The name of the image itself, as the source of a call."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a module: what went in, what came out.

    ``name`` is the module's; a module that is called again has the number of the call
    behind it (``layer1.0.relu:2``).  ``source`` is the call whose output the input is
    (``"input"`` for the image), or None where something that is no module, such as a
    sum or a ``flatten``, made it.  ``leaf`` modules hold no others.
    """

    name: str
    module: nn.Module
    input: Tensor
    output: Tensor
    source: str | None
    leaf: bool


@contextmanager
def borrowed(module: nn.Module) -> Iterator[None]:
    """The module in eval mode and without gradients of its own meanwhile.

    Modes, gradients, buffers and the random states (torch, numpy, Python) are given back.
    """
    modes = {each: each.training for each in module.modules()}
    gradients = [(each, each.grad, each.requires_grad) for each in module.parameters()]
    # A batch norm that keeps no statistics, or a counter, may change its buffers, or put others
    # in their place.
    buffers = [(each, dict(each._buffers)) for each in module.modules()]
    values = [(each, each.clone()) for each in module.buffers()]
    numpy_state, python_state = np.random.get_state(), random.getstate()
    cards = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=cards):
        try:
            module.eval()
            for parameter, _, _ in gradients:
                parameter.grad = None  # torch adds to what is there, in place
            yield
        finally:
            for each, mode in modes.items():
                each.training = mode
            for parameter, gradient, required in gradients:
                parameter.requires_grad_(required)
                parameter.grad = gradient
            for each, own in buffers:
                each._buffers.clear()
                each._buffers.update(own)
            with torch.no_grad():
                for buffer, value in values:
                    if not _same(buffer, value):
                        buffer.copy_(value)
            np.random.set_state(numpy_state)
            random.setstate(python_state)


def trace(module: nn.Module, images: Tensor) -> tuple[Call, ...]:
    """Every call of a named module that makes one tensor of one, in order of execution.

    A module that holds others comes after them.  Runs in eval mode without gradients.
    """
    images = images.clone()  # the first layer may work in place
    calls: list[Call] = []
    made: dict[int, str] = {id(images): INPUT}
    values: dict[str, Tensor] = {INPUT: images.clone()}
    living: list[Tensor] = [images]  # an id means something only as long as its tensor lives
    taken: list[tuple[Tensor, str | None]] = []
    counts: Counter[str] = Counter()

    def before(_: nn.Module, arguments: tuple[Any, ...]) -> None:
        if arguments and isinstance(arguments[0], Tensor):
            source = made.get(id(arguments[0]))
            # Something that is no module may have changed it in place since, as `out += x` does.
            if source is not None and not _same(values[source], arguments[0]):
                source = None
            taken.append((arguments[0].clone(), source))

    def after(name: str, leaf: bool) -> Callable[..., None]:
        def hook(each: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
            if not (arguments and isinstance(arguments[0], Tensor)):
                return
            given, source = taken.pop()
            if not isinstance(output, Tensor):
                return
            counts[name] += 1
            called = name if counts[name] == 1 else f"{name}:{counts[name]}"
            values[called] = output.clone()
            calls.append(Call(called, each, given, values[called], source, leaf))
            living.append(output)
            if leaf:
                made[id(output)] = called
            else:  # a module that hands on what its last child made is not its source
                made.setdefault(id(output), called)

        return hook

    with ExitStack() as stack:
        stack.enter_context(borrowed(module))
        stack.enter_context(torch.no_grad())
        for name, each in module.named_modules():
            empty = isinstance(each, nn.Sequential) and len(each) == 0  # no layer: the identity
            if name and not empty:
                stack.enter_context(each.register_forward_pre_hook(before))
                leaf = next(each.children(), None) is None
                stack.enter_context(each.register_forward_hook(after(name, leaf)))
        module(images)
    return tuple(calls)


def _same(one: Tensor, other: Tensor) -> bool:
    """Equal in every value, NaN included."""
    return one.shape == other.shape and torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))


@contextmanager
def recording(module: nn.Module, names: Collection[str]) -> Iterator[dict[str, Tensor]]:
    """The outputs of some calls, by name, filled in whenever the module is called.

    Gradients flow through what is recorded; nothing else of the module is touched, not
    even its mode.  Raises UsageError for a name that the module does not have.
    """
    outputs: dict[str, Tensor] = {}
    with _hooks(module, names, lambda name, output: outputs.update({name: output.clone()})):
        yield outputs


@contextmanager
def altering(
    module: nn.Module, changes: Mapping[str, Callable[[Tensor], Tensor]]
) -> Iterator[None]:
    """The module with the outputs of some calls changed on their way."""
    with _hooks(module, changes, lambda name, output: changes[name](output)):
        yield


@contextmanager
def _hooks(
    module: nn.Module, names: Collection[str], act: Callable[[str, Tensor], Tensor | None]
) -> Iterator[None]:
    """Calls ``act`` with the output of each call that is named; what it returns goes on."""
    known = dict(module.named_modules())
    counts: Counter[str] = Counter()
    met: set[str] = set()

    def restart(*_: Any) -> None:
        counts.clear()
        met.clear()

    def hook_for(own: str) -> Callable[..., Tensor | None]:
        def hook(_: nn.Module, __: tuple[Any, ...], output: Any) -> Tensor | None:
            counts[own] += 1
            called = own if counts[own] == 1 else f"{own}:{counts[own]}"
            if called not in names or not isinstance(output, Tensor):
                return None
            met.add(called)
            return act(called, output)

        return hook

    def check(*_: Any) -> None:
        if missing := sorted(set(names) - met):
            own = missing[0].partition(":")[0]
            raise UsageError(
                f"{missing[0]} makes no tensor when an image goes through",
                remedy=f"{own} is called {counts[own]} times"
                if counts[own]
                else "it is not called",
            )

    with ExitStack() as stack:
        stack.enter_context(module.register_forward_pre_hook(restart))
        for name in {each.partition(":")[0] for each in names}:
            if name not in known or not name:
                raise UsageError(
                    f"there is no layer {name!r}",
                    remedy=did_you_mean(name, [each for each in known if each])
                    or f"there are {', '.join([each for each in known if each][:12])}",
                )
            stack.enter_context(known[name].register_forward_hook(hook_for(name)))
        stack.enter_context(module.register_forward_hook(check))
        yield
