"""The rest of a network, again and again, without what stands before it being computed twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn

from convscope.errors import UsageError
from convscope.inspection.recording import altering, recording
from convscope.inspection.subject import Subject

__all__ = ["Resumed"]


class Resumed:
    """A network on one batch of images, with the output of ``layer`` put in anew each time.

    All that is computed up to the layer is computed once.  In a plain sequence the rest is
    run as it stands; in any other module, the modules before the layer answer from memory
    while the module runs.  Use it in ``borrowed`` and without gradients.
    """

    def __init__(self, subject: Subject, layer: str, images: Tensor) -> None:
        self._module, self._layer, self._images = subject.module, layer, images
        self._rest = _rest_of(self._module, layer)
        names = [layer] if self._rest is not None else _before(subject, layer)
        with recording(self._module, names) as outputs:
            self.answers = _answers(self._module(images), subject)
        self.output = outputs[layer]
        self._remembered = dict(outputs)

    def run(self, output: Tensor) -> Tensor:
        """The network's answers with this in the place of the layer's output: N×classes."""
        if self._rest is not None:
            for module in self._rest:
                output = module(output)
            return output
        with (
            _answering(self._module, self._remembered),
            altering(self._module, {self._layer: lambda _: output}),
        ):
            return cast(Tensor, self._module(self._images))


def _rest_of(module: nn.Module, layer: str) -> list[nn.Module] | None:
    """What stands behind a child of a sequence; None where there is no such order."""
    if type(module).forward is not nn.Sequential.forward or module._forward_hooks:
        return None
    names = list(module._modules)
    if layer not in names:
        return None
    return [
        cast(nn.Module, each) for each in list(module._modules.values())[names.index(layer) + 1 :]
    ]


def _before(subject: Subject, layer: str) -> list[str]:
    """The layers without children that are called no later than this one is done."""
    names = [each.name for each in subject.layers]
    last = names.index(layer)
    leaves = [each.name for each in subject.layers[: last + 1] if each.leaf]
    return leaves if layer in leaves else [*leaves, layer]


def _answers(made: Any, subject: Subject) -> Tensor:
    if isinstance(made, Tensor) and made.dim() == 2:
        return made
    raise UsageError(
        f"{subject.name} gives no scores of classes", remedy="take a network that classifies images"
    )


@contextmanager
def _answering(module: nn.Module, outputs: Mapping[str, Tensor]) -> Iterator[None]:
    """Modules that answer from memory: the n-th call of each with what it gave then."""
    modules = dict(module.named_modules())
    remembered: dict[str, dict[int, Tensor]] = defaultdict(dict)
    for name, output in outputs.items():
        own, _, number = name.partition(":")
        if next(modules[own].children(), None) is None:
            remembered[own][int(number or 1)] = output
    kept = {name: modules[name].__dict__.get("forward") for name in remembered}
    try:
        for name, known in remembered.items():
            modules[name].__dict__["forward"] = _from_memory(modules[name].forward, known)
        yield
    finally:
        for name, own_forward in kept.items():
            if own_forward is None:
                modules[name].__dict__.pop("forward", None)
            else:
                modules[name].__dict__["forward"] = own_forward


def _from_memory(forward: Callable[..., Any], known: Mapping[int, Tensor]) -> Callable[..., Any]:
    calls = 0

    def answer(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        # Clones: what comes behind may work in place.
        return known[calls].clone() if calls in known else forward(*arguments, **named)

    return answer
