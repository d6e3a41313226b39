"""The backbone: a classifier's own numbers, up to where its map ends."""

from __future__ import annotations

import pytest
import torch

from convscope.applications.backbone import backbone_of
from convscope.errors import UsageError
from convscope.training.runs import open_run


def test_the_example_lends_its_layers_and_weights() -> None:
    backbone = backbone_of("example")
    network = open_run("example").network()
    images = torch.randn(2, 1, 28, 28)
    with torch.inference_mode():
        ours = backbone.module().eval()(images)
        theirs = network[:8](images)
    assert torch.equal(ours, theirs)
    assert ours.shape == (2, 32, 7, 7)
    assert (backbone.stride, backbone.field, backbone.features, backbone.channels) == (4, 16, 32, 1)
    assert backbone.statistics == (
        open_run("example").preprocessing.mean,
        open_run("example").preprocessing.std,
    )


def test_it_takes_images_of_other_sizes() -> None:
    with torch.inference_mode():
        assert backbone_of("example").module().eval()(torch.zeros(1, 1, 128, 96)).shape[2:] == (
            32,
            24,
        )


def test_an_architecture_is_drawn_from_the_seed_for_the_channels_of_the_data() -> None:
    backbone = backbone_of("article", channels=3)
    assert (backbone.channels, backbone.statistics, backbone.origin) == (3, None, "from scratch")
    one, same, other = (backbone.module(seed).conv1.weight for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)  # type: ignore[arg-type]


def test_residual_networks_end_before_their_pooling() -> None:
    backbone = backbone_of("resnet20", channels=1)
    assert backbone.features == 64
    assert backbone.stride == 4


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="takes images of 1 channels, these have 3"):
        backbone_of("example", channels=3)
    with pytest.raises(UsageError, match="no convolutional part"):
        backbone_of("input 28x28x1 -> fc 10")
