"""Recordings are true and are clones; whatever is borrowed is given back, come what may."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.errors import UsageError
from convscope.inspection.recording import altering, borrowed, recording, trace
from tests.inspection.networks import Block, ConvNet1, SmallResNet, Wrong


class Stop(Exception):  # noqa: N818
    """Thrown in between."""


def state_of(module: nn.Module) -> list[object]:
    """Everything of a module that an inspection might leave behind."""
    hooks = [
        len(getattr(each, name))
        for each in module.modules()
        for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    ]
    return [
        [each.training for each in module.modules()],
        hooks,
        [
            (p.requires_grad, None if p.grad is None else p.grad.tolist())
            for p in module.parameters()
        ],
        [id(p.grad) for p in module.parameters()],
        [value.tolist() for value in module.state_dict().values()],
        [id(value) for value in module.buffers()],
        torch.get_rng_state().tolist(),
        [np.asarray(part).tolist() for part in np.random.get_state()],
        random.getstate(),
    ]


def busy_network() -> nn.Module:
    """In training mode, in part; some gradients, some parameters frozen."""
    network = SmallResNet().train()
    network.blocks[1].eval()
    network(torch.rand(2, 1, 8, 8)).sum().backward()
    network.stem.weight.requires_grad_(False)
    network.head.bias.grad = None
    return network


def disturb(network: nn.Module) -> None:
    """What an inspection may do while it holds a network."""
    network.train()
    torch.rand(3)
    np.random.rand(3)
    random.random()
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    network(torch.rand(2, 1, 8, 8)).sum().backward()
    norm = next(each for each in network.modules() if isinstance(each, nn.BatchNorm2d))
    norm.running_mean = torch.zeros(norm.num_features) + 7


def test_what_is_borrowed_is_given_back() -> None:
    network = busy_network()
    before = state_of(network)
    with borrowed(network):
        assert not any(each.training for each in network.modules())
        assert all(parameter.grad is None for parameter in network.parameters())
        disturb(network)
        assert state_of(network) != before
    assert state_of(network) == before


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_what_is_borrowed_is_given_back_after_an_exception(error: type[BaseException]) -> None:
    network = busy_network()
    before = state_of(network)
    with pytest.raises(error), borrowed(network):
        disturb(network)
        raise error
    assert state_of(network) == before


def throwing(_: nn.Module, __: object, ___: object) -> None:
    raise Stop


@pytest.mark.parametrize(
    "look",
    [
        lambda network, images: trace(network, images),
        lambda network, images: _recorded(network, images),
        lambda network, images: _altered(network, images),
    ],
)
def test_hooks_are_taken_off_where_a_layer_raises(
    look: Callable[[nn.Module, Tensor], object],
) -> None:
    network = busy_network()
    handle = network.get_submodule("blocks.1.conv2").register_forward_hook(throwing)
    images = torch.rand(1, 1, 8, 8)
    before = state_of(network)
    with pytest.raises(Stop):
        look(network, images)
    handle.remove()
    after = state_of(network)
    before[1] = after[1]  # one hook less: that of the test
    assert after == before
    assert sum(after[1]) == 0


def _recorded(network: nn.Module, images: Tensor) -> Tensor:
    with borrowed(network), torch.no_grad(), recording(network, ["stem"]) as outputs:
        network(images)
    return outputs["stem"]


def _altered(network: nn.Module, images: Tensor) -> None:
    with borrowed(network), torch.no_grad(), altering(network, {"stem": torch.zeros_like}):
        network(images)


def test_a_trace_holds_what_torch_makes_layer_by_layer() -> None:
    network = ConvNet1().eval()
    images = torch.rand(3, 1, 28, 28)
    calls = trace(network, images)
    assert [call.name for call in calls] == [name for name, _ in network.named_children()]
    values = images
    with torch.no_grad():
        for call in calls:
            given = values.flatten(1) if call.name == "fc" else values
            values = call.module(given)
            assert torch.equal(call.input, given)
            assert torch.equal(call.output, values)
    assert [call.source for call in calls][:2] == ["input", "conv1"]
    assert calls[-1].source is None  # a view made it, which is no module


def test_recordings_are_clones_of_what_was_there_before_a_relu_in_place() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Conv2d(2, 2, 3)).eval()
    first, relu, _ = trace(network, torch.rand(1, 1, 8, 8) - 0.5)
    assert float(first.output.min()) < 0
    assert torch.equal(first.output.clamp_min(0), relu.output)
    assert torch.equal(relu.input, first.output)
    with torch.no_grad(), recording(network, ["0"]) as outputs:
        network(torch.rand(1, 1, 8, 8) - 0.5)
    assert float(outputs["0"].min()) < 0


def test_a_module_that_is_used_again_is_numbered() -> None:
    network = Block(4, 4, 1).eval()
    images = torch.rand(1, 4, 6, 6)
    calls = {call.name: call for call in trace(network, images)}
    assert list(calls) == ["conv1", "bn1", "relu", "conv2", "bn2", "relu:2"]
    assert calls["relu"].source == "bn1"
    assert calls["relu:2"].source is None  # a sum, which is no module
    expected = (calls["bn2"].output + images).clamp_min(0)
    assert torch.equal(calls["relu:2"].output, expected)
    with torch.no_grad(), recording(network, ["relu", "relu:2"]) as outputs:
        network(images)
        network(images)  # the numbers begin anew
    assert torch.equal(outputs["relu:2"], expected)
    assert torch.equal(outputs["relu"], calls["relu"].output)


def test_a_sum_in_place_is_not_taken_for_the_module_before() -> None:
    """``out += x`` is the same tensor object as bn2's output, with other numbers."""
    calls = {call.name: call for call in trace(Block(4, 4, 1), torch.rand(1, 4, 6, 6))}
    assert not torch.equal(calls["relu:2"].input, calls["bn2"].output)


