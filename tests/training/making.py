"""Small things that can be trained in a moment."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from convscope.data.images import Data, ImageSet, fingerprint_of
from convscope.training.loop import Step
from convscope.training.recipe import Recipe, read_recipe
from convscope.training.runs import Run, open_run
from convscope.training.train import train

TINY = "input auto -> conv 4 3x3 pad 1 -> batchnorm -> relu -> maxpool 4 -> fc classes"

SHORT = {"epochs": 2.0, "batch_size": 20}


def toy_set(count: int, seed: int, *, classes: int = 3, side: int = 12) -> ImageSet:
    """Noise with a bright band, whose height is the class: soon learnt, not at once."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    images: NDArray[np.uint8] = random.integers(0, 160, (count, 1, side, side), np.uint8)
    band = side // classes
    for image, label in zip(images, labels, strict=True):
        image[0, label * band : (label + 1) * band] += 22
    return ImageSet(images, labels.astype(np.int64))


def toy_data(*, train: int = 120, test: int = 60, seed: int = 0, name: str = "toy") -> Data:
    """A set of data that no source has."""
    parts = toy_set(train, seed), toy_set(test, seed + 1)
    names = ("top", "middle", "bottom")
    return Data(
        name=name,
        place="made by a test",
        train=parts[0],
        test=parts[1],
        classes=names,
        fingerprint=fingerprint_of(*parts, names),
        fit="pad",
        size=(12, 12),
    )


def quick(**settings: object) -> Recipe:
    """The fast recipe, in float32 and much shorter, with other settings."""
    return read_recipe("fast", {**SHORT, "precision": "float32", **settings})  # type: ignore[dict-item]


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def require_equal_weights(one: Run, other: Run) -> None:
    first, second = (load_file(run.path / "model.safetensors") for run in (one, other))
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value.tobytes() == second[name].tobytes(), name


def cut_off(number: int, out: str, data: Data, recipe: Recipe) -> Run:
    """A training that was interrupted after so many steps."""
    with pytest.raises(KeyboardInterrupt):
        train(TINY, data=data, recipe=recipe, out=out, observe=stop_at(number))
    return open_run(out)


def stop_at(number: int) -> Callable[[Step], None]:
    """An observer that interrupts, as Ctrl-C does, after so many steps."""

    def observe(step: Step) -> None:
        if step.step == number:
            signal.raise_signal(signal.SIGINT)

    return observe
