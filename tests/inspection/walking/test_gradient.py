"""The gradient of one weight is the sum of its places: torch and finite differences agree."""

from __future__ import annotations

import copy
import json
import math
from random import Random

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from convscope.architecture.layers import Volume
from convscope.errors import UsageError
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.walking.gradient import weight_gradient
from convscope.inspection.walking.places import WeightGradient
from tests.inspection.random_subjects import lively, parsed_subject, subject_for

COLOURED = Volume(9, 8, 3)

NOTATIONS = (
    "input 9x8x3 -> conv 4 3x3 pad 1 -> batchnorm -> relu -> maxpool 2 -> conv 3 3x3 -> fc 5",
    "input 9x8x3 -> conv 6 3x2 stride 2 pad 2 groups 3 -> tanh -> avgpool 2 -> fc 4",
    "input 9x8x3 -> conv 3 3x3 pad same dilation 2 -> silu -> l2pool 2 -> fc 3",
    "input 9x8x3 -> conv 4 1x1 -> residual { conv 4 3x3 pad 1 -> batchnorm -> relu "
    "-> conv 6 3x3 pad 1 stride 2 -> batchnorm } -> gelu -> globalavgpool -> fc 4",
    "input 9x8x3 -> conv 5 4x5 stride 1x2 pad 3 -> sigmoid -> distancepool 2 -> dropout -> fc 2",
)


def loss_at(subject: Subject, found: WeightGradient, change: float) -> float:
    """The cross-entropy in double precision, the weight changed: nothing of ours is used."""
    module = copy.deepcopy(subject.module).double().eval()
    images = subject.tensor(found.picture.pixels).double()
    with torch.no_grad():
        module.get_submodule(found.layer).weight[found.weight] += change
        return float(functional.cross_entropy(module(images), torch.tensor([found.target])))


def autograd(subject: Subject, found: WeightGradient) -> float:
    module = copy.deepcopy(subject.module).eval()
    images = subject.tensor(found.picture.pixels)
    functional.cross_entropy(module(images), torch.tensor([found.target])).backward()
    return float(module.get_submodule(found.layer).weight.grad[found.weight])


def check(subject: Subject, found: WeightGradient, step: float = 1e-5) -> None:
    products = [float(term) for places in found.places for term in places.products.flat]
    assert found.value == math.fsum(products)
    assert found.size == math.fsum(map(abs, products))
    assert abs(found.value - autograd(subject, found)) <= 1e-5 * found.size
    # Twice the distance tells how far the curve bends, beyond what rounding does.
    near, far = (
        (loss_at(subject, found, each) - loss_at(subject, found, -each)) / (2 * each)
        for each in (step, 2 * step)
    )
    assert abs(found.value - near) <= 1e-4 * found.size + 2 * abs(far - near) + 1e-9
    for places in found.places:
        assert not places.inputs[~places.inside].any()
        assert places.upstream.shape == (len(places.rows), len(places.columns))


@pytest.mark.parametrize("notation", NOTATIONS)
def test_random_weights(notation: str) -> None:
    random = Random(5)
    subject = parsed_subject(notation, seed=2, labels=(1, 0, 1, 1))
    layers = [each.name for each in subject.layers if each.kind == "Conv2d"]
    padded = 0
    for number in range(8):
        layer = random.choice(layers)
        shape = subject.module.get_submodule(layer).weight.shape
        index = tuple(random.randrange(side) for side in shape)
        found = weight_gradient(subject, layer, index, image=number % 4)
        assert found.target == (1, 0, 1, 1)[number % 4]
        check(subject, found)
        padded += int((~found.places[0].inside).sum())
    assert padded


def test_by_hand() -> None:
    """One kernel of 2×1 over a column of three: two places, and a score that is their sum."""

    class Column(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, (2, 1), bias=False)

        def forward(self, images: Tensor) -> Tensor:
            score = self.conv(images).sum((1, 2, 3))
            return torch.stack([score, -score], 1)

    module = Column()
    with torch.no_grad():
        module.conv.weight.zero_()
    pixels = np.array([[[51], [102], [255]]], np.uint8)
    subject = subject_for(module, Volume(3, 1, 1), images=pixels[None], labels=(1,))
    found = weight_gradient(subject, "conv", (0, 0, 1, 0))
    (places,) = found.places
    # Both scores are 0: the loss is ln 2, and it feels 1/2 − 1/2·(−1) = 1 at each place.
    assert found.loss == pytest.approx(math.log(2))
    assert found.probability == pytest.approx(0.5)
    assert places.upstream.tolist() == [[1], [1]]
    assert places.inputs.tolist() == [[pytest.approx(0.4)], [pytest.approx(1)]]
    assert (places.rows, places.columns) == ((1, 2), (0,))
    assert found.value == pytest.approx(1.4)
    assert (found.channel, found.source, found.weight_value) == (0, "input", 0)


def test_the_steepest_weight_is_chosen_and_said() -> None:
    subject = parsed_subject(NOTATIONS[0], labels=(2, 0, 0, 0))
    found = weight_gradient(subject)
    assert found.chosen == "conv2, the last convolution, the weight with the steepest gradient"
    module = copy.deepcopy(subject.module)
    functional.cross_entropy(
        module(subject.tensor(subject.images[0])), torch.tensor([2])
    ).backward()
    assert abs(found.value) == pytest.approx(float(module.conv2.weight.grad.abs().max()), rel=1e-4)
    assert weight_gradient(subject, "conv1", (0, 0, 0, 0)).chosen == ""


