"""The label of trust: bad maps fail, good ones pass, and what shows nothing is explained."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import sobel
from torch import Tensor, nn

from convscope.errors import UsageError
from convscope.inspection.attribution.attribution import Attribution, attribute, attribute_all
from convscope.inspection.attribution.copying import working_copy
from convscope.inspection.attribution.deletion import ORDERS, T_95
from convscope.inspection.attribution.methods import METHODS, Compute
from convscope.inspection.attribution.randomising import MOST_ALIKE, randomise, stages_of
from convscope.inspection.fields.receptive import receptive_field
from convscope.inspection.subject import Subject, subject_of
from tests.inspection.modules import SIDE, Constant, InPlace, dead, subject_for

IMAGES = range(100, 112)
"""None of those on which the thresholds were chosen."""


@pytest.fixture(scope="module")
def example() -> Subject:
    return subject_of("example", data="fashion-mini")


def edges(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
    """An edge detector passed off as attribution: it never looks at the network."""
    picture = image[0].mean(0).numpy().astype(np.float64)
    found: NDArray[np.float64] = np.hypot(sobel(picture, 0), sobel(picture, 1))
    return found


def noise(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
    return np.random.default_rng(int(1e6 * float(image.sum()) % 1e9)).random(image.shape[2:])


def verdicts(
    subject: Subject, method: str | Compute, seed: int = 0, images: Iterable[int] = IMAGES
) -> Counter[str]:
    found = [attribute(subject, number, method, seed=seed) for number in images]
    return Counter(each.trust.verdict for each in found if each.trust is not None)


@pytest.mark.parametrize("seed", [0, 1])
def test_an_edge_detector_fails_on_every_image(example: Subject, seed: int) -> None:
    for number in IMAGES[:6]:
        found = attribute(example, number, edges, seed=seed)
        assert found.label.startswith("FAILED: randomisation")
        assert found.failed
        assert found.trust is not None
        assert found.trust.randomisation is not None
        assert found.trust.randomisation.likeness == pytest.approx(1)
        assert "stays alike: rank correlation 1.00" in found.trust.reasons[0]
        assert json.loads(json.dumps(found.as_dict()))["label"] == found.label


def test_noise_fails_by_deletion(example: Subject) -> None:
    found = [attribute(example, number, noise) for number in IMAGES]
    failed = [
        each
        for each in found
        if each.trust and each.trust.deletion and each.trust.deletion.verdict == "failed"
    ]
    # One random order in 20 passes by chance.
    assert len(failed) >= len(IMAGES) - 2


def test_integrated_gradients_pass(example: Subject) -> None:
    assert verdicts(example, "integrated-gradients", images=IMAGES[:4])["passed"] >= 3


def test_guided_backprop_fails_by_randomisation(example: Subject) -> None:
    for number in IMAGES[:4]:
        found = attribute(example, number, "guided-backprop")
        assert found.label.startswith("FAILED: randomisation")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_rates_on_many_images(example: Subject, seed: int) -> None:
    """Those of docs/attribution.md, on some of its images."""
    assert verdicts(example, "integrated-gradients", seed)["passed"] >= 8
    assert verdicts(example, "occlusion", seed)["passed"] >= 6
    assert verdicts(example, "guided-backprop", seed)["failed"] == len(IMAGES)


def test_checks_are_the_same_for_the_same_seed(example: Subject) -> None:
    records = [attribute(example, 3, "saliency", seed=5).as_dict() for _ in range(2)]
    assert records[0] == records[1]
    assert attribute(example, 3, "saliency", seed=6).as_dict() != records[0]


def test_layers_become_random_from_the_last_to_the_first(example: Subject) -> None:
    copied = working_copy(example.module, "it")
    assert stages_of(example, copied) == (("fc",), ("batch2",), ("conv2",), ("batch1",), ("conv1",))
    seen: list[list[str]] = []
    weights = {name: value.clone() for name, value in copied.state_dict().items()}

    def watch(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
        now = module.state_dict()
        seen.append([name for name in weights if not torch.equal(now[name], weights[name])])
        return np.ones(image.shape[2:])

    image = example.tensor(example.images[0])
    randomise(example, copied, watch, image, 0, np.ones((28, 28)), draws=1)
    assert [{name.partition(".")[0] for name in names} for names in seen] == [
        {"fc"},
        {"fc", "batch2"},
        {"fc", "batch2", "conv2"},
        {"fc", "batch2", "conv2", "batch1"},
        {"fc", "batch2", "conv2", "batch1", "conv1"},
    ]
    assert all(torch.equal(value, weights[name]) for name, value in copied.state_dict().items())


def test_many_layers_go_in_six_groups() -> None:
    subject = subject_of("resnet20")
    stages = stages_of(subject, working_copy(subject.module, "it"))
    assert len(stages) == 6
    names = [name for stage in stages for name in stage]
    assert names[0] == "fc"
    assert names[-1] == "conv1"
    assert (
        len(names)
        == len(set(names))
        == sum(
            1
            for each in subject.module.modules()
            if next(each.parameters(recurse=False), None) is not None
        )
    )


class _Own(nn.Module):
    """Weights that belong to no known kind of layer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, SIDE * SIDE))

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.weight.T


