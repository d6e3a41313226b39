"""Changes of the training images, on whole batches: mirror, shift, cut out.

All work on N×C×H×W tensors of any type and device, before normalisation, and draw from
torch's default generator, which the loop seeds anew for every step.  What comes in from
outside, and what is cut out, is black (0).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from convscope.training.recipe import Recipe

__all__ = ["augmented", "cut_out", "mirrored", "shifted"]


def augmented(images: Tensor, recipe: Recipe) -> Tensor:
    """The images as the recipe changes them: flip, then shift, then cutout."""
    if recipe.flip:
        images = mirrored(images)
    if recipe.shift:
        images = shifted(images, recipe.shift)
    if recipe.cutout:
        images = cut_out(images, recipe.cutout)
    return images


def mirrored(images: Tensor) -> Tensor:
    """About half of the images, left to right."""
    chosen = torch.rand(len(images)) < 0.5
    return torch.where(chosen.to(images.device).view(-1, 1, 1, 1), images.flip(3), images)


def shifted(images: Tensor, most: int) -> Tensor:
    """Each image moved by −most…most pixels down and to the right, each equally likely."""
    count, _, height, width = images.shape
    starts = torch.randint(0, 2 * most + 1, (2, count, 1)).to(images.device)
    rows = starts[0] + torch.arange(height, device=images.device)
    columns = starts[1] + torch.arange(width, device=images.device)
    padded = functional.pad(images, (most, most, most, most))
    each = torch.arange(count, device=images.device).view(-1, 1, 1)
    # Indexing beside the slice puts the channels last; they are moved back.
    return padded[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cut_out(images: Tensor, side: int) -> Tensor:
    """A black square of ``side`` pixels, its middle anywhere in the image (DeVries and
    Taylor 2017): near the border a part of it falls outside."""
    count, _, height, width = images.shape
    places = torch.rand(2, count, 1)
    rows = _within(height, (places[0] * height).long(), side).to(images.device)
    columns = _within(width, (places[1] * width).long(), side).to(images.device)
    hidden = rows[:, :, None] & columns[:, None, :]
    return images.masked_fill(hidden[:, None], 0)


def _within(length: int, middle: Tensor, side: int) -> Tensor:
    """Which of ``length`` places lie in the window of ``side`` around each ``middle``."""
    start = middle - side // 2
    places = torch.arange(length)
    return (places >= start) & (places < start + side)
