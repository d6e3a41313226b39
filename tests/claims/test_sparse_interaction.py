"""Connections counted, and two commands timed in turn."""

from __future__ import annotations

import time

from convscope.claims.claim import Setting
from convscope.claims.sparse_interaction import CLAIM, paired_seconds
from tests.claims.samples import sample


def test_the_slower_one_is_seen_and_both_run_alike_often() -> None:
    calls: list[str] = []

    def slow() -> None:
        calls.append("slow")
        time.sleep(0.01)

    first, second = paired_seconds((slow, lambda: calls.append("quick")), 3)
    assert first > 0.01 > second
    assert calls == ["slow", "quick"] * 6


def test_the_golden_numbers(setting: Setting) -> None:
    found = CLAIM.measure(setting)
    assert found["connections"] == {"convolution": 313_600, "dense": 9_834_496}
    assert found["weights"] == {"convolution": 400, "dense": 9_834_496}
    assert found["seconds"]["dense"] > 0


def test_verdicts() -> None:
    values = sample("sparse-interaction")
    values["seconds"] = {"convolution": 1.0, "dense": 2.0}
    assert CLAIM.judge(values).word == "holds"
    values["seconds"] = {"convolution": 2.0, "dense": 1.0}
    assert CLAIM.judge(values).word == "holds when"
    values["connections"]["dense"] = 1
    assert CLAIM.judge(values).word == "not reproduced here"
