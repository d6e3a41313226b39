"""The convolutional part of a classifier, which an application carries on with.

A trained run lends its layers with their weights (fine-tuning), an architecture its layers
alone (from scratch).  What follows the first flatten, fc or global pooling stays behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from convscope.architecture.architecture import Architecture
from convscope.architecture.fields import Span, fields
from convscope.architecture.layers import Flatten, FullyConnected, GlobalAvgPool, Layer, Volume
from convscope.architecture.zoo import find_architecture
from convscope.errors import RunError, UsageError
from convscope.network.build import Network, build
from convscope.training.runs import Run, is_run, open_run

__all__ = ["SCRATCH", "Backbone", "backbone_of"]

SCRATCH = "from scratch"
"""The origin of layers that come without weights."""

SIDE = 128
"""An architecture that leaves its input open is measured on images of this side."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """Layers that turn an image into a map of features.

    ``architecture`` holds them alone, on the input that they were made for (they take any
    size that their windows fit in); ``origin`` says where they come from, ``classifier`` is
    the run that lends its weights, None from scratch.
    """

    architecture: Architecture
    origin: str
    classifier: Run | None = None

    @property
    def channels(self) -> int:
        """Of the image: 1 for grey, 3 for colour."""
        assert self.architecture.input is not None
        return self.architecture.input.channels

    @property
    def features(self) -> int:
        """Channels of the map."""
        return self.architecture.output.channels

    @cached_property
    def stride(self) -> int:
        """Pixels from one place of the map to the next."""
        return self._last.jump.value if self._last.jump else 1

    @cached_property
    def field(self) -> int:
        """Side of what one place of the map sees of the image, in pixels."""
        return self._last.size.value

    @property
    def _last(self) -> Span:
        return fields(self.architecture)[self.architecture.nodes[-1].name].height

    @property
    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Mean and deviation that the trained layers expect; None from scratch."""
        if self.classifier is None:
            return None
        return self.classifier.preprocessing.mean, self.classifier.preprocessing.std

    def module(self, seed: int = 0) -> Network:
        """The layers as a network N×C×H×W → N×features×⌊H/stride⌋×⌊W/stride⌋ (or so).

        With the classifier's weights, or drawn anew from ``seed``.
        """
        network = build(self.architecture, seed=seed)
        if self.classifier is not None:
            weights = self.classifier.network().state_dict()
            with torch.no_grad():
                for name, value in network.state_dict().items():
                    value.copy_(weights[name])
        return network

    def as_dict(self) -> dict[str, Any]:
        """For run.json."""
        return {"notation": str(self.architecture), "origin": self.origin}


def backbone_of(source: Run | str | Path, channels: int | None = None) -> Backbone:
    """The backbone of a trained run ("example", a name, a folder) or of an architecture.

    ``channels`` are those of the images, which an architecture with ``input auto`` takes
    over; None asks for nothing.  Raises UsageError where there is no convolutional part,
    or where it takes images of other channels.
    """
    if isinstance(source, Run) or is_run(source):
        run = open_run(source)
        if not run.finished:
            raise RunError(
                "the training has not been finished", place=str(run.path), remedy=run.how_to_go_on
            )
        origin = "example" if run.is_example else str(run.path)
        found = Backbone(_body(run.architecture), origin, run)
    else:
        architecture = find_architecture(source, example=False)
        if architecture.input is None:
            architecture = replace(architecture, input=Volume(SIDE, SIDE, channels or 1))
        found = Backbone(_body(architecture), SCRATCH)
    if channels not in (None, found.channels):
        raise UsageError(
            f"the backbone takes images of {found.channels} channels, these have {channels}",
            place=str(source),
            remedy='give an architecture with "input auto", which is trained from scratch, '
            "or a run that was trained on such images",
        )
    return found


def _body(architecture: Architecture) -> Architecture:
    kept: list[Layer] = []
    for layer in architecture.layers:
        if isinstance(layer, Flatten | FullyConnected | GlobalAvgPool):
            break
        kept.append(layer)
    if not kept:
        raise UsageError(
            "there is no convolutional part to carry on with",
            place=str(architecture),
            remedy="give a network that begins with convolutions",
        )
    return Architecture(architecture.input, tuple(kept))
