"""Cascading randomisation: does a map still look the same when the network knows nothing?

Adebayo, Gilmer, Muelly, Goodfellow, Hardt and Kim, Sanity checks for saliency maps, NeurIPS
2018: weights are drawn anew from the last layer down to the first, each time with those
before.  A map that explains the network must lose its likeness on the way; one that stays
shows the image, not the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.data.progress import Progress, Tell, teller
from convscope.inspection.attribution.methods import Compute
from convscope.inspection.attribution.similarity import rank_correlation, structural_similarity
from convscope.inspection.subject import Subject

__all__ = ["DRAWS", "MOST_ALIKE", "Randomisation", "Stage", "Verdict", "randomise", "stages_of"]

Verdict = Literal["passed", "failed", "undecided"]

MOST_ALIKE = 0.3
"""The largest mean rank correlation over all stages that passes.

Chosen between what was measured on the first 60 test images of fashion-mini, with networks
of 2, 6 and 6 convolutions: at most 0.25 for saliency and 0.15 for integrated gradients,
Grad-CAM and occlusion; at least 0.39, 0.64 and more for guided backprop, 1 for maps that do
not look at the network.  The last stage alone does not tell them apart: guided backprop
stays like itself until the first convolution is random, too.
"""
DRAWS = 3
"""Networks of random weights: one draw alone can look alike, or not, by chance."""
_MOST_STAGES = 6

Map = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step down: ``layers`` are those that are random from here on, with all above.

    ``correlation`` and ``structure`` are the means of Spearman's ρ and of SSIM over the
    draws, ``lowest`` and ``highest`` the extremes of ρ.
    """

    layers: tuple[str, ...]
    correlation: float
    lowest: float
    highest: float
    structure: float


@dataclass(frozen=True, slots=True)
class Randomisation:
    """The check: likeness of the map after each stage, from the last layer to the first."""

    stages: tuple[Stage, ...]
    draws: int
    seed: int
    verdict: Verdict
    words: str

    @property
    def likeness(self) -> float:
        """The mean of the rank correlations over all stages, which the verdict looks at."""
        return sum(stage.correlation for stage in self.stages) / max(1, len(self.stages))

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, in docs/json.md."""
        return {
            "verdict": self.verdict,
            "words": self.words,
            "likeness": self.likeness if self.stages else None,
            "most_alike": MOST_ALIKE,
            "draws": self.draws,
            "seed": self.seed,
            "stages": [
                {
                    "layers": list(stage.layers),
                    "rank_correlation": stage.correlation,
                    "lowest": stage.lowest,
                    "highest": stage.highest,
                    "structural_similarity": stage.structure,
                }
                for stage in self.stages
            ],
        }


def randomise(
    subject: Subject,
    module: nn.Module,
    compute: Compute,
    image: Tensor,
    target: int,
    original: Map,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    progress: Tell | None = None,
) -> Randomisation:
    """Maps of ``module``, a working copy, with more and more of it random; it is given back."""
    tell = teller(progress)
    stages = stages_of(subject, module)
    if not stages:
        words = "the network has no weights that could be random"
        return Randomisation((), 0, seed, "undecided", words)
    alike = np.zeros((draws, len(stages), 2))
    kept = [(each, each.clone()) for each in (*module.parameters(), *module.buffers())]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        try:
            for draw in range(draws):
                _restore(kept)
                torch.default_generator.manual_seed(1000 * seed + draw)
                for number, names in enumerate(stages):
                    done = draw * len(stages) + number
                    tell(Progress("randomising", done, draws * len(stages), "maps"))
                    for name in names:
                        _redraw(module.get_submodule(name))
                    with torch.enable_grad():
                        found = compute(module, image, target)
                    alike[draw, number] = _alike(original, found)
        finally:
            _restore(kept)
    return _judged(stages, alike, draws, seed)


def stages_of(subject: Subject, module: nn.Module) -> tuple[tuple[str, ...], ...]:
    """The modules with weights of their own, from the last to run to the first, in ≤ 6 groups."""
    weighty = {
        name
        for name, each in module.named_modules()
        if next(each.parameters(recurse=False), None) is not None
    }
    called = dict.fromkeys(each.name.partition(":")[0] for each in subject.layers)
    order = [name for name in reversed(list(called)) if name in weighty]
    order += sorted(weighty - set(order))  # what no call showed, such as weights of the whole
    if not order:
        return ()
    count = min(_MOST_STAGES, len(order))
    places = [round(k * len(order) / count) for k in range(count + 1)]
    return tuple(tuple(order[a:b]) for a, b in pairwise(places))


def _redraw(module: nn.Module) -> None:
    """Weights as a new network has them; a module of unknown kind gets its own, shuffled."""
    reset = getattr(module, "reset_parameters", None)
    if callable(reset):
        reset()
        return
    for values in module.parameters(recurse=False):
        values.copy_(values.flatten()[torch.randperm(values.numel())].view_as(values))


def _restore(kept: Sequence[tuple[Tensor, Tensor]]) -> None:
    for each, value in kept:
        each.copy_(value)


def _alike(original: Map, found: Map) -> tuple[float, float]:
    """ρ and SSIM; a map that is not finite is like nothing."""
    if not np.isfinite(found).all():
        return 0.0, 0.0
    return rank_correlation(original, found), structural_similarity(original, found)


def _judged(
    stages: Sequence[tuple[str, ...]], alike: NDArray[np.float64], draws: int, seed: int
) -> Randomisation:
    made = tuple(
        Stage(
            names,
            float(alike[:, k, 0].mean()),
            float(alike[:, k, 0].min()),
            float(alike[:, k, 0].max()),
            float(alike[:, k, 1].mean()),
        )
        for k, names in enumerate(stages)
    )
    mean = float(np.mean([stage.correlation for stage in made]))
    passed = mean <= MOST_ALIKE
    words = (
        f"with random weights the map {'loses its likeness' if passed else 'stays alike'}: rank "
        f"correlation {_signed(mean)} on average from {stages[0][0] or 'the weights'} down to all "
        f"layers ({_signed(made[-1].correlation)} with all), {draws} draws; at most "
        f"{MOST_ALIKE:.2f} passes"
    )
    return Randomisation(made, draws, seed, "passed" if passed else "failed", words)


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
