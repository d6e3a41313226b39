"""build: the article's class exchanges weights with it, and every layer is torch's."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Repeat, Residual
from convscope.architecture.shapes import STEMS, walk
from convscope.errors import UsageError
from convscope.network.build import FlatLinear, Network, ResidualBlock, build

from ..architecture.random_architectures import KINDS, random_architectures

ARTICLE = (
    "input 28x28x1 -> conv 16 5x5 pad 2 -> batchnorm -> relu -> maxpool 2"
    " -> conv 32 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> fc 10"
)
BLOCKS = (
    "input 9x8x4 -> residual { conv 4 3x3 pad 1 -> relu }"
    " -> residual { conv 6 3x3 pad 1 stride 2 nobias -> batchnorm -> relu"
    " -> residual { conv 6 3x3 pad 1 } } -> 2 x { relu } -> globalavgpool -> fc 3"
)


class ArticleNetwork(nn.Module):
    """The article's own class, written as the article writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, 1, 2)
        self.batch1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(16, 32, 5, 1, 2)
        self.batch2 = nn.BatchNorm2d(32)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.fc = nn.Linear(32 * 7 * 7, 10)

    def forward(self, x: Tensor) -> Tensor:
        out = self.pool1(self.relu1(self.batch1(self.conv1(x))))
        out = self.pool2(self.relu2(self.batch2(self.conv2(out))))
        out = out.view(out.size(0), -1)
        result: Tensor = self.fc(out)
        return result


def network_of(notation: str, seed: int | None = None) -> Network:
    return build(Architecture.parse(notation), seed=seed)


def with_lived_in_statistics(network: nn.Module, images: Tensor) -> nn.Module:
    """Batch normalisation that is not the identity: statistics of a few batches."""
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(images)
    return network.eval()


@pytest.mark.parametrize("training", [False, True])
def test_weights_of_the_articles_class_load_strictly_both_ways(training: bool) -> None:
    images = torch.randn(8, 1, 28, 28)
    theirs = with_lived_in_statistics(ArticleNetwork(), images)
    ours = network_of(ARTICLE)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    back = ArticleNetwork()
    back.load_state_dict(ours.state_dict(), strict=True)
    expected = theirs.train(training)(images)
    for network in (ours, back):
        torch.testing.assert_close(network.train(training)(images), expected, atol=1e-6, rtol=0)


def test_initialisation_is_torchs_own() -> None:
    torch.manual_seed(7)
    theirs = ArticleNetwork().state_dict()
    for ours in (network_of(ARTICLE, seed=7), _after_seeding(7)):
        assert list(ours.state_dict()) == list(theirs)
        for name, tensor in ours.state_dict().items():
            assert torch.equal(tensor, theirs[name]), name


def _after_seeding(seed: int) -> Network:
    torch.manual_seed(seed)
    return network_of(ARTICLE)