def test_modules_that_make_no_single_tensor_are_left_out() -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.two = Two()
            self.attention = nn.MultiheadAttention(4, 1, batch_first=True)
            self.fc = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            one, other = self.two(x.flatten(2).transpose(1, 2))
            mixed, _ = self.attention(query=one, key=other, value=other)
            result: Tensor = self.fc(mixed.mean(1))
            return result

    calls = trace(Whole(), torch.rand(1, 4, 3, 3))
    assert [call.name for call in calls] == ["fc"]


def test_gradients_flow_to_the_image_through_what_is_recorded() -> None:
    network = ConvNet1().eval()
    images = torch.rand(1, 1, 28, 28, requires_grad=True)
    with recording(network, ["conv1"]) as outputs:
        network(images)
    (found,) = torch.autograd.grad(outputs["conv1"][0, 3, 14, 14], images)
    expected = torch.zeros(1, 1, 28, 28)
    expected[0, 0, 12:17, 12:17] = network.conv1.weight[3, 0].detach()
    assert torch.allclose(found, expected)


def test_altering_changes_what_follows() -> None:
    network = ConvNet1().eval()
    images = torch.rand(2, 1, 28, 28)
    with torch.no_grad():
        before = network(images)
        with altering(network, {"pool2": torch.zeros_like}):
            assert torch.allclose(network(images), network.fc.bias.expand(2, -1))
        assert torch.equal(network(images), before)


def test_names_that_are_not_there() -> None:
    network = ConvNet1()
    with pytest.raises(UsageError, match='did you mean "conv1"'):
        recording(network, ["conv_1"]).__enter__()
    with pytest.raises(UsageError, match="there is no layer ''"):
        recording(network, [""]).__enter__()
    assert not network._forward_pre_hooks


def test_a_call_that_does_not_happen_is_an_error_not_an_empty_recording() -> None:
    network = Wrong(lambda self, x: self.end(self.relu(self.conv(x)))).eval()
    with (
        pytest.raises(
            UsageError,
            match=r"^relu:2 makes no tensor when an image goes through: relu is called 1 times",
        ),
        recording(network, ["conv", "relu:2"]),
    ):
        network(torch.rand(1, 1, 6, 6))
    with (
        pytest.raises(
            UsageError, match=r"^other makes no tensor when an image goes through: it is not called"
        ),
        recording(network, ["other"]),
    ):
        network(torch.rand(1, 1, 6, 6))
    assert sum(len(each._forward_hooks) for each in network.modules()) == 0
