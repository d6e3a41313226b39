"""Effective fields: linear networks whose gradient is known, and the arithmetic beside them."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.errors import UsageError
from convscope.inspection.fields.effective import Place, field_heats, shortest_run
from convscope.inspection.fields.receptive import receptive_field, receptive_fields
from convscope.inspection.subject import Subject, subject_of
from tests.architecture.random_architectures import random_architecture
from tests.inspection.modules import SIDE, Functional, InPlace, dead, state_of, subject_for


@pytest.fixture(scope="module")
def example() -> Subject:
    return subject_of("example", data="fashion-mini")


def test_the_gradient_of_a_convolution_is_its_kernel() -> None:
    conv = nn.Conv2d(2, 3, 3)
    images = torch.rand(5, 2, 6, 6)
    heat = field_heats(_Named(conv), images, {"conv": Place(1, 2, 1)})["conv"]
    expected = np.zeros((6, 6))
    expected[1:4, 2:5] = 5 * conv.weight[1].abs().sum(0).detach().numpy()
    assert heat == pytest.approx(expected, rel=1e-5)


class _Named(nn.Module):
    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images)


@pytest.mark.parametrize("layers", [1, 2, 5, 9])
def test_a_chain_of_flat_kernels_spreads_as_luo_et_al_say(layers: int) -> None:
    # n flat kernels of F: the variance is n·(F² − 1)/12, and so the size grows as √n.
    chain = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(layers)))
    for conv in chain:
        nn.init.ones_(conv.weight)  # type: ignore[arg-type]
    subject = subject_for(nn.Sequential(chain, nn.Flatten()), side=31)
    field = receptive_field(subject, f"0.{layers - 1}", images=2)
    assert field.sides[0].size == 2 * layers + 1
    assert field.deviation == pytest.approx([np.sqrt(layers * 8 / 12)] * 2, rel=1e-5)
    assert field.effective is not None
    assert field.effective.height <= field.sides[0].size
    # Luo et al.: ±2 deviations hold 95.45 % of a bell; whole pixels round that up.
    if layers > 4:
        assert abs(field.effective.height - 4 * field.deviation[0]) <= 1.5


def test_random_signs_measure_the_root_of_the_sum_of_squares() -> None:
    torch.manual_seed(3)
    conv = nn.Conv2d(1, 8, 3)
    images = torch.rand(4000, 1, 3, 3)
    heat = field_heats(_Named(conv), images, {"conv": Place(0, 0)})["conv"]
    norms = conv.weight[:, 0].square().sum(0).sqrt().detach().numpy()
    # The mean size of Σ ±w is between √(1/2) (one weight dominates not) and 1 times the norm.
    assert np.all(heat / 4000 > 0.7 * norms)
    assert np.all(heat / 4000 < 1.01 * norms)


def for_images(count: int) -> list[Architecture]:
    """Random architectures for grey or colour images."""
    made = [random_architecture(Random(seed)) for seed in range(5 * count)]
    return [each for each in made if each.input and each.input.channels in (1, 3)][:count]


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch's, about speed
@pytest.mark.parametrize("architecture", for_images(12), ids=str)
def test_the_gradient_lies_inside_the_geometric_field(architecture: Architecture) -> None:
    subject = subject_of(architecture)
    for field in receptive_fields(subject, images=3).fields:
        assert field.inside == pytest.approx(1 if field.effective else 0), field.layer.name
        if field.effective is not None:
            assert field.box is not None
            assert field.effective.top >= field.box.top
            assert field.effective.bottom <= field.box.bottom


def test_shortest_run_is_that_of_all_runs() -> None:
    draw = np.random.default_rng(0)
    for _ in range(50):
        mass = draw.random(8) ** 3
        first, last = shortest_run(mass, 0.9545)
        runs = [
            (b - a, -mass[a:b].sum())
            for a in range(8)
            for b in range(a + 1, 9)
            if mass[a:b].sum() >= 0.9545 * mass.sum()
        ]
        assert (last - first, -mass[first:last].sum()) == pytest.approx(min(runs))


def test_the_article_s_fields_on_the_example(example: Subject) -> None:
    found = receptive_fields(example)
    sizes = {field.layer.name: field.sides[0].size for field in found.fields}
    assert sizes == {"conv1": 5, "pool1": 6, "conv2": 14, "pool2": 16, "fc": 28}
    assert all(field.by_arithmetic for field in found.fields)
    assert not found.unproductive
    for field in found.fields:
        assert field.inside == pytest.approx(1)
        assert field.effective is not None
        assert field.effective.height <= field.sides[0].size
        assert field.heat.sum() == pytest.approx(1)
    last = found.fields[3]
    assert last.middle > last.middle_area  # the middle counts more than a flat field's would
    json.dumps(found.as_dict())


def test_one_unit_of_the_example(example: Subject) -> None:
    field = receptive_field(example, "conv2", (0, 0), channel=3, image=2, images=8, seed=1)
    assert field.box == Box(0, 0, 8, 8)
    assert (field.at, field.channel, field.count, field.seed) == ((0, 0), 3, 8, 1)
    assert field.image.name.endswith("image 2")
    assert field.derivation[0] == "6 + (5 − 1)·2 = 14"
    record = field.as_dict()
    assert record["geometric"]["box"] == {"top": 0, "left": 0, "height": 8, "width": 8}
    assert np.sum(record["effective"]["heat"]) == pytest.approx(1)
    again = receptive_field(example, "conv2", (0, 0), channel=3, images=8, seed=1)
    assert np.array_equal(field.heat, again.heat)


def test_a_layer_that_nobody_has_and_units_that_are_not_there(example: Subject) -> None:
    with pytest.raises(UsageError, match="no layer 'conv3': did you mean \"conv"):
        receptive_field(example, "conv3")
    with pytest.raises(
        UsageError, match="conv2 has no unit at row 14, column 0: its rows are 0 to 13"
    ):
        receptive_field(example, "conv2", (14, 0))
    with pytest.raises(UsageError, match="conv2 has no channel 32: give 0 to 31"):
        receptive_field(example, "conv2", channel=32)
    with pytest.raises(UsageError, match="0 images cannot be averaged"):
        receptive_field(example, "conv2", images=0)


def test_layers_whose_field_is_larger_than_the_image_are_told() -> None:
    subject = subject_of(
        Architecture.parse("input 12x12x1 -> 8 x { conv 4 3x3 pad 1 -> relu } -> fc 3")
    )
    found = receptive_fields(subject, images=4)
    assert found.unproductive == ("conv6", "conv7", "conv8")  # 2·6 + 1 = 13 > 12
    (remark,) = found.remarks
    assert remark.startswith("unproductive: conv6, conv7, conv8 have fields larger than the 12×12")
    assert "Richter et al. 2021" in remark


def test_a_residual_network_is_told_that_shortcuts_bring_smaller_fields() -> None:
    text = (
        "input 8x8x1 -> 3 x { residual { conv 1 3x3 pad 1 -> relu -> conv 1 3x3 pad 1 } } -> fc 3"
    )
    found = receptive_fields(subject_of(Architecture.parse(text)), images=2)
    assert "block3.conv2" in found.unproductive
    assert any("shortcuts" in remark for remark in found.remarks)


def test_a_foreign_network_that_is_an_architecture_is_worked_out_under_its_own_names() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 3)
    )
    subject = subject_of(network, shape=Volume(12, 12, 1))
    found = {each.layer.name: each for each in receptive_fields(subject, images=2).fields}
    assert found["0"].derivation[0] == "1 + (5 − 1)·1 = 5"
    assert (found["2"].sides[0].size, found["2"].by_arithmetic) == (6, True)
    tried = receptive_fields(subject_for(network), images=2).fields
    assert [each.sides[0].size for each in tried] == [5, 6, 12]
    assert [each.box for each in tried] == [each.box for each in found.values()]


def test_a_foreign_network_is_tried_and_agrees_with_the_arithmetic() -> None:
    module = Functional()
    fields = receptive_fields(subject_for(module), images=4).fields
    assert [field.layer.name for field in fields] == ["conv1", "conv2", "fc"]
    assert [field.sides[0].size for field in fields] == [3, 8, SIDE]
    assert not any(field.by_arithmetic for field in fields)
    assert [field.inside for field in fields] == pytest.approx([1, 1, 1])


class _Bare(nn.Module):
    def __init__(self, *children: nn.Module) -> None:
        super().__init__()
        for number, child in enumerate(children):
            self.add_module(f"step{number}", child)

    def forward(self, images: Tensor) -> Tensor:
        for child in self.children():
            images = child(images)
        return images.mean((2, 3)).repeat(1, 3)


def test_without_convolutions_all_layers_are_asked_and_without_layers_none() -> None:
    found = receptive_fields(subject_for(_Bare(nn.Tanh(), nn.Sigmoid())), images=2)
    assert [field.layer.name for field in found.fields] == ["step0", "step1"]
    assert [field.sides[0].size for field in found.fields] == [1, 1]
    with pytest.raises(UsageError, match="holds no layers that could be asked"):
        receptive_fields(subject_for(_Bare()))


class _Gated(nn.Module):
    """Squeeze and excite: a global mean decides how much of each channel passes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.gate = nn.Conv2d(4, 4, 1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(4 * SIDE * SIDE, 3)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.conv1(images)
        result: Tensor = self.fc(self.conv2(maps * self.gate(self.pool(maps)).sigmoid()).flatten(1))
        return result


def test_what_comes_behind_a_global_mean_sees_everything_and_is_not_called_unproductive() -> None:
    found = receptive_fields(subject_for(_Gated()), images=4)
    assert [field.everything for field in found.fields] == [False, True, True, True, True]
    assert not found.unproductive
    assert found.fields[3].middle > 0.3  # the gradient is where the kernel is, all the same


def test_calls_of_a_layer_that_is_used_again_have_fields_of_their_own() -> None:
    subject = subject_for(InPlace())
    assert receptive_field(subject, "relu", images=3).sides[0].size == 3
    assert receptive_field(subject, "relu:2", images=3).sides[0].size == 5


def test_dead_units_have_no_effective_field_and_that_is_said() -> None:
    found = receptive_fields(subject_for(dead()), images=4)
    assert found.fields[0].effective is not None
    assert found.fields[-1].effective is None
    assert not found.fields[-1].heat.any()
    assert found.remarks == (
        "no effective field for 3: the gradient is 0 on all 4 images, as where a ReLU before "
        "it lets nothing pass",
    )


class _Cut(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images.detach()).mean((2, 3)).detach()


def test_a_gradient_that_is_cut_off_is_an_error_in_words() -> None:
    with pytest.raises(UsageError, match="no gradient leads from conv back to the image"):
        receptive_field(subject_for(_Cut()), "conv")


def test_all_that_is_borrowed_is_given_back() -> None:
    for module in (InPlace(), Functional(), _Cut()):
        subject = subject_for(module)
        module.train()
        before = state_of(module)
        if isinstance(module, _Cut):
            with pytest.raises(UsageError):
                receptive_fields(subject)
        else:
            receptive_fields(subject, images=2)
        assert state_of(module) == before
