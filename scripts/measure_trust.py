"""How often each method passes: ``python scripts/measure_trust.py [SUBJECT] [FIRST LAST]``.

The table of docs/attribution.md: test images of fashion-mini on which no threshold was
chosen, each with two seeds of the checks, and maps that are known to be bad beside the
methods.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.inspection.attribution.attribution import attribute
from convscope.inspection.attribution.methods import METHODS
from convscope.inspection.subject import subject_of
from convscope.training.scores import wilson_interval

SEEDS = (0, 1)


def edges(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
    """An edge detector, which never looks at the network."""
    picture = image[0].mean(0).numpy().astype(np.float64)
    down, across = np.gradient(picture)
    return np.asarray(np.hypot(down, across))


def noise(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
    """Anything: another map for every network and image."""
    weights = sum(float(each.double().sum()) for each in module.parameters())
    seed = abs(hash((weights, float(image.double().sum())))) % 2**32
    return np.random.default_rng(seed).random(image.shape[2:])


def main(name: str, first: int, last: int) -> None:
    """One line a method: how often passed, failed, undecided, and what was measured."""
    subject = subject_of(name, data="fashion-mini")
    methods: list[str | Callable[..., NDArray[np.float64]]] = [*METHODS, edges, noise]
    for method in methods:
        found = [
            attribute(subject, image, method, seed=seed).trust
            for image in range(first, last)
            for seed in SEEDS
        ]
        checks = [(each.randomisation, each.deletion) for each in found if each is not None]
        pairs = [(one, other) for one, other in checks if one is not None and other is not None]
        count = len(found)
        passed = sum(each is not None and each.verdict == "passed" for each in found)
        failed = sum(each is not None and each.verdict == "failed" for each in found)
        # The seeds share their images: an interval of so many would be too narrow.
        low, high = wilson_interval(round(passed / len(SEEDS)), count // len(SEEDS))
        likeness = [one.likeness for one, _ in pairs]
        random = sum(one.verdict == "passed" for one, _ in pairs)
        deleted = sum(other.verdict == "passed" for _, other in pairs)
        print(
            f"{getattr(method, '__name__', method):22} n {count}  passed {passed} "
            f"({100 * low:.0f}–{100 * high:.0f} %)  failed {failed}  "
            f"undecided {count - passed - failed}  randomisation {random}  deletion {deleted}  "
            f"likeness {np.mean(likeness):+.2f} ({min(likeness):+.2f} … {max(likeness):+.2f})  "
            f"area {np.mean([other.area for _, other in pairs]):.3f} against "
            f"{np.mean([other.random_area for _, other in pairs]):.3f}",
            flush=True,
        )


if __name__ == "__main__":
    name, first, last = [*sys.argv[1:4], *("example", "100", "150")[len(sys.argv) - 1 :]]
    main(name, int(first), int(last))
