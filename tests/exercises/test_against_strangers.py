"""Answers against torch, numpy and brute force, which know nothing of our arithmetic."""

from __future__ import annotations

import itertools
import math
import re
from random import Random

import pytest
import torch
from torch import Tensor, nn

from convscope.architecture import Architecture
from convscope.exercises import faults, inverse, remembering, seeing
from convscope.exercises.dice import Dice
from convscope.exercises.forms import Choice, Numbers
from convscope.exercises.ground import Ground
from convscope.network.build import build
from tests.exercises.asking import asked, layer_of, made_by, number_in, repeated, value_of

# torch warns that `pad same` with an even kernel copies the image.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")


@pytest.mark.parametrize("name", ["output_volume", "uneven_volume"])
def test_volumes_are_those_that_torch_makes(name: str) -> None:
    found = list(asked(name))
    assert len(found) > 30
    for _, question in found:
        _, notation, taken, _ = question.about
        assert value_of(question) == made_by(notation, taken)


def test_numbers_of_weights_are_those_of_the_modules() -> None:
    checked = 0
    for name in ("parameters", "weights_or_biases", "bytes_of_weights"):
        for ground, question in asked(name):
            what, notation, channels = question.about
            costs = [
                cost
                for cost in ground.explanation.layers
                if (cost.notation, str(cost.input.channels)) == (notation, channels)
            ]
            counts = set()
            for cost in costs:  # fc layers of one text may take volumes of other sides
                module, _ = layer_of(notation, str(cost.input))
                sizes = {key[-6:]: value.numel() for key, value in module.named_parameters()}
                both = sum(sizes.values())
                weights = sum(size for key, size in sizes.items() if key == "weight")
                counts.add(
                    {
                        "parameters": both,
                        "weights": weights,
                        "biases": both - weights,
                        "bytes of weights": 4 * both,
                    }[what]
                )
            assert value_of(question)[0] in counts
            checked += 1
    assert checked > 60


def test_work_is_one_kernel_for_each_number_that_torch_makes() -> None:
    found = list(asked("multiply_adds"))
    assert len(found) > 30
    for _, question in found:
        _, notation, taken, _ = question.about
        module, image = layer_of(notation, taken)
        with torch.no_grad():
            made = module(image)
        weight = next(value for key, value in module.named_parameters() if "weight" in key)
        assert value_of(question) == (made.numel() * weight[0].numel(),)


def test_a_dense_layer_between_the_same_volumes() -> None:
    for _, question in asked("dense_instead"):
        _, notation, taken, _ = question.about
        made = math.prod(made_by(notation, taken))
        inputs = math.prod(map(int, taken.split("×")))
        assert value_of(question) == (inputs * made,)


@pytest.mark.parametrize("name", ["changed_here", "changed_after"])
def test_changes_are_those_of_the_built_network(name: str) -> None:
    """The changed network is built anew from its text, and counted there."""
    checked = 0
    for ground, question in asked(name, tries=6):
        what, unit = question.about[0], question.about[1]
        notations = re.findall("`([^`]+)`", str(question.steps[0]))
        if what != "changed" or unit != "parameters" or len(notations) != 2:
            continue
        layer = str(question.steps[0]).split(":")[0]
        named = re.search(r"How many parameters has (\S+) \(", question.text)
        if question.text.endswith("How many parameters has it then?"):
            target = layer
        elif named:
            target = named[1]
        else:
            target = ""
        if "{" in str(ground.architecture):
            continue
        texts = str(ground.architecture).split(" -> ")
        names = [node.name for node in ground.architecture.nodes]
        texts[1 + names.index(layer)] = notations[1]
        network = build(Architecture.parse(" -> ".join(texts)), seed=0)
        counted = network.get_submodule(target) if target else network
        assert value_of(question) == (sum(p.numel() for p in counted.parameters()),)
        checked += 1
    assert checked > 8


def test_what_a_unit_sees_is_where_its_gradient_is() -> None:
    """With weights that are all positive no gradient cancels."""
    checked = 0
    for ground, question in asked("seen_by_unit"):
        row, column = question.about[1:3]
        found = re.search(r"unit of (\S+) \(", question.text)
        assert found
        nodes = ground.architecture.nodes
        names = [node.name for node in nodes]
        layers = ground.architecture.layers[: names.index(found[1]) + 1]
        if len(names) != len(ground.architecture.layers):
            continue  # repetitions
        network = build(Architecture(ground.explanation.input, layers), seed=0).double().eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(parameter.abs() + 0.1)
        volume = ground.explanation.input
        image = torch.rand(1, volume.channels, volume.height, volume.width, dtype=torch.float64)
        total = torch.zeros_like(image)
        for _ in range(20):  # a maximum sends its gradient to one pixel: many images are needed
            image = torch.rand_like(image).requires_grad_()
            network(image)[0, :, int(row), int(column)].sum().backward()
            assert image.grad is not None
            total += image.grad.abs()
        places = total[0].sum(0).nonzero()
        (top, left), (bottom, right) = places.min(0).values, places.max(0).values
        expected = value_of(question)
        box = (int(top), int(bottom), int(left), int(right))
        pooled = any("maxpool" in step for step in str(ground.architecture).split(" -> "))
        if pooled:
            assert box[0] >= expected[0]
            assert box[1] <= expected[1]
        else:
            assert box == expected, (str(ground.architecture), question.text)
        checked += 1
    assert checked > 10