def test_the_class_is_the_images_or_the_networks_answer_or_the_one_given() -> None:
    subject = parsed_subject(NOTATIONS[0], labels=(3, 0, 0, 0))
    assert weight_gradient(subject).target == 3
    assert weight_gradient(subject, target=1).target == 1
    unknown = parsed_subject(NOTATIONS[0])
    found = weight_gradient(unknown)
    assert found.target == int(unknown.probabilities(unknown.images[0]).argmax())
    assert found.chosen.endswith("the network's own answer, since the image's class is not known")
    # What is asked for and what the network says: −ln p is the loss.
    likely = float(unknown.probabilities(unknown.images[0])[0, found.target])
    assert found.probability == pytest.approx(likely, rel=1e-5)


class Reusing(nn.Module):
    """One convolution twice, an in-place ReLU behind each call, and a frozen layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.again = nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect")
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(4 * 72, 3)
        self.first.weight.requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        x = self.relu(self.first(images))
        x = self.relu(self.again(x))
        x = self.relu(self.norm(self.again(x)))
        return self.fc(x.flatten(1))


def test_a_layer_that_is_used_twice_has_the_terms_of_both_calls() -> None:
    subject = subject_for(lively(Reusing(), 0), COLOURED)
    for layer in ("again", "again:2"):
        found = weight_gradient(subject, layer, (1, 2, 0, 1), target=2)
        assert [places.call for places in found.places] == ["again", "again:2"]
        products = [float(t) for places in found.places for t in places.products.flat]
        assert found.value == math.fsum(products)
        assert abs(found.value - autograd(subject, found)) <= 1e-5 * found.size


def test_what_was_borrowed_is_given_back() -> None:
    subject = subject_for(lively(Reusing(), 0), COLOURED)
    module = subject.module.train()
    marker = torch.ones(3)
    module.fc.bias.grad = marker
    random = torch.get_rng_state()
    with torch.no_grad():
        found = weight_gradient(subject, "first", (1, 2, 0, 1), target=0)
    assert abs(found.value - found.recorded) <= 1e-5 * found.size

    def fails(*_: object) -> None:
        raise RuntimeError("in between")

    hook = module.fc.register_forward_hook(fails)
    with pytest.raises(RuntimeError, match="in between"):
        weight_gradient(subject, "first", (1, 2, 0, 1), target=0)
    hook.remove()
    assert module.training
    assert all(each.training for each in module.modules())
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in module.modules())
    assert not module.first.weight.requires_grad
    assert module.again.weight.requires_grad
    assert module.first.weight.grad is None
    assert module.fc.bias.grad is marker
    assert torch.equal(random, torch.get_rng_state())


def test_the_example_of_the_package() -> None:
    subject = subject_of("example")
    found = weight_gradient(subject, "conv1", (3, 0, 2, 2), image=68)
    check(subject, found)
    record = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert record["schema"] == "convscope.gradient/1"
    assert record["weight"] == [3, 0, 2, 2]
    (places,) = record["places"]
    products = np.array(places["upstream"]) * np.array(places["inputs"])
    assert products.tolist() == places["products"]
    assert math.fsum(products.flat) == record["value"]


@pytest.mark.parametrize(
    ("layer", "weight", "words"),
    [
        ("conv9", None, "made has no layer 'conv9'"),
        (
            "relu1",
            None,
            "made: relu1 is a ReLU, and has no kernels of its own: its convolutions "
            "are conv1, conv2",
        ),
        (
            "conv1",
            (4, 0, 0, 0),
            "conv1 has no weight 4,0,0,0: give output channel, input channel, "
            "row, column: it has output channels 0 to 3, input channels 0 to 2, rows 0 to 2, "
            "columns 0 to 2",
        ),
        ("conv1", (0, 0, 0), "conv1 has no weight 0,0,0: "),
        ("conv1", (0, 0, 0, -1), "conv1 has no weight 0,0,0,-1: "),
    ],
)
def test_weights_that_are_not_there(layer: str, weight: tuple[int, ...] | None, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        weight_gradient(parsed_subject(NOTATIONS[0]), layer, weight)
    assert str(caught.value).startswith(words)


def test_questions_without_an_answer() -> None:
    with pytest.raises(UsageError, match="made: it has no convolution"):
        weight_gradient(parsed_subject("input 4x4x1 -> fc 2"))
    with pytest.raises(UsageError, match="knows no class '10': give 0 to 9, or a name"):
        weight_gradient(parsed_subject(NOTATIONS[0]), target=10)
    with pytest.raises(UsageError, match="its result is no vector of scores"):
        weight_gradient(parsed_subject("input 4x4x1 -> conv 2 3x3"), target=0)
    made = subject_for(nn.Sequential(weight_norm(nn.Conv2d(3, 4, 3))), COLOURED)
    with pytest.raises(UsageError, match=r"0 is a .*Conv2d, and has no kernels of its own"):
        weight_gradient(made, "0", target=0)


def test_a_weight_that_two_layers_share_is_refused() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 3, 3), nn.Tanh(), nn.Conv2d(3, 3, 3), nn.Flatten(), nn.Linear(60, 2)
    )
    module[2].weight = module[0].weight
    subject = subject_for(module, COLOURED)
    with pytest.raises(UsageError, match="its weights are used elsewhere, too"):
        weight_gradient(subject, "0", (0, 1, 2, 0), target=0)


def test_gradients_that_are_not_finite_are_refused() -> None:
    subject = parsed_subject(NOTATIONS[0])
    with torch.no_grad():
        subject.module.fc.weight.fill_(math.nan)
    with pytest.raises(UsageError, match="made: its scores are not finite"):
        weight_gradient(subject, target=0)
