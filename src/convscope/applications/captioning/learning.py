"""How a captioner learns: in stages, the backbone frozen first and tuned later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.applications.captioning.control import CONTROL, other_images
from convscope.applications.captioning.network import CLIP_METHODS, CaptionNetwork
from convscope.applications.captioning.pictures import as_batch, in_parts, normaliser
from convscope.applications.captioning.task import Captioning, Sentences, sentences_of
from convscope.applications.captioning.vocabulary import Vocabulary
from convscope.applications.planning import Fitting
from convscope.applications.stages import Stage
from convscope.data.annotated import Split
from convscope.training.recipe import Recipe, changed
from convscope.training.session import Job

__all__ = ["QUICK", "RECIPES", "stages_of"]

_MUON = {"optimizer": "muon", "beta2": 0.95, "schedule": "linear"}

RECIPES: dict[str, dict[str, Recipe]] = {
    "image": {
        "decoder": Recipe(name="decoder", epochs=4.0, batch_size=50, learning_rate=0.004,
                          kernel_learning_rate=0.04, warmup=0.1, **_MUON),
        "together": Recipe(name="together", epochs=10.0, batch_size=50, learning_rate=0.002,
                           kernel_learning_rate=0.02, warmup=0.05, **_MUON),
    },
    "clip": {
        "frames": Recipe(name="frames", epochs=10.0, batch_size=50, learning_rate=0.004,
                         kernel_learning_rate=0.04, warmup=0.1, **_MUON),
        "decoder": Recipe(name="decoder", epochs=30.0, batch_size=50, learning_rate=0.004,
                          warmup=0.1, schedule="linear"),
    },
}  # fmt: skip
"""By the kind of method, each stage's."""

QUICK = 0.15
"""The part of the epochs that ``quick`` trains for."""


@dataclass(frozen=True, eq=False)
class _Material:
    """Images as they are shown, with their captions; and how they are prepared."""

    images: NDArray[np.uint8]
    sentences: Sentences
    held: NDArray[np.uint8]
    held_sentences: Sentences
    prepare: Callable[[Tensor], Tensor]
    paraphrases: int


def stages_of(
    fitting: Fitting, vocabulary: Vocabulary, *, side: int, paraphrases: int
) -> tuple[Stage, ...]:
    """The stages of a method: ``decoder`` and ``together``, or for clips ``frames`` and
    ``decoder``; nothing is prepared before the first of them begins."""
    material = _Lazy(lambda: _material(fitting, vocabulary, side, paraphrases))
    if fitting.run.method in CLIP_METHODS:
        learners = {"frames": _learn_frames, "decoder": _learn_from_features}
        recipes = RECIPES["clip"]
    else:
        learners = {"decoder": _learn_frozen, "together": _learn_together}
        recipes = RECIPES["image"]

    def stage(name: str) -> Stage:
        def learn(network: nn.Module) -> Job:
            assert isinstance(network, CaptionNetwork)
            return learners[name](network, material.value)

        return Stage(name, _recipe(recipes[name], fitting), learn=learn)

    return tuple(stage(name) for name in recipes)


def _recipe(recipe: Recipe, fitting: Fitting) -> Recipe:
    own = {"epochs": QUICK * recipe.epochs} if fitting.quick else {}
    return changed(recipe, {**own, **fitting.recipe})


class _Lazy:
    """A value that is made when it is first wanted."""

    def __init__(self, make: Callable[[], _Material]) -> None:
        self._make = make
        self._made: _Material | None = None

    @property
    def value(self) -> _Material:
        if self._made is None:
            self._made = self._make()
        return self._made


def _material(fitting: Fitting, vocabulary: Vocabulary, side: int, paraphrases: int) -> _Material:
    run, data = fitting.run, fitting.data
    train, held = data.train, data.validation
    if fitting.control == CONTROL:
        train = _with_captions_of_others(train, run.seed)
    return _Material(
        images=as_batch(train.images, side, data.channels),
        sentences=sentences_of(train.captions or (), vocabulary),
        held=as_batch(held.images, side, data.channels),
        held_sentences=sentences_of(held.captions or (), vocabulary),
        prepare=normaliser(run.mean, run.std, side, fitting.device),
        paraphrases=paraphrases,
    )


def _with_captions_of_others(split: Split, seed: int) -> Split:
    assert split.captions is not None
    others = other_images(len(split), seed)
    captions = tuple(split.captions[other] for other in others)
    return Split(split.names, split.images, captions=captions)


def _learn_frozen(network: CaptionNetwork, material: _Material) -> Job:
    """All but the backbone, whose activations stay what the classifier learnt."""
    network.encoder.frozen = True
    return _job(network, _task(material), network)


def _learn_together(network: CaptionNetwork, material: _Material) -> Job:
    """Encoder and decoder, at a smaller rate."""
    network.encoder.frozen = False
    return _job(network, _task(material), network)


def _learn_frames(network: CaptionNetwork, material: _Material) -> Job:
    """Everything, on two frames of each clip: an encoder needs no more to learn what is seen."""
    network.encoder.frozen = False
    return _job(network, _task(material, frames=2), network)


def _learn_from_features(network: CaptionNetwork, material: _Material) -> Job:
    """The decoder alone, on all frames: their features are computed once, and kept."""
    network.eval()

    def features(images: Tensor) -> Tensor:
        found: Tensor = network.encoder(material.prepare(images))
        return found.half().cpu()

    device = next(network.parameters()).device
    task = Captioning(
        in_parts(features, material.images, _CLIPS_AT_ONCE),
        material.sentences,
        lambda part: part.to(device, torch.float32),
        paraphrases=material.paraphrases,
    )
    return _job(network, task, network.decode)


_CLIPS_AT_ONCE = 8


def _task(material: _Material, *, frames: int | None = None) -> Captioning:
    return Captioning(
        material.images,
        material.sentences,
        material.prepare,
        paraphrases=material.paraphrases,
        frames=frames,
        held=(material.held, material.held_sentences),
    )


def _job(network: CaptionNetwork, task: Captioning, forward: Callable[..., Any]) -> Job:
    def results(finished: nn.Module) -> Mapping[str, Any]:
        return task.score(finished)

    return Job(network, task, results, forward=forward, snapshots=False)
