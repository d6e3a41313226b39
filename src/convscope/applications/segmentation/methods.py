"""The methods by name: what network each is, and in which stages it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from convscope.applications.backbone import Backbone
from convscope.applications.segmentation.dpn import DPN, RUNGS
from convscope.applications.segmentation.fcn import COARSEST, FCN, WIDTH, Reader
from convscope.applications.segmentation.surgery import as_convolution
from convscope.applications.stages import epochs_of
from convscope.architecture.layers import FullyConnected
from convscope.errors import RecipeError, UsageError
from convscope.training.recipe import Recipe, changed

__all__ = [
    "METHODS",
    "SETTINGS",
    "STAGES",
    "chosen",
    "network_of",
    "prepare",
    "reader_of",
    "recipe_of",
]

STAGES: dict[str, tuple[str, ...]] = {
    "fcn-stride8": ("stride8",),
    "fcn-stride4": ("stride8", "stride4"),
    "fcn-stride2": ("stride8", "stride4", "stride2"),
    "dpn": RUNGS,
}
METHODS = tuple(STAGES)

SETTINGS: dict[str, Any] = {
    "width": WIDTH,
    "balance": 0.5,
    "window": 9,
    "context": 5,
    "mixtures": 5,
    "measure": "likeness",
}
"""Maps of the stage behind the classifier's; how far regions count the same (0 to 1, see
``region_weights``); and of the DPN: the sides of its two windows in pixels, its mixtures of
label contexts, and how it compares pixels."""

_BASE = Recipe(
    name="segment",
    optimizer="muon",
    learning_rate=0.01,
    kernel_learning_rate=0.1,
    batch_size=8,
    schedule="linear",
    warmup=0.1,
    flip=True,
)
# Few numbers that mean something each are no matrices to be turned: Adam moves them.
_SMOOTH = replace(_BASE, optimizer="adam")
_RECIPES: dict[str, tuple[Recipe, int]] = {
    "stride8": (_BASE, 9_000),
    "stride4": (_BASE, 9_000),
    "stride2": (_BASE, 33_000),
    "unary": (_BASE, 36_000),
    "local": (replace(_SMOOTH, learning_rate=0.03), 420),
    "context": (replace(_SMOOTH, learning_rate=0.003), 3_000),
    "joint": (replace(_SMOOTH, learning_rate=0.0005), 1_800),
}
"""How each stage learns, and how many images it looks at."""
_MEANINGLESS = ("cutout", "dropout", "shift", "validation")


def recipe_of(stage: str, images: int, overrides: Mapping[str, Any], *, quick: bool) -> Recipe:
    """How a stage learns from so many images; ``overrides`` change single keys in all of them.

    RecipeError for a key that means nothing to a segmenter.
    """
    for key in _MEANINGLESS:
        if key in overrides:
            raise RecipeError(
                f"the setting {key} means nothing to a segmenter", remedy="leave it out"
            )
    recipe, looks = _RECIPES[stage]
    epochs = epochs_of(looks, images, quick=quick)
    recipe = replace(recipe, name=f"segment-{stage}", epochs=epochs)
    return changed(recipe, overrides)


def chosen(given: Mapping[str, Any], backbone: Backbone) -> dict[str, Any]:
    """All settings, those given among them, and what the classifier's fully connected layer reads.

    UsageError for a setting that there is not, or a value that it cannot have.
    """
    unknown = given.keys() - {*SETTINGS, *_STORED}
    if unknown:
        raise UsageError(
            f"a segmenter has no setting {sorted(unknown)[0]!r}",
            remedy=f"it has {', '.join(SETTINGS)}",
        )
    settings = {key: given.get(key, value) for key, value in SETTINGS.items()}
    for key, (least, most, odd) in _WHOLE.items():
        value = settings[key]
        if not isinstance(value, int) or not least <= value <= most or (odd and value % 2 == 0):
            what = "an odd number" if odd else "a whole number"
            raise _impossible(key, value, f"{what} from {least} to {most}")
    balance = settings["balance"]
    if not isinstance(balance, int | float) or not 0 <= balance <= 1:
        raise _impossible("balance", balance, "a number from 0 to 1")
    if settings["measure"] not in ("likeness", "distance"):
        raise _impossible("measure", settings["measure"], '"likeness" or "distance"')
    reader = reader_of(backbone)
    fields = None if reader is None else [reader.features, reader.height, reader.width]
    return {**settings, "reader": fields}


_STORED = ("reader", "quick", "control", "recipe", "scenes")
"""What a run holds beside the settings, and nobody gives."""
_WHOLE = {
    "width": (1, 1024, False),
    "window": (3, 51, True),
    "context": (1, 25, True),
    "mixtures": (1, 64, False),
}
"""Least, most, and whether it must be odd."""


def _impossible(key: str, value: object, remedy: str) -> UsageError:
    return UsageError(f"the setting {key} is {value!r}", remedy=f"give {remedy}")


def reader_of(backbone: Backbone) -> Reader | None:
    """The trained classifier's first fully connected layer, if it reads the maps themselves.

    None from scratch, behind a global pooling, and where maps are too coarse to be kept.
    """
    if backbone.classifier is None or backbone.stride > COARSEST:
        return None
    node = _first_full(backbone)
    if node is None:
        return None
    output = backbone.architecture.output
    return Reader(node.output.channels, output.height, output.width)


def _first_full(backbone: Backbone) -> Any:
    assert backbone.classifier is not None
    size = backbone.architecture.output.size
    for node in backbone.classifier.architecture.nodes[len(backbone.architecture.nodes) :]:
        if isinstance(node.layer, FullyConnected):
            return node if node.input.size == size else None
    return None


def network_of(
    method: str, settings: Mapping[str, Any], backbone: Backbone, regions: int, seed: int
) -> FCN | DPN:
    """The network of a method at its beginning, with the classifier's weights where it has any."""
    reader = None if settings["reader"] is None else Reader(*settings["reader"])
    trunk = backbone.module(seed)
    finest = int(method.removeprefix("fcn-stride")) if method.startswith("fcn") else 2
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        fcn = FCN(
            backbone.architecture,
            trunk,
            regions,
            finest=finest,
            reader=reader,
            width=int(settings["width"]),
        )
        _lend(backbone, fcn)
        if method != "dpn":
            return fcn
        return DPN(
            fcn,
            regions,
            window=int(settings["window"]),
            context=int(settings["context"]),
            mixtures=int(settings["mixtures"]),
            measure=settings["measure"],
        )


def _lend(backbone: Backbone, network: FCN) -> None:
    """The surgery: the classifier's fully connected layer, with its weights, as a convolution."""
    if backbone.classifier is None or network.fc is None:
        return
    layer = backbone.classifier.network().get_submodule(_first_full(backbone).name)
    assert isinstance(layer, nn.Linear)
    kernel = (network.fc.kernel_size[0], network.fc.kernel_size[1])
    assert network.fc.bias is not None
    nn.init.zeros_(network.fc.bias)  # stays so where the layer has none
    network.fc.load_state_dict(as_convolution(layer, kernel).state_dict(), strict=False)


def prepare(network: nn.Module, stage: str) -> None:
    """Brings a network to a stage: what it uses there, and what of it is learnt."""
    if isinstance(network, DPN):
        network.learn(stage)
    elif isinstance(network, FCN):
        network.learn(int(stage.removeprefix("stride")))
