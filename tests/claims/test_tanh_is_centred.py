"""Where outputs lie: sigmoid's beside 0, tanh's around it."""

from __future__ import annotations

from collections.abc import Callable

from convscope.claims.claim import Setting
from convscope.claims.tanh_is_centred import CLAIM
from tests.claims.samples import sample


def test_sigmoid_is_far_from_zero_and_tanh_is_not(
    setting: Setting, briefly: Callable[..., None]
) -> None:
    briefly("tanh_is_centred", 3)
    found = CLAIM.measure(setting)
    far = {name: row[0] for name, row in found["distances"].items()}
    assert far["sigmoid"] > 1  # its outputs are positive, and vary little in the beginning
    assert far["relu"] > 0.3
    assert far["tanh"] < 0.3
    for name, row in found["distances"].items():
        assert row[0] >= abs(found["offsets"][name][0]) - 1e-9
    assert found["tail"] < 1e-5


def test_verdicts() -> None:
    def judged(tanh: float, sigmoid: float, tail: float = 1e-6) -> str:
        values = sample("tanh") | {"tail": tail}
        values["distances"] |= {"tanh": [tanh] * 3, "sigmoid": [sigmoid] * 3}
        return CLAIM.judge(values).word

    assert judged(0.1, 1.0) == "holds"
    assert judged(0.4, 0.7) == "holds when"
    assert judged(0.6, 2.0) == "holds when"
    assert judged(1.0, 0.9) == "not reproduced here"
    assert judged(0.1, 1.0, tail=0.5) == "not reproduced here"
