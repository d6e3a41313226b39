"""How a captioner learns: in stages, the backbone frozen first and tuned later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.applications.captioning.control import CONTROL, other_images
from convscope.applications.captioning.naming import Naming, numbers_in
from convscope.applications.captioning.network import CLIP_METHODS, CONCEPTS, CaptionNetwork
from convscope.applications.captioning.pictures import as_batch, in_parts, normaliser
from convscope.applications.captioning.task import Captioning, Sentences, sentences_of, writable
from convscope.applications.captioning.vocabulary import Vocabulary
from convscope.applications.planning import Fitting
from convscope.applications.stages import Stage
from convscope.data.annotated import Split
from convscope.training.recipe import Recipe, changed
from convscope.training.session import Job

__all__ = ["QUICK", "RECIPES", "stages_of"]

_MUON: dict[str, Any] = {"optimizer": "muon", "beta2": 0.95, "schedule": "linear"}

_WORDS = Recipe(
    name="words", epochs=1.0, batch_size=20, learning_rate=0.005, kernel_learning_rate=0.05,
    warmup=0.1, **_MUON,
)  # fmt: skip
_ENCODER = Recipe(
    name="encoder", epochs=5.0, batch_size=20, learning_rate=0.005, kernel_learning_rate=0.05,
    warmup=0.05, **_MUON,
)  # fmt: skip
_DECODER = Recipe(
    name="decoder", epochs=5.0, batch_size=25, learning_rate=0.01, schedule="linear", warmup=0.05
)
_TOGETHER = Recipe(
    name="together", epochs=2.5, batch_size=25, learning_rate=0.004, kernel_learning_rate=0.03,
    warmup=0.05, **_MUON,
)  # fmt: skip

RECIPES: dict[str, dict[str, Recipe]] = {
    "image": {
        "words": _WORDS,
        "encoder": _ENCODER,
        "decoder": _DECODER,
        "together": _TOGETHER,
    },
    "clip": {
        "words": replace(_WORDS, epochs=0.5),
        "encoder": replace(_ENCODER, epochs=4.0),
        "decoder": replace(_DECODER, epochs=8.0),
    },
}
"""By the kind of method, each stage's, in their order."""

QUICK = 0.35
"""The part of the epochs that ``quick`` trains for."""


@dataclass(frozen=True, eq=False)
class _Material:
    """Images as they are shown, with their captions; and how they are prepared."""

    images: NDArray[np.uint8]
    sentences: Sentences
    words: Tensor
    held: NDArray[np.uint8]
    held_sentences: Sentences
    prepare: Callable[[Tensor], Tensor]
    paraphrases: int


def stages_of(
    fitting: Fitting, vocabulary: Vocabulary, *, side: int, paraphrases: int
) -> tuple[Stage, ...]:
    """The stages of a method, by ``RECIPES``; nothing is prepared before the first one begins.

    ``words``: the encoder behind the frozen backbone learns which words belong to an image.
    ``encoder``: the same with the backbone.  ``decoder``: the decoder learns sentences from
    the features of the frozen encoder, which are computed once.  ``together``: all of it, at
    a small rate.
    """
    material = _Lazy(lambda: _material(fitting, vocabulary, side, paraphrases))
    recipes = RECIPES["clip" if fitting.run.method in CLIP_METHODS else "image"]

    def stage(name: str) -> Stage:
        def learn(network: nn.Module) -> Job:
            assert isinstance(network, CaptionNetwork)
            return _LEARNERS[name](network, material.value)

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
        words=numbers_in(train.captions or (), vocabulary, CONCEPTS),
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


def _learn_words(network: CaptionNetwork, material: _Material) -> Job:
    """Which words belong to an image, behind a backbone that stays what the classifier learnt."""
    network.encoder.frozen = True
    return _naming(network, material)


def _learn_encoder(network: CaptionNetwork, material: _Material) -> Job:
    """The same, with the backbone."""
    network.encoder.frozen = False
    return _naming(network, material)


def _naming(network: CaptionNetwork, material: _Material) -> Job:
    task = Naming(writable(material.images), material.words, material.prepare)
    return Job(network, task, lambda _: {}, forward=network.name, snapshots=False)


def _learn_decoder(network: CaptionNetwork, material: _Material) -> Job:
    """The decoder alone, on features of the frozen encoder that are computed once."""
    network.eval()
    device = next(network.parameters()).device

    def features(images: Tensor) -> Tensor:
        return network.see(material.prepare(images)).half().cpu()

    task = Captioning(
        in_parts(features, material.images, _AT_ONCE),
        material.sentences,
        lambda part: part.to(device, torch.float32),
        paraphrases=material.paraphrases,
        features=True,
        held=(in_parts(features, material.held, _AT_ONCE), material.held_sentences),
    )
    return Job(network, task, task.score, forward=network.decode, snapshots=False)


def _learn_together(network: CaptionNetwork, material: _Material) -> Job:
    """Encoder and decoder, from images to sentences."""
    network.encoder.frozen = False
    task = Captioning(
        material.images,
        material.sentences,
        material.prepare,
        paraphrases=material.paraphrases,
        held=(material.held, material.held_sentences),
    )
    return Job(network, task, task.score, snapshots=False)


_AT_ONCE = 16
"""Images, or clips, whose features are computed together."""

_LEARNERS: dict[str, Callable[[CaptionNetwork, _Material], Job]] = {
    "words": _learn_words,
    "encoder": _learn_encoder,
    "decoder": _learn_decoder,
    "together": _learn_together,
}
