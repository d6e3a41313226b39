"""Fields found by trying: against the arithmetic, which knows nothing of how it is done."""

from __future__ import annotations

from random import Random

import pytest
import torch
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.fields import fields, reach
from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.architecture.shapes import walk
from convscope.architecture.zoo import find_architecture
from convscope.errors import UsageError
from convscope.inspection.fields.reaching import reached
from convscope.network.build import build
from tests.architecture.random_architectures import random_architecture
from tests.inspection.modules import SIDE, Functional, InPlace, state_of


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch's, about speed
@pytest.mark.parametrize("seed", range(40))
def test_what_is_tried_is_what_the_arithmetic_says(seed: int) -> None:
    random = Random(seed)
    architecture = random_architecture(random)
    nodes = [node for node in walk(architecture.nodes) if node.output.size]
    units = {
        node.name: (random.randrange(node.output.height), random.randrange(node.output.width))
        for node in nodes
    }
    assert architecture.input is not None
    found = reached(build(architecture, seed=seed), architecture.input, units)
    known = fields(architecture)
    for name, (row, column) in units.items():
        assert found[name].box == reach(architecture, name, row, column), f"{name}: {architecture}"
        for side, span in zip(
            found[name].sides, (known[name].height, known[name].width), strict=True
        ):
            # Padding may cut every unit of a layer: what is seen is then less than the rule says.
            if side.whole and span.jump is not None:
                assert side.size <= span.size.value, f"{name}: {architecture}"


def test_sizes_and_jumps_of_the_article_s_layers() -> None:
    article = find_architecture("article")
    units = {node.name: (0, 0) for node in article.nodes}
    found = reached(build(article, seed=0), Volume(28, 28, 1), units)
    for name, field in fields(article).items():
        if name in ("input", "fc"):
            continue
        for side, span in zip(found[name].sides, (field.height, field.width), strict=True):
            assert span.jump is not None
            assert (side.size, side.jump, side.whole) == (span.size.value, span.jump.value, True)
    assert found["fc"].everything
    assert found["fc"].box == Box(0, 0, 28, 28)


def test_a_field_larger_than_the_image_is_found_from_units_that_show_one_end_each() -> None:
    text = "input 20x20x1 -> 6 x { conv 2 5x5 pad 2 }"
    architecture = Architecture.parse(text)
    found = reached(build(architecture, seed=0), Volume(20, 20, 1), {"conv6": (10, 10)})["conv6"]
    assert fields(architecture)["conv6"].height.size.value == 25
    assert found.sides[0].size == 25
    assert found.sides[0].whole


def test_where_no_unit_shows_an_end_the_size_is_a_lower_bound() -> None:
    architecture = Architecture.parse("input 12x12x1 -> 8 x { conv 1 5x5 pad 2 }")
    found = reached(build(architecture, seed=0), Volume(12, 12, 1), {"conv8": (5, 5)})["conv8"]
    assert found.everything
    assert (found.sides[0].size, found.sides[0].whole) == (12, False)


def test_functions_and_work_in_place_are_no_obstacle() -> None:
    volume = Volume(SIDE, SIDE, 1)
    # conv 3×3, pool 2, conv 3×3: 3 + 1 + 2·2 = 8 pixels, 2 a step.
    (found,) = reached(Functional().eval(), volume, {"conv2": (1, 1)}).values()
    assert [(side.size, side.jump) for side in found.sides] == [(8, 2), (8, 2)]
    # Unit 1 begins at pixel 2 − 1.
    assert found.box == Box(1, 1, 9, 9)
    (again,) = reached(InPlace().eval(), volume, {"conv3": (5, 5)}).values()
    assert again.sides[0].size == 7


def test_a_layer_of_several_calls_has_a_field_for_each() -> None:
    found = reached(InPlace().eval(), Volume(SIDE, SIDE, 1), {"relu": (5, 5), "relu:2": (5, 5)})
    assert [each.sides[0].size for each in found.values()] == [3, 5]


class _Fails(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3)

    def forward(self, images: Tensor) -> Tensor:
        raise RuntimeError(f"no way through for {self.conv(images).shape}")


def test_the_module_is_given_back_also_after_an_exception() -> None:
    module = _Fails().train()
    before = state_of(module)
    with pytest.raises(RuntimeError, match="no way through"):
        reached(module, Volume(5, 5, 1), {"conv": (0, 0)})
    assert state_of(module) == before
    good = InPlace().train()
    before = state_of(good)
    reached(good, Volume(SIDE, SIDE, 1), {"conv2": (0, 0)})
    assert state_of(good) == before
    with pytest.raises(UsageError, match="no layer 'konv'"):
        reached(good, Volume(SIDE, SIDE, 1), {"konv": (0, 0)})
    assert not torch.is_inference_mode_enabled()
