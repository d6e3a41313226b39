"""Selective search: segments merged, the most alike first, into boxes that may hold objects.

Uijlings, van de Sande, Gevers, Smeulders, Selective Search for Object Recognition (2013),
written anew on scikit-image's segmentation.  Every segment and every merged region gives a
box.  Several segmentations and measures of likeness give several hierarchies, which are
merged side by side here: one step of the loop merges one pair in each of them.

All is deterministic: likeness is a quotient of whole numbers, and of equals the pair that
stands first is merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.applications.detection.segments import (
    COLOUR_BINS,
    TEXTURE_BINS,
    Segments,
    looks,
    segments_of,
)
from convscope.errors import UsageError

__all__ = ["MEASURES", "SEARCH", "Search", "hierarchies", "proposed"]

MEASURES = "CTSF"
"""Colour, texture, size, fill: what a strategy may add up."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Search:
    """How boxes are searched for.

    ``scales`` are Felzenszwalb's k, one segmentation each; ``least`` the pixels of the
    smallest segment; ``strategies`` the measures that each hierarchy adds up; ``side`` that
    of the smallest box kept; ``most`` how many boxes an image may have.  The scales are those
    of the paper's fast version, the strategies those of its version for quality.
    """

    scales: tuple[float, ...] = (50.0, 100.0)
    least: int = 20
    strategies: tuple[str, ...] = ("CTSF", "TSF", "F", "S")
    side: int = 8
    most: int = 200

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) <= 0:
            raise UsageError("the scales of a segmentation are above 0", place="selective search")
        if not self.strategies or not all(
            strategy and set(strategy) <= set(MEASURES) for strategy in self.strategies
        ):
            raise UsageError(
                "a strategy is made of the letters C, T, S and F (colour, texture, size, fill)",
                place="selective search",
            )
        if min(self.least, self.side, self.most) < 1:
            raise UsageError("least, side and most are 1 or more", place="selective search")

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return asdict(self)


SEARCH = Search()


def proposed(image: NDArray[np.uint8], search: Search = SEARCH) -> NDArray[np.int32]:
    """Boxes in which something may be, of an image C×H×W: at most ``search.most`` × 4.

    Left, top, right, bottom in pixels, at the edges.  Regions that came late in their
    hierarchy, and so are large, come first, each place in it times a number drawn from 0…1
    (the paper's order; the same numbers for every image); of equal boxes the first is kept.
    """
    cut = [
        segments_of(look, scale, search.least) for look in looks(image) for scale in search.scales
    ]
    trees = hierarchies(
        [segments for segments in cut for _ in search.strategies],
        [strategy for _ in cut for strategy in search.strategies],
    )
    boxes = np.concatenate(trees)
    place = np.concatenate([np.arange(len(tree), 0, -1) for tree in trees])
    boxes = boxes[np.argsort(place * _drawn(len(place)), kind="stable")]
    boxes = boxes[(boxes[:, 2:] - boxes[:, :2]).min(1) >= search.side]
    _, first = np.unique(boxes, axis=0, return_index=True)
    kept: NDArray[np.int32] = boxes[np.sort(first)[: search.most]].astype(np.int32)
    return kept


def _drawn(count: int) -> Floats:
    """Numbers in 0…1 that are the same on every machine: PCG64's raw bits (NEP 19)."""
    bits = np.random.PCG64(np.random.SeedSequence(0)).random_raw(count)
    return np.asarray(bits, np.uint64) / 2.0**64


def hierarchies(cut: Sequence[Segments], strategies: Sequence[str]) -> tuple[Indices, ...]:
    """The boxes of each hierarchy: those of its R segments, then of its merged regions.

    Each ends in one region, so that there are 2R − 1 boxes, unless segments do not touch.
    """
    forest = _Forest(cut, strategies)
    while forest.step():
        pass
    return forest.boxes_of_all()