def shapes_of(text: str, side: int) -> int | None:
    """The side that torch makes of a square input; None where it refuses."""
    try:
        return made_by(text, f"{side}×{side}×1")[0]
    except Exception:
        return None


def test_all_that_fits_is_accepted_and_nothing_else() -> None:
    for question in repeated(inverse.padding_that_keeps, 8):
        _, kernel, dilation, side = question.about
        layer = f"conv 1 {kernel}x{kernel} dilation {dilation} pad"
        fitting = {p for p in range(24) if shapes_of(f"{layer} {p}", int(side)) == int(side)}
        assert set(value_of(question)) == fitting
    for question in repeated(inverse.stride_of, 6):
        _, text, side, made = question.about
        steps = range(1, int(side) + 5)
        fitting = {s for s in steps if shapes_of(f"{text} stride {s}", int(side)) == int(made)}
        assert set(value_of(question)) == fitting
    for question in repeated(inverse.kernel_of, 6):
        _, step, padding, side, made = question.about
        fitting = {
            k
            for k in range(1, int(side) + 3)
            if shapes_of(f"conv 1 {k}x{k} stride {step} pad {padding}", int(side)) == int(made)
        }
        assert set(value_of(question)) == fitting
    for question in repeated(inverse.input_of, 6):
        _, kernel, step, made = question.about
        text = f"maxpool {kernel} stride {step}"
        fitting = {side for side in range(1, 60) if shapes_of(text, side) == int(made)}
        assert set(value_of(question)) == fitting


def test_the_kernels_that_a_number_of_parameters_is() -> None:
    for question in repeated(inverse.channels_of):
        _, side, depth, kernels = question.about
        layer = nn.Conv2d(int(depth), int(kernels), int(side))
        total = sum(parameter.numel() for parameter in layer.parameters())
        assert f"{total:,} parameters" in question.text
        assert value_of(question) == (int(kernels),)


def test_bytes_in_use_are_input_and_output() -> None:
    for question in repeated(remembering.bytes_in_use):
        _, notation, taken, _ = question.about
        module, image = layer_of(notation, taken)
        with torch.no_grad():
            made = module(image)
        assert value_of(question) == (4 * (image.numel() + made.numel()),)


def test_faults_are_faults_for_torch_as_well() -> None:
    """What stands before the step can be built; with it torch raises, or we refuse to build."""
    random = Random(0)
    for question in random.sample(repeated(faults.which_layer, 30), 12):
        lines = question.text.splitlines()
        volume = next(line for line in lines if line.startswith("input: ")).split("`")[1]
        steps = [line.split("`")[1] for line in lines if line.startswith("step ")]
        assert isinstance(question.form, Choice)
        option = question.form.options[question.form.place]
        at = int(number_in(option, r"step (\d+)")) - 1
        assert steps[at] in option
        if at:
            build(Architecture.parse(" -> ".join([f"input {volume}", *steps[:at]])), seed=0)
        with pytest.raises(Exception, match=r"."):
            build(Architecture.parse(" -> ".join([f"input {volume}", *steps[: at + 1]])), seed=0)


def test_sizes_of_fields_by_marking_pixels() -> None:
    """One pixel after the other is changed, and it is seen whether the middle unit changes."""
    ground = Ground(
        Architecture.parse(
            "input 33x33x1 -> conv 1 3x3 pad 1 -> avgpool 2 -> conv 1 3x3 pad 2 dilation 2 -> "
            "avgpool 3 stride 2 pad 1 -> conv 1 3x3 pad 1"
        )
    )
    network = build(ground.architecture, seed=0).double().eval()
    image = torch.zeros(1, 1, 33, 33, dtype=torch.float64)
    names = [node.name for node in ground.architecture.nodes]
    sizes = {}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.abs() + 0.1)
        for stop, name in enumerate(names, start=1):
            part = nn.Sequential(*itertools.islice(network.children(), stop))
            plain = part(image)
            row, column = plain.shape[2] // 2, plain.shape[3] // 2
            sizes[name] = sum(
                bool((part(pixel(place)) - plain)[0, 0, row, column]) for place in range(33)
            )
    for place in range(20):
        question = seeing.field_size(ground, Dice("marking", place))
        assert question is not None
        found = re.search(r"unit of (\S+) \(", question.text)
        assert found
        assert isinstance(question.form, Numbers)
        assert question.form.values[1] == sizes[found[1]]


def pixel(place: int) -> Tensor:
    """A column of ones: what sees any of it changes."""
    image = torch.zeros(1, 1, 33, 33, dtype=torch.float64)
    image[..., place] = 1.0
    return image
