"""Faults that are put into a training on purpose, to see whether they are found.

Each takes a healthy training and spoils one thing of it.  The table in docs/health.md is
measured with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import (
    BatchNorm,
    Conv,
    Layer,
    ReLU,
    Repeat,
    Residual,
    Sigmoid,
    Tanh,
)
from convscope.data.images import Data, ImageSet, order
from convscope.data.sources import preprocessing_of
from convscope.errors import TrainingError
from convscope.inspection.health.watch import Health, Watch
from convscope.network.build import Network, build
from convscope.training.loop import Training, steps_of
from convscope.training.recipe import Recipe, read_recipe
from convscope.training.task import Classification

__all__ = ["FAULTS", "VARIANTS", "Fault", "watched"]

STEPS, BATCH = 120, 50
"""Of every training here: long enough to learn something, short enough to make hundreds."""


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """A training before it starts; a fault gives back a spoilt one."""

    architecture: Architecture
    data: ImageSet
    recipe: Recipe
    seed: int
    normalised: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """What is spoilt: the setup before, the network after it was built; what must be found.

    Each of ``findings`` tells of the fault; the first is its own name, the others are what
    it leads to at once.
    """

    findings: tuple[str, ...]
    setup: Callable[[Setup], Setup] = lambda setup: setup
    network: Callable[[Network, int], None] = lambda network, seed: None


def watched(
    architecture: Architecture,
    data: Data,
    *,
    recipe: str = "article",
    seed: int = 0,
    fault: str | None = None,
    variant: str = "as it is",
) -> Health:
    """Trains for 120 steps, with a fault or without, and says what the watch found."""
    spoilt = FAULTS[fault] if fault else Fault(())
    complete = VARIANTS[variant](architecture.completed(data.volume, len(data.classes)))
    settings = {"precision": "float32", "batch_size": str(BATCH)}
    begun = Setup(complete, data.train, read_recipe(recipe, settings), seed)
    setup = spoilt.setup(begun)
    network = build(setup.architecture, seed=seed)
    spoilt.network(network, seed)
    preprocessing = preprocessing_of(replace(data, train=setup.data))
    if not setup.normalised:
        unit = tuple(1 / 255 for _ in preprocessing.std)  # pixels as they are, 0 to 255
        preprocessing = replace(preprocessing, mean=tuple(0.0 for _ in unit), std=unit)
    epochs = STEPS * BATCH / len(setup.data)
    task = Classification(setup.data, preprocessing, setup.recipe)
    training = Training(network, task, replace(setup.recipe, epochs=epochs), seed=seed)
    watch = Watch(fault or "healthy", setup.architecture, share=1.0)
    try:
        for step in steps_of(training):
            watch.observe(step)
    except TrainingError:
        watch.broke(training)
    return watch.health()


def _layers(layers: Sequence[Layer], change: Callable[[Layer], Layer | None]) -> Iterator[Layer]:
    """The layers, each changed or left out, inside blocks too."""
    for layer in layers:
        if isinstance(layer, Residual | Repeat):
            yield replace(layer, body=tuple(_layers(layer.body, change)))
        else:
            found = change(layer)
            if found is not None:
                yield found


def _plain(architecture: Architecture) -> Architecture:
    """Without batch normalisation; convolutions get the biases that it had made idle."""

    def change(layer: Layer) -> Layer | None:
        if isinstance(layer, BatchNorm):
            return None
        return replace(layer, bias=True) if isinstance(layer, Conv) else layer

    return replace(architecture, layers=tuple(_layers(architecture.layers, change)))


def _with(activation: Layer) -> Callable[[Architecture], Architecture]:
    """Without batch normalisation, and another activation in the place of each."""

    def changed(architecture: Architecture) -> Architecture:
        kinds = ReLU | Sigmoid | Tanh
        layers = _layers(
            _plain(architecture).layers,
            lambda layer: activation if isinstance(layer, kinds) else layer,
        )
        return replace(architecture, layers=tuple(layers))

    return changed


VARIANTS: dict[str, Callable[[Architecture], Architecture]] = {
    "as it is": lambda architecture: architecture,
    "without batchnorm": _plain,
    "tanh": _with(Tanh()),
}
"""Healthy networks of several kinds, made of one architecture."""


def _modules(
    network: Network, kind: type[nn.Module] | tuple[type[nn.Module], ...]
) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, kind)]


def _weighted(network: Network) -> list[nn.Conv2d | nn.Linear]:
    return [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]


@torch.no_grad()
def _low_biases(network: Network, seed: int) -> None:
    """Far below zero at one layer before a ReLU: a large step may have thrown them there."""
    shifts = [
        each
        for each, after in zip(network, list(network)[1:], strict=False)
        if isinstance(after, nn.ReLU) and getattr(each, "bias", None) is not None
    ]
    chosen = shifts[seed % len(shifts)]
    bias = chosen.bias
    assert isinstance(bias, Tensor)
    bias.fill_(-50.0)


def _scaled(factor: float, part: slice = slice(None)) -> Callable[[Network, int], None]:
    """Weights so many times as large as torch's own, at some of the layers."""

    @torch.no_grad()
    def scale(network: Network, seed: int) -> None:
        for layer in _weighted(network)[part]:
            layer.weight.mul_(factor)

    return scale