def test_weights_of_an_unknown_kind_are_shuffled() -> None:
    module = _Own()
    found = attribute(subject_for(module), 0, "saliency")
    assert found.trust is not None
    assert found.trust.randomisation is not None
    assert [stage.layers for stage in found.trust.randomisation.stages] == [("",)]
    assert abs(found.trust.randomisation.stages[-1].correlation) < 0.3


def test_a_network_without_weights_cannot_be_randomised() -> None:
    network = nn.Sequential(nn.AvgPool2d(4), nn.Flatten())
    found = attribute(subject_for(network), 0, "saliency")
    assert found.trust is not None
    assert "no weights that could be random" in found.trust.reasons[0]
    assert found.trust.verdict != "passed"


def test_the_deletion_curve_begins_with_the_probability_and_ends_with_an_empty_image(
    example: Subject,
) -> None:
    found = attribute(example, 0, "saliency")
    assert found.trust is not None
    deletion = found.trust.deletion
    assert deletion is not None
    empty = np.zeros((1, 1, 28, 28), np.uint8)
    assert deletion.curve[0] == pytest.approx(found.probability, abs=1e-5)
    assert deletion.curve[-1] == pytest.approx(
        example.probabilities(empty)[0, found.target], abs=1e-5
    )
    assert (deletion.shares[0], deletion.shares[-1]) == (0, 1)
    assert (deletion.patch, deletion.baseline) == (1, "black")
    # The mean of a curve over its shares, by trapezoids.
    widths = np.diff(deletion.shares)
    heights = (deletion.curve[1:] + deletion.curve[:-1]) / 2
    assert deletion.area == pytest.approx(float((widths * heights).sum()))
    assert deletion.bound < deletion.random_area


def test_the_first_patch_that_goes_is_the_most_attributed(example: Subject) -> None:
    def corner(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
        values = np.random.default_rng(0).random((28, 28)) / 100
        values[10:18, 10:18] = 1
        return values

    image = example.picture(0)
    found = attribute(example, image, corner)
    assert found.trust is not None
    deletion = found.trust.deletion
    assert deletion is not None
    without = image.pixels.copy()
    without[:, 10:18, 10:18] = 0
    place = int(np.flatnonzero(np.isclose(deletion.shares * 784, 56))[0])  # of 64 in the square
    chance = example.probabilities(without)[0, found.target]
    assert np.abs(deletion.curve[place : place + 2] - chance).min() < 0.2


def test_the_bound_is_student_s() -> None:
    from scipy.stats import t

    assert pytest.approx(t.ppf(0.95, ORDERS - 1), abs=1e-3) == T_95
    assert MOST_ALIKE == 0.3


def test_an_image_whose_class_stays_likely_without_pixels_is_undecided() -> None:
    module = InPlace()
    nn.init.normal_(module.fc.weight, std=1e-3)  # all classes are about equally likely
    subject = subject_for(module)
    found = attribute(subject, 0, "saliency")
    assert found.trust is not None
    assert found.trust.deletion is not None
    assert found.trust.deletion.verdict == "undecided"
    assert "cannot show which mattered" in found.trust.reasons[1]
    assert found.label in ("not decided by the checks", "FAILED: randomisation")


@pytest.mark.parametrize("method", ["saliency", "integrated-gradients", "guided-backprop"])
def test_a_map_of_zeros_is_explained(method: str) -> None:
    found = attribute(subject_for(dead()), 0, method)
    assert (found.state, found.failed) == ("zero", False)
    assert found.explanation.startswith("1 gives 0 everywhere for this image: all of its units are")
    assert found.label == "not decided by the checks"
    assert found.trust is not None
    assert found.trust.reasons[0].startswith("there is nothing to check: 1 gives 0")


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_does_not_look_at_the_image_is_told(method: str) -> None:
    subject = subject_for(Constant())
    found = attribute(subject, 0, method)
    assert found.state == "zero"
    assert "the network does not look at it" in found.explanation


def test_a_layer_without_weights_to_speak_of_is_told() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(400, 3))
    for each in network[2].parameters():
        nn.init.zeros_(each)
    found = attribute(subject_for(network), 0, "occlusion")
    assert found.explanation == "2 gives 0 everywhere for this image: all of its weights are 0"


