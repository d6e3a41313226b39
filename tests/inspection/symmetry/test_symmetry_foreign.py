"""Symmetry and ablation of torchvision's classifiers: nothing wrong is shown."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from convscope.architecture.layers import Volume
from convscope.inspection.changes.ablation import ablate, default_layer
from convscope.inspection.symmetry.equivariance import equivariance
from convscope.inspection.symmetry.invariance import invariance
from convscope.inspection.symmetry.transforms import Flip, Shift
from tests.inspection.moved_subjects import pictures
from tests.inspection.random_subjects import subject_for


def classifier(name: str, side: int) -> nn.Module:
    import torchvision

    torch.manual_seed(0)
    options = {"image_size": side} if name.startswith("vit") else {}
    if name == "googlenet":
        options = {"init_weights": False, "aux_logits": False}
    module: nn.Module = getattr(torchvision.models, name)(weights=None, num_classes=10, **options)
    return module.eval()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "side", "exact"),
    [
        ("alexnet", 96, 5),
        ("vgg11", 64, 4),
        ("resnet18", 96, 5),
        ("googlenet", 96, 5),
        ("mobilenet_v3_small", 96, 5),
        ("vit_b_16", 32, 0),
    ],
)
def test_torchvisions(name: str, side: int, exact: int) -> None:
    module = classifier(name, side)
    volume = Volume(side, side, 3)
    subject = subject_for(module, volume, None, pictures(3, side, 3))
    before = {key: value.clone() for key, value in module.state_dict().items()}
    moves = [Shift(0, 32 if side > 32 else 16), Shift(8, 0, True), Flip()]
    found = equivariance(subject, moves, images=3)
    inside = [e for e in found.errors if e.counterpart and is_shift(e.transform)]
    measured = [e.interior for e in inside if e.interior is not None]
    assert all(each.value <= 1e-5 for each in measured)
    assert len(measured) >= exact
    stays = invariance(subject, [4], images=3, windows=[2])
    assert stays.poolings
    layer = default_layer(subject)
    channels = list(range(min(2, subject.layer(layer).shape[0])))
    effects = ablate(subject, layer, channels, agreement=True, images=3).effects
    for effect, channel in zip(effects, channels, strict=True):
        assert effect.probability.value == pytest.approx(
            by_brute_force(subject, layer, channel), abs=1e-6
        )
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert not any(each._forward_hooks for each in module.modules())


def is_shift(name: str) -> bool:
    return "flip" not in name


def by_brute_force(subject: object, layer: str, channel: int) -> float:
    """The mean change of the first answer's probability, by a hook on the first call."""
    name, _, number = layer.partition(":")
    calls = 0

    def change(_: nn.Module, __: object, output: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls != int(number or 1):
            return output
        changed = output.clone()
        changed[:, channel] = 0
        return changed

    images = subject.tensor(subject.images)  # type: ignore[attr-defined]
    module = subject.module  # type: ignore[attr-defined]
    with torch.no_grad():
        before = module(images).softmax(1)
        handle = module.get_submodule(name).register_forward_hook(change)
        after = module(images).softmax(1)
        handle.remove()
    first = before.argmax(1, keepdim=True)
    return float((after - before).gather(1, first).mean())
