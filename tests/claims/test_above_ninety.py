"""Above 90 %: what is trained is the article's network, and guessing is found out."""

from __future__ import annotations

from typing import Any

import pytest

from convscope.claims.above_ninety import CLAIM
from convscope.claims.claim import Setting
from convscope.experiments import grid
from convscope.training.scores import wilson_interval
from tests.claims.samples import sample


def judged(mean: float, half: float, seeds: int = 5, data: str = "fashion-mnist") -> str:
    values = sample("above-ninety") | {
        "data": data,
        "accuracies": [mean] * seeds,
        "mean": mean,
        "low": mean - half,
        "high": mean + half,
    }
    return CLAIM.judge(values).word


def test_verdicts() -> None:
    assert judged(0.912, 0.005) == "holds"
    assert judged(0.902, 0.005) == "holds when"
    assert judged(0.898, 0.005) == "holds when"
    assert judged(0.88, 0.005) == "not reproduced here"
    assert judged(0.912, 0.005, seeds=4) == "too little data to say"
    assert judged(0.912, 0.005, data="fashion-mini") == "too little data to say"


def test_what_is_trained(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def measure(_: Any, trial: grid.Trial) -> dict[str, Any]:
        asked.append((trial.architecture, trial.recipe, trial.data, trial.seed))
        return {
            "accuracy": 0.5 + 0.1 * trial.seed,
            "count": 500,
            "epochs": 3.0,
            "training_seconds": 1.0,
        }

    monkeypatch.setattr(grid._Runner, "measure", measure)
    found = CLAIM.measure(setting)
    assert asked == [("article", "article", "fashion-mini", seed) for seed in (0, 1)]
    assert found["accuracies"] == [0.5, 0.6]
    assert found["mean"] == pytest.approx(0.55)
    assert found["worst"] == [0.5, *wilson_interval(250, 500)]


@pytest.mark.slow
def test_it_learns_fashion_mini(setting: Setting) -> None:
    found = CLAIM.measure(setting)
    assert min(found["accuracies"]) > 0.75
    assert CLAIM.judge(found).word == "too little data to say"
