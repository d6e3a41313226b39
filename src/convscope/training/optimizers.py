"""The optimizers of a recipe, and the learning rate as a function of the step.

AdamW and SGD are torch's.  Muon orthogonalises the momentum of a convolution's kernels
(Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"); what is
no kernel goes to AdamW.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from convscope.training.recipe import Recipe

__all__ = ["Muon", "Optimizers", "orthogonalised", "rate_factor"]

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Jordan's coefficients: they bring singular values near 1 fast, rather than to 1 exactly."""


def rate_factor(recipe: Recipe, step: int, steps: int) -> float:
    """The learning rate of step 0…steps − 1, as a part of the recipe's.

    Over the first ``warmup`` · steps it rises in equal parts to 1; then it stays, or
    falls over the remaining steps: linearly as (steps − step)/remaining, or as half a
    cosine.  The last step's rate is small, not 0, which would waste it.
    """
    warm = recipe.warmup * steps
    if step < warm:
        return min(1.0, (step + 1) / warm)
    if recipe.schedule == "constant":
        return 1.0
    left = min(1.0, (steps - step) / (steps - warm))
    return left if recipe.schedule == "linear" else (1 - math.cos(math.pi * left)) / 2


def orthogonalised(matrix: Tensor, iterations: int = 3) -> Tensor:
    """The nearest matrix to U·Vᵀ of ``matrix`` = U·S·Vᵀ that a few products can reach.

    A matrix whose rows (or columns, if fewer) are orthogonal: Newton-Schulz, each time
    X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ, from X = G/‖G‖.  rows×columns → the same.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    found = matrix.T if tall else matrix
    found = found / (found.norm() + 1e-7)
    for _ in range(iterations):
        product = found @ found.T
        found = torch.addmm(
            found, torch.addmm(product, product, product, beta=b, alpha=c), found, beta=a
        )
    return found.T if tall else found


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal, for parameters of two and more dimensions.

    m ← β·m + (1 − β)·g;  u = β·m + (1 − β)·g (Nesterov);
    w ← (1 − rate·decay)·w − rate·√max(1, rows/columns)·orthogonalised(u), where a kernel
    is a row: channels × (height · width · input channels).
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step; a ``closure`` is not supported."""
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                mean = state["momentum"].lerp_(weight.grad, 1 - momentum)
                update = weight.grad.lerp(mean, momentum).flatten(1)
                rows, columns = update.shape
                weight.mul_(1 - rate * group["weight_decay"])
                weight.add_(
                    orthogonalised(update).reshape(weight.shape),
                    alpha=-rate * math.sqrt(max(1.0, rows / columns)),
                )


class Optimizers:
    """All optimizers of one training, moved together."""

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self.parts = tuple(_parts(network, recipe))
        self._parameters = list(network.parameters())
        self._rates = [[group["lr"] for group in part.param_groups] for part in self.parts]

    def step(self, factor: float) -> None:
        """Moves all parameters, at ``factor`` times the recipe's learning rates."""
        for part, rates in zip(self.parts, self._rates, strict=True):
            for group, rate in zip(part.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            part.step()

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for weight in self._parameters:
            weight.grad = None

    def state_dict(self) -> list[dict[str, Any]]:
        """What a checkpoint holds of them."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Takes up where ``state_dict`` was; the rates come from the recipe at each step."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def _parts(network: nn.Module, recipe: Recipe) -> Iterable[torch.optim.Optimizer]:
    parameters = list(network.parameters())
    fused = all(weight.device.type in ("cpu", "cuda") for weight in parameters)
    if recipe.optimizer == "sgd":
        yield torch.optim.SGD(
            parameters,
            recipe.learning_rate,
            momentum=recipe.momentum,
            nesterov=recipe.momentum > 0,
            weight_decay=recipe.weight_decay,
            fused=fused,
        )
        return
    kernels: list[nn.Parameter] = []
    if recipe.optimizer == "muon":
        kernels = [weight for weight in parameters if weight.ndim > 2]
        # Decay is learning_rate · weight_decay a step for all parameters alike.
        decay = recipe.weight_decay * recipe.learning_rate / recipe.kernel_learning_rate
        if kernels:
            yield Muon(
                kernels,
                recipe.kernel_learning_rate,
                momentum=recipe.momentum,
                weight_decay=decay,
            )
    chosen = {id(weight) for weight in kernels}
    rest = [weight for weight in parameters if id(weight) not in chosen]
    if rest:
        yield torch.optim.AdamW(
            rest,
            recipe.learning_rate,
            betas=(0.9, recipe.beta2),
            weight_decay=recipe.weight_decay,
            fused=fused,
        )
