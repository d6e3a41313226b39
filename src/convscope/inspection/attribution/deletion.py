"""The deletion curve: does the score fall faster when the most attributed pixels go first?

Petsiuk, Das and Saenko, RISE, BMVC 2018, for the curve; the same pixels removed in random
orders are what it has to beat.  Of images above 42×42 small squares are removed, not single
pixels, in both: many scattered pixels disturb a network by being scattered, whatever they
show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.data.progress import Progress, Tell, teller
from convscope.inspection.attribution.randomising import Verdict
from convscope.inspection.recording import borrowed

__all__ = ["ORDERS", "Deletion", "delete"]

ORDERS = 20
"""Random orders that the map's own has to beat."""
T_95 = 1.729
"""One-sided 95 % point of Student's t for 19 degrees of freedom: for 20 random orders."""
SMALLEST_FALL = 0.1
"""Where removing everything changes the probability by less, there is nothing to be found."""
_PATCHES = 28
_STEPS = 28
_PIXELS_AT_ONCE = 128 * 28 * 28

Map = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Deletion:
    """The check: the class's probability as patches are taken away, over their share.

    ``curve`` is in the map's order, ``random`` the mean over random orders with ``low`` and
    ``high``, the range of 90 in 100 of them.  ``area`` is the mean of the curve; below
    ``bound`` lies only one random order in 20.
    """

    shares: Map
    curve: Map
    random: Map
    low: Map
    high: Map
    area: float
    random_area: float
    bound: float
    orders: int
    patch: int
    baseline: str
    seed: int
    verdict: Verdict
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, in docs/json.md."""
        return {
            "verdict": self.verdict,
            "words": self.words,
            "area": self.area,
            "random_area": self.random_area,
            "bound": self.bound,
            "orders": self.orders,
            "patch": self.patch,
            "baseline": self.baseline,
            "seed": self.seed,
            "shares": self.shares.tolist(),
            "curve": self.curve.tolist(),
            "random": self.random.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
        }


def delete(
    module: nn.Module,
    image: Tensor,
    target: int,
    values: Map,
    *,
    baseline: Tensor,
    baseline_words: str,
    seed: int = 0,
    progress: Tell | None = None,
) -> Deletion:
    """The curve of a map H×W for image and baseline 1×C×H×W."""
    side = max(1, round(min(values.shape) / _PATCHES))
    cells = _cells(values.shape, side)
    count = int(cells.max()) + 1
    draw = np.random.default_rng(seed)
    # Patches of equal value, such as those of a black background, come in random order.
    shuffled = draw.permutation(count)
    means = np.bincount(cells.ravel(), values.ravel()) / np.bincount(cells.ravel())
    own = shuffled[np.argsort(-means[shuffled], kind="stable")]
    orders = [own, *(draw.permutation(count) for _ in range(ORDERS))]
    steps = np.unique(np.linspace(0, count, min(_STEPS, count) + 1).round().astype(int))
    curves = _curves(module, image, target, baseline, cells, orders, steps, progress)
    shares = steps / count
    areas = ((curves[:, 1:] + curves[:, :-1]) / 2 * np.diff(shares)).sum(1)
    spread = float(areas[1:].std(ddof=1)) * np.sqrt(1 + 1 / ORDERS)
    bound = float(areas[1:].mean()) - T_95 * spread
    verdict, words = _judged(curves[0], float(areas[0]), float(areas[1:].mean()), bound)
    low, high = np.quantile(curves[1:], (0.05, 0.95), axis=0)
    return Deletion(
        shares=shares,
        curve=curves[0],
        random=curves[1:].mean(0),
        low=low,
        high=high,
        area=float(areas[0]),
        random_area=float(areas[1:].mean()),
        bound=bound,
        orders=ORDERS,
        patch=side,
        baseline=baseline_words,
        seed=seed,
        verdict=verdict,
        words=words,
    )


def _cells(shape: tuple[int, ...], side: int) -> NDArray[np.int64]:
    """The number of the patch that each pixel is in: H×W."""
    rows, columns = np.arange(shape[0]) // side, np.arange(shape[1]) // side
    cells: NDArray[np.int64] = rows[:, None] * (int(columns[-1]) + 1) + columns[None, :]
    return cells


def _curves(
    module: nn.Module,
    image: Tensor,
    target: int,
    baseline: Tensor,
    cells: NDArray[np.int64],
    orders: list[NDArray[np.int64]],
    steps: NDArray[np.int64],
    progress: Tell | None,
) -> Map:
    """The class's probability for every order, after each number of patches removed."""
    tell = teller(progress)
    at_once = max(1, _PIXELS_AT_ONCE // cells.size)
    curves = []
    with borrowed(module), torch.no_grad():
        for number, order in enumerate(orders):
            tell(Progress("removing pixels", number, len(orders), "orders"))
            turn = np.empty(len(order), np.int64)
            turn[order] = np.arange(len(order))
            gone = torch.from_numpy(turn[cells])[None, None]  # when each pixel goes
            curve: list[Tensor] = []
            for start in range(0, len(steps), at_once):
                left = torch.from_numpy(steps[start : start + at_once])[:, None, None, None]
                removed = torch.where(gone < left, baseline, image)
                curve.append(torch.softmax(module(removed).float(), 1)[:, target])
            curves.append(torch.cat(curve).double().numpy())
    return np.array(curves)


def _judged(curve: Map, area: float, random: float, bound: float) -> tuple[Verdict, str]:
    fall = float(curve[0] - curve[-1])
    if fall < SMALLEST_FALL:
        return "undecided", (
            f"the probability is {curve[0]:.2f} with all pixels and {curve[-1]:.2f} with none: "
            "removing them cannot show which mattered"
        )
    compared = (
        f"mean probability {area:.3f} while pixels go, {random:.3f} in random orders, "
        f"below {bound:.3f} passes"
    )
    if area < bound:
        return "passed", f"without its pixels the probability falls faster: {compared}"
    return (
        "failed",
        f"without its pixels the probability falls no faster than by chance: {compared}",
    )
