"""Equivariance: a convolution's error is rounding, an unshared layer's is not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from convscope.claims.claim import Setting
from convscope.claims.equivariance_of_convolution import CLAIM, shift_error
from convscope.claims.parameter_sharing import LocallyConnected
from convscope.inspection.symmetry.equivariance import EXACT
from tests.claims.samples import sample


@pytest.mark.parametrize("by", [1, 3])
def test_the_error_tells_a_convolution_from_an_unshared_layer(by: int) -> None:
    torch.manual_seed(0)
    images = torch.randn(4, 1, 12, 12)
    assert shift_error(nn.Conv2d(1, 3, 5), images, by) <= EXACT
    assert shift_error(LocallyConnected(12, 1, 3, 5, 1), images, by) > 0.5


def test_inside_it_is_exact_and_at_the_border_not(setting: Setting) -> None:
    found = CLAIM.measure(setting)
    inside = {(row["layer"], row["shift"]): row["inside"] for row in found["rows"]}
    assert all(inside["conv1", by] <= EXACT for by in (1, 2, 3, 4))
    assert [by for by in (1, 2, 3, 4) if inside["conv2", by] is not None] == [2, 4]
    assert all(row["whole"] > 0.05 for row in found["rows"])
    assert min(found["control"]) > 0.5
    assert CLAIM.judge(found).word == "holds when"


def test_verdicts() -> None:
    values = sample("equivariance")
    values["control"][0] = 0.0
    assert CLAIM.judge(values).word == "too little data to say"
    values = sample("equivariance")
    values["rows"][0]["inside"] = 0.01
    assert CLAIM.judge(values).word == "not reproduced here"
    for row in values["rows"]:
        row |= {"inside": 0.0, "whole": 0.0, "counterpart": True}
    assert CLAIM.judge(values).word == "holds"
    for row in values["rows"]:
        row["inside"] = None
    assert CLAIM.judge(values).word == "too little data to say"
