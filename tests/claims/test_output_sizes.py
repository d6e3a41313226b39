"""The formulas for output sizes, against counting, and against a formula that is wrong."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from convscope.claims import output_sizes
from convscope.claims.claim import Setting
from convscope.claims.output_sizes import CLAIM, placements
from tests.claims.samples import sample


@pytest.mark.parametrize("case", [(7, 3, 2, 0), (8, 3, 2, 0), (5, 5, 3, 2), (28, 5, 1, 2)])
def test_placements_are_those_of_torch(case: tuple[int, int, int, int]) -> None:
    side, kernel, stride, padding = case
    made = nn.Conv2d(1, 1, kernel, stride, padding)(torch.zeros(1, 1, side, side))
    assert placements(*case) == made.shape[-1]


def test_the_formula_holds_where_the_division_is_whole(setting: Setting) -> None:
    found = CLAIM.measure(setting)
    for part in (found["conv"], found["pool"]):
        assert part["whole"] == part["bare_right"] < part["floor_right"] == part["cases"]
        assert part["torch_right"] == part["asked"] > 0
    assert CLAIM.judge(found).word == "holds when"


def test_a_wrong_formula_is_found_out(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(side: int, kernel: int, stride: int, padding: int) -> int:
        return -(-(side + padding - kernel) // stride) + 1  # rounded up

    monkeypatch.setattr(output_sizes, "output_side", wrong)
    found = CLAIM.measure(setting)
    assert found["conv"]["floor_right"] == found["conv"]["whole"]
    assert CLAIM.judge(found).word == "not reproduced here"


def test_verdicts() -> None:
    values = sample("output-sizes")
    values["conv"]["torch_right"] -= 1
    assert "torch" in CLAIM.judge(values).because
    values = sample("output-sizes")
    for part in (values["conv"], values["pool"]):
        part["bare_right"] = part["whole"] = part["cases"]
    assert CLAIM.judge(values).word == "holds"
    values = sample("output-sizes")
    values["pool"]["bare_right"] -= 1
    assert CLAIM.judge(values).word == "not reproduced here"
