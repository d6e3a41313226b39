"""Classifiers of torchvision: attribution with its checks, and shifts, against torch itself.

Few steps, so that it is quick; the thresholds are the real ones.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.errors import UsageError
from convscope.inspection.attribution import deletion, methods
from convscope.inspection.attribution.attribution import Attribution, attribute, attribute_all
from convscope.inspection.attribution.methods import last_convolution
from convscope.inspection.attribution.randomising import MOST_ALIKE, randomise
from convscope.inspection.symmetry.invariance import invariance

from .torchvision_networks import (
    SLOW,
    check_untouched,
    each_network,
    module_of,
    subject_named,
)

CHECKED = ("saliency", "integrated-gradients", "grad-cam", "guided-backprop")
LEFT_OUT = {"googlenet": {"guided-backprop": "calls a ReLU as a function"}}
DIRECTIONS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""(down, right) of the images 0, 1, 2, 3, and again."""


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the path, of the curves and of the draws; not of the orders, which t is for."""
    monkeypatch.setattr(methods, "STEPS", 4)
    monkeypatch.setattr(deletion, "_STEPS", 4)
    assert randomise.__kwdefaults__ is not None
    monkeypatch.setitem(randomise.__kwdefaults__, "draws", 1)


def chances(name: str, images: Tensor) -> NDArray[np.float64]:
    """Probabilities as torch alone has them: N × classes."""
    with torch.no_grad():
        return torch.softmax(module_of(name).eval()(images), 1).double().numpy()


@each_network
def test_saliency_is_the_gradient_of_the_score(name: str) -> None:
    subject = subject_named(name)
    found = attribute(subject, 0, "saliency", target=3, check=False)
    image = subject.tensor(subject.images[:1]).requires_grad_()
    (slope,) = torch.autograd.grad(module_of(name).eval()(image)[0, 3], image)
    assert np.allclose(found.values, slope[0].abs().amax(0).numpy(), rtol=1e-3, atol=1e-6)
    assert found.predicted == int(subject.probabilities(subject.images[0]).argmax())


@each_network
def test_grad_cam_is_the_maps_times_their_mean_gradients(name: str) -> None:
    subject = subject_named(name)
    found = attribute(subject, 0, "grad-cam", target=3, check=False)
    layer = last_convolution(subject)
    assert found.settings == {"layer": layer}
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()  # a ReLU in place changes this one

    handle = module_of(name).get_submodule(layer.partition(":")[0]).register_forward_hook(keep)
    score = module_of(name).eval()(subject.tensor(subject.images[:1]))[0, 3]
    handle.remove()
    (slope,) = torch.autograd.grad(score, kept[0])
    cam = (slope.mean((2, 3), keepdim=True) * kept[0]).sum(1, keepdim=True)
    size = (subject.volume.height, subject.volume.width)
    wanted = functional.interpolate(cam, size, mode="bilinear")[0, 0].detach().double().numpy()
    assert np.allclose(found.values, wanted, atol=1e-5 * float(np.abs(wanted).max()) + 1e-9)


def wanted_label(found: Attribution) -> str:
    """By the rule as docs/attribution.md has it."""
    trust = found.trust
    assert trust is not None
    if found.state != "shown":
        assert found.explanation
        return "not decided by the checks"
    assert trust.randomisation is not None
    assert trust.deletion is not None
    curve = trust.deletion.curve
    alike = np.mean([stage.correlation for stage in trust.randomisation.stages]) > MOST_ALIKE
    open_ = curve[0] - curve[-1] < 0.1
    slower = not open_ and trust.deletion.area >= trust.deletion.bound
    failed = [word for word, so in (("randomisation", alike), ("deletion", slower)) if so]
    if failed:
        return f"FAILED: {' and '.join(failed)}"
    return "not decided by the checks" if open_ else "passed both checks"


@each_network
def test_every_map_has_its_label_or_the_reason_why_it_is_missing(name: str) -> None:
    subject = subject_named(name)
    found = attribute_all(subject, 0, CHECKED)
    left_out = LEFT_OUT.get(name, {})
    assert set(found.left_out) == set(left_out)
    for method, reason in left_out.items():
        assert reason in found.left_out[method]
    assert len(found.attributions) + len(left_out) == len(CHECKED)
    for each in found.attributions:
        assert each.label == wanted_label(each), each.method


@each_network
def test_the_checks_are_made_on_this_network(name: str) -> None:
    """All of its weights become random, and the curves run from the image to what is absent."""
    subject, module = subject_named(name), module_of(name)
    found = attribute(subject, 0, "saliency")
    assert found.trust is not None
    randomisation, curves = found.trust.randomisation, found.trust.deletion
    assert randomisation is not None
    assert curves is not None
    drawn = [layer for stage in randomisation.stages for layer in stage.layers]
    owners = {n for n, each in module.named_modules() if next(each.parameters(recurse=False), None)
              is not None}  # fmt: skip
    assert len(drawn) == len(set(drawn))
    assert owners >= set(drawn) >= {each for each in owners if not each.startswith("aux")}
    image = subject.tensor(subject.images[:1])
    absent = methods.settings_of(subject).baseline
    ends = chances(name, torch.cat([image, absent]))[:, found.target]
    for line in (curves.curve, curves.random, curves.low, curves.high):
        assert np.allclose([line[0], line[-1]], ends, atol=1e-5)
    assert curves.area == pytest.approx(float(np.trapezoid(curves.curve, curves.shares)), abs=1e-9)


def edges(_: nn.Module, image: Tensor, __: int) -> NDArray[np.float64]:
    """What is bright beside what is dark; it never asks the network."""
    grey = image[0].mean(0).double().numpy()
    return np.hypot(*np.gradient(grey))


@each_network
def test_an_edge_detector_passed_off_as_attribution_fails(name: str) -> None:
    found = attribute(subject_named(name), 0, edges)
    assert found.failed
    assert "randomisation" in found.label
    assert found.trust is not None
    assert found.trust.randomisation is not None
    assert found.trust.randomisation.likeness == pytest.approx(1.0)


@each_network
def test_a_layer_that_makes_no_maps_is_refused_for_grad_cam(name: str) -> None:
    subject = subject_named(name)
    flat = next(each.name for each in reversed(subject.layers) if not each.spatial and each.leaf)
    with pytest.raises(UsageError, match=r"Grad-CAM|maps"):
        attribute(subject, 0, "grad-cam", layer=flat)


@each_network
def test_an_answer_without_a_shift_stays_and_with_one_it_is_torchs(name: str) -> None:
    """As the network is; of the small ones each kind of pooling is put in, too."""
    subject = subject_named(name)
    found = invariance(
        subject, (0, 2), kinds=[] if name in SLOW else None, images=len(subject.images)
    )
    still, moved = found.own.predictions
    assert (still.shift, still.unchanged.value) == (0, 1.0)
    assert still.change.value == pytest.approx(0.0, abs=1e-6)
    images = np.zeros_like(subject.images)
    height, width = images.shape[2:]
    for number, (down, right) in zip(range(len(images)), DIRECTIONS * 2, strict=False):
        for row in range(max(0, 2 * down), min(height, height + 2 * down)):
            columns = slice(max(0, 2 * right), min(width, width + 2 * right))
            source = slice(columns.start - 2 * right, columns.stop - 2 * right)
            images[number, :, row, columns] = subject.images[number, :, row - 2 * down, source]
    before = chances(name, subject.tensor(subject.images))
    after = chances(name, subject.tensor(images))
    first = before.argmax(1)
    places = np.arange(len(first))
    assert moved.unchanged.value == pytest.approx(float((after.argmax(1) == first).mean()))
    change = np.abs(after[places, first] - before[places, first]).mean()
    assert moved.change.value == pytest.approx(float(change), abs=1e-5)


@each_network
def test_the_network_is_as_it_was_after_all_this(name: str) -> None:
    """The last test of each network."""
    check_untouched(name)
