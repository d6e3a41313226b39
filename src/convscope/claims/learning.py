"""Small trainings in memory, of any module: what the claims are measured by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from convscope.data.images import Data, ImageSet
from convscope.data.preprocessing import Preprocessing
from convscope.data.sources import preprocessing_of
from convscope.errors import TrainingError
from convscope.training.loop import Step, Training, steps_of
from convscope.training.recipe import Recipe
from convscope.training.task import Classification, Normalise, probabilities

__all__ = ["Learnt", "accuracy_on", "learn"]


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What came of a training: the network in eval mode, its losses, its test accuracy.

    ``broke`` says that the loss ran away; the accuracy is then that of guessing.
    """

    network: nn.Module
    losses: tuple[float, ...]
    accuracy: float
    seconds: float
    broke: bool = False


def learn(
    network: nn.Module,
    images: ImageSet,
    data: Data,
    recipe: Recipe,
    *,
    seed: int = 0,
    steps: int | None = None,
    observe: Callable[[Step], bool | None] | None = None,
    test: bool = True,
) -> Learnt:
    """Trains a module on ``images`` in float32 and measures it on the test images of ``data``.

    ``steps`` replaces the recipe's epochs; ``observe`` sees every step, and stops the
    training by returning True.
    """
    preprocessing = preprocessing_of(replace(data, train=images))
    if steps is not None:
        each = len(images) // min(recipe.batch_size, len(images))
        recipe = replace(recipe, epochs=steps / each)
    task = Classification(images, preprocessing, recipe)
    training = Training(network, task, recipe, seed=seed)
    losses: list[float] = []
    broke = False
    try:
        for step in steps_of(training):
            losses.append(step.loss)
            if observe is not None and observe(step):
                break
    except TrainingError:
        broke = True
    finished = network.eval()
    accuracy = 1 / len(data.classes)
    if test and not broke:
        accuracy = accuracy_on(finished, data.test, preprocessing)
    return Learnt(finished, tuple(losses), accuracy, training.seconds, broke)


def accuracy_on(network: nn.Module, images: ImageSet, preprocessing: Preprocessing) -> float:
    """The part of right answers."""
    found = probabilities(network, np.asarray(images.images), Normalise(preprocessing))
    return float((found.argmax(1) == images.labels).mean())
