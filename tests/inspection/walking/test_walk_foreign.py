"""Walks through other people's modules: right, or a refusal that names the class."""

from __future__ import annotations

import math
from collections import OrderedDict
from random import Random

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from convscope.architecture.layers import Volume
from convscope.architecture.pixels import Box
from convscope.errors import UsageError
from convscope.inspection.subject import subject_of
from convscope.inspection.walking.passage import Passage
from convscope.inspection.walking.seeing import PADDING_ALONE
from convscope.inspection.walking.single import Activated, Added, Multiplied, Normalised, Passed
from convscope.inspection.walking.sums import Pooled, Weighted
from convscope.inspection.walking.walk import walk, walk_in
from convscope.report.walk_view import field_words
from tests.inspection.random_subjects import lively, subject_for
from tests.inspection.walking.foreign_walks import COLOURED, layers_in, right, sequential


class Functions(nn.Module):
    """What people write between modules: functional ReLU, +=, cat, flatten, a reused layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.left = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.right = nn.Conv2d(4, 2, 1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d((3, 4))
        self.fc = nn.Linear(6 * 12, 5)

    def forward(self, images: Tensor) -> Tensor:
        x = functional.relu(self.stem(images), inplace=True)
        out = self.norm(self.left(x))
        out += x
        out = self.relu(out)
        out = self.norm(self.left(out))
        out = torch.cat([self.relu(out), self.right(x)], 1)
        return self.fc(torch.flatten(self.pool(out), 1))


@pytest.fixture
def functions() -> object:
    return subject_for(lively(Functions(), 1), COLOURED)


def test_a_functional_relu_is_found_by_its_numbers(functions: object) -> None:
    found = right(walk(functions, "left", (1, 4, 5), through="stem"))
    assert layers_in(found) == ["stem", "relu(stem)", "left"]
    relu = found.stages[1]
    assert isinstance(relu, Activated)
    assert relu.module == "function"


def test_a_sum_between_modules_is_found_too(functions: object) -> None:
    found = right(walk(functions, "relu", (2, 3, 3)))
    assert layers_in(found) == ["left", "norm", "norm + relu(stem)", "relu"]
    assert isinstance(found.stages[2], Added)


def test_each_call_of_a_module_is_a_layer(functions: object) -> None:
    found = right(walk(functions, "relu:2", (2, 3, 3)))
    assert layers_in(found) == ["left:2", "norm:2", "relu:2"]


def test_channels_laid_together_come_from_the_right_one(functions: object) -> None:
    first = right(walk(functions, "pool", (3, 1, 1)))
    assert layers_in(first)[-3:] == ["relu:2", "cat(relu:2, right)", "pool"]
    second = right(walk(functions, "pool", (5, 1, 1)))
    assert layers_in(second) == ["right", "cat(relu:2, right)", "pool"]
    passed = second.stages[1]
    assert isinstance(passed, Passed)
    assert (passed.unit[0], passed.source) == (1, "right")
    # Right of the right way stand a 1×1 and a 3×3 kernel, left of the left one 3×3 three times.
    assert second.field is not None
    assert first.field is not None
    assert second.field.height < first.field.height


def test_terms_of_a_vector_have_the_places_of_the_maps(functions: object) -> None:
    stage = right(walk(functions, "fc", (2,))).last
    assert isinstance(stage, Weighted)
    assert (stage.source, len(stage.channels), len(stage.rows), len(stage.columns)) == (
        "pool",
        6,
        3,
        4,
    )


def test_pooling_to_a_size_has_windows_of_its_own(functions: object) -> None:
    stage = right(walk(functions, "pool", (0, 1, 1))).last
    assert isinstance(stage, Pooled)
    assert stage.rows == (4, 5, 6, 7)
    assert stage.columns == (2, 3, 4)
    assert stage.divisor == 12


class Squeezing(nn.Module):
    """A block inside that scales channels (Hu et al. 2018), and a shortcut past it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2 = nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1)
        self.scale = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return self.scale(self.fc2(functional.relu(self.fc1(self.pool(x))))) * x


class Squeezed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.block = Squeezing()
        self.last = nn.MaxPool2d(2)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)
        return self.last(self.block(x) + x)


def test_channels_that_are_scaled() -> None:
    subject = subject_for(Squeezed(), COLOURED)
    found = right(walk(subject, "block", (2, 3, 4)))
    name = "block.scale · stem"
    assert layers_in(found) == ["block.fc2", "block.scale", "stem", name]
    product = found.last
    assert isinstance(product, Multiplied)
    assert product.units == ((2, 0, 0), (2, 3, 4))
    assert found.field is not None
    assert (found.field.height, found.field.width) == (12, 10)
    assert product.as_dict()["ways"][0]["at"] == [2, 0, 0]
    below = right(walk(subject, "last", (2, 3, 4)))
    assert layers_in(below)[-2:] == ["block + stem", "last"]
    assert below.stages[-2].formula == f"{name} + stem"
    through = layers_in(right(walk(subject, "last", (2, 3, 4), through="block.pool")))
    assert "relu(block.fc1)" in through


