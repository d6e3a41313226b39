"""Classifiers of torchvision, untrained: what is shown of them is what torch computes.

The sections of looking inside (walk, maps, fields, attribution, symmetry, ablation) run on
each; every number that is compared here comes from torch by another way.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from convscope.architecture.arithmetic import explain
from convscope.architecture.layers import Residual, Volume
from convscope.errors import UsageError
from convscope.inspection.changes.ablation import ablate
from convscope.inspection.fields.receptive import receptive_field
from convscope.inspection.foreign.extraction import architecture_of
from convscope.inspection.foreign.listing import list_layers
from convscope.inspection.maps.exciting import exciting
from convscope.inspection.maps.kernels import kernels
from convscope.inspection.maps.maps import activation_maps
from convscope.inspection.maps.visualisation import visualise
from convscope.inspection.recording import trace
from convscope.inspection.symmetry.equivariance import equivariance
from convscope.inspection.symmetry.transforms import Shift
from convscope.inspection.walking.gradient import weight_gradient
from convscope.inspection.walking.walk import walk

from .torchvision_networks import (
    IMAGES,
    NETWORKS,
    calls_of,
    check_untouched,
    each_network,
    first_convolution,
    module_of,
    spread,
    subject_named,
)


@each_network
def test_the_layers_are_the_calls_that_torch_makes(name: str) -> None:
    subject, module = subject_named(name), module_of(name).eval()
    seen: list[tuple[str, tuple[int, ...]]] = []
    handles = [
        each.register_forward_hook(
            lambda _, given, made, own=own: (
                seen.append((own, tuple(made.shape[1:])))
                if given and isinstance(made, Tensor)
                else None
            )
        )
        for own, each in module.named_modules()
        if own
    ]
    with torch.no_grad():
        module(subject.tensor(subject.images[:1]))
    for handle in handles:
        handle.remove()
    layers = [each for each in subject.layers if list(_children(module, each.name)) or each.leaf]
    assert [(each.name.partition(":")[0], each.shape) for each in layers] == seen
    assert len({each.name for each in subject.layers}) == len(subject.layers)


def _children(module: nn.Module, name: str) -> list[nn.Module]:
    return list(module.get_submodule(name.partition(":")[0]).children())


@each_network
def test_recordings_are_clones_of_what_went_in_and_came_out(name: str) -> None:
    """Each layer alone, on the input that was recorded, makes the output that was recorded."""
    for call in calls_of(name).values():
        if call.leaf and not isinstance(call.module, nn.Dropout):
            with torch.no_grad():
                again = call.module(call.input.clone())
            assert torch.allclose(again, call.output, atol=1e-6), call.name


@each_network
def test_relus_in_place_have_not_touched_what_was_recorded_before_them(name: str) -> None:
    calls = calls_of(name)
    relus = [call for call in calls.values() if isinstance(call.module, nn.ReLU)]
    assert relus or name in ("vit", "googlenet")  # GoogLeNet calls a function
    for call in relus:
        assert torch.equal(call.input.clamp_min(0), call.output)
        if call.source not in (None, "input"):
            assert torch.equal(calls[call.source].output, call.input)
    assert not relus or any(float(call.input.min()) < 0 for call in relus)
    if name == "resnet18":
        assert "layer1.0.relu:2" in calls


@each_network
def test_it_is_an_architecture_or_all_that_is_none_is_named(name: str) -> None:
    subject = subject_named(name)
    against = NETWORKS[name].against
    assert {each.what for each in subject.unexpressed} == against
    assert (subject.architecture is None) == bool(against)
    named = {each.name for each in subject.unexpressed}
    for layer in list_layers(subject).layers if against else ():
        if layer.kind in ("Hardswish", "LayerNorm", "MultiheadAttention", "Hardsigmoid"):
            assert layer.name.partition(":")[0] in named


@pytest.mark.parametrize(
    ("name", "volume"),
    [
        ("resnet18", Volume(64, 48, 3)),
        pytest.param("alexnet", Volume(224, 224, 3), marks=pytest.mark.slow),
        pytest.param("vgg11", Volume(224, 224, 3), marks=pytest.mark.slow),
    ],
)
def test_numbers_of_what_is_an_architecture_are_torchs(name: str, volume: Volume) -> None:
    module = module_of(name)
    found = architecture_of(module, volume)
    assert found.architecture is not None, found.unexpressed
    explanation = explain(found.architecture)
    assert explanation.parameters.value == sum(p.numel() for p in module.parameters())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(torch.zeros(1, volume.channels, volume.height, volume.width))
    assert explanation.flops.value == counter.get_total_flops()
    if name == "resnet18":
        blocks = [each for each in found.architecture.nodes if isinstance(each.layer, Residual)]
        assert [len(block.shortcut) for block in blocks] == [0, 0, 2, 0, 2, 0, 2, 0]
        assert dict(found.names)["block3.shortcut.conv1"] == "layer2.0.downsample.0"
    else:
        assert "avgpool changes nothing at this size, and is left out" in found.remarks


@each_network
def test_walks_end_at_what_torch_computed_or_say_why_there_is_none(name: str) -> None:
    subject, calls = subject_named(name), calls_of(name)
    draw = np.random.default_rng(0)
    leaves = [each.name for each in subject.layers if each.leaf]
    walked = 0
    for layer in spread(leaves, 12):
        values = calls[layer].output[0]
        at = [int(draw.integers(side)) for side in values.shape]
        try:
            found = walk(subject, layer, at)
        except UsageError as error:
            assert type(calls[layer].module).__name__ in str(error) or layer in str(error)
            continue
        walked += 1
        expected = float(values[tuple(at)])
        assert found.last.recorded == pytest.approx(expected, abs=1e-6)
        for stage in found.stages:
            assert abs(stage.value - stage.recorded) <= 1e-5 * stage.size + 1e-7
    assert walked >= 1


@each_network
def test_the_gradient_of_a_weight_is_autograds(name: str) -> None:
    subject = subject_named(name)
    layer = first_convolution(subject)
    found = weight_gradient(subject, layer, (0, 1, 0, 1), target=2)
    module = module_of(name).eval()
    module.zero_grad(set_to_none=True)
    scores = module(subject.tensor(subject.images[:1]))
    functional.cross_entropy(scores, torch.tensor([2])).backward()
    expected = float(module.get_parameter(f"{layer}.weight").grad[0, 1, 0, 1])
    module.zero_grad(set_to_none=True)
    assert found.value == pytest.approx(expected, abs=1e-5 * found.size + 1e-9)


@each_network
def test_maps_and_kernels_are_torchs_own_numbers(name: str) -> None:
    subject, calls = subject_named(name), calls_of(name)
    spatial = [each.name for each in subject.layers if each.spatial]
    for layer in spread(spatial, 4):
        assert np.allclose(
            activation_maps(subject, layer).values, calls[layer].output[0].numpy(), atol=1e-6
        )
    layer = first_convolution(subject)
    weights = module_of(name).get_parameter(f"{layer}.weight").detach().numpy()
    assert np.array_equal(kernels(subject, layer).weights, weights)


@each_network
def test_what_excites_a_channel_most_is_the_greatest_value_of_any_image(name: str) -> None:
    subject = subject_named(name)
    layer = first_convolution(subject)
    (found,) = exciting(subject, layer, [2], count=1).channels
    with torch.no_grad():
        module = module_of(name).eval().get_submodule(layer)
        greatest = module(subject.tensor(subject.images))[:, 2].amax((1, 2))
    if found.best:
        assert found.best[0].image == int(greatest.argmax())
    assert found.greatest == pytest.approx(float(greatest.max()), abs=1e-5)


@each_network
def test_an_image_can_be_made_for_a_channel(name: str) -> None:
    subject = subject_named(name)
    layer = first_convolution(subject)
    (made,) = visualise(subject, layer, [1], steps=2).images
    volume = subject.volume
    assert made.pixels.shape == (3, volume.height, volume.width)
    with torch.no_grad():
        maps = module_of(name).eval().get_submodule(layer)(subject.tensor(made.pixels))
    assert made.value == pytest.approx(float(maps[0, 1].max()), rel=1e-4, abs=1e-5)


@each_network
def test_pixels_outside_of_a_field_change_nothing(name: str) -> None:
    subject = subject_named(name)
    leaves = [each for each in subject.layers if each.leaf and each.spatial]
    layer = leaves[min(4, len(leaves) - 1)].name
    found = receptive_field(subject, layer, images=1)
    assert found.by_arithmetic == (subject.architecture is not None)
    row, column = found.at
    draw = np.random.default_rng(0)
    other = draw.integers(0, 256, subject.images[0].shape, dtype=np.uint8)
    if found.box is not None:
        rows = slice(found.box.top, found.box.bottom)
        columns = slice(found.box.left, found.box.right)
        other[:, rows, columns] = subject.images[0][:, rows, columns]
    values = [
        {call.name: call for call in trace(subject.module, subject.tensor(pixels))}[layer].output
        for pixels in (subject.images[0], other)
    ]
    one, two = (each[0, :, row, column] for each in values)
    assert torch.allclose(one, two, atol=1e-4 * float(one.abs().max() + 1e-3))


@each_network
def test_a_convolution_moves_with_the_image_where_no_padding_is_near(name: str) -> None:
    subject = subject_named(name)
    layer = first_convolution(subject)
    stride = module_of(name).get_submodule(layer).stride[0]
    shift = Shift(right=stride)
    found = equivariance(subject, [shift], [layer], images=2).error(layer, shift)
    if name == "vit":  # it takes images of one size, so that no larger one can be tried
        assert found.reason == "by how many pixels its units lie apart could not be found"
        return
    assert found.counterpart
    assert found.interior is not None
    assert found.interior.value <= 1e-5


@each_network
def test_switching_a_channel_off_does_what_a_zeroed_kernel_does(name: str) -> None:
    subject = subject_named(name)
    layer = first_convolution(subject)
    found = ablate(subject, layer, [0, 3], images=IMAGES, agreement=True)
    module = module_of(name).eval()
    images = subject.tensor(subject.images)

    def off(channels: list[int]) -> Callable[[nn.Module, object, Tensor], Tensor]:
        def hook(_: nn.Module, __: object, output: Tensor) -> Tensor:
            changed = output.clone()
            changed[:, channels] = 0
            return changed

        return hook

    with torch.no_grad():
        before = module(images).argmax(1)
        for effect in [*found.effects, found.whole]:
            assert effect is not None
            channels = list(range(99)) if effect.channel is None else [effect.channel]
            width = subject.layer(layer).shape[0]
            handle = module.get_submodule(layer).register_forward_hook(off(channels[:width]))
            after = module(images).argmax(1)
            handle.remove()
            assert effect.accuracy == pytest.approx(float((before == after).float().mean()))


@each_network
def test_the_network_is_as_it_was_after_all_this(name: str) -> None:
    """The last test of each network."""
    check_untouched(name)
