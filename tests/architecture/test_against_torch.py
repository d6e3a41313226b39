"""Every number against torch, layer by layer, over random architectures."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator
from functools import cache
from random import Random

import pytest
import torch
from torch import Tensor, fx, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from convscope.architecture import Architecture, Volume
from convscope.architecture.arithmetic import Explanation, explain
from convscope.architecture.fields import reach
from convscope.architecture.layers import Conv
from convscope.architecture.shapes import Node, walk
from convscope.architecture.zoo import find_architecture
from convscope.network.build import FlatLinear, build
from convscope.network.pooling import DistancePool2d

from .random_architectures import KINDS, kinds_in, random_architecture, random_architectures

ARCHITECTURES = 324
SEED = 20200826

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Layers as small as these lose more by sharing the work than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def examples() -> tuple[tuple[Architecture, Explanation], ...]:
    """Random architectures and a few of the zoo, each explained once."""
    architectures = random_architectures(ARCHITECTURES, SEED)
    architectures += [find_architecture(name) for name in ("article", "lenet5", "mobilenet-small")]
    return tuple((architecture, explain(architecture)) for architecture in architectures)


def image(volume: Volume, count: int = 1) -> Tensor:
    shape = count, volume.channels, volume.height, volume.width
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) + 0.5


def outputs_of(network: nn.Module, pixels: Tensor) -> dict[str, Tensor]:
    """What each module gives, by name."""
    outputs: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        module.register_forward_hook(
            lambda _, __, output, name=name: outputs.__setitem__(name, output)
        )
    network(pixels)
    return outputs


def test_every_kind_of_layer_occurs_at_least_thirty_times() -> None:
    written: Counter[type] = Counter()
    for architecture, _ in examples():
        written += kinds_in(architecture.layers)
    assert len(examples()) >= 300
    assert {kind: count for kind, count in written.items() if count < 30} == {}
    assert set(written) == set(KINDS)


def test_volumes_are_the_shapes_that_torch_makes() -> None:
    for architecture, explanation in examples():
        network = build(architecture).eval()
        with torch.no_grad():
            outputs = outputs_of(network, image(explanation.input))
        shapes = {name: tuple(output.shape[1:]) for name, output in outputs.items()}
        for cost in explanation.layers:
            volume = cost.output
            expected = (volume.channels, volume.height, volume.width)
            assert shapes[cost.name] == (expected[:1] if volume.flat else expected), str(
                architecture
            )
            if cost.sides:
                assert tuple(side.output.value for side in cost.sides) == expected[1:]


def test_parameters_and_statistics_are_those_of_the_modules() -> None:
    for architecture, explanation in examples():
        network = build(architecture)
        for cost in explanation.layers:
            module = network.get_submodule(cost.name)
            sizes = {name: p.numel() for name, p in module.named_parameters(recurse=False)}
            stored = {
                name: buffer.numel()
                for name, buffer in module.named_buffers(recurse=False)
                if name in module.state_dict() and name != "num_batches_tracked"
            }
            assert cost.weights.value == sizes.get("weight", 0), str(architecture)
            assert cost.biases.value == sizes.get("bias", 0), str(architecture)
            assert cost.parameters.value == sum(sizes.values())
            assert cost.statistics.value == sum(stored.values())
        total = sum(parameter.numel() for parameter in network.parameters())
        assert explanation.parameters.value == total


def test_multiply_adds_are_half_of_the_flops_that_torch_counts() -> None:
    for architecture, explanation in examples():
        network = build(architecture).eval()
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:
            network(image(explanation.input))
        counted = {
            name.removeprefix("Network."): sum(flops.values())
            for name, flops in counter.get_flop_counts().items()
        }
        for cost in explanation.layers:
            if cost.kind == "residual":
                inside = [c for c in explanation.layers if c.name.startswith(f"{cost.name}.")]
                parts = sum(c.multiply_adds.value for c in inside)
                if all(c.kind != "distancepool" for c in inside):
                    assert counted.get(cost.name, 0) == 2 * parts, str(architecture)
            elif cost.kind == "distancepool":
                # A convolution to torch; its weights are not learnt, so that ours is 0.
                assert cost.multiply_adds.value == 0
            else:
                flops = counted.get(cost.name, 0)
                assert flops == 2 * cost.multiply_adds.value, f"{cost.name} of {architecture}"


def test_training_memory_is_what_torch_saves_for_the_backward_pass() -> None:
    compared = 0
    for architecture, explanation in examples():
        if any(_keeps_copies(node) for node in walk(architecture.nodes)):
            continue
        compared += 1
        statistics = sum(4 * cost.statistics.value for cost in explanation.layers)
        images = 2  # a batch of one has no variance, and torch refuses it
        expected = images * (explanation.memory_training.value - statistics) + statistics
        assert _saved_bytes(architecture, explanation.input, images) == expected, str(architecture)
    assert compared > 150


def _keeps_copies(node: Node) -> bool:
    """Where torch keeps more than a derivative needs: its own LPPool2d, and a padded copy."""
    layer = node.layer
    uneven = (
        isinstance(layer, Conv)
        and layer.padding == "same"
        and any(d * (k - 1) % 2 for k, d in zip(layer.kernel, layer.dilation, strict=True))
    )
    return uneven or type(layer).__name__ == "L2Pool"


def _saved_bytes(architecture: Architecture, volume: Volume, count: int) -> int:
    network = build(architecture).train()
    own = {t.untyped_storage().data_ptr() for t in (*network.parameters(), *network.buffers())}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        output = network(image(volume, count).requires_grad_())
    assert output.requires_grad
    return sum(saved.values())


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        own = isinstance(module, FlatLinear | DistancePool2d)
        return own or super().is_leaf_module(module, name)


def test_inference_memory_is_what_a_traced_graph_holds_at_once() -> None:
    for architecture, explanation in examples():
        network = build(architecture).eval()
        alive = dict(_alive_bytes(network, explanation))
        for cost in explanation.layers:
            assert alive[cost.name] == cost.memory_inference.value, f"{cost.name}: {architecture}"
        assert explanation.memory_inference.value == max(alive.values())


def _alive_bytes(network: nn.Module, explanation: Explanation) -> Iterator[tuple[str, int]]:
    """Of the graph that torch traces: at each step, what is read, made, or read later."""
    steps = [node for node in _Tracer().trace(network).nodes if node.op != "output"]
    sizes = {cost.name: cost.output.size for cost in explanation.layers}
    blocks = [cost.name for cost in explanation.layers if cost.kind == "residual"]
    tensor: dict[fx.Node, fx.Node] = {}
    names: dict[fx.Node, str] = {}
    for node in steps:
        handed_on = node.op == "call_module" and isinstance(
            network.get_submodule(str(node.target)), nn.Flatten | nn.Dropout
        )
        tensor[node] = tensor[node.all_input_nodes[0]] if handed_on else node
        if node.target is operator.add:
            names[node] = blocks.pop(0)
        elif node.op == "call_module":
            names[node] = str(node.target)
    size_of = {
        node: sizes[names[node]] if node in names else explanation.input.size for node in steps
    }
    for at, node in enumerate(steps):
        if node.op == "placeholder" or node not in names:
            continue  # an identity shortcut is a call of an empty Sequential
        later = {tensor[read] for step in steps[at + 1 :] for read in step.all_input_nodes}
        made_before = {tensor[step] for step in steps[:at]}
        held = {tensor[read] for read in node.all_input_nodes} | {tensor[node]}
        held |= later & made_before
        yield names[node], 4 * sum(size_of[each] for each in held)


def test_the_formulas_of_activations_are_what_torch_computes() -> None:
    x = torch.linspace(-4, 4, 33, dtype=torch.float64)
    e = torch.exp(-x)
    by_formula = {
        "relu": x.clamp(min=0),
        "leakyrelu 0.2": torch.where(x > 0, x, 0.2 * x),
        "sigmoid": 1 / (1 + e),
        "tanh": torch.tanh(x),
        "gelu": x * torch.distributions.Normal(0, 1).cdf(x),
        "silu": x / (1 + e),
    }
    for notation, expected in by_formula.items():
        network = build(Architecture.parse(f"input 33x1x1 -> {notation}"))
        torch.testing.assert_close(network(x.reshape(1, 1, 33, 1)).flatten(), expected)


def positive(architecture: Architecture, seed: int) -> nn.Module:
    """Positive weights, identities for activations, means for maxima: no path can cancel."""
    network = build(architecture).double().eval()
    generator = torch.Generator().manual_seed(seed)
    for name, module in list(network.named_modules()):
        parent, _, own = name.rpartition(".")
        if isinstance(module, nn.MaxPool2d):
            mean = nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
            setattr(network.get_submodule(parent), own, mean)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            weight = torch.rand(module.weight.shape, generator=generator, dtype=torch.float64)
            module.weight.data = (weight + 0.5) / module.weight[0].numel()
            if module.bias is not None:
                module.bias.data.zero_()
        elif isinstance(module, nn.ReLU | nn.LeakyReLU | nn.Sigmoid | nn.Tanh | nn.GELU | nn.SiLU):
            setattr(network.get_submodule(parent), own, nn.Identity())
    return network


def units_of(volume: Volume, random: Random) -> set[tuple[int, int]]:
    """The corners and two units anywhere."""
    rows, columns = volume.height - 1, volume.width - 1
    anywhere = {(random.randint(0, rows), random.randint(0, columns)) for _ in range(2)}
    return {(0, 0), (0, columns), (rows, 0), (rows, columns), *anywhere}


def gradient_box(output: Tensor, row: int, column: int, pixels: Tensor) -> tuple[int, ...] | None:
    """The hull of the pixels on which a unit's gradient is not zero."""
    unit = output[0, :, row, column] if output.ndim == 4 else output[0]
    (gradient,) = torch.autograd.grad(unit.sum(), pixels, retain_graph=True, allow_unused=True)
    reached = torch.zeros(pixels.shape) if gradient is None else gradient
    rows, columns = reached[0].sum(0).nonzero(as_tuple=True)
    if not len(rows):
        return None
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


