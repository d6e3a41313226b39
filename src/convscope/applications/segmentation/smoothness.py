"""The layers with which a network takes one mean-field step of a Markov random field.

Liu, Li, Luo, Loy and Tang, Semantic image segmentation via Deep Parsing Network, 2015.  The
cost of label u at pixel i, given the probabilities p of all pixels, is

    cost(i, u) = min_k  Σ_v Σ_{j near i} μ_k(u, v, j − i) · p_j^v · Σ_{z near j} d(j, z) p_z^v

The inner sum is a convolution whose filter is another one at each pixel (``LocalConvolution``,
the paper's layer b12), the outer one an ordinary convolution over label maps
(``LabelContexts``, b13), and the minimum chooses among its mixtures (b14).  A pixel i is in its
own neighbourhood for μ; d(j, j) is left out.  Beyond the image nothing has any label.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

__all__ = ["LabelContexts", "LocalConvolution", "Measure", "least_cost"]

Measure = Literal["likeness", "distance"]


class LocalConvolution(nn.Module):
    """p_j^v · Σ_z d(j, z)·p_z^v over the pixels z of the window around j: N×L×H×W → the same.

    The filter is the same for all L labels and another one at each pixel.  It depends on how
    far z lies from j in colour and in space; three positive numbers a, b, c are learnt:

        likeness    d(j, z) = a·exp(−b·‖I_j − I_z‖² − c·‖x_j − x_z‖²)
        distance    d(j, z) = b·‖I_j − I_z‖² + c·‖x_j − x_z‖²             (a is not used)

    The second is the paper's equation, a penalty for labels whose pixels are unlike; the first,
    Krähenbühl and Koltun's kernel (2011), is a reward for labels whose pixels are alike.
    Colours I are those that the network reads, positions x are pixels; the window is
    (2·radius + 1)² pixels.  Their logarithms are kept, so that they stay positive.
    """

    def __init__(
        self,
        radius: int = 4,
        measure: Measure = "likeness",
        *,
        colour: float = 2.0,
        space: float = 0.06,
    ) -> None:
        super().__init__()
        self.radius = radius
        self.measure: Measure = measure
        squares = [square for *_, square in _steps(radius)]
        if measure == "likeness":
            start = (1 / (2 * sum(math.exp(-space * square) for square in squares)), colour, space)
        else:
            start = (1.0, colour / (2 * len(squares)), space / (2 * len(squares)))
        # Of a place amid its like the sum is then about one.
        values = torch.tensor(start)
        self.logarithms = nn.Parameter(values.log())

    @property
    def rates(self) -> Tensor:
        """a, b, c"""
        return self.logarithms.exp()

    def forward(self, labels: Tensor, images: Tensor) -> Tensor:
        """Probabilities N×L×H×W and what they were made from, N×C×H×W."""
        likely = self.measure == "likeness"
        sums: Tensor = _LocalSum.apply(labels, images, self.rates, self.radius, likely)
        return labels * sums


class LabelContexts(nn.Conv2d):
    """μ: a convolution over the L label maps with K mixtures: N×L×H×W → N×L·K×H×W.

    Channel u·K + k holds what mixture k of label u costs.  At the beginning a label's cost is
    ``sign`` times what the layer before says of the same label at the same pixel; all mixtures
    but the first are a little off it at random, or they would stay the same for ever.
    """

    def __init__(self, labels: int, *, side: int = 5, mixtures: int = 5, sign: float = -1) -> None:
        super().__init__(labels, labels * mixtures, side, padding=side // 2, bias=False)
        self.mixtures = mixtures
        with torch.no_grad():
            weight = self.weight.view(labels, mixtures, labels, side, side)
            weight.normal_(0, 0.001)
            weight[:, 0] = 0
            own = torch.arange(labels)
            weight[own, :, own, side // 2, side // 2] += sign


def least_cost(costs: Tensor, mixtures: int) -> Tensor:
    """Of each label the cheapest mixture: N×L·K×H×W → N×L×H×W."""
    count, channels, height, width = costs.shape
    return costs.view(count, channels // mixtures, mixtures, height, width).amin(2)


class _LocalSum(torch.autograd.Function):
    """Σ_z d(j, z)·p_z^v, and its gradients, without keeping what each step makes.

    d(j, z) = d(z, j): so each pair of pixels is looked at once, and the gradient by p is the
    same sum over the gradient.  A window of 81 pixels takes 40 steps over the whole batch.
    """

    @staticmethod
    def forward(
        ctx: Any, labels: Tensor, images: Tensor, rates: Tensor, radius: int, likely: bool
    ) -> Tensor:
        labels = labels.contiguous()
        ctx.save_for_backward(labels, images, rates)
        ctx.radius, ctx.likely = radius, likely
        return _local_sum(labels, images, rates, radius, likely)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        labels, images, rates = ctx.saved_tensors
        gradient = gradient.contiguous()
        by_labels = by_rates = None
        if ctx.needs_input_grad[0]:
            by_labels = _local_sum(gradient, images, rates, ctx.radius, ctx.likely)
        if ctx.needs_input_grad[2]:
            by_rates = _rate_gradient(gradient, labels, images, rates, ctx.radius, ctx.likely)
        return by_labels, None, by_rates, None, None


Window = tuple[slice, ...]


def _steps(radius: int) -> Iterator[tuple[int, int, int]]:
    """(down, right, squared distance) of half of a window's pixels; the others are opposite."""
    for down in range(radius + 1):
        for right in range(-radius, radius + 1):
            if down > 0 or right > 0:
                yield down, right, down**2 + right**2


