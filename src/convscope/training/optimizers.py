"""The optimizers of a recipe, and the learning rate as a function of the step.

The steps of AdamW and SGD are torch's own functions.  Muon orthogonalises the momentum of
a convolution's kernels (Jordan et al. 2024, "Muon: An optimizer for hidden layers in
neural networks"); what is no kernel goes to AdamW.

None of them is a ``torch.optim.Optimizer``: the first one of those that is made loads
torch's compiler, which takes a second or two, and nothing here is ever compiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from convscope.training.recipe import Recipe

__all__ = ["SGD", "AdamW", "Muon", "Optimizer", "Optimizers", "orthogonalised", "rate_factor"]

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


class Optimizer(Protocol):
    """Moves parameters against their gradients, at ``factor`` times its learning rate."""

    parameters: list[nn.Parameter]

    def step(self, factor: float) -> None:
        """One step; a parameter without a gradient stays."""
        ...

    def state(self) -> dict[str, list[Tensor]]:
        """What it remembers of the gradients: lists of tensors, one for each parameter."""
        ...


class AdamW:
    """Adam with the decay of weights apart (Kingma and Ba 2015; Loshchilov and Hutter 2019).

    m ← β₁·m + (1 − β₁)·g;  v ← β₂·v + (1 − β₂)·g²;  both divided by 1 − βᵗ;
    w ← (1 − rate·decay)·w − rate·m/(√v + 10⁻⁸), with β₁ = 0.9.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], rate: float, *, beta2: float, decay: float
    ) -> None:
        self.parameters = list(parameters)
        self._rate, self._beta2, self._decay = rate, beta2, decay
        self._means = [torch.zeros_like(weight) for weight in parameters]
        self._squares = [torch.zeros_like(weight) for weight in parameters]
        self._steps = [torch.zeros((), device=weight.device) for weight in parameters]

    @torch.no_grad()
    def step(self, factor: float) -> None:
        chosen = _with_gradients(self.parameters)
        adamw(
            [self.parameters[k] for k in chosen],
            [_gradient(self.parameters[k]) for k in chosen],
            [self._means[k] for k in chosen],
            [self._squares[k] for k in chosen],
            [],
            [self._steps[k] for k in chosen],
            fused=_can_fuse(self.parameters),
            amsgrad=False,
            beta1=0.9,
            beta2=self._beta2,
            lr=self._rate * factor,
            weight_decay=self._decay,
            eps=1e-8,
            maximize=False,
        )

    def state(self) -> dict[str, list[Tensor]]:
        return {"means": self._means, "squares": self._squares, "steps": self._steps}


class SGD:
    """Gradient descent with Nesterov's momentum: m ← β·m + g;  w ← w − rate·(g + β·m).

    The decay of weights is a part of the gradient: g + decay·w.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], rate: float, *, momentum: float, decay: float
    ) -> None:
        self.parameters = list(parameters)
        self._rate, self._momentum, self._decay = rate, momentum, decay
        self._means = [torch.zeros_like(weight) for weight in parameters]

    @torch.no_grad()
    def step(self, factor: float) -> None:
        chosen = _with_gradients(self.parameters)
        sgd(
            [self.parameters[k] for k in chosen],
            [_gradient(self.parameters[k]) for k in chosen],
            [self._means[k] for k in chosen],
            fused=_can_fuse(self.parameters),
            weight_decay=self._decay,
            momentum=self._momentum,
            lr=self._rate * factor,
            dampening=0.0,
            nesterov=self._momentum > 0,
            maximize=False,
        )

    def state(self) -> dict[str, list[Tensor]]:
        return {"means": self._means}


class Muon:
    """Momentum, made orthogonal, for parameters of two and more dimensions.

    m ← β·m + (1 − β)·g;  u = β·m + (1 − β)·g (Nesterov);
    w ← (1 − rate·decay)·w − rate·√max(1, rows/columns)·orthogonalised(u), where a kernel
    is a row: channels × (input channels · height · width).
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], rate: float, *, momentum: float, decay: float
    ) -> None:
        self.parameters = list(parameters)
        self._rate, self._momentum, self._decay = rate, momentum, decay
        self._means = [torch.zeros_like(weight) for weight in parameters]

    @torch.no_grad()
    def step(self, factor: float) -> None:
        rate = self._rate * factor
        for k in _with_gradients(self.parameters):
            weight, gradient = self.parameters[k], _gradient(self.parameters[k])
            mean = self._means[k].lerp_(gradient, 1 - self._momentum)
            update = gradient.lerp(mean, self._momentum).flatten(1)
            rows, columns = update.shape
            weight.mul_(1 - rate * self._decay)
            weight.add_(
                orthogonalised(update).reshape(weight.shape),
                alpha=-rate * math.sqrt(max(1.0, rows / columns)),
            )

    def state(self) -> dict[str, list[Tensor]]:
        return {"means": self._means}


class Optimizers:
    """All optimizers of one training, moved together."""

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self.parts: tuple[Optimizer, ...] = tuple(_parts(network, recipe))

    def step(self, factor: float) -> None:
        """Moves all parameters, at ``factor`` times the recipe's learning rates."""
        for part in self.parts:
            part.step(factor)

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for part in self.parts:
            for weight in part.parameters:
                weight.grad = None

    def state_dict(self) -> list[dict[str, list[Tensor]]]:
        """What a checkpoint holds of them."""
        return [part.state() for part in self.parts]

    @torch.no_grad()
    def load_state_dict(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Takes up where ``state_dict`` was."""
        for part, state in zip(self.parts, states, strict=True):
            for name, values in part.state().items():
                for value, stored in zip(values, state[name], strict=True):
                    value.copy_(stored)


def _parts(network: nn.Module, recipe: Recipe) -> Iterator[Optimizer]:
    parameters = list(network.parameters())
    rate, decay, momentum = recipe.learning_rate, recipe.weight_decay, recipe.momentum
    if recipe.optimizer == "sgd":
        yield SGD(parameters, rate, momentum=momentum, decay=decay)
        return
    kernels = [weight for weight in parameters if weight.ndim > 2]
    if recipe.optimizer == "muon" and kernels:
        of_kernels = recipe.kernel_learning_rate
        # rate · decay is what a step takes off: the same for all parameters.
        yield Muon(kernels, of_kernels, momentum=momentum, decay=decay * rate / of_kernels)
        parameters = [weight for weight in parameters if weight.ndim <= 2]
    if parameters:
        yield AdamW(parameters, rate, beta2=recipe.beta2, decay=decay)


def _with_gradients(parameters: Sequence[nn.Parameter]) -> list[int]:
    return [k for k, weight in enumerate(parameters) if weight.grad is not None]


def _gradient(weight: nn.Parameter) -> Tensor:
    assert weight.grad is not None
    return weight.grad


def _can_fuse(parameters: Sequence[nn.Parameter]) -> bool:
    """Whether torch has one kernel for the whole step on this device."""
    return parameters[0].device.type in ("cpu", "cuda")
