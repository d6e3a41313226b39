"""Maps that show nothing: noticed, and explained in words."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.inspection.recording import borrowed, trace

__all__ = ["State", "state_of", "why_nothing"]

State = Literal["shown", "zero", "flat", "not finite"]


def state_of(values: NDArray[np.float64]) -> State:
    """Whether a map shows anything."""
    if not np.isfinite(values).all():
        return "not finite"
    if not values.any():
        return "zero"
    largest = float(np.abs(values).max())
    return "flat" if float(np.ptp(values)) <= 1e-9 * largest else "shown"


def why_nothing(state: State, module: nn.Module, image: Tensor, baseline: Tensor) -> str:
    """Why a map of this image shows nothing, as far as the network's layers tell."""
    if state == "flat":
        return "every pixel has the same value: none stands out"
    calls = trace(module, image)
    if state == "not finite":
        for call in calls:
            if not bool(torch.isfinite(call.output).all()):
                return f"{call.name} is the first layer whose output is not finite"
        return "all outputs are finite and the map is not: a gradient overflows, or a root at 0"
    for call in calls:
        if call.leaf and not bool(call.output.any()):
            return f"{call.name} gives 0 everywhere for this image{_because(call.module)}"
    with borrowed(module), torch.no_grad():
        one, other = module(torch.cat([image, baseline]))
    if torch.equal(one, other):
        return (
            "the scores of this image and of an empty one are equal to the last digit: the network "
            "does not look at it"
        )
    return "the score does not change with small changes of the image: the gradient is 0"


def _because(module: nn.Module) -> str:
    """Why a layer gives nothing but 0, where its kind or its weights tell."""
    if "ReLU" in type(module).__name__:
        return ": all of its units are dead there, and nothing of the image passes"
    weights = list(module.parameters())
    if weights and not any(bool(each.any()) for each in weights):
        return ": all of its weights are 0"
    return ", so that nothing of it passes"
