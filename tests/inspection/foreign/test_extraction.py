"""What is read out of a module is that module in every number; the rest is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Flatten, FullyConnected, Layer, Repeat, Residual, Volume
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.inspection.foreign.extraction import Extraction, architecture_of
from convscope.network.build import build
from tests.architecture.random_architectures import random_architecture
from tests.inspection.foreign.extracting import check, only
from tests.inspection.networks import ConvNet1, Functional, SmallResNet, Wrong, randomised
from tests.inspection.test_recording import state_of

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def test_the_articles_own_class() -> None:
    module = randomised(ConvNet1()).train()
    found = architecture_of(module)
    architecture = check(module, found)
    assert architecture == find_architecture("article")
    assert all(ours == theirs for ours, theirs in found.names)
    assert [ours for ours, _ in found.names] == [name for name, _ in module.named_children()]
    assert found.remarks == (
        "it takes 28×28×1: its first fc takes 1,568 numbers; squares up to 31×31 give as many",
    )


def test_a_shape_that_is_said_goes_before_what_follows_from_the_layers() -> None:
    found = architecture_of(ConvNet1(), Volume(30, 29, 1))
    assert found.architecture is not None
    assert found.architecture.input == Volume(30, 29, 1)
    assert found.remarks == ()
    wrong = only(architecture_of(ConvNet1(), Volume(40, 40, 1)))
    assert wrong.why.startswith("an image of 40×40×1 does not go through it: RuntimeError")


def test_functions_in_the_forward() -> None:
    module = Functional()
    found = architecture_of(module)
    architecture = check(module, found)
    assert str(architecture) == (
        "input 18x18x3 -> conv 8 3x3 pad same -> relu -> maxpool 2 -> conv 6 3x3 nobias -> relu -> "
        "fc 12 -> tanh -> dropout 0.3 -> fc 4"
    )
    assert dict(found.names)["relu1"] == "relu()"
    assert dict(found.names)["conv2"] == "second"
    assert "the log_softmax at its end is left out: here the loss holds it" in found.remarks


def test_residual_blocks_with_and_without_a_projection() -> None:
    module = randomised(SmallResNet())
    assert architecture_of(module) == Extraction(None, None)  # any size of image fits
    found = architecture_of(module, Volume(9, 8, 1))
    architecture = check(module, found)
    assert str(architecture) == (
        "input 9x8x1 -> conv 4 3x3 pad 1 -> "
        "residual { conv 4 3x3 pad 1 nobias -> batchnorm -> relu -> "
        "conv 4 3x3 pad 1 nobias -> batchnorm } -> relu -> "
        "residual { conv 8 3x3 stride 2 pad 1 nobias -> batchnorm -> relu -> "
        "conv 8 3x3 pad 1 nobias -> batchnorm } -> relu -> globalavgpool -> fc 5"
    )
    names = dict(found.names)
    assert names["block2.shortcut.conv1"] == "blocks.1.shortcut.0"
    assert names["relu2"] == "blocks.1.relu:2" or names["relu1"] == "blocks.0.relu:2"
    assert names["block1"] == "+ in blocks.0"


def written_out(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The same without repetitions."""
    found: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Repeat):
            found += written_out(layer.body) * layer.count
        elif isinstance(layer, Residual):
            found.append(Residual(written_out(layer.body)))
        else:
            found.append(layer)
    return tuple(found)


@pytest.mark.parametrize("seed", range(40))
def test_what_we_build_reads_back_as_it_was(seed: int) -> None:
    architecture = random_architecture(Random(seed))
    assert architecture.input is not None
    module = randomised(build(architecture, seed=seed))
    found = architecture_of(module, architecture.input)
    expected = Architecture(architecture.input, written_out(architecture.layers))
    assert found.architecture == expected, found.unexpressed
    # A block's sum is no module's output there: the block itself is.
    assert all(ours == theirs or theirs == f"+ in {ours}" for ours, theirs in found.names)


@pytest.mark.parametrize("name", ["lenet5", "vgg-small", "nin", "resnet20", "mobilenet-small"])
def test_networks_of_the_zoo_read_back(name: str) -> None:
    architecture = ZOO[name].example
    module = randomised(build(architecture, seed=0))
    found = architecture_of(module, architecture.input)
    assert found.architecture is not None, found.unexpressed
    assert found.architecture.layers == written_out(architecture.layers)