def test_a_flat_map_is_explained(example: Subject) -> None:
    def flat(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
        return np.full(image.shape[2:], 3.0)

    found = attribute(example, 0, flat)
    assert (found.state, found.explanation) == (
        "flat",
        "every pixel has the same value: none stands out",
    )


class _Steps(nn.Module):
    """Its output moves in steps: the gradient is 0 wherever there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(SIDE * SIDE, 3)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(torch.sign(images.flatten(1) + 0.01))


class _Root(nn.Module):
    """A root at 0: finite forwards, and not backwards."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        return (0 * self.conv(images)).sqrt().mean((2, 3))


def test_gradients_that_vanish_or_overflow_are_explained() -> None:
    torch.manual_seed(0)
    steps = attribute(subject_for(_Steps()), 0, "saliency")
    assert steps.explanation == (
        "the score does not change with small changes of the image: the gradient is 0"
    )
    root = attribute(subject_for(_Root()), 0, "saliency", 0)
    assert root.state == "not finite"
    assert root.explanation.startswith("all outputs are finite and the map is not")
    with pytest.raises(UsageError, match="the gradient of conv is not finite"):
        receptive_field(subject_for(_Broken()), "conv")


class _Broken(_Root):
    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.conv.weight, torch.nan)


def test_values_that_are_not_finite_are_explained_and_null_in_json() -> None:
    module = InPlace()
    subject = subject_for(module)
    with torch.no_grad():
        module.conv2.weight[0] = torch.nan
    found = attribute(subject, 0, "saliency")
    assert found.state == "not finite"
    assert found.explanation == "conv2 is the first layer whose output is not finite"
    assert found.as_dict()["values"][0][0] is None


def test_classes_are_found_by_number_and_by_name(example: Subject) -> None:
    found = attribute(example, 0, "saliency", "sandal", check=False)
    assert (found.target, found.target_name, found.label) == (5, "Sandal", "not checked")
    assert found.predicted_name == "Ankle boot"
    assert attribute(example, 0, "saliency", 5, check=False).target == 5
    for wrong in ("sandle", "10", -1):
        with pytest.raises(UsageError, match="example knows no class"):
            attribute(example, 0, "saliency", wrong)


def test_unknown_methods_and_arrays_of_another_shape_are_refused(example: Subject) -> None:
    with pytest.raises(UsageError, match="no method 'salience': did you mean \"saliency\""):
        attribute(example, 0, "salience")

    def small(module: nn.Module, image: Tensor, target: int) -> NDArray[np.float64]:
        return np.ones((3, 3))

    with pytest.raises(UsageError, match=r"an array of shape \(3, 3\): give 28×28 numbers"):
        attribute(example, 0, small)


def test_all_methods_at_once(example: Subject) -> None:
    found = attribute_all(example, 0, check=False)
    assert [each.method for each in found.attributions] == list(METHODS)
    assert not found.left_out
    assert all(isinstance(each, Attribution) for each in found.attributions)
    record = json.loads(json.dumps(found.as_dict()))
    assert record["schema"] == "convscope.attributions/1"
    assert [each["label"] for each in record["attributions"]] == [
        each.label for each in found.attributions
    ]


def test_an_untrained_network_is_told() -> None:
    subject = replace(subject_for(InPlace()), trained=False)
    assert "the network is untrained" in attribute(subject, 0, "saliency", check=False).note
