"""Invariance: pooled maps change less than those not pooled, and not at all without a shift."""

from __future__ import annotations

from convscope.claims.claim import Setting
from convscope.claims.invariance_by_pooling import CLAIM
from tests.claims.samples import sample


def test_unshifted_images_change_nothing(setting: Setting) -> None:
    found = CLAIM.measure(setting)
    assert set(found["kinds"]) == {"max", "avg", "l2", "distance", "none"}
    for rows in found["kinds"].values():
        means = [row["mean"] for row in rows]
        assert means[0] == 0
        assert means == sorted(means)
        assert means[1] > 0.1
    assert found["answers"][0]["unchanged"] == 1
    # All places of 2×2 are as far from its middle.
    one, other = ([row["mean"] for row in found["kinds"][kind]] for kind in ("avg", "distance"))
    assert all(abs(first - second) < 1e-5 for first, second in zip(one, other, strict=True))


def test_verdicts() -> None:
    values = sample("invariance")
    assert CLAIM.judge(values).word == "holds"
    values["kinds"]["max"][4]["high"] = 9.0
    found = str(CLAIM.judge(values))
    assert found.startswith("holds when")
    assert "max at 1, 2, 3;" in found
    for rows in values["kinds"].values():
        for row in rows:
            row["high"] = 9.0
    assert CLAIM.judge(values).word == "not reproduced here"
