"""Masks as pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convscope.data.annotated import VOID
from convscope.data.palette import voc_palette
from convscope.report.plotting import save_figure, svg_text
from convscope.report.segmentation_figure import (
    comparison_figure,
    masks_figure,
    painted,
    region_colours,
    rungs_figure,
)
from tests.report.test_segmentation_view import REGIONS, comparison, segmentation


@pytest.mark.parametrize("count", [1, 2, 11, 13, 14, 21, 255])
def test_every_region_has_a_colour_of_its_own(count: int) -> None:
    colours = region_colours(count)
    assert colours.shape == (count, 3) and len(np.unique(colours, axis=0)) == count
    assert colours.min() >= 0 and colours.max() <= 1
    if count > 13:
        assert np.array_equal(colours, voc_palette()[:count] / 255)


def test_regions_are_painted_and_the_ground_stays() -> None:
    found = segmentation()
    mask = found.mask.copy()
    mask[0, 0] = VOID
    image = painted(found.picture, mask, 3)
    assert np.allclose(image[0, 0], 1)
    assert np.allclose(image[15, 25], 90 / 255)
    colour = region_colours(3)[1]
    assert np.allclose(image[5, 5], colour)  # the outline
    assert np.allclose(image[7, 10], 0.4 * 90 / 255 + 0.6 * colour)


def test_a_figure_of_masks_names_sources_and_regions(tmp_path: Path) -> None:
    figure = masks_figure([segmentation(), segmentation("sea.png")])
    svg = svg_text(figure)
    assert all(word in svg for word in ("lake.png", "sea.png", "ground", "boat"))
    assert "never there" not in svg
    assert all(path.stat().st_size > 1000 for path in save_figure(figure, tmp_path, "masks"))


def test_a_figure_of_rungs_has_a_row_a_picture() -> None:
    found = segmentation()
    pictures, masks = [found.picture] * 2, [found.mask] * 2
    figure = rungs_figure(pictures, masks, [("a", masks), ("b", masks)], REGIONS, "heading")
    assert len(figure.axes) == 2 * 4 + 2
    svg = svg_text(figure)
    assert all(word in svg for word in ("heading", "picture", "truth", "boat"))


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_figure_of_the_ladder(seeds: int) -> None:
    svg = svg_text(comparison_figure(comparison(seeds=seeds)))
    assert all(word in svg for word in ("fcn-stride8", "+ local", "62.0", "mean IoU, %"))