@pytest.mark.parametrize(
    ("name", "volume"),
    [("lenet5", Volume(28, 28, 1)), ("vgg-small", Volume(24, 24, 1)), ("perceptron", None)],
)
def test_the_size_that_fc_pins(name: str, volume: Volume | None) -> None:
    architecture = find_architecture(name)
    found = architecture_of(build(architecture))
    assert found.volume == (volume or architecture.input)


def test_the_smallest_size_is_the_one_that_drops_nothing() -> None:
    """By brute force: every size that goes through the module."""
    module = ConvNet1().eval()
    sides = []
    for side in range(1, 40):
        try:
            module(torch.zeros(1, 1, side, side))
        except RuntimeError:
            continue
        sides.append(side)
    assert sides == [28, 29, 30, 31]
    assert architecture_of(module).volume == Volume(sides[0], sides[0], 1)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([nn.Flatten(), nn.Linear(48, 2)], "input 4x4x3 -> flatten -> fc 2"),
        ([nn.Flatten(), nn.Linear(49, 2)], "input 7x7x1 -> flatten -> fc 2"),
        ([nn.Flatten(), nn.Linear(50, 2)], None),
        ([nn.Conv2d(2, 1, 3), nn.Flatten(), nn.Linear(36, 2)], "input 8x8x2 -> conv 1 3x3"),
        ([nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(20, 2)], "input 2x2x5 -> batchnorm"),
        ([nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(37, 2)], None),
        ([nn.Conv2d(1, 1, 3)], None),
    ],
)
def test_sizes_that_follow_and_sizes_that_must_be_said(
    layers: list[nn.Module], expected: str | None
) -> None:
    found = architecture_of(nn.Sequential(*layers))
    assert str(found.architecture).startswith(str(expected))
    assert (found.volume is None) == (expected is None)


FITTING: dict[str, tuple[Callable[..., nn.Module], str]] = {
    "valid": (lambda: nn.Conv2d(2, 3, 3, padding="valid"), "conv 3 3x3"),
    "same": (lambda: nn.Conv2d(2, 3, (5, 3), padding="same", dilation=2), "pad same dilation 2"),
    "grouped": (lambda: nn.Conv2d(2, 4, (3, 1), (2, 1), (1, 0), groups=2), "groups 2"),
    "average": (lambda: nn.AvgPool2d(3, 2, 1), "avgpool 3 stride 2 pad 1"),
    "average without padding": (lambda: nn.AvgPool2d(2, count_include_pad=False), "avgpool 2"),
    "l2": (lambda: nn.LPPool2d(2, 2), "l2pool 2"),
    "whole": (lambda: nn.AdaptiveAvgPool2d((1, 1)), "globalavgpool"),
    "divided": (lambda: nn.AdaptiveAvgPool2d((4, 2)), "avgpool 2x4"),
    "one side": (lambda: nn.AdaptiveAvgPool2d((None, 4)), "avgpool 1x2"),
    "largest": (lambda: nn.AdaptiveMaxPool2d(1), "maxpool 8"),
    "leaky": (lambda: nn.LeakyReLU(0.2), "leakyrelu 0.2"),
    "gelu": (nn.GELU, "gelu"),
    "silu": (lambda: nn.SiLU(inplace=True), "silu"),
    "sigmoid": (nn.Sigmoid, "sigmoid"),
    "dropout": (lambda: nn.Dropout(0.25), "dropout 0.25"),
    "max": (lambda: nn.MaxPool2d(3, stride=2, padding=1), "maxpool 3 stride 2 pad 1"),
}


@pytest.mark.parametrize("name", FITTING)
def test_modules_that_the_notation_holds(name: str) -> None:
    make, notation = FITTING[name]
    module = nn.Sequential(make(), nn.Flatten(), nn.LazyLinear(3)).eval()
    module(torch.zeros(1, 2, 8, 8))
    architecture = check(module, architecture_of(module, Volume(8, 8, 2)))
    assert notation in str(architecture)