@torch.no_grad()
def _equal_weights(network: Network, seed: int) -> None:
    for layer in _weighted(network):
        layer.weight.fill_(0.01)
        if layer.bias is not None:
            layer.bias.zero_()


def _still(network: Network, seed: int) -> None:
    layers = _weighted(network)
    layers[seed % len(layers)].weight.requires_grad_(False)


def _slow_statistics(network: Network, seed: int) -> None:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1e-4


def _rate(factor: float) -> Callable[[Setup], Setup]:
    def change(setup: Setup) -> Setup:
        recipe = setup.recipe
        return replace(
            setup,
            recipe=replace(
                recipe,
                learning_rate=recipe.learning_rate * factor,
                kernel_learning_rate=recipe.kernel_learning_rate * factor,
            ),
        )

    return change


def _shuffled(setup: Setup) -> Setup:
    labels = setup.data.labels[order(len(setup.data), setup.seed + 1000, 0)]
    return replace(setup, data=ImageSet(setup.data.images, labels))


def _blank(setup: Setup) -> Setup:
    images: NDArray[np.uint8] = np.full_like(np.asarray(setup.data.images), 7)
    images[::200] = np.asarray(setup.data.images[::200])  # else there is no deviation to divide by
    return replace(setup, data=ImageSet(images, setup.data.labels))


def _one_class(setup: Setup) -> Setup:
    """All of one class, and five of a hundred of what there was."""
    own = np.flatnonzero(setup.data.labels == setup.seed % (int(setup.data.labels.max()) + 1))
    rest = order(len(setup.data), setup.seed, 1)[: max(1, len(own) // 20)]
    images, labels = setup.data.batch(np.concatenate([own, rest]))
    return replace(setup, data=ImageSet(images, labels))


def _descending(setup: Setup) -> Setup:
    """By plain gradient descent: Adam's steps are as large however small the gradients are."""
    recipe = replace(setup.recipe, optimizer="sgd", learning_rate=0.01, momentum=0.0)
    return replace(setup, recipe=recipe)


def _as(change: Callable[[Architecture], Architecture]) -> Callable[[Setup], Setup]:
    return lambda setup: replace(setup, architecture=change(setup.architecture))


def _too_deep(setup: Setup) -> Setup:
    """Convolutions that see past the image, put behind the first of all layers."""
    volume = setup.architecture.nodes[0].input
    reach = max(1, volume.width // 6)
    extra: list[Layer] = []
    for _ in range(6):
        extra += [Conv(8, (3, 3), padding=(reach, reach), dilation=(reach, reach)), ReLU()]
    layers = (*extra, *setup.architecture.layers)
    return replace(setup, architecture=replace(setup.architecture, layers=layers))


FAULTS: dict[str, Fault] = {
    "pixels not normalised": Fault(
        ("inputs not normalised",), lambda setup: replace(setup, normalised=False)
    ),
    "blank images": Fault(("inputs all alike", "inputs not normalised"), _blank),
    "nearly one class": Fault(("nearly one class",), _one_class),
    "labels shuffled": Fault(("labels look shuffled",), _shuffled),
    "rate × 1000": Fault(("learning rate too high", "not finite"), _rate(1000.0)),
    "rate / 100,000": Fault(("learning rate too low",), _rate(1e-5)),
    "equal weights": Fault(("units are copies",), network=_equal_weights),
    "a layer stands still": Fault(("weights stand still",), network=_still),
    "biases of −50": Fault(("dead units",), network=_low_biases),
    "weights × 30": Fault(("exploding gradients", "not finite"), _as(_plain), _scaled(30.0)),
    "weights / 100, plain descent": Fault(
        ("vanishing gradients",),
        lambda setup: _descending(_as(_plain)(setup)),
        _scaled(0.01),
    ),
    "deep in sigmoids": Fault(("vanishing gradients", "zig-zag"), _as(_with(Sigmoid()))),
    "saturated tanh": Fault(("saturated units",), _as(_with(Tanh())), _scaled(40.0, slice(0, -1))),
    "saturated sigmoid": Fault(
        ("saturated units",), _as(_with(Sigmoid())), _scaled(80.0, slice(0, -1))
    ),
    "statistics that lag": Fault(("running statistics drift",), network=_slow_statistics),
    "layers that see past the image": Fault(("unproductive layer",), _too_deep),
}
"""By what is done; the table's rows."""
