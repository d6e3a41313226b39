"""How a captioner learns: first what there is and how much of it, then to say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.applications.captioning.control import CONTROL, other_images
from convscope.applications.captioning.naming import Naming, numbers_in
from convscope.applications.captioning.network import CLIP_METHODS, CONCEPTS, CaptionNetwork
from convscope.applications.captioning.pictures import as_batch, in_parts, normaliser
from convscope.applications.captioning.task import Captioning, Sentences, sentences_of
from convscope.applications.captioning.vocabulary import Vocabulary
from convscope.applications.planning import Fitting
from convscope.applications.stages import Stage, epochs_of
from convscope.data.annotated import Split
from convscope.training.recipe import Recipe, changed
from convscope.training.session import Job

__all__ = ["LOOKS", "RECIPES", "stages_of"]

_MUON: dict[str, Any] = {"optimizer": "muon", "beta2": 0.95, "schedule": "linear"}

_NAMING = Recipe(
    name="naming", batch_size=20, learning_rate=0.005, kernel_learning_rate=0.05, **_MUON
)
RECIPES = {
    "words": changed(_NAMING, {"name": "words", "warmup": 0.1}),
    "encoder": changed(_NAMING, {"name": "encoder", "warmup": 0.05}),
    "decoder": Recipe(
        name="decoder", batch_size=25, learning_rate=0.01, schedule="linear", warmup=0.05
    ),
}
"""Each stage's, in their order."""

LOOKS = {
    "image": {"words": 12_000, "encoder": 60_000, "decoder": 120_000},
    "clip": {"words": 3_000, "encoder": 24_000, "decoder": 48_000},
}
"""How many images, or clips, each stage looks at."""


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

    ``words``: the encoder behind the frozen backbone learns which words belong to an image,
    and how many of each.  ``encoder``: the same with the backbone.  ``decoder``: the decoder
    learns sentences from the features of the finished encoder, which are computed once.
    """
    material = _Lazy(lambda: _material(fitting, vocabulary, side, paraphrases))
    looks = LOOKS["clip" if fitting.run.method in CLIP_METHODS else "image"]

    def stage(name: str) -> Stage:
        def learn(network: nn.Module) -> Job:
            assert isinstance(network, CaptionNetwork)
            return _LEARNERS[name](network, material.value)

        return Stage(name, _recipe(RECIPES[name], looks[name], fitting), learn=learn)

    return tuple(stage(name) for name in RECIPES)


def _recipe(recipe: Recipe, looks: int, fitting: Fitting) -> Recipe:
    epochs = epochs_of(looks, len(fitting.data.train), quick=fitting.quick)
    return changed(recipe, {"epochs": epochs, **fitting.recipe})


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
    # A copy of what cannot be written to, such as a file that is mapped.
    images = material.images if material.images.flags.writeable else material.images.copy()
    task = Naming(torch.from_numpy(images), material.words, material.prepare)
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
        held=(in_parts(features, material.held, _AT_ONCE), material.held_sentences),
    )
    return Job(network, task, task.score, forward=network.decode, snapshots=False)


_AT_ONCE = 16
"""Images, or clips, whose features are computed together."""

_LEARNERS: dict[str, Callable[[CaptionNetwork, _Material], Job]] = {
    "words": _learn_words,
    "encoder": _learn_encoder,
    "decoder": _learn_decoder,
}
