"""What a probe batch shows of a network at one moment of its training.

One forward and one backward pass of its own, in training mode (batch normalisation uses
the batch, as while learning) but without dropout.  Everything that is borrowed is given
back: modes, statistics, gradients, random state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.inspection.recording import borrowed

__all__ = ["ActivationVitals", "NormVitals", "Vitals", "WeightVitals", "take_vitals"]

_RECTIFIERS = (nn.ReLU,)
_SQUASHERS = (nn.Sigmoid, nn.Tanh)
_WEIGHTED = (nn.modules.conv._ConvNd, nn.Linear)
_NORMS = (nn.modules.batchnorm._BatchNorm,)
_DROPOUTS = (nn.modules.dropout._DropoutNd,)

SATURATED_GRADIENT = 0.04
"""A sigmoid or tanh is saturated where its slope is below this part of its steepest."""


@dataclass(frozen=True, slots=True)
class ActivationVitals:
    """One activation: ``units`` are channels of maps, or the numbers of a vector.

    ``dead`` lists the units of a ReLU that gave 0 for all of the probe; ``saturated`` is
    the part of a sigmoid's or tanh's values on whose slope is below 4 % of its steepest.
    """

    name: str
    kind: str
    units: int
    dead: tuple[int, ...]
    saturated: float


@dataclass(frozen=True, slots=True)
class WeightVitals:
    """One layer with weights.

    ``weight`` and ``gradient`` are norms; their product, the ``pull``, is by how much the
    loss would change if the layer's weights changed by their own size, whatever scale they
    have.  ``agreement`` is the part of a unit's weight gradients that share one sign, the
    mean over units (½ … 1).  ``positive`` is the part of its inputs that are not negative.
    ``update`` is the relative change of the weights for each step since the vitals
    before, None for the first.  ``copies`` counts units with the same weights as another.
    """

    name: str
    units: int
    inputs: int
    weight: float
    gradient: float
    agreement: float
    positive: float
    update: float | None
    copies: int

    @property
    def pull(self) -> float:
        """‖weights‖ · ‖gradient‖"""
        return self.weight * self.gradient


@dataclass(frozen=True, slots=True)
class NormVitals:
    """One batch normalisation: how far its running statistics are from the probe's.

    ``shift`` is |running mean − mean| in deviations of the probe, ``scale`` the factor
    between the variances (1 or more); each the median over the channels.
    """

    name: str
    shift: float
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Vitals:
    """All that is measured at one moment, after ``step`` steps, on ``count`` images.

    ``chance`` is the loss of guessing by the frequencies of the probe's classes (their
    entropy), ``majority`` the part of the most frequent one.  ``input_deviation`` is over
    all values; ``input_spread`` is how far an image is from the typical one, the median over
    the images of the root mean square over its values.
    """

    step: int
    count: int
    loss: float
    accuracy: float
    classes: int
    chance: float
    majority: float
    input_mean: float
    input_deviation: float
    input_spread: float
    activations: tuple[ActivationVitals, ...]
    weights: tuple[WeightVitals, ...]
    norms: tuple[NormVitals, ...]
    snapshot: dict[str, Tensor] = field(repr=False, default_factory=dict)

    @property
    def finite(self) -> bool:
        """Whether the loss and all gradients are numbers."""
        return math.isfinite(self.loss) and all(
            math.isfinite(each.gradient) for each in self.weights
        )


def take_vitals(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    step: int = 0,
    before: Vitals | None = None,
) -> Vitals:
    """The vitals of a network on a probe: normalised images N×C×H×W and their labels.

    ``before`` are earlier vitals of the same network, from which updates are told.  The loss
    is the cross-entropy of the outputs as scores, which is what our own networks give, and
    runs of ours are all that is examined; of a network that ends in a softmax it, and the
    gradients with it, would be those of a softmax of a softmax.
    """
    seen = _Seen()
    with borrowed(network), torch.enable_grad(), ExitStack() as stack:
        _as_while_learning(network)
        parameters = _weights_of(network)
        for each in parameters.values():
            each.requires_grad_(True)
        for name, module in network.named_modules():
            hook = seen.hook(name, module)
            if hook is not None:
                stack.enter_context(module.register_forward_hook(hook))
        outputs = network(images).float()
        loss = functional.cross_entropy(outputs, labels)
        names = [name for name in parameters if name in seen.positive]
        gradients = torch.autograd.grad(
            loss, [parameters[name] for name in names], allow_unused=True
        )
    with torch.no_grad():
        snapshot = {name: parameters[name].detach().clone() for name in names}
        weights = tuple(
            _weight_vitals(name, parameters[name], gradient, seen.positive[name], step, before)
            for name, gradient in zip(names, gradients, strict=True)
        )
        shares = torch.bincount(labels).double() / len(labels)
        shares = shares[shares > 0]
        return Vitals(
            step=step,
            count=len(labels),
            loss=loss.item(),
            accuracy=(outputs.argmax(1) == labels).double().mean().item(),
            classes=outputs.shape[1],
            chance=-(shares * shares.log()).sum().item(),
            majority=shares.max().item(),
            input_mean=images.mean().item(),
            input_deviation=images.std().item(),
            input_spread=_spread(images),
            activations=tuple(seen.activations),
            weights=weights,
            norms=tuple(seen.norms),
            snapshot=snapshot,
        )


class _Seen:
    """What the hooks of one forward pass find."""

    def __init__(self) -> None:
        self.activations: list[ActivationVitals] = []
        self.norms: list[NormVitals] = []
        self.positive: dict[str, float] = {}

    def hook(self, name: str, module: nn.Module) -> Callable[..., None] | None:
        """The hook of a module that is of interest, else None."""
        if isinstance(module, _RECTIFIERS + _SQUASHERS):
            return lambda each, _, output: self._activation(name, each, output.detach())
        if isinstance(module, _WEIGHTED):
            return lambda _, given, __: self._weighted(name, given[0].detach())
        if isinstance(module, _NORMS) and module.track_running_stats:
            statistics = [
                None if value is None else value.detach().clone()
                for value in (module.running_mean, module.running_var)
            ]
            return lambda _, given, __: self._norm(name, given[0].detach(), *statistics)
        return None

    def _weighted(self, name: str, given: Tensor) -> None:
        # NumPy counts truths several times as fast as torch adds them up.
        count = np.count_nonzero((given >= 0).cpu().numpy())
        self.positive.setdefault(name, count / given.numel())

    def _activation(self, name: str, module: nn.Module, output: Tensor) -> None:
        dead: tuple[int, ...] = ()
        saturated = 0.0
        if isinstance(module, nn.ReLU):
            dead = tuple((output.amax(_but_channels(output)) <= 0).nonzero().flatten().tolist())
        else:
            slope = 1 - output**2 if isinstance(module, nn.Tanh) else 4 * output * (1 - output)
            saturated = (slope < SATURATED_GRADIENT).float().mean().item()
        kind = type(module).__name__.lower()
        self.activations.append(ActivationVitals(name, kind, output.shape[1], dead, saturated))

    def _norm(self, name: str, given: Tensor, mean: Tensor | None, var: Tensor | None) -> None:
        if mean is None or var is None:
            return
        dims = _but_channels(given)
        centre = given.mean(dims, keepdim=True)
        # In two passes, which is ten times as fast as var.
        variance = (given - centre).square_().sum(dims) / (given[:, 0].numel() - 1)
        # A channel that is constant over the probe has no deviation to measure in.
        variance = variance.clamp_min(1e-12)
        shift = (mean - centre.flatten()).abs() / variance.sqrt()
        scale = (var.clamp_min(1e-12) / variance).log().abs()
        self.norms.append(
            NormVitals(name, shift.median().item(), math.exp(min(scale.median().item(), 700.0)))
        )


def _but_channels(values: Tensor) -> list[int]:
    return [dim for dim in range(values.dim()) if dim != 1]


def _as_while_learning(network: nn.Module) -> None:
    network.train()
    for module in network.modules():
        if isinstance(module, _DROPOUTS):
            module.eval()


def _weights_of(network: nn.Module) -> dict[str, Tensor]:
    return {
        name: module.weight
        for name, module in network.named_modules()
        if isinstance(module, _WEIGHTED)
    }


def _weight_vitals(
    name: str,
    weight: Tensor,
    gradient: Tensor | None,
    positive: float,
    step: int,
    before: Vitals | None,
) -> WeightVitals:
    rows = weight.detach().flatten(1)
    slopes = torch.zeros_like(rows) if gradient is None else gradient.flatten(1)
    size = rows.norm().item()
    update = None
    if before is not None and name in before.snapshot:
        earlier = before.snapshot[name]
        change = (weight.detach() - earlier).norm().item()
        scale = max(earlier.norm().item(), 1e-6 * size)
        update = change / scale / max(step - before.step, 1) if scale else 0.0
    return WeightVitals(
        name=name,
        units=rows.shape[0],
        inputs=rows.shape[1],
        weight=size,
        gradient=slopes.norm().item(),
        agreement=_agreement(slopes),
        positive=positive,
        update=update,
        copies=_copies(rows),
    )


def _copies(rows: Tensor) -> int:
    """Units whose weights are those of another: their products with one vector are the same."""
    steps = torch.arange(1, rows.shape[1] + 1, dtype=torch.float64, device=rows.device)
    return rows.shape[0] - len(torch.unique(rows.double() @ steps.sin()))


def _spread(images: Tensor) -> float:
    typical = images.median(0, keepdim=True).values
    return float((images - typical).square().flatten(1).mean(1).sqrt().median())


def _agreement(slopes: Tensor) -> float:
    """max(share above 0, share below 0) of each unit's non-zero gradients; 0 where all are 0."""
    above, below = (slopes > 0).sum(1).double(), (slopes < 0).sum(1).double()
    some = (above + below) > 0
    if not bool(some.any()):
        return 0.0
    share: Any = torch.maximum(above, below)[some] / (above + below)[some]
    return float(share.mean())
