"""One pooling in the place of another: the same size, the same windows."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.errors import UsageError
from convscope.inspection.changes.pools import KINDS, Repooled, kind_of, new_pool, record_of
from convscope.network.pooling import DistancePool2d

SIZES = [(12, 12), (13, 9), (7, 8)]
REPLACED = {
    "2 stride 2": nn.MaxPool2d(2),
    "3 stride 2": nn.MaxPool2d(3, 2),
    "3 stride 2 pad 1": nn.MaxPool2d(3, 2, 1),
    "ceil": nn.MaxPool2d(2, 2, ceil_mode=True),
    "3 stride 2 pad 1 ceil": nn.AvgPool2d(3, 2, 1, ceil_mode=True),
    "uneven": nn.AvgPool2d((3, 2), (2, 1)),
    "l2": nn.LPPool2d(2, 2),
    "distance": DistancePool2d(3, 3),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("replaced", REPLACED)
def test_the_map_keeps_its_size(kind: str, replaced: str) -> None:
    old = REPLACED[replaced]
    for size in SIZES:
        images = torch.rand(2, 3, *size)
        for kernel in (None, (2, 2), (3, 3), (5, 4)):
            pool = new_pool(old, kind, kernel, images)
            assert pool(images).shape == old(images).shape
            assert kind_of(pool) == ("none" if kind == "none" else kind)


def test_windows_stand_where_the_replaced_ones_stood() -> None:
    images = torch.rand(1, 2, 13, 13)
    same = new_pool(nn.MaxPool2d(3, 2, 1), "max", None, images)
    assert isinstance(same, Repooled)
    # Values repeated from inside a window change no maximum: equal to padding with −∞.
    assert torch.equal(same(images), functional.max_pool2d(images, 3, 2, 1))
    average = new_pool(nn.MaxPool2d(3, 2, 1), "avg", None, images)(images)
    assert average[0, 0, 2, 3].item() == pytest.approx(images[0, 0, 3:6, 5:8].mean().item())
    wider = new_pool(nn.MaxPool2d(2), "max", (3, 3), torch.rand(1, 1, 12, 12))
    ramp = torch.arange(12.0).expand(1, 1, 12, 12)
    assert wider(ramp)[0, 0, 0].tolist() == [2, 4, 6, 8, 10, 11]


def test_no_pooling_takes_one_value_of_each_window() -> None:
    images = torch.rand(1, 2, 12, 12)
    assert torch.equal(
        new_pool(nn.MaxPool2d(2), "none", None, images)(images), images[..., ::2, ::2]
    )
    centre = new_pool(nn.MaxPool2d(3, 2), "none", None, images)(images)
    assert torch.equal(centre, images[..., 1:11:2, 1:11:2])


def test_plain_modules_where_these_do() -> None:
    images = torch.rand(1, 1, 12, 12)
    assert type(new_pool(nn.MaxPool2d(2), "avg", None, images)) is nn.AvgPool2d
    assert type(new_pool(nn.MaxPool2d(2), "l2", None, images)) is nn.LPPool2d
    assert type(new_pool(nn.MaxPool2d(2), "max", (3, 3), images)) is Repooled


def test_swapping_back_gives_the_same_windows() -> None:
    images = torch.rand(1, 2, 12, 12)
    old = nn.MaxPool2d(2)
    there = new_pool(old, "avg", (3, 3), images)
    back = new_pool(there, "max", (2, 2), images)
    assert torch.equal(back(images), old(images))
    assert "kind=max" in repr(back)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.MaxPool2d(3, 2, 1), "MaxPool(kernel=(3, 3), stride=(2, 2), padding=(1, 1))"),
        (nn.AvgPool2d(2), "AvgPool(kernel=(2, 2), stride=(2, 2), padding=(0, 0))"),
        (nn.LPPool2d(2, 2), "L2Pool(kernel=(2, 2), stride=(2, 2))"),
        (DistancePool2d(3, 2, 0.5), "DistancePool(kernel=(3, 3), stride=(2, 2), falloff=0.5)"),
        (nn.MaxPool2d(2, ceil_mode=True), "None"),
        (Repooled("max", (3, 3), nn.MaxPool2d(2)), "None"),
        (nn.ReLU(), "None"),
    ],
)
def test_records(module: nn.Module, words: str) -> None:
    assert str(record_of(module)) == words


def test_what_cannot_be_swapped() -> None:
    images = torch.rand(1, 1, 12, 12)
    assert kind_of(nn.LPPool2d(3, 2)) is None
    assert kind_of(nn.AdaptiveAvgPool2d(1)) is None
    with pytest.raises(UsageError, match="there is no pooling 'maxx': did you mean \"max\""):
        new_pool(nn.MaxPool2d(2), "maxx", None, images)
    with pytest.raises(UsageError, match="windows with holes"):
        new_pool(nn.MaxPool2d(2, dilation=2), "avg", None, images)
