"""Learning masks: batches of images with their masks, the loss of every pixel, the score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from convscope.applications.segmentation.scores import SegmentationScores, Tally
from convscope.data.annotated import VOID, Split
from convscope.errors import DataError
from convscope.training.augmentation import mirrored
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise

__all__ = [
    "PixelClassification",
    "answered",
    "region_weights",
    "require_regions",
    "scored",
    "shuffled_masks",
]

PIXELS_AT_ONCE = 16 * 128 * 128
"""Of a channel, when a network is only used."""

Pixels = NDArray[np.uint8]


class PixelClassification:
    """Images into masks: cross-entropy of every known pixel, and mean IoU as the score.

    ``weights`` are those of the regions (``region_weights``); the loss is their weighted mean
    over the pixels of a lattice, every ``lattice``th of every ``lattice``th row, that lies
    elsewhere at each step: neighbours say nearly the same, and four times as many cost time.
    """

    def __init__(
        self,
        train: Split,
        normalise: Normalise,
        recipe: Recipe,
        regions: tuple[str, ...],
        *,
        masks: Sequence[Pixels] | Pixels,
        weights: NDArray[np.float32],
        held: Split | None = None,
        lattice: int = 2,
    ) -> None:
        self._images, self._masks = train.images, masks
        self._normalise = normalise
        self._recipe = recipe
        self._regions = regions
        self._weights = torch.from_numpy(weights).to(normalise.device)
        self._held = held
        self._lattice = lattice

    @property
    def count(self) -> int:
        return len(self._masks)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Images of several sizes become as large as the largest; what is added is void."""
        images, masks = _stacked(self._images, indices, 0), _stacked(self._masks, indices, VOID)
        both = torch.cat([images, masks[:, None]], 1)
        if self._recipe.flip:
            both = mirrored(both)
        return self._normalise(both[:, :-1]), both[:, -1].to(self._normalise.device, torch.int64)

    def loss(self, network: Callable[..., Any], batch: tuple[Tensor, Tensor]) -> Tensor:
        images, masks = batch
        down, right = torch.randint(self._lattice, (2,)).tolist()
        chosen = (slice(down, None, self._lattice), slice(right, None, self._lattice))
        truth = masks[:, *chosen]
        scores = network(images)[:, :, *chosen].float()
        sums = functional.cross_entropy(
            scores, truth, self._weights, ignore_index=VOID, reduction="sum",
            label_smoothing=self._recipe.label_smoothing,
        )  # fmt: skip
        # A batch that is void all over teaches nothing, and must not divide by nothing.
        total: Tensor = self._weights[truth[truth != VOID]].sum()
        return sums / total.clamp(min=1e-6)

    def score(self, network: nn.Module) -> Mapping[str, float]:
        if self._held is None:
            return {}
        found = scored(network, self._held, self._normalise, self._regions, boundaries=False)
        return {"mean IoU": found.mean_iou, "pixels": found.pixel_accuracy}


def answered(
    network: nn.Module, images: Sequence[Pixels] | Pixels, normalise: Normalise
) -> Iterator[tuple[NDArray[np.int64], Pixels]]:
    """The likeliest region of every pixel: (which images, their masks N×H×W), size by size.

    The network is used as it stands: call ``eval()`` first.  A batch holds images of one size.
    """
    with torch.inference_mode():
        for indices in _batches(images):
            scores = network(normalise(_stacked(images, indices, 0)))
            yield indices, scores.argmax(1).to("cpu", torch.uint8).numpy()


def scored(
    network: nn.Module,
    split: Split,
    normalise: Normalise,
    regions: tuple[str, ...],
    *,
    boundaries: bool = True,
) -> SegmentationScores:
    """The network's answers to all images of a split, judged by its masks."""
    assert split.masks is not None
    tally = Tally(regions, boundaries=boundaries)
    for indices, masks in answered(network, split.images, normalise):
        tally.add(_stacked(split.masks, indices, VOID).numpy(), masks)
    return tally.scores()


def region_weights(
    masks: Sequence[Pixels] | Pixels, regions: int, balance: float
) -> NDArray[np.float32]:
    """A weight for each region: (its part of all known pixels)^−balance, a pixel's mean being 1.

    With ``balance`` 0 every pixel counts the same, with 1 every region does; most pixels are
    background, and a half is between the two.  A region that is never there weighs 1.
    """
    counts = np.zeros(256, np.int64)
    for mask in masks:
        counts += np.bincount(np.ravel(mask), minlength=256)
    there = counts[:regions] > 0
    parts = counts[:regions] / max(1, counts[:regions].sum())
    weights = np.where(there, np.where(there, parts, 1.0) ** -balance, 1.0)
    mean = float((weights * parts).sum())
    return (np.where(there, weights / mean, 1.0) if mean else weights).astype(np.float32)


def require_regions(split: Split, regions: int, place: str) -> None:
    """DataError where a mask holds an index that is no region, or is not as large as its image."""
    assert split.masks is not None
    for name, image, mask in zip(split.names, split.images, split.masks, strict=True):
        if mask.shape != image.shape[1:]:
            raise DataError(
                f"the mask of {name} is {mask.shape[0]}×{mask.shape[1]}, its image "
                f"{image.shape[1]}×{image.shape[2]}",
                place=place,
                remedy='"convscope data check" lists all such files',
            )
        unknown = np.unique(mask[(mask >= regions) & (mask != VOID)])
        if unknown.size:
            raise DataError(
                f"the mask of {name} holds the index {unknown[0]}, and there are {regions} regions",
                place=place,
                remedy=f"use 0…{regions - 1}, or {VOID} for void",
            )


def shuffled_masks(masks: Sequence[Pixels] | Pixels, seed: int) -> list[Pixels]:
    """To each image the mask of another one, stretched to its size: the negative control."""
    count = len(masks)
    ordered = np.random.default_rng(seed).permutation(count)
    # Each takes that of the next in a ring, so that none keeps its own.
    partner = np.empty(count, np.int64)
    partner[ordered] = np.roll(ordered, 1)
    return [
        _stretched(masks[int(other)], mask.shape)
        for mask, other in zip(masks, partner, strict=True)
    ]


def _stretched(mask: Pixels, shape: tuple[int, ...]) -> Pixels:
    if mask.shape == shape:
        return mask
    size = (shape[1], shape[0])
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST), np.uint8)


def _stacked(values: Sequence[Pixels] | Pixels, indices: NDArray[np.int64], fill: int) -> Tensor:
    """The chosen ones as one tensor, each at the upper left, ``fill`` beyond it."""
    if isinstance(values, np.ndarray):
        return torch.from_numpy(values[indices])
    chosen = [values[int(index)] for index in indices]
    height, width = (max(each.shape[axis] for each in chosen) for axis in (-2, -1))
    shape = (len(chosen), *chosen[0].shape[:-2], height, width)
    stacked = np.full(shape, fill, np.uint8)
    for place, each in enumerate(chosen):
        stacked[place, ..., : each.shape[-2], : each.shape[-1]] = each
    return torch.from_numpy(stacked)


def _batches(images: Sequence[Pixels] | Pixels) -> Iterator[NDArray[np.int64]]:
    """Indices of images of one size, as many as are computed at once."""
    sizes = np.array([image.shape[-2:] for image in images], np.int64).reshape(-1, 2)
    for height, width in np.unique(sizes, axis=0):
        alike = np.flatnonzero((sizes == (height, width)).all(1))
        count = max(1, PIXELS_AT_ONCE // int(height * width))
        for start in range(0, len(alike), count):
            yield alike[start : start + count]
