"""The race: who cannot arrive never does, and ratios are as if turned round."""

from __future__ import annotations

import pytest

from convscope.claims import relu_race
from convscope.claims.claim import Setting
from convscope.claims.relu_race import CLAIM, mean_ratio, steps_to_error
from tests.claims.samples import sample


def test_a_huge_rate_never_arrives_nor_does_a_tiny_one(setting: Setting) -> None:
    assert steps_to_error(setting, "relu", 1000.0, 0, 12) is None
    assert steps_to_error(setting, "relu", 1e-9, 0, 12) is None


def test_a_lower_goal_is_reached_sooner(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for error in (0.85, 0.7, 0.5):
        monkeypatch.setattr(relu_race, "ERROR", error)
        found.append(steps_to_error(setting, "relu", 0.03, 0, 40))
    assert None not in found
    assert found == sorted(found)  # type: ignore[type-var]
    assert found[0] < found[2]  # type: ignore[operator]


def test_ratios() -> None:
    mean, low, high = mean_ratio([10, 40], [10, 10])
    assert mean == pytest.approx(2)
    assert 0 < low < 1 < 2 < high
    turned = mean_ratio([10, 10], [10, 40])
    assert [1 / value for value in turned] == pytest.approx([mean, high, low])
    assert mean_ratio([30, 60], [10, 20]) == pytest.approx([3, 3, 3])


def test_the_best_rate_is_taken_and_never_counts_as_the_most(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known answers in the place of trainings: ReLU arrives at 10, tanh at 60, sigmoid never."""

    def raced(_: Setting, activation: str, rate: float, seed: int, most: int) -> int | None:
        known = {"relu": 10, "tanh": 60, "sigmoid": None}[activation]
        return known if known is None or rate == 0.1 else 2 * known

    monkeypatch.setattr(relu_race, "steps_to_error", raced)
    found = CLAIM.measure(setting)
    assert [found["found"][name]["rate"] for name in ("relu", "tanh")] == [0.1, 0.1]
    assert found["found"]["sigmoid"]["never"] == 2
    assert found["found"]["sigmoid"]["steps"] == [found["most"]] * 2
    assert found["ratios"]["tanh"] == pytest.approx([6, 6, 6])
    assert CLAIM.judge(found).word == "holds"
    assert "2 of 2 never" in CLAIM.tell(found)


def test_verdicts() -> None:
    def judged(low: float, high: float, seeds: int = 5) -> str:
        values = sample("relu-race") | {"seeds": seeds}
        values["ratios"]["tanh"] = [(low * high) ** 0.5, low, high]
        return str(CLAIM.judge(values))

    assert judged(5, 7).startswith("holds: 5.9 times")
    assert judged(1.5, 3).startswith("holds when 'faster' is meant: here 2.1 times")
    assert judged(7, 9).startswith("holds when")
    assert judged(0.5, 7).startswith("not reproduced here")
    assert judged(0.5, 7, seeds=2).startswith("too little data to say")
