"""Fully convolutional networks: how finer ones begin, and which sizes they take."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.applications.backbone import backbone_of
from convscope.applications.segmentation.fcn import FCN, Tap, taps_of
from convscope.applications.segmentation.methods import chosen, network_of, prepare, reader_of
from convscope.architecture.architecture import Architecture
from convscope.errors import UsageError
from convscope.training.runs import open_run


def fcn(method: str, regions: int = 5, backbone: str = "example") -> FCN:
    source = backbone_of(backbone, 1)
    network = network_of(method, chosen({"width": 8}, source), source, regions, 3)
    assert isinstance(network, FCN)
    return network


def learn_a_little(network: nn.Module) -> None:
    images, masks = torch.randn(2, 1, 32, 40), torch.randint(0, 5, (2, 32, 40))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    network.train()
    for _ in range(2):
        optimizer.zero_grad()
        functional.cross_entropy(network(images), masks).backward()
        optimizer.step()
    network.eval()


@pytest.mark.parametrize(
    ("coarse", "fine"), [("stride8", "stride4"), ("stride8", "stride2"), ("stride4", "stride2")]
)
def test_a_finer_network_begins_with_exactly_the_coarser_one_s_scores(
    coarse: str, fine: str
) -> None:
    one, other = fcn(f"fcn-{coarse}"), fcn(f"fcn-{fine}")
    learn_a_little(one)
    missing, unknown = other.load_state_dict(one.state_dict(), strict=False)
    assert not unknown and all(name.startswith("skips.") for name in missing)
    images = torch.randn(2, 1, 45, 61)
    with torch.inference_mode():
        assert torch.equal(other.eval()(images), one(images))


def test_from_stage_to_stage_the_scores_stay_until_something_is_learnt() -> None:
    network, images = fcn("fcn-stride2"), torch.randn(2, 1, 40, 40)
    for stage in ("stride8", "stride4", "stride2"):
        before = network.eval()(images).detach()
        prepare(network, stage)
        assert torch.equal(network(images), before)
        learn_a_little(network)
        assert not torch.allclose(network(images), before, atol=1e-3)


def test_what_is_finer_than_the_stage_does_not_learn() -> None:
    network = fcn("fcn-stride2")
    learnt = {}
    for stage in ("stride8", "stride4", "stride2"):
        prepare(network, stage)
        before = {name: value.clone() for name, value in network.named_parameters()}
        learn_a_little(network)
        learnt[stage] = {
            name
            for name, value in network.named_parameters()
            if name.startswith(("skips", "doublings")) and not torch.equal(value, before[name])
        }
    skip4, skip2 = ({f"skips.score{s}.weight", f"skips.score{s}.bias"} for s in (4, 2))
    assert learnt["stride8"] == set()
    assert learnt["stride4"] == skip4 | {"doublings.to4.weight"}
    assert learnt["stride2"] == skip4 | skip2 | {"doublings.to4.weight", "doublings.to2.weight"}


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (28, 28), (64, 96), (33, 57)])
def test_images_of_any_size_have_scores_of_their_size(size: tuple[int, int]) -> None:
    with torch.inference_mode():
        found = fcn("fcn-stride2").eval()(torch.randn(2, 1, *size))
    assert found.shape == (2, 5, *size) and found.isfinite().all()


@pytest.mark.parametrize("regions", [1, 2, 21, 255])
def test_any_number_of_regions(regions: int) -> None:
    assert fcn("fcn-stride2", regions)(torch.randn(1, 1, 16, 16)).shape[1] == regions


def test_the_classifier_s_last_layer_goes_on_as_a_convolution() -> None:
    """In the middle of a 28×28 image it gives the classifier's own scores."""
    classifier, network = open_run("example").network(), fcn("fcn-stride8").eval()
    images = torch.randn(3, 1, 28, 28)
    assert network.fc is not None
    with torch.inference_mode():
        scores = network.fc(network.trunk(images))
        assert torch.allclose(scores[:, :, 0, 0], classifier(images), atol=1e-4)


def test_a_field_wide_enough_for_a_garment() -> None:
    """What changes when one pixel changes: 100 pixels wide, for garments of up to 56."""
    network = fcn("fcn-stride8").double().eval()
    image = torch.zeros(1, 1, 256, 256, dtype=torch.float64, requires_grad=True)
    maps = network.trunk(image)
    assert network.fc is not None
    padded = functional.pad(maps, (3, 3, 3, 3))
    both = torch.cat([maps, network.fc(padded)], 1)
    seen = network.context(both)[0, :, 16, 16]
    # A ReLU that is off lets nothing through: several units together see all.
    seen.sum().backward()
    assert image.grad is not None
    rows = image.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert 80 <= int(rows.max() - rows.min()) + 1 <= 124


BACKBONES = [
    "input auto -> conv 4 3x3 -> relu -> fc classes",
    "input auto -> conv 4 5x5 stride 2 -> relu -> conv 6 3x3 -> relu",
    "input auto -> conv 4 3x3 -> maxpool 2 -> conv 4 3x3 -> maxpool 2 -> conv 4 3x3 -> maxpool 2 "
    "-> conv 4 3x3 -> maxpool 2 -> fc classes",
    "input auto -> conv 4 3x3 -> maxpool 3 stride 2 -> residual { conv 8 3x3 stride 2 pad 1 }",
    "resnet20",
]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_any_backbone_of_strides_of_two(backbone: str) -> None:
    network = fcn("fcn-stride2", backbone=backbone)
    assert network.fc is None
    assert network(torch.randn(2, 1, 40, 48)).shape == (2, 5, 40, 48)


def test_maps_are_taken_where_their_stride_ends() -> None:
    nodes = backbone_of("example").architecture.nodes
    assert taps_of(nodes) == {1: Tap("relu1", 16), 2: Tap("relu2", 32), 4: Tap("pool2", 32)}


@pytest.mark.parametrize("pool", ["maxpool 3", "maxpool 2x1", "maxpool 2 -> maxpool 3"])
def test_strides_that_do_not_double_are_refused(pool: str) -> None:
    nodes = Architecture.parse(f"input 64x64x1 -> conv 4 3x3 pad 1 -> {pool}").nodes
    with pytest.raises(UsageError, match="strides that double"):
        taps_of(nodes)


def test_only_a_layer_that_reads_the_maps_goes_on() -> None:
    example = backbone_of("example")
    assert reader_of(example) is not None
    assert reader_of(replace(example, classifier=None)) is None