CRAFTED = (
    # holes of dilation, and pixels that no unit reads
    "input 12x9x1 -> conv 2 2x3 dilation 3x2 stride 2x3 -> conv 2 3x1 pad 2x1 dilation 2",
    # units that see padding alone, along one axis or both
    "input 5x4x1 -> conv 1 2x2 pad 3 -> conv 1 3x1 pad 2 stride 2",
    "input 4x4x1 -> conv 2 1x1 pad 2 -> residual { conv 2 5x3 pad 4x2 dilation 2 -> batchnorm }",
    # two ways of which one is no part of the other
    "input 11x11x1 -> conv 1 2x2 pad 2 -> residual { conv 1 3x3 pad 3 dilation 3 } -> conv 1 3x3",
    "input 9x8x1 -> residual { conv 1 2x2 pad same dilation 3 } -> conv 1 2x1 stride 2",
    "input 6x1x2 -> residual { conv 2 1x3 pad 0x1 stride 1x2 } -> conv 2 1x3 pad 0x2",
    "input 7x7x2 -> conv 3 4x2 pad same -> conv 3 3x3 pad 1 -> flatten -> relu -> fc 2",
)


@pytest.mark.parametrize("index", range(120 + len(CRAFTED)))
def test_reach_is_the_hull_of_the_gradient(index: int) -> None:
    random = Random(index)
    if index < len(CRAFTED):
        architecture = Architecture.parse(CRAFTED[index])
    else:
        architecture = random_architecture(random, KINDS[index % len(KINDS)])
    assert architecture.input is not None
    network = positive(architecture, index)
    pixels = image(architecture.input).double().requires_grad_()
    outputs = outputs_of(network, pixels)
    nodes = list(walk(architecture.nodes))
    if len(nodes) > 12:
        nodes = random.sample(nodes, 12)
    for node in nodes:
        for row, column in units_of(node.output, random):
            box = reach(architecture, node.name, row, column)
            found = None if box is None else (box.top, box.left, box.bottom, box.right)
            expected = gradient_box(outputs[node.name], row, column, pixels)
            assert found == expected, f"{node.name} ({row}, {column}) of {architecture}"
