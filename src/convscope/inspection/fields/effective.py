"""Where the gradient of a unit is: the effective receptive field, image by image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.pixels import Box
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError
from convscope.inspection.recording import borrowed, recording

__all__ = [
    "Place",
    "area_of",
    "deviation",
    "field_heats",
    "middle_of",
    "share_in",
    "shortest_run",
]

_PIXELS_AT_ONCE = 16 * 64 * 64


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of a layer: its row and column, and its channel or (None) all of them."""

    row: int
    column: int
    channel: int | None = None


def field_heats(
    module: nn.Module,
    images: Tensor,
    places: Mapping[str, Place],
    *,
    seed: int = 0,
    progress: Tell | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Σ |∂y/∂x| over images N×C×H×W and their channels, for a unit y of each layer: H×W.

    Where no channel is given, y is Σ ±y_c over all channels c at the place, with signs
    drawn for each image: its gradient is about as large as the root of Σ (∂y_c/∂x)², and
    channels of different sign do not cancel.
    """
    tell = teller(progress)
    draw = torch.Generator().manual_seed(seed)
    heats = {name: np.zeros(images.shape[2:], np.float64) for name in places}
    at_once = max(1, _PIXELS_AT_ONCE // (images.shape[2] * images.shape[3]))
    total, done = len(places) * len(images), 0
    with borrowed(module), torch.enable_grad(), recording(module, places) as outputs:
        for parameter in module.parameters():
            parameter.requires_grad_(False)  # nobody asks for their gradients
        for start in range(0, len(images), at_once):
            batch = images[start : start + at_once].clone().requires_grad_()
            module(batch)
            for name, place in places.items():
                tell(Progress("gradients of each layer", done, total, "gradients"))
                unit = _unit(outputs[name], place, draw)
                heats[name] += _gradient(unit, batch, name)
                done += len(batch)
    return heats


def _unit(output: Tensor, place: Place, draw: torch.Generator) -> Tensor:
    """One number for each image, N×C×h×w or N×C → N."""
    values = output[:, :, place.row, place.column] if output.dim() == 4 else output.flatten(1)
    if place.channel is not None:
        return values[:, place.channel]
    signs = torch.randint(0, 2, values.shape, generator=draw) * 2 - 1
    return (values * signs).sum(1)


def _gradient(unit: Tensor, images: Tensor, name: str) -> NDArray[np.float64]:
    """Σ |∂unit/∂image| over images and channels: H×W."""
    if not unit.requires_grad:
        raise UsageError(
            f"no gradient leads from {name} back to the image",
            remedy="the module cuts it off, by no_grad, detach or a way through numpy",
        )
    found: tuple[Tensor | None, ...] = torch.autograd.grad(
        unit.sum(), images, retain_graph=True, allow_unused=True
    )
    gradient = found[0]
    if gradient is None:
        return np.zeros(images.shape[2:], np.float64)
    if not bool(torch.isfinite(gradient).all()):
        raise UsageError(
            f"the gradient of {name} is not finite",
            remedy="a value of the network overflows on these images, or a root or quotient at 0",
        )
    summed: NDArray[np.float64] = gradient.abs().sum((0, 1)).double().numpy()
    return summed


def shortest_run(mass: NDArray[np.float64], share: float) -> tuple[int, int]:
    """The shortest stretch that holds so large a share of the mass: first place, and one past last.

    Of several the one that holds most.
    """
    sums = np.concatenate([[0.0], np.cumsum(mass)])
    aim = share * sums[-1]
    for length in range(1, len(mass)):
        held = sums[length:] - sums[:-length]
        if held.max() >= aim:
            first = int(held.argmax())
            return first, first + length
    return 0, len(mass)


def deviation(heat: NDArray[np.float64]) -> float:
    """√(Σ p·(x − mean)²) of a distribution along one axis, in pixels."""
    places = np.arange(len(heat))
    mean = float((heat * places).sum())
    return float(np.sqrt((heat * (places - mean) ** 2).sum()))


def middle_of(box: Box | None) -> Box | None:
    """The box of half the height and half the width, rounded up, in the middle of a box."""
    if box is None:
        return None
    height, width = -(-box.height // 2), -(-box.width // 2)
    top, left = box.top + (box.height - height) // 2, box.left + (box.width - width) // 2
    return Box(top, left, top + height, left + width)


def share_in(heat: NDArray[np.float64], box: Box | None) -> float:
    """How much of the heat lies in a box."""
    if box is None:
        return 0.0
    share = float(heat[box.top : box.bottom, box.left : box.right].sum())
    return 1.0 if share > 1 - 1e-9 else share  # a sum's rounding is no gradient outside


def area_of(box: Box | None) -> int:
    """How many pixels a box holds."""
    return 0 if box is None else box.height * box.width