def test_a_seed_is_repeatable_and_the_global_random_state_is_given_back() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, again, other = (network_of(ARTICLE, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.conv1.weight, again.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)
    network_of(ARTICLE)
    assert not torch.equal(torch.get_rng_state(), before)


def test_the_random_state_is_given_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        torch.rand(1)
        raise MemoryError

    monkeypatch.setattr(nn, "Linear", fail)
    monkeypatch.setattr("convscope.network.build.FlatLinear", fail)
    before = torch.get_rng_state()
    with pytest.raises(MemoryError):
        network_of(ARTICLE, seed=3)
    assert torch.equal(torch.get_rng_state(), before)


def test_children_are_named_as_the_nodes() -> None:
    for notation in (ARTICLE, BLOCKS):
        architecture = Architecture.parse(notation)
        names = {name for name, _ in build(architecture).named_modules()}
        for node in walk(architecture.nodes):
            assert node.name in names
        children = [name for name, _ in build(architecture).named_children()]
        assert children == [node.name for node in architecture.nodes]


def test_state_dict_names_inside_residual_blocks() -> None:
    names = list(network_of(BLOCKS).state_dict())
    assert names == [
        "block1.conv1.weight",
        "block1.conv1.bias",
        "block2.conv1.weight",
        *(f"block2.batch1.{part}" for part in BATCH_NORM_STATE),
        "block2.block1.conv1.weight",
        "block2.block1.conv1.bias",
        "block2.shortcut.conv1.weight",
        *(f"block2.shortcut.batch1.{part}" for part in BATCH_NORM_STATE),
        "fc.weight",
        "fc.bias",
    ]


BATCH_NORM_STATE = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def test_residual_blocks_add_body_and_shortcut() -> None:
    network = network_of(BLOCKS)
    images = torch.randn(3, 4, 9, 8)
    with_lived_in_statistics(network, images)
    one, two = network.block1, network.block2
    assert isinstance(one, ResidualBlock) and not list(one.shortcut.parameters())
    first = functional.relu(one.conv1(images)) + images
    torch.testing.assert_close(one(images), first)
    inner = functional.relu(two.batch1(two.conv1(first)))
    inner = two.block1.conv1(inner) + inner
    second = inner + two.shortcut.batch1(two.shortcut.conv1(first))
    torch.testing.assert_close(two(first), second)
    torch.testing.assert_close(network(images), network.fc(functional.relu(second).mean((2, 3))))


X = torch.randn(2, 4, 9, 8, generator=torch.Generator().manual_seed(0))


def _batch_norm(x: Tensor) -> Tensor:
    dims = (0,) if x.dim() == 2 else (0, 2, 3)
    mean, variance = x.mean(dims, keepdim=True), x.var(dims, correction=0, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


PLAIN_LAYERS = {
    "relu": lambda x: x.clamp(min=0),
    "leakyrelu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "leakyrelu 0.3": lambda x: torch.where(x > 0, x, 0.3 * x),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "tanh": lambda x: 2 / (1 + (-2 * x).exp()) - 1,
    "gelu": lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,
    "silu": lambda x: x / (1 + (-x).exp()),
    "batchnorm": _batch_norm,
    "maxpool 3x2": lambda x: functional.max_pool2d(x, (3, 2)),
    "maxpool 3 stride 2x1 pad 1x0": lambda x: functional.max_pool2d(x, 3, (2, 1), (1, 0)),
    "avgpool 2x3 stride 1": lambda x: functional.avg_pool2d(x, (2, 3), 1),
    "avgpool 3 stride 2 pad 1": lambda x: functional.avg_pool2d(
        functional.pad(x, (1, 1, 1, 1)), 3, 2
    ),
    "l2pool 3x2 stride 2": lambda x: functional.avg_pool2d(
        x.square(), (3, 2), 2, divisor_override=1
    ).sqrt(),
    "distancepool 2": lambda x: functional.avg_pool2d(x, 2),
    "globalavgpool": lambda x: x.mean((2, 3), keepdim=True),
    "dropout 0.4": lambda x: x,
    "flatten": lambda x: x.reshape(2, -1),
}


@pytest.mark.parametrize("layer", PLAIN_LAYERS)
def test_a_layer_without_weights_equals_torchs_function(layer: str) -> None:
    network = network_of(f"input 9x8x4 -> {layer}")
    network.train(layer == "batchnorm")
    torch.testing.assert_close(network(X), PLAIN_LAYERS[layer](X))


CONVOLUTIONS = {
    "conv 6 3x3": {},
    "conv 6 3x2 stride 2x1 pad 1x0": {"stride": (2, 1), "padding": (1, 0)},
    "conv 6 2x3 pad 2 dilation 2x3": {"padding": 2, "dilation": (2, 3)},
    "conv 8 3x3 groups 4": {"groups": 4},
    "conv 6 5x3 pad same dilation 1x2": {"padding": (2, 2), "dilation": (1, 2)},
    "conv 6 1x1 nobias": {},
}


@pytest.mark.parametrize("layer", CONVOLUTIONS)
def test_a_convolution_equals_torchs_function(layer: str) -> None:
    network = network_of(f"input 9x8x4 -> {layer}")
    conv = network.conv1
    assert (conv.bias is None) == ("nobias" in layer)
    expected = functional.conv2d(X, conv.weight, conv.bias, **CONVOLUTIONS[layer])
    torch.testing.assert_close(network(X), expected)


@pytest.mark.parametrize("bias", ["", " nobias"])
def test_fc_flattens_an_image_channel_by_channel(bias: str) -> None:
    network = network_of(f"input 9x8x4 -> fc 5{bias} -> fc 3")
    assert type(network.fc1) is FlatLinear and type(network.fc2) is nn.Linear
    hidden = X.reshape(2, 9 * 8 * 4) @ network.fc1.weight.T
    if not bias:
        hidden = hidden + network.fc1.bias
    expected = hidden @ network.fc2.weight.T + network.fc2.bias
    torch.testing.assert_close(network(X), expected)
    torch.testing.assert_close(network(X.to(memory_format=torch.channels_last)), expected)


def test_batch_normalisation_of_vectors() -> None:
    network = network_of("input 9x8x4 -> fc 5 -> batchnorm -> relu -> fc 3")
    assert type(network.batch1) is nn.BatchNorm1d
    hidden = _batch_norm(network.fc1(X)).clamp(min=0)
    torch.testing.assert_close(network.train()(X), network.fc2(hidden))


def test_dropout_drops_its_share_while_training() -> None:
    network = network_of("input 100x100x1 -> dropout 0.3").train()
    ones = torch.ones(1, 1, 100, 100)
    dropped = network(ones)
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert dropped.max().item() == pytest.approx(1 / 0.7)


def test_every_kind_of_layer_is_built_here() -> None:
    """A kind that joins the vocabulary must join these tests."""
    notations = [f"input 9x8x4 -> {layer}" for layer in (*PLAIN_LAYERS, *CONVOLUTIONS)]
    notations += [ARTICLE, BLOCKS]
    kinds = {
        type(node.layer)
        for notation in notations
        for node in walk(Architecture.parse(notation).nodes)
    }
    assert kinds == set(STEMS)
    assert Residual in kinds and Repeat not in kinds


def test_an_architecture_that_waits_for_data_is_refused() -> None:
    for notation, missing in (
        ("input auto -> fc 10", "input auto"),
        ("input 8x8x1 -> fc classes", "fc classes"),
    ):
        with pytest.raises(UsageError, match=missing):
            network_of(notation)


def test_a_network_can_be_copied_pickled_and_saved() -> None:
    network = network_of(
        BLOCKS.replace("-> globalavgpool", "-> distancepool 3 -> globalavgpool")
    ).eval()
    images = torch.randn(2, 4, 9, 8)
    saved = io.BytesIO()
    torch.save(network, saved)
    saved.seek(0)
    for copied in (
        copy.deepcopy(network),
        pickle.loads(pickle.dumps(network)),
        torch.load(saved, weights_only=False),
    ):
        assert torch.equal(copied(images), network(images))
        assert repr(copied) == repr(network)


def test_torch_export_takes_a_network_whole() -> None:
    network = network_of(
        "input 8x8x2 -> residual { conv 4 3x3 pad 1 } -> distancepool 3 stride 1 -> l2pool 2"
        " -> fc 3"
    ).eval()
    images = torch.randn(2, 2, 8, 8)
    exported = torch.export.export(network, (images,)).module()
    torch.testing.assert_close(exported(images), network(images))


def test_slices_are_networks_too() -> None:
    network = network_of(ARTICLE).eval()
    images = torch.randn(2, 1, 28, 28)
    assert network[:4](images).shape == (2, 16, 14, 14)
    assert torch.equal(network[4:](network[:4](images)), network(images))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_names_and_shapes_are_the_architectures() -> None:
    for architecture in (
        Architecture.parse(BLOCKS),
        *random_architectures(2 * len(KINDS), seed=3),
    ):
        network = build(architecture).eval()
        volume = architecture.nodes[0].input
        out = torch.randn(2, volume.channels, volume.height, volume.width)
        modules = network.named_children()
        for node, (name, module) in zip(architecture.nodes, modules, strict=True):
            out = module(out)
            made = node.output
            images = () if made.flat else (made.height, made.width)
            assert (name, out.shape) == (node.name, (2, made.channels, *images))
        names = {name for name, _ in network.named_modules()}
        assert names.issuperset(node.name for node in walk(architecture.nodes))


def test_a_printed_network_reads_layer_by_layer() -> None:
    lines = repr(network_of(ARTICLE)).splitlines()
    assert lines[0] == "Network("
    assert lines[1].startswith("  (conv1): Conv2d(1, 16, kernel_size=(5, 5)")
    assert lines[4].startswith("  (pool1): MaxPool2d(kernel_size=2, stride=2")
    assert lines[9] == "  (fc): FlatLinear(in_features=1568, out_features=10, bias=True)"