@pytest.mark.parametrize(
    "module", [nn.Identity(), nn.AdaptiveAvgPool2d(8), nn.AdaptiveMaxPool2d(8)]
)
def test_what_changes_nothing_is_left_out(module: nn.Module) -> None:
    network = nn.Sequential(nn.ReLU(), module, nn.Sequential())
    found = architecture_of(network, Volume(8, 8, 2))
    assert str(check(network, found)) == "input 8x8x2 -> relu"
    idle = (
        ()
        if isinstance(module, nn.Identity)
        else ("1 changes nothing at this size, and is left out",)
    )
    assert found.remarks == idle


@pytest.mark.parametrize(
    "way",
    [
        lambda self, x: self.end(self.conv(x).contiguous()),
        lambda self, x: self.fc(self.conv(x).view(-1, 108)),
        lambda self, x: self.fc(self.conv(x).view(x.shape[0], 3 * 36)),
        lambda self, x: self.fc(torch.flatten(self.conv(x), start_dim=1)),
        lambda self, x: (
            self.fc(self.conv(input=x).reshape((x.size()[0], -1)))
            if not isinstance(x, torch.fx.Proxy)
            else self.fc(self.conv(x).reshape((x.size()[0], -1)))
        ),
        lambda self, x: torch.softmax(self.end(self.conv(x)), dim=1),
        lambda self, x: self.end(self.conv(x)).softmax(-1),
    ],
)
def test_ways_to_write_the_same(way: Callable[..., object]) -> None:
    module = Wrong(way)
    found = architecture_of(module)
    assert str(found.architecture) == "input 6x6x1 -> conv 3 3x3 pad 1 -> fc 4"
    assert "other is never called: its 84 parameters are not counted" in found.remarks
    assert "norm is never called: its 6 parameters are not counted" in found.remarks


def test_a_sum_by_any_name_is_a_block() -> None:
    ways: list[Callable[..., object]] = [
        lambda self, x: self.end(self.norm(self.other(y := self.conv(x))) + y),
        lambda self, x: self.end(torch.add(y := self.conv(x), self.norm(self.other(y)))),
        lambda self, x: self.end((y := self.conv(x)).add(self.norm(self.other(y)))),
        lambda self, x: self.end(self.norm(self.other(y := self.conv(x))).add_(y)),
    ]
    for way in ways:
        found = architecture_of(randomised(Wrong(way)))
        assert str(found.architecture) == (
            "input 6x6x1 -> conv 3 3x3 pad 1 -> residual { conv 3 3x3 pad 1 -> batchnorm } -> fc 4"
        )


def test_a_second_input_that_is_left_at_its_default_does_not_matter() -> None:
    class Masked(ConvNet1):
        def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
            return super().forward(x)

    assert architecture_of(Masked()).architecture == find_architecture("article")


def test_the_module_is_given_back_as_it_was() -> None:
    class Keeping(ConvNet1):
        """Keeps its maps, as many do to look at them."""

        def forward(self, x: Tensor) -> Tensor:
            self.calls = getattr(self, "calls", 0) + 1
            self.maps = self.conv1(x)
            return super().forward(x)

    module = Keeping().train()
    module(torch.rand(2, 1, 28, 28)).sum().backward()
    kept, other = module.maps, ConvNet1()
    module.conv1.weight.requires_grad_(False)
    before = state_of(module)
    assert architecture_of(module).architecture is None  # conv1 is called twice
    assert architecture_of(other).architecture is not None
    assert state_of(module) == before
    assert isinstance(kept, Tensor)
    assert isinstance(module.maps, Tensor)  # no stand-in of torch.fx


def test_a_network_of_functions_alone() -> None:
    class Plain(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return functional.avg_pool2d(functional.leaky_relu(x, 0.1), 2).flatten(1)

    found = architecture_of(Plain(), Volume(4, 4, 3))
    assert str(found.architecture) == "input 4x4x3 -> leakyrelu 0.1 -> avgpool 2 -> flatten"
    assert found.names == (
        ("leakyrelu1", "leaky_relu()"),
        ("pool1", "avg_pool2d()"),
        ("flatten", "flatten()"),
    )


def test_the_flatten_of_a_module_stays_and_that_of_a_function_before_fc_goes() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    assert str(architecture_of(module).architecture).endswith("conv 2 3x3 -> flatten -> fc 2")
    layers = architecture_of(Functional()).architecture
    assert layers is not None
    assert not any(isinstance(each, Flatten) for each in layers.layers)
    assert isinstance(layers.layers[-1], FullyConnected)
