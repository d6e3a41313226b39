"""Which channels are meant, and layers read without running what stands behind them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from convscope.errors import UsageError
from convscope.inspection.channels import (
    chosen_channels,
    first_maps,
    output_of,
    readable_layer,
    unit_names,
)
from convscope.inspection.subject import subject_of

from .strangers import Selfish, Tokens, noise, state_of, subject_with


@pytest.mark.parametrize(
    ("channels", "count", "expected"),
    [
        (None, 5, (0, 1, 2, 3, 4)),
        (None, 100, tuple(range(64))),
        ("64-127", 70, tuple(range(64, 70))),
        ("3, 8–9,3", 10, (3, 8, 9)),
        ([2, 0, 2], 3, (2, 0)),
        ("0-999999999", 2, (0, 1)),
    ],
)
def test_channels_that_are_meant(channels: object, count: int, expected: tuple[int, ...]) -> None:
    assert chosen_channels(channels, count) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ("x", "channels: 'x' names no channels: write a number, a range, or several: "
         '"5", "0-63", "3,8-11"'),
        ("", "channels: '' names no channels: write a number, a range, or several: "
         '"5", "0-63", "3,8-11"'),
        ("-1", None),
        ("16", "channels: there is no channel 16: give 0 to 15"),
        ("5-3", "channels: there is no channel 5 to 3: give 0 to 15"),
        ([-1], "channels: there is no channel -1: give 0 to 15"),
        ([], "channels: no channel is named: give 0 to 15"),
    ],
)  # fmt: skip
def test_channels_that_are_not_there(channels: object, message: str | None) -> None:
    with pytest.raises(UsageError) as raised:
        chosen_channels(channels, 16)  # type: ignore[arg-type]
    assert message is None or str(raised.value) == message


def test_the_result_is_called_by_its_classes() -> None:
    example = subject_of("example")
    assert unit_names(example, "fc") == example.classes
    assert unit_names(example, "conv2") == ()


def test_tokens_are_neither_maps_nor_a_vector() -> None:
    subject = subject_with(Tokens(), noise(3, 1, 8, 8))
    with pytest.raises(UsageError) as raised:
        readable_layer(subject, "norm")
    assert str(raised.value) == (
        "stranger: norm makes 4×5, which is neither maps nor a vector: "
        "those that make one of these are patches, out"
    )
    assert first_maps(subject) == "patches"


def test_the_first_vector_where_there_are_no_maps() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    assert first_maps(subject_with(module, noise(2, 1, 4, 4))) == "0"


def test_nothing_behind_the_layer_is_computed() -> None:
    module = Selfish().eval()
    images = torch.rand(2, 1, 5, 5)
    expected = module.conv(images)
    module.broken = True
    before = state_of(module)
    assert torch.equal(output_of(module, "conv", images), expected)
    assert state_of(module) == before
    with pytest.raises(RuntimeError, match="broken"):
        module(images)


def test_the_second_call_of_one_module() -> None:
    relu = nn.ReLU()
    module = nn.Sequential(relu, nn.Conv2d(1, 1, 1), relu).eval()
    images = torch.randn(2, 1, 4, 4)
    with torch.no_grad():
        module[1].weight.fill_(-1.0)
    # named_modules lists a module that stands in two places once, by its first name
    assert torch.equal(output_of(module, "0:2", images), module(images))
    assert torch.equal(output_of(module, "0", images), images.relu())


def test_a_layer_that_is_never_called() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.used(images)

    with pytest.raises(UsageError, match=r"it is not called$"):
        output_of(Idle(), "idle", torch.rand(1, 1, 2, 2))
