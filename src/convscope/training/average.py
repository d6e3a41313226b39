"""A running average of the weights: often better than the last weights, and steadier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Average"]


class Average:
    """average ← d·average + (1 − d)·weights after each step, d = min(decay, (1 + t)/(10 + t)).

    Batch normalisation's running statistics are averaged too: the averaged weights need
    statistics that fit them.  The smaller d of the first steps t forgets the start.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = _floating(network)
        self._values = [value.clone() for value in self._live]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the weights after ``step`` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._values, self._live, 1 - decay)

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        """Gives a network of the same layers the averaged values."""
        for target, value in zip(_floating(network), self._values, strict=True):
            target.copy_(value)

    def state_dict(self) -> list[Tensor]:
        """What a checkpoint holds of it."""
        return self._values

    @torch.no_grad()
    def load_state_dict(self, values: list[Tensor]) -> None:
        """Takes up where ``state_dict`` was."""
        for target, value in zip(self._values, values, strict=True):
            target.copy_(value)


def _floating(network: nn.Module) -> list[Tensor]:
    """The network's own tensors (not copies) that can be averaged."""
    return [value for value in network.state_dict().values() if value.is_floating_point()]
