"""Kinds of pooling: what is trained has that pooling, and what they save is as torch counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from convscope.architecture.zoo import find_architecture
from convscope.claims import kinds_of_pooling
from convscope.claims.claim import Setting
from convscope.claims.kinds_of_pooling import CLAIM, notation
from convscope.network.build import build
from tests.claims.samples import sample


def test_the_networks_differ_in_their_poolings_only() -> None:
    for kind in ("maxpool", "avgpool", "l2pool", "distancepool"):
        text = str(find_architecture(notation(kind, "2"), example=False))
        assert text.count(kind) == 2
        assert text.replace(kind, "maxpool") == str(
            find_architecture(notation("maxpool", "2"), example=False)
        )


def test_what_poolings_save(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, briefly: Callable[..., None]
) -> None:
    monkeypatch.setattr(kinds_of_pooling, "KINDS", ("maxpool", "avgpool"))
    monkeypatch.setattr(kinds_of_pooling, "WINDOWS", ("2",))
    briefly("kinds_of_pooling", 2)
    found = CLAIM.measure(setting)
    bare = "input 28x28x1 -> conv 16 5x5 pad 2 -> relu -> conv 32 5x5 pad 2 -> relu -> fc 10"
    network = build(find_architecture(bare))
    weights = sum(p.numel() for name, p in network.named_parameters() if name.endswith("weight"))
    saving = found["saving"]
    assert saving["multiply_adds"] == 2_838_080
    assert saving["weights_without"] - weights in (0, 48)  # batch normalisation's scales
    assert [row["count"] for row in found["rows"]] == [2, 2]


def test_verdicts() -> None:
    def judged(*bounds: tuple[float, float]) -> str:
        values = sample("kinds-of-pooling")
        others = [row for row in values["rows"] if "behind_max" in row]
        for number, row in enumerate(others):
            low, high = bounds[min(number, len(bounds) - 1)]
            row["behind_max"] = [0.0, low, high]
        return str(CLAIM.judge(values))

    assert judged((0.01, 0.02)).startswith("holds: max is the most accurate")
    assert judged((-0.02, -0.01)).startswith("not reproduced here: more accurate than max")
    assert judged((-0.01, 0.01)).startswith("too little data to say")
    assert judged((-0.02, -0.01), (0.01, 0.02)).startswith("holds when max is more accurate than")
    values = sample("kinds-of-pooling")
    values["saving"]["weights"] = values["saving"]["weights_without"]
    assert CLAIM.judge(values).word == "not reproduced here"
