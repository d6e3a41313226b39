"""Batches, losses and controls of learning masks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.applications.segmentation.tiny import REGIONS, split
from torch import Tensor, nn

from convscope.applications.segmentation.task import (
    PixelClassification,
    answered,
    region_weights,
    require_regions,
    scored,
    shuffled_masks,
)
from convscope.data.annotated import VOID, Split
from convscope.data.preprocessing import Preprocessing
from convscope.errors import DataError
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise

NORMALISE = Normalise(Preprocessing((1, 1), 1, "pad", (0.0,), (1.0,)))
MIXED = ((32, 32), (24, 40), (32, 32))


class Bright(nn.Module):
    """Says region 1 where a pixel is bright, 2 where it is dark, else 0."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([torch.full_like(images, 0.7), images, 1 - images], 1)


def task(data: Split, recipe: Recipe | None = None, weights: float = 0) -> PixelClassification:
    assert data.masks is not None
    return PixelClassification(
        data,
        NORMALISE,
        recipe or Recipe(),
        REGIONS,
        masks=data.masks,
        weights=region_weights(data.masks, 3, weights),
        held=data,
        lattice=1,
    )


def test_images_of_several_sizes_are_filled_up_with_void() -> None:
    data = split(3, MIXED)
    images, masks = task(data).batch(np.array([1, 0]))
    assert images.shape == (2, 1, 32, 40) and masks.shape == (2, 32, 40)
    assert (masks[0, 24:] == VOID).all() and (masks[1, :, 32:] == VOID).all()
    assert data.masks is not None
    assert torch.equal(masks[0, :24], torch.from_numpy(data.masks[1]).long())
    assert images[0, 0, :24].mul(255).round().byte().numpy().tolist() == data.images[1][0].tolist()


def test_image_and_mask_are_mirrored_together() -> None:
    data = split(8, ((32, 32),))
    torch.manual_seed(0)
    images, masks = task(data, Recipe(flip=True)).batch(np.arange(8))
    plain, _ = task(data).batch(np.arange(8))
    assert {bool(torch.equal(a, b)) for a, b in zip(images, plain, strict=True)} == {True, False}
    bright = images[:, 0] > 0.9
    assert (masks[bright] % VOID <= 1).all() and (masks == 1).sum() > 100


def test_the_loss_is_the_weighted_mean_over_known_pixels() -> None:
    data = split(2, ((32, 32),))
    made = task(data, weights=1)
    images, masks = made.batch(np.arange(2))
    weights = region_weights(data.masks, 3, 1)  # type: ignore[arg-type]
    logs = Bright()(images).log_softmax(1)
    total = whole = 0.0
    for n, row, column in np.ndindex(*masks.shape):
        region = int(masks[n, row, column])
        if region != VOID:
            total -= float(weights[region] * logs[n, region, row, column])
            whole += float(weights[region])
    assert float(made.loss(Bright(), (images, masks))) == pytest.approx(total / whole, rel=1e-5)


def test_a_lattice_is_a_quarter_of_the_pixels_and_moves() -> None:
    """Each pixel has its turn: the mean over the four places is the loss of all."""
    data = split(2, ((32, 32),))
    whole = task(data)
    images, masks = whole.batch(np.arange(2))
    masks[masks == VOID] = 0  # so that all four lattices hold as many pixels
    assert data.masks is not None
    weights = np.ones(3, np.float32)
    quarter = PixelClassification(
        data, NORMALISE, Recipe(), REGIONS, masks=data.masks, weights=weights, lattice=2
    )
    torch.manual_seed(1)
    found = {round(float(quarter.loss(Bright(), (images, masks))), 6) for _ in range(40)}
    assert len(found) == 4
    assert sum(found) / 4 == pytest.approx(float(whole.loss(Bright(), (images, masks))), rel=1e-4)


def test_a_batch_that_is_void_all_over_costs_nothing() -> None:
    data = split(2, ((32, 32),))
    images, masks = task(data).batch(np.arange(2))
    assert float(task(data).loss(Bright(), (images, torch.full_like(masks, VOID)))) == 0


def test_weights_balance_the_regions() -> None:
    masks = np.array([[[0] * 8 + [1] * 2 + [VOID] * 5]], np.uint8)
    assert region_weights(masks, 3, 0).tolist() == [1, 1, 1]
    full = region_weights(masks, 3, 1)
    assert full[1] / full[0] == pytest.approx(4) and full[2] == 1
    assert 0.8 * full[0] + 0.2 * full[1] == pytest.approx(1)
    half = region_weights(masks, 3, 0.5)
    assert half[1] / half[0] == pytest.approx(2)


def test_every_image_is_answered_in_its_own_size() -> None:
    data = split(5, MIXED)
    found = {int(k): mask for ks, masks in answered(Bright(), data.images, NORMALISE)
             for k, mask in zip(ks, masks, strict=True)}  # fmt: skip
    assert sorted(found) == list(range(5))
    assert all(found[k].shape == data.images[k].shape[1:] for k in found)


def test_a_rule_that_knows_the_answer_scores_nearly_all() -> None:
    found = scored(Bright(), split(5, MIXED), NORMALISE, REGIONS)
    assert found.images == 5 and found.mean_iou > 0.9 and found.boundary_f > 0.8


def test_the_score_is_of_the_held_out_part() -> None:
    data = split(5, MIXED)
    found = task(data).score(Bright())
    assert found["mean IoU"] == scored(Bright(), data, NORMALISE, REGIONS).mean_iou


@pytest.mark.parametrize("sizes", [((32, 32),), MIXED])
def test_shuffled_masks_are_those_of_other_images(sizes: tuple[tuple[int, int], ...]) -> None:
    masks = split(7, sizes).masks
    assert masks is not None
    found = shuffled_masks(masks, 1)
    assert [mask.shape for mask in found] == [mask.shape for mask in masks]
    assert not any(np.array_equal(a, b) for a, b in zip(found, masks, strict=True))
    again = shuffled_masks(masks, 1)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
    if len(set(sizes)) == 1:
        assert sorted(m.tobytes() for m in found) == sorted(m.tobytes() for m in masks)


def test_a_mask_with_an_unknown_region_names_its_image() -> None:
    with pytest.raises(DataError) as caught:
        require_regions(split(3, MIXED), 2, "here")
    assert str(caught.value) == (
        "here: the mask of 0-0 holds the index 2, and there are 2 regions: use 0…1, or 255 for void"
    )


def test_a_mask_of_another_size_names_its_image() -> None:
    data = split(2, ((32, 32),))
    wrong = Split(data.names, data.images, masks=[np.zeros((32, 31), np.uint8)] * 2)
    with pytest.raises(DataError, match="the mask of 0-0 is 32×31, its image 32×32"):
        require_regions(wrong, 3, "here")
