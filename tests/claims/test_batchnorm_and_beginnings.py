"""Bad beginnings: batch normalisation takes the scale out of a convolution's output."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from convscope.claims import batchnorm_and_beginnings
from convscope.claims.batchnorm_and_beginnings import CLAIM, notation
from convscope.claims.claim import Setting
from tests.claims.samples import sample


def test_the_networks_differ_in_batch_normalisation_only() -> None:
    assert notation(True).replace("batchnorm -> ", "") == notation(False)
    assert notation(True).count("batchnorm") == 2


def test_a_hundredfold_beginning_does_harm_only_without(
    setting: Setting, briefly: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batchnorm_and_beginnings, "SCALES", (1.0, 100.0))
    briefly("batchnorm_and_beginnings", 25)
    ordinary, bad = CLAIM.measure(setting)["rows"]
    assert min(ordinary["with"][0], ordinary["without"][0]) > 0.4
    assert bad["without"][0] < 0.25
    assert bad["with"][0] > 0.4


def judged(rows: dict[float, tuple[float, float, float]], count: int = 5) -> str:
    values = sample("batchnorm")
    values["rows"] = [
        {
            "scale": scale,
            "with": [own] * 3,
            "without": [bare] * 3,
            "gain": [own - bare, low, 1.0],
            "count": count,
        }
        for scale, (own, bare, low) in rows.items()
    ]
    return str(CLAIM.judge(values))


def test_verdicts() -> None:
    ordinary = (0.8, 0.8, -0.1)
    saved, lost, harmless = (0.8, 0.1, 0.5), (0.3, 0.1, 0.1), (0.8, 0.78, 0.0)
    assert judged({1: ordinary, 10: saved, 0.1: harmless}).startswith("holds: ")
    assert judged({1: ordinary, 10: saved, 0.1: lost}).startswith(
        "holds when first weights are 10 "
    )
    assert judged({1: ordinary, 10: lost}).startswith("not reproduced here")
    assert judged({1: ordinary, 10: lost}, count=2).startswith("too little data to say")
    assert judged({1: ordinary, 10: harmless}).startswith("too little data to say: no beginning")


def test_harm_is_measured_beside_the_same_network() -> None:
    """Less than with batch normalisation everywhere is no harm of the beginning."""
    assert "no beginning" in judged({1: (0.9, 0.7, 0.1), 10: (0.9, 0.7, 0.1)})
