"""Signs of gradients: all alike where all inputs are positive, and only there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from convscope.claims.claim import Setting
from convscope.claims.sigmoid_saturates import AT, CLAIM, signs_of_one_image, slopes
from tests.claims.samples import sample


def test_positive_inputs_give_one_sign_and_centred_ones_do_not() -> None:
    torch.manual_seed(0)
    numbers = torch.randn(20, 64)
    assert signs_of_one_image(numbers.abs() + 0.01, 10, 0) == 1.0
    assert signs_of_one_image(-numbers.abs() - 0.01, 10, 0) == 1.0
    assert signs_of_one_image(numbers, 10, 0) < 0.65


def test_slopes_are_the_derivative() -> None:
    sigmoid = torch.sigmoid(torch.tensor(AT, dtype=torch.float64))
    torch.testing.assert_close(
        torch.tensor(slopes(nn.Sigmoid(), AT), dtype=torch.float64),
        sigmoid * (1 - sigmoid),
        rtol=1e-3,
        atol=1e-6,
    )
    assert slopes(nn.Identity(), AT) == [1.0] * len(AT)


def test_gradients_fade_with_sigmoid_only(setting: Setting, briefly: Callable[..., None]) -> None:
    state = torch.random.get_rng_state()
    briefly("sigmoid_saturates", 8)
    found = CLAIM.measure(setting)
    assert torch.equal(torch.random.get_rng_state(), state)
    sigmoid, relu = found["networks"]["sigmoid"], found["networks"]["relu"]
    assert sigmoid["first_beside_last"] < 0.1 * relu["first_beside_last"]
    assert sigmoid["agreement"] > relu["agreement"]
    assert found["tail"] == pytest.approx(0.00134, abs=1e-4)


def test_verdicts() -> None:
    assert CLAIM.judge(sample("sigmoid")).word == "holds"
    values = sample("sigmoid")
    values["networks"]["sigmoid"]["agreement"] = 0.6
    assert str(CLAIM.judge(values)) == "holds when single images are meant"
    values["networks"]["sigmoid"]["first_beside_last"] = 1.0
    assert str(CLAIM.judge(values)).startswith("holds when single images are meant and units")
    values["one_sign"]["positive inputs"] = 0.9
    assert CLAIM.judge(values).word == "not reproduced here"
    values = sample("sigmoid")
    values["one_sign"]["centred inputs"] = 1.0  # then the measure tells nothing
    assert CLAIM.judge(values).word == "not reproduced here"
