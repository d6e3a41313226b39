"""Questions about many networks, and what torch makes of the same layers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from convscope.architecture import Architecture
from convscope.architecture.zoo import ZOO
from convscope.exercises.dice import Dice
from convscope.exercises.forms import Choice, Whole
from convscope.exercises.ground import Ground, Maker
from convscope.exercises.kinds import KINDS
from convscope.exercises.question import Question
from convscope.network.build import build
from tests.architecture.random_architectures import random_architectures

__all__ = ["NETWORKS", "asked", "layer_of", "made_by", "number_in", "repeated", "value_of"]


NETWORKS = [ZOO["article"].example, *random_architectures(24, seed=8)]


def asked(name: str, tries: int = 2) -> Iterator[tuple[Ground, Question]]:
    """Questions of a kind about many networks."""
    for number, architecture in enumerate(NETWORKS):
        ground = Ground(architecture)
        for place in range(tries):
            question = KINDS[name].make(ground, Dice("stranger", name, number, place))
            if question is not None:
                yield ground, question


def repeated(maker: Maker, count: int = 25) -> list[Question]:
    ground = Ground(NETWORKS[0])
    found = [maker(ground, Dice("stranger", maker.__name__, place)) for place in range(count)]
    return [question for question in found if question is not None]


def layer_of(notation: str, taken: str) -> tuple[nn.Module, Tensor]:
    """A module of one layer, and a batch of one image of zeros."""
    size = taken.replace("×", "x")
    if "x" not in size:
        size = f"1x1x{size}"
    height, width, channels = map(int, size.split("x"))
    module = build(Architecture.parse(f"input {size} -> {notation}"), seed=0).eval()
    return module, torch.zeros(1, channels, height, width)


def made_by(notation: str, taken: str) -> tuple[int, ...]:
    """Height, width and channels that torch makes."""
    module, image = layer_of(notation, taken)
    with torch.no_grad():
        _, channels, height, width = module(image).shape
    return height, width, channels


def value_of(question: Question) -> tuple[float, ...]:
    form = question.form
    assert not isinstance(form, Choice)
    return tuple(form.accepted if isinstance(form, Whole) else form.values)


def number_in(text: str, pattern: str) -> float:
    found = re.search(pattern, text.replace("−", "-"))
    assert found, (pattern, text)
    return float(found[1])
