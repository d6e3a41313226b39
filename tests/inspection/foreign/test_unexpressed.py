"""What the notation does not hold is refused, by its name and with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.architecture.layers import Volume
from convscope.inspection.foreign.extraction import architecture_of
from tests.inspection.foreign.extracting import only
from tests.inspection.networks import Block, ConvNet1, Wrong, randomised

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


UNFIT: dict[str, tuple[Callable[..., nn.Module], str]] = {
    "reflect": (lambda: nn.Conv2d(2, 2, 3, 1, 1, padding_mode="reflect"), "it pads by reflect"),
    "epsilon": (lambda: nn.BatchNorm2d(2, eps=1e-3), "its epsilon is 0.001; that of the notation"),
    "affine": (lambda: nn.BatchNorm2d(2, affine=False), "it learns no scale"),
    "statistics": (lambda: nn.BatchNorm2d(2, track_running_stats=False), "it keeps no statistics"),
    "ceil": (lambda: nn.MaxPool2d(3, 2, ceil_mode=True), "it rounds up"),
    "average ceil": (lambda: nn.AvgPool2d(3, 2, ceil_mode=True), "it rounds up"),
    "l2 ceil": (lambda: nn.LPPool2d(2, 3, ceil_mode=True), "it rounds up"),
    "dilated": (lambda: nn.MaxPool2d(2, dilation=2), "its window has gaps"),
    "uncounted": (lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False), "it leaves the padding"),
    "divisor": (lambda: nn.AvgPool2d(2, divisor_override=3), "it divides by a number of its own"),
    "l3": (lambda: nn.LPPool2d(3, 2), "its norm is 3"),
    "overlapping": (
        lambda: nn.AdaptiveAvgPool2d(5),
        "it makes 5×5 of 8×8, by windows that overlap",
    ),
    "relu6": (nn.ReLU6, "the activations of the notation are"),
    "tanh gelu": (lambda: nn.GELU("tanh"), "it approximates Φ by tanh"),
    "rising": (lambda: nn.LeakyReLU(-0.5), "numbers here are not negative"),
    "group norm": (
        lambda: nn.GroupNorm(1, 2),
        "the only normalisation of the notation is batchnorm",
    ),
    "dropout2d": (nn.Dropout2d, "the notation's dropout drops single values"),
    "everything dropped": (lambda: nn.Dropout(1.0), "probability must be a number"),
    "larger": (lambda: nn.Upsample(scale_factor=2), "nothing in the notation makes maps larger"),
    "softmax inside": (lambda: nn.Softmax(1), "a softmax stands only at the very end"),
    "the batch, too": (lambda: nn.Flatten(0, 1), "it lays the images of a batch out as one"),
    "partly": (lambda: nn.Flatten(1, 2), "it leaves some sides as they are"),
    "weight norm": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 2, 3)),
        "the notation has no such layer",
    ),
    "one side": (lambda: nn.Linear(8, 8), "nothing lays the volume out before it"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_modules_that_it_does_not_hold_are_named(name: str) -> None:
    make, why = UNFIT[name]
    module = make()
    one = only(architecture_of(nn.Sequential(nn.ReLU(), module, nn.ReLU()), Volume(8, 8, 2)))
    assert (one.name, one.what) == ("1", type(module).__name__)
    assert one.why.startswith(why)


def branched(self: Any, x: Tensor) -> Tensor:
    x = self.conv(x)
    return self.end(torch.cat([x[:, :1], self.other(x)[:, 1:]], 1))


def gated(self: Any, x: Tensor) -> Tensor:
    x = self.conv(x)
    return self.end(x * torch.sigmoid(self.other(x)))


def shared(self: Any, x: Tensor) -> Tensor:
    return self.end(self.other(self.other(self.conv(x))))


def odd_shortcut(self: Any, x: Tensor) -> Tensor:
    x = self.conv(x)
    return self.end(self.other(x) + torch.tanh(x))


def doubled(self: Any, x: Tensor) -> Tensor:
    x = self.conv(x)
    return self.end(x + x)


def crossing(self: Any, x: Tensor) -> Tensor:
    """A dense net in small: the body of one sum is an end of the other."""
    x = self.conv(x)
    y = self.other(x)
    return self.end(self.norm(y + x) + y)


def in_place_before_the_sum(self: Any, x: Tensor) -> Tensor:
    """To the eye body(x) + x; but the relu in place has changed that x."""
    x = self.conv(x)
    y = self.other(self.relu(x))
    return self.end(y + x)


def by_the_value(self: Any, x: Tensor) -> Tensor:
    return self.end(self.conv(x) if x.sum() > 0 else self.conv(-x))


def always_dropping(self: Any, x: Tensor) -> Tensor:
    return self.end(functional.dropout(self.conv(x), 0.5))


def plus_one(self: Any, x: Tensor) -> Tensor:
    return self.end(self.conv(x) + 1)


def weighted(self: Any, x: Tensor) -> Tensor:
    return self.end(torch.add(self.conv(x), x, alpha=2))


def own_weights(self: Any, x: Tensor) -> Tensor:
    return self.end(functional.conv2d(x, self.conv.weight, padding=1))


def several(self: Any, x: Tensor) -> object:
    return {"out": self.end(self.conv(x))}


def mean_of_all(self: Any, x: Tensor) -> Tensor:
    return self.end(self.conv(x) - self.conv(x).mean())


def transposed(self: Any, x: Tensor) -> Tensor:
    return self.fc(self.conv(x).transpose(2, 3).reshape(x.size(0), -1))


def mixed_images(self: Any, x: Tensor) -> Tensor:
    return self.fc(self.conv(x).view(-1, 54).reshape(-1, 108))


AGAINST: dict[str, tuple[Callable[..., object], str, str]] = {
    "cat": (branched, "cat", "it joins several ways"),
    "gate": (gated, "mul", "it multiplies two values"),
    "shared": (shared, "Conv2d", "it is called 2 times with the same weights"),
    "shortcut": (odd_shortcut, "add", "a residual block adds its input, or"),
    "doubled": (doubled, "add", "a residual block adds its input, or"),
    "crossing": (crossing, "Conv2d", "what it makes is used on several ways"),
    "in place": (in_place_before_the_sum, "Linear", "what it makes differs"),
    "by the value": (by_the_value, "Wrong", "torch.fx cannot follow its forward: TraceError"),
    "dropping": (always_dropping, "dropout", "it drops values also when the network is used"),
    "plus one": (plus_one, "add", "the notation only adds the two ways of a residual block"),
    "weighted": (weighted, "add", "the notation only adds the two ways of a residual block"),
    "own weights": (own_weights, "conv.weight", "it stands in the network itself"),
    "several": (several, "Wrong", "it gives a dict, not one tensor"),
    "mean": (mean_of_all, "mean", "the mean of the notation is that over all places"),
    "transposed": (transposed, "transpose", "the notation has no such layer"),
    "mixed": (mixed_images, "view", "the images of a batch do not stay apart in it"),
}


@pytest.mark.parametrize("name", AGAINST)
def test_forwards_that_it_does_not_hold_are_named(name: str) -> None:
    way, what, why = AGAINST[name]
    found = architecture_of(randomised(Wrong(way)), Volume(6, 6, 1))
    assert found.architecture is None
    assert found.names == ()
    named = [each for each in found.unexpressed if each.what == what]
    assert named, found.unexpressed
    assert named[0].why.startswith(why)


def test_weights_that_two_layers_share_are_refused() -> None:
    module = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3))
    module[1].weight = module[0].weight
    one = only(architecture_of(module, Volume(8, 8, 2)))
    assert (one.name, one.why) == ("1", "it shares its weights with 0")


def test_a_module_that_does_otherwise_than_its_class_is_found_out() -> None:
    module = ConvNet1()
    module.relu1.register_forward_hook(lambda _, __, output: output + 0.01)
    one = only(architecture_of(module))
    assert (one.name, one.what) == ("relu1", "ReLU")
    assert one.why.startswith("what it makes differs from the layer of ours, by up to 0.01")
    module = ConvNet1()
    module.register_forward_hook(lambda _, __, output: output * 2)
    assert only(architecture_of(module)).why.startswith("what it makes differs from the layer")


def test_weights_that_are_not_finite_cannot_be_compared() -> None:
    module = ConvNet1()
    module.conv2.weight.data[0, 0, 0, 0] = torch.nan
    one = only(architecture_of(module))
    assert one.name == "conv2"
    assert one.why == "what it makes is not finite, so that it cannot be compared with ours"


def test_a_block_whose_other_way_is_another_is_refused() -> None:
    block = Block(4, 8, 2)
    assert architecture_of(block, Volume(8, 8, 4)).architecture is not None
    block.shortcut[0] = nn.Conv2d(4, 8, 3, 2, 1, bias=False)
    assert only(architecture_of(block, Volume(8, 8, 4))).what in ("iadd", "add")
    block.shortcut = nn.Sequential(nn.Conv2d(4, 8, 1, 2))
    assert only(architecture_of(block, Volume(8, 8, 4))).what in ("iadd", "add")
    same = Block(4, 4, 1)
    same.shortcut = nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4))
    assert architecture_of(same, Volume(8, 8, 4)).architecture is None


def test_a_module_with_two_inputs_has_no_architecture() -> None:
    class Two(nn.Module):
        def forward(self, one: Tensor, other: Tensor) -> Tensor:
            return one + other

    why = only(architecture_of(Two(), Volume(4, 4, 1))).why
    assert why == "it takes one and other, and the notation has one input"


def test_layers_that_hold_more_than_their_class_are_refused() -> None:
    more = nn.Sequential(nn.Conv2d(2, 2, 3))
    more[0].extra = nn.Parameter(torch.zeros(5))
    one = only(architecture_of(more, Volume(8, 8, 2)))
    assert (one.name, one.why) == ("0", "it has 43 parameters, and the layer of ours 38")
    normed = nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(2, 2, 3)))
    one = only(architecture_of(normed, Volume(8, 8, 2)))
    assert one.why.startswith("it cannot be checked: RuntimeError: Error(s) in loading state_dict")


def test_a_network_larger_than_the_notation_holds() -> None:
    module = nn.Sequential(*(nn.ReLU() for _ in range(2001)))
    one = only(architecture_of(module, Volume(2, 2, 1)))
    assert (one.name, one.why) == ("", "more than 2,000 layers in all")


def test_functions_of_their_own_are_not_taken_for_torchs() -> None:
    class Own(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return relu(x)

    one = only(architecture_of(Own(), Volume(4, 4, 1)))
    assert one.what == "relu (no function of torch)"


@torch.fx.wrap
def relu(x: Tensor) -> Tensor:
    """Somebody's own, which has torch's name and does something else."""
    return -x