@pytest.mark.parametrize("at", [(0, 0, 0), (2, 1, 1), (2, 2, 2)])
@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 3, (4, 3), padding="same", dilation=2),
        nn.Conv2d(3, 3, 3, padding="valid"),
        nn.Conv2d(3, 6, 3, padding=2, padding_mode="circular", groups=3),
        nn.Conv2d(3, 3, 5, padding=(2, 1), padding_mode="reflect", stride=2),
        nn.Conv2d(3, 3, 3, padding=2, padding_mode="replicate", bias=False),
        nn.MaxPool2d(3, 2, 1, dilation=2),
        nn.MaxPool2d(4, 4, ceil_mode=True),
        nn.AvgPool2d(4, 4, 1, ceil_mode=True),
        nn.AvgPool2d(4, 4, 2, ceil_mode=True, count_include_pad=False),
        nn.AvgPool2d(3, 3, 1, divisor_override=5),
        nn.AvgPool2d(3, 3, 1, count_include_pad=False, divisor_override=5),
        nn.AvgPool2d(3, 3, 1, count_include_pad=False),
        nn.LPPool2d(2, 3),
        nn.AdaptiveAvgPool2d((5, 3)),
        nn.BatchNorm2d(3),
        nn.BatchNorm2d(3, affine=False),
        nn.BatchNorm2d(3, track_running_stats=False),
        nn.ReLU6(),
        nn.ELU(0.7),
        nn.Hardsigmoid(),
        nn.Hardswish(),
        nn.GELU(approximate="tanh"),
        nn.Dropout2d(),
        nn.Identity(),
    ],
    ids=str,
)
def test_one_layer_of_torch(layer: nn.Module, at: tuple[int, int, int]) -> None:
    subject = subject_for(sequential(layer), COLOURED)
    height, width = subject.layer("0").shape[1:]
    right(walk(subject, "0", (at[0], min(at[1], height - 1), min(at[2], width - 1))))
    right(walk(subject, "0", (at[0], height - 1, width - 1)))


def test_statistics_of_the_image_where_a_layer_keeps_none() -> None:
    subject = subject_for(
        sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2, track_running_stats=False)), COLOURED
    )
    found = right(walk(subject, "1", (1, 2, 3)))
    stage = found.last
    assert isinstance(stage, Normalised)
    assert stage.statistics == "image"
    assert found.field is not None
    assert (found.field.height, found.field.width) == (12, 10)


def test_weights_that_are_made_of_others() -> None:
    layer = weight_norm(nn.Conv2d(3, 4, 3))
    right(walk(subject_for(nn.Sequential(layer), COLOURED), "0", (1, 2, 3)))


def test_a_module_that_holds_others_is_its_last_layer() -> None:
    inner = sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    subject = subject_for(nn.Sequential(inner, nn.MaxPool2d(2)), COLOURED)
    assert layers_in(right(walk(subject, "0", (1, 2, 3)))) == ["0.0", "0.1"]
    assert walk(subject, "0", (1, 2, 3)).layer == "0"
    assert layers_in(right(walk(subject, "1"))) == ["0.0", "0.1", "1"]


def test_sigmoids_do_not_overflow() -> None:
    class Large(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.BatchNorm2d(3)
            self.sigmoid = nn.Sigmoid()
            self.silu = nn.SiLU()

        def forward(self, images: Tensor) -> Tensor:
            return self.silu(self.sigmoid(self.scale(images)) * -2000)

    module = Large()
    with torch.no_grad():
        module.scale.weight.fill_(3000)
        module.scale.bias.fill_(-1500)
    subject = subject_for(module, COLOURED)
    for layer in ("sigmoid", "silu"):
        for row in range(12):
            assert math.isfinite(right(walk(subject, layer, (0, row, 0))).value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["alexnet", "vgg11", "resnet18", "googlenet", "mobilenet_v3_small", "vit_b_16"],
)
def test_a_unit_of_every_layer_of_torchvisions_classifiers(name: str) -> None:
    from torchvision import models

    random = Random(0)
    torch.manual_seed(0)
    settings = {"init_weights": False} if name == "googlenet" else {}
    module = lively(getattr(models, name)(weights=None, **settings), 0)
    subject = subject_for(module, Volume(224, 224, 3))
    passage = Passage(subject, subject.picture(0))
    explained = refused = 0
    for layer in subject.layers:
        at = tuple(random.randrange(side) for side in layer.shape)
        try:
            found = right(walk_in(passage, layer.name, at))
        except UsageError as error:
            # A module that hands on what its last layer made is refused by that one's name.
            assert layer.kind in str(error) or not layer.leaf
            refused += 1
        else:
            assert found.field is not None or name.startswith("vit")
            explained += 1
    if name.startswith("vit"):
        assert explained >= 2
        assert "LayerNorm" in {layer.kind for layer in subject.layers}
    else:
        assert refused == 0


class PooledByFunction(nn.Module):
    """Its pooling is no module, so that no way leads from c2 to the image."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.c1 = nn.Conv2d(3, 4, 3, padding=1)
        self.c2 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.c1(images)), 2)
        return self.c2(x).mean((2, 3))


def test_the_field_of_a_layer_behind_a_function_is_worked_out() -> None:
    net = nn.Sequential(OrderedDict(own=PooledByFunction(), fc=nn.Linear(4, 3)))
    found = walk(subject_of(net, shape=Volume(12, 12, 3)), "own.c2", (1, 2, 3))
    # 3 rows of c1's pooled maps: 6 of c1, and one more of the image at either end.
    assert found.field == Box(1, 3, 9, 11)
    assert found.field_note == ""


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (PADDING_ALONE, "none: it sees padding alone"),
        ("x is a Thing", "not known: x is a Thing"),
    ],
)
def test_a_field_that_is_not_known_is_not_called_none(note: str, words: str) -> None:
    assert field_words(None, note) == words