def _windows(down: int, right: int, height: int, width: int) -> tuple[Window, Window]:
    """All pixels that have a neighbour so far down and to the right, and those neighbours."""
    every = slice(None)
    here = slice(max(0, -right), width - max(0, right))
    there = slice(max(0, right), width - max(0, -right))
    return (every, every, slice(0, height - down), here), (every, every, slice(down, height), there)


def _filters(apart: Tensor, square: int, rates: Tensor, likely: bool) -> Tensor:
    """d of one step at all pixels: N×1×h×w, from their squared distance in colour."""
    scale, colour, space = rates.tolist()
    if likely:
        return apart.mul(-colour).sub_(space * square).exp_().mul_(scale)
    return apart.mul(colour).add_(space * square)


def _apart(images: Tensor, one: Window, other: Window) -> Tensor:
    """‖I_j − I_z‖², N×1×h×w."""
    return (images[one] - images[other]).square().sum(1, keepdim=True)


def _local_sum(values: Tensor, images: Tensor, rates: Tensor, radius: int, likely: bool) -> Tensor:
    total = torch.zeros_like(values)
    height, width = values.shape[2:]
    for down, right, square in _steps(radius):
        if down < height and abs(right) < width:
            one, other = _windows(down, right, height, width)
            filters = _filters(_apart(images, one, other), square, rates, likely)
            total[one].addcmul_(filters, values[other])
            total[other].addcmul_(filters, values[one])
    return total


def _rate_gradient(
    gradient: Tensor, labels: Tensor, images: Tensor, rates: Tensor, radius: int, likely: bool
) -> Tensor:
    """Σ_jzv g_j^v p_z^v ∂d(j, z)/∂(a, b, c)."""
    found = torch.zeros(3, dtype=torch.float64)
    height, width = labels.shape[2:]
    scale = float(rates[0])
    for down, right, square in _steps(radius):
        if down >= height or abs(right) >= width:
            continue
        one, other = _windows(down, right, height, width)
        apart = _apart(images, one, other)
        meeting = gradient[one] * labels[other]
        meeting = meeting.addcmul_(gradient[other], labels[one]).sum(1, keepdim=True)
        if likely:
            meeting.mul_(_filters(apart, square, rates, likely))
            total, by_colour = float(meeting.sum()), float((meeting * apart).sum())
            found += torch.tensor([total / scale, -by_colour, -square * total])
        else:
            total = float(meeting.sum())
            found += torch.tensor([0.0, float((meeting * apart).sum()), square * total])
    return found.to(rates.dtype).to(rates.device)