class _Forest:
    """B hierarchies that grow side by side.

    Region r of hierarchy b stands at ``sizes[b, r]`` and so on; of a merged pair the first
    region becomes the whole, and the second is not looked at again.  Edge e of hierarchy b
    joins the regions ``ends[b, e]``; ``likeness`` is −1 where there is no edge.
    """

    def __init__(self, cut: Sequence[Segments], strategies: Sequence[str]) -> None:
        regions = max(len(each.sizes) for each in cut)
        self._area = np.array([each.area for each in cut], np.int64)
        self._channels = cut[0].colours.shape[1] // COLOUR_BINS
        self._weights = np.array([[m in each for m in MEASURES] for each in strategies], float)
        self._sizes = _stacked([each.sizes for each in cut], regions)
        self._boxes = _stacked([each.boxes for each in cut], regions)
        self._colours = _stacked([each.colours for each in cut], regions)
        self._textures = _stacked([each.textures for each in cut], regions)
        edges = max(1, *(len(each.neighbours) for each in cut))
        self._ends = _stacked([each.neighbours for each in cut], edges, filling=-1)
        self._likeness = np.full(self._ends.shape[:2], -1.0)
        tree, edge = np.nonzero(self._ends[:, :, 0] >= 0)
        self._measure(tree, edge)
        self._regions = regions
        self._found = [[each.boxes] for each in cut]

    def step(self) -> bool:
        """Merges the most alike pair of each hierarchy; False where nothing is left to merge."""
        best = self._likeness.argmax(1)
        trees = np.flatnonzero(np.take_along_axis(self._likeness, best[:, None], 1)[:, 0] >= 0)
        if not len(trees):
            return False
        first, second = self._ends[trees, best[trees]].T
        self._join(trees, first, second)
        tree, edge = self._reconnect(trees, first, second)
        self._measure(tree, edge)
        return True

    def boxes_of_all(self) -> tuple[Indices, ...]:
        """What has been found so far, hierarchy by hierarchy."""
        return tuple(np.concatenate(found) for found in self._found)

    def _join(self, trees: Indices, first: Indices, second: Indices) -> None:
        """The first region of each pair takes in the second."""
        for counts in (self._sizes, self._colours, self._textures):
            counts[trees, first] += counts[trees, second]
        one, other = self._boxes[trees, first], self._boxes[trees, second]
        start, end = np.minimum(one[:, :2], other[:, :2]), np.maximum(one[:, 2:], other[:, 2:])
        self._boxes[trees, first] = boxes = np.concatenate([start, end], 1)
        for tree, box in zip(trees.tolist(), boxes, strict=True):
            self._found[tree].append(box[None])

    def _reconnect(
        self, trees: Indices, first: Indices, second: Indices
    ) -> tuple[Indices, Indices]:
        """Edges of the second region become the first one's: the edges to be measured anew."""
        ends = self._ends[trees]
        ends[ends == second[:, None, None]] = np.repeat(
            first, (ends == second[:, None, None]).sum((1, 2))
        )
        touched = (ends == first[:, None, None]).any(2)
        row, edge = np.nonzero(touched)
        one, other = ends[row, edge].T
        partner = np.where(one == first[row], other, one)
        # Two regions may now be joined twice, and the pair itself to itself.
        _, kept = np.unique(row * self._regions + partner, return_index=True)
        kept = kept[partner[kept] != first[row[kept]]]
        ends[row, edge] = -1
        pair = np.stack([first[row[kept]], partner[kept]], 1)
        ends[row[kept], edge[kept]] = np.sort(pair, 1)
        self._ends[trees] = ends
        self._likeness[trees[row], edge] = -1.0
        return trees[row[kept]], edge[kept]

    def _measure(self, tree: Indices, edge: Indices) -> None:
        """Likeness of the regions that these edges join (Uijlings et al. 2013, section 3.2)."""
        first, second = self._ends[tree, edge].T
        one, other = self._sizes[tree, first], self._sizes[tree, second]
        area = self._area[tree]
        boxes = self._boxes[tree, first], self._boxes[tree, second]
        sides = np.maximum(boxes[0][:, 2:], boxes[1][:, 2:]) - np.minimum(
            boxes[0][:, :2], boxes[1][:, :2]
        )
        parts = np.zeros((len(tree), len(MEASURES)))
        for place, counts, each in (
            (0, self._colours, self._channels),
            (1, self._textures, self._textures_each),
        ):
            asked = np.flatnonzero(self._weights[tree, place])
            pair = tree[asked], first[asked], second[asked]
            parts[asked, place] = self._common(counts, *pair, each)
        parts[:, 2] = 1.0 - (one + other) / area
        parts[:, 3] = 1.0 - (sides.prod(1) - one - other) / area
        self._likeness[tree, edge] = (parts * self._weights[tree]).sum(1)

    @property
    def _textures_each(self) -> int:
        """How often a pixel is counted in histograms of texture."""
        return int(self._textures.shape[2]) // TEXTURE_BINS

    def _common(
        self, counts: Indices, tree: Indices, first: Indices, second: Indices, each: int
    ) -> Floats:
        """Σ_k min(a_k, b_k) of histograms that sum to 1.

        With counts A, B over regions of m and n pixels, a = A/(each·m) and b = B/(each·n), the
        sum is Σ min(n·A_k, m·B_k) / (each·m·n): whole numbers, but for one division.
        """
        one, other = self._sizes[tree, first], self._sizes[tree, second]
        common = np.minimum(
            counts[tree, first] * other[:, None], counts[tree, second] * one[:, None]
        ).sum(1)
        found: Floats = common / (each * one * other)
        return found


def _stacked(arrays: Sequence[Indices], length: int, filling: int = 0) -> Indices:
    """Arrays of n×…, one above another, filled up to ``length``: B×length×…."""
    stacked = np.full((len(arrays), length, *arrays[0].shape[1:]), filling, np.int64)
    for place, values in enumerate(arrays):
        stacked[place, : len(values)] = values
    return stacked
