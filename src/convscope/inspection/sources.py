"""Subjects from runs, architectures and modules: the network, and images to show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.data.images import Data
from convscope.data.preprocessing import Preprocessing
from convscope.data.resizing import resized
from convscope.data.sources import load_data, preprocessing_of
from convscope.errors import ConvscopeError, UsageError
from convscope.inspection.foreign import (
    architecture_of,
    is_reference,
    load_module,
    require_usable,
)
from convscope.inspection.subject import Subject, layers_of
from convscope.network.build import build
from convscope.training.evaluate import evaluated_images
from convscope.training.runs import Run, open_run, run_path

__all__ = ["found"]

_NO_LABELS = np.empty(0, np.int64)


def found(source: Any, *, data: str | Path | None, shape: Volume | None, seed: int) -> Subject:
    """What ``subject_of`` gives."""
    if isinstance(source, Run):
        return _of_run(source, data)
    if isinstance(source, Architecture):
        return _of_architecture(source, "custom", data, seed)
    if isinstance(source, nn.Module):
        return _of_module(source, type(source).__name__, data, shape)
    text = str(source)
    if is_reference(text):
        return _of_loaded(load_module(text), text, data, shape)
    if "->" in text or "→" in text or text.strip().lower() in ZOO:
        architecture = find_architecture(text, example=data is None)
        return _of_architecture(architecture, _called(text), data, seed)
    if (path := Path(text).expanduser()).is_file() and not (run_path(text) / "run.json").is_file():
        architecture = find_architecture(text, example=data is None)
        return _of_architecture(architecture, path.stem, data, seed)
    return _of_run(open_run(source), data)


def _called(text: str) -> str:
    return text.strip().lower() if text.strip().lower() in ZOO else "custom"


def _of_run(run: Run, data: str | Path | None) -> Subject:
    """The trained network; without its data, the images inside the package where they fit."""
    note = ""
    try:
        chosen, part, note = evaluated_images(run, data)
        images, labels, whose = part.images, part.labels, f"{chosen.name} (test)"
    except ConvscopeError as error:
        if data is not None:
            raise
        images, labels, whose = _package_images(run.preprocessing, run.classes)
        note = f"the run's own data are not here ({error.problem}): images of {whose} are shown"
    module = run.network()
    return _subject(
        run.name,
        module,
        preprocessing=run.preprocessing,
        classes=run.classes,
        images=images,
        labels=labels,
        images_from=whose,
        architecture=run.architecture,
        note=note,
    )


def _of_architecture(
    architecture: Architecture, name: str, data: str | Path | None, seed: int
) -> Subject:
    """Untrained: weights drawn with ``seed``."""
    if data is not None:
        given = load_data(data, offline=True)
        complete = architecture.completed(given.volume, len(given.classes))
    else:
        complete = architecture.completed(Volume(28, 28, 1), 10)
    volume = complete.nodes[0].input
    count = complete.output.size
    images = _images_for(volume, count, data)
    return _subject(
        name,
        build(complete, seed=seed).eval(),
        preprocessing=images.preprocessing,
        classes=images.classes,
        images=images.images,
        labels=images.labels,
        images_from=images.whose,
        architecture=complete,
        trained=False,
        note=f"{name} is untrained: its weights are drawn with seed {seed}",
    )


def _of_loaded(
    loaded: nn.Module | Subject, name: str, data: str | Path | None, shape: Volume | None
) -> Subject:
    return loaded if isinstance(loaded, Subject) else _of_module(loaded, name, data, shape)


def _of_module(
    module: nn.Module, name: str, data: str | Path | None, shape: Volume | None
) -> Subject:
    """A module of someone else's: what it takes must be said unless the data tell."""
    if shape is None and data is not None:
        shape = load_data(data, offline=True).volume
    architecture, volume = architecture_of(module, shape)
    volume = shape or volume
    if volume is None:
        raise UsageError(
            f"what {name} takes cannot be seen from its layers",
            remedy='say it with "--shape 224x224x3" (shape= in Python), or give --data',
        )
    count = require_usable(module, volume, name)
    images = _images_for(volume, count, data, whole_range=True)
    return _subject(
        name,
        module,
        preprocessing=images.preprocessing,
        classes=images.classes,
        images=images.images,
        labels=images.labels,
        images_from=images.whose,
        architecture=architecture,
        note=images.note,
    )


class _Images:
    """Samples for a network that takes ``volume`` and tells ``count`` classes apart."""

    def __init__(
        self,
        preprocessing: Preprocessing,
        classes: tuple[str, ...],
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        whose: str,
        note: str = "",
    ) -> None:
        self.preprocessing = preprocessing
        self.classes = classes
        self.images = images
        self.labels = labels
        self.whose = whose
        self.note = note


def _images_for(
    volume: Volume, count: int, data: str | Path | None, *, whole_range: bool = False
) -> _Images:
    """Those of ``data``, or fashion-mini's, brought to the volume.

    ``whole_range`` divides by 255 and nothing else: what a foreign module was trained
    with is not known.
    """
    if volume.channels not in (1, 3):
        raise UsageError(
            f"the network takes {volume.channels} channels, and images have 1 or 3",
            remedy="look into a network for grey or for colour images",
        )
    given: Data = load_data(data if data is not None else "fashion-mini", offline=True)
    size = (volume.height, volume.width)
    images = resized(given.test.images, size, volume.channels, given.fit)
    preprocessing = preprocessing_of(given)
    known = len(given.classes) == count
    note = ""
    if whole_range:
        unit = (0.0,) * volume.channels, (1.0,) * volume.channels
        note = "pixels are divided by 255 and not normalised further: make a Subject to say more"
    elif preprocessing.channels != volume.channels:
        unit = preprocessing.mean * volume.channels, preprocessing.std * volume.channels
    else:
        unit = preprocessing.mean, preprocessing.std
    return _Images(
        Preprocessing(
            size,
            volume.channels,
            given.fit,
            *unit,
            dark_background=preprocessing.dark_background and volume.channels == 1,
        ),
        given.classes if known else tuple(f"class {number}" for number in range(count)),
        images,
        given.test.labels if known else _NO_LABELS,
        f"{given.name} (test)",
        note,
    )


def _package_images(
    preprocessing: Preprocessing, classes: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], str]:
    mini = load_data("fashion-mini", offline=True)
    images = resized(
        mini.test.images, preprocessing.size, preprocessing.channels, preprocessing.fit
    )
    labels = mini.test.labels if mini.classes == classes else _NO_LABELS
    return images, labels, "fashion-mini (test)"


def _subject(name: str, module: nn.Module, **rest: Any) -> Subject:
    bad = [key for key, value in module.state_dict().items() if not bool(_finite(value))]
    if bad:
        raise UsageError(
            f"{bad[0]} holds values that are not finite",
            place=name,
            remedy="look into an earlier checkpoint, or train again with a lower learning rate",
        )
    subject = Subject(name=name, module=module, layers=(), **rest)
    layers = layers_of(module, subject.tensor(subject.images[:1]))
    return Subject(name=name, module=module, layers=layers, **rest)


def _finite(values: torch.Tensor) -> torch.Tensor:
    return torch.isfinite(values).all() if values.is_floating_point() else torch.tensor(True)
