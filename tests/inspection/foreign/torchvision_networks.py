"""The list of torchvision's classifiers, untrained, that looking inside is tested on."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models

from convscope.architecture.layers import Volume
from convscope.inspection.recording import Call, trace
from convscope.inspection.subject import Subject, subject_of
from tests.inspection.networks import randomised

__all__ = [
    "CLASSES",
    "IMAGES",
    "NETWORKS",
    "SLOW",
    "calls_of",
    "check_untouched",
    "each_network",
    "first_convolution",
    "module_of",
    "spread",
    "subject_named",
]

CLASSES = 7
IMAGES = 5


def vision_transformer() -> nn.Module:
    module = models.VisionTransformer(
        image_size=16, patch_size=4, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32,
        num_classes=CLASSES,
    )  # fmt: skip
    nn.init.normal_(module.heads.head.weight)  # torchvision begins with zeros
    return module


def googlenet() -> nn.Module:
    return models.googlenet(num_classes=CLASSES, init_weights=False, aux_logits=True)


@dataclass(frozen=True)
class Network:
    """How it is made, what it takes, and the classes of what the notation has no layer for."""

    make: Callable[[], nn.Module]
    volume: Volume
    against: frozenset[str] = frozenset()


NETWORKS = {
    "resnet18": Network(lambda: models.resnet18(num_classes=CLASSES), Volume(32, 32, 3)),
    "mobilenet": Network(
        lambda: models.mobilenet_v3_small(num_classes=CLASSES),
        Volume(32, 32, 3),
        frozenset({"BatchNorm2d", "Hardswish", "Hardsigmoid", "mul"}),
    ),
    "vit": Network(
        vision_transformer,
        Volume(16, 16, 3),
        frozenset(
            {
                *("reshape", "permute", "class_token", "expand", "cat", "encoder.pos_embedding"),
                *("LayerNorm", "MultiheadAttention", "getitem", "Linear"),
            }
        ),
    ),
    "googlenet": Network(
        googlenet, Volume(32, 32, 3), frozenset({"BatchNorm2d", "MaxPool2d", "cat"})
    ),
    "alexnet": Network(lambda: models.alexnet(num_classes=CLASSES), Volume(224, 224, 3)),
    "vgg11": Network(
        lambda: models.vgg11(num_classes=CLASSES),
        Volume(32, 32, 3),
        frozenset({"AdaptiveAvgPool2d"}),
    ),
}
SLOW = ("googlenet", "alexnet", "vgg11")
ALL = [pytest.param(each, marks=[pytest.mark.slow] * (each in SLOW)) for each in NETWORKS]
each_network = pytest.mark.parametrize("name", ALL)


@cache
def module_of(name: str) -> nn.Module:
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of initialisations that will change
        torch.manual_seed(1)
        return randomised(NETWORKS[name].make())


@cache
def subject_named(name: str) -> Subject:
    """With few images, so that each section is quick."""
    subject = subject_of(module_of(name), shape=NETWORKS[name].volume)
    return replace(subject, name=name, images=subject.images[:IMAGES])


@cache
def calls_of(name: str) -> dict[str, Call]:
    subject = subject_named(name)
    return {call.name: call for call in trace(subject.module, subject.tensor(subject.images[:1]))}


def first_convolution(subject: Subject) -> str:
    return next(each.name for each in subject.layers if each.kind == "Conv2d")


def spread(names: list[str], count: int) -> list[str]:
    """Some of them, from the first to the last."""
    return [names[int(k)] for k in np.linspace(0, len(names) - 1, min(count, len(names)))]


def check_untouched(name: str) -> None:
    """Nothing hangs on, nothing was switched on, all weights are those of the beginning."""
    module, subject = module_of(name), subject_named(name)
    for each in (*module.modules(), *subject.module.modules()):
        assert not each._forward_hooks and not each._forward_pre_hooks and not each._backward_hooks
    assert not any(each.training for each in subject.module.modules())
    for one, other in zip(
        module.state_dict().values(), subject.module.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
