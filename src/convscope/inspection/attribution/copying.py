"""A copy of a module that captum may hook and the checks may randomise.

The module itself is never touched.  In the copy nothing works in place, and every call of
a ReLU gets a tensor of its own: captum hooks the tensor that goes into a ReLU, which else
would be wrong where that tensor goes elsewhere too, and fail where it is overwritten.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from convscope.errors import UsageError

__all__ = ["functional_relus", "working_copy"]


class OwnReLU(nn.Module):
    """max(0, x), not in place, of a copy of its input; the ReLU inside is what captum hooks."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        result: Tensor = self.relu(values.clone())
        return result


def working_copy(module: nn.Module, name: str) -> nn.Module:
    """A deep copy in eval mode without gradients of weights, nothing in place."""
    try:
        copied = copy.deepcopy(module)
    except Exception as error:
        raise UsageError(
            f"the module cannot be copied ({error}), and attribution works on a copy",
            place=name,
            remedy="keep no tensors that belong to a graph, and no open files, in its attributes",
        ) from error
    for parent in list(copied.modules()):
        for child, each in list(parent.named_children()):
            if type(each) is nn.ReLU:
                setattr(parent, child, OwnReLU())
    for each in copied.modules():
        if getattr(each, "inplace", False) is True:
            vars(each)["inplace"] = False  # an attribute that some kinds have
    for parameter in copied.parameters():
        parameter.requires_grad_(False)
    return copied.eval()


def functional_relus(module: nn.Module, image: Tensor) -> bool:
    """Whether the output goes through a ReLU that is no ``nn.ReLU``, which hooks cannot see."""
    own: list[Any] = []

    def note(_: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and output.grad_fn is not None:
            own.append(output.grad_fn)

    hooks = [
        each.register_forward_hook(note) for each in module.modules() if isinstance(each, nn.ReLU)
    ]
    try:
        with torch.enable_grad():
            output = module(image.clone().requires_grad_())
    finally:
        for hook in hooks:
            hook.remove()
    return any(
        type(step).__name__.startswith("ReluBackward") and step not in own
        for step in _steps(output.grad_fn)
    )


def _steps(last: Any) -> Iterator[Any]:
    """Every step of the graph that leads to a tensor."""
    seen, waiting = set(), [last]
    while waiting:
        step = waiting.pop()
        if step is None or step in seen:
            continue
        seen.add(step)
        yield step
        waiting.extend(before for before, _ in step.next_functions)
