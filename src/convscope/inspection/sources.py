"""Subjects from runs, architectures and modules: the network, and images to show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

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
from convscope.errors import ConvscopeError, NoRunError, UsageError, did_you_mean
from convscope.inspection.foreign.extraction import Extraction, architecture_of
from convscope.inspection.foreign.foreign import is_reference, load_module, own_copy, require_usable
from convscope.inspection.subject import Subject, layers_of
from convscope.network.build import build
from convscope.training.evaluate import evaluated_images
from convscope.training.runs import Run, list_runs, open_run, run_path

__all__ = ["About", "ask_for_shape", "at_step", "found"]

_NO_LABELS = np.empty(0, np.int64)
_BYTES_OF_IMAGES = 32 * 2**20
"""Of samples made larger for a network: some 220 of 224×224×3."""


@dataclass(frozen=True, slots=True)
class About:
    """What was said beside the source: see ``subject_of``."""

    data: str | Path | None = None
    shape: Volume | None = None
    seed: int = 0
    preprocessing: Preprocessing | None = None
    classes: tuple[str, ...] = ()
    step: int | None = None


def found(source: Any, about: About) -> Subject:
    """What ``subject_of`` gives."""
    if isinstance(source, Run):
        return _of_run(source, about)
    if about.step is not None:
        return _of_run(_opened(source), about)
    if isinstance(source, Architecture):
        return _of_architecture(source, "custom", about)
    if isinstance(source, nn.Module):
        return _of_module(source, type(source).__name__, about)
    text = str(source)
    if is_reference(text):
        loaded = load_module(text, seed=about.seed)
        return loaded if isinstance(loaded, Subject) else _of_module(loaded, text, about)
    if "->" in text or "→" in text or text.strip().lower() in ZOO:
        return _of_architecture(_read(text, about), _called(text), about)
    if (path := Path(text).expanduser()).is_file() and not (run_path(text) / "run.json").is_file():
        return _of_architecture(_read(text, about), path.stem, about)
    return _of_run(_opened(source), about)


def _opened(source: Any) -> Run:
    """The run of a name; where there is none, what else there is to be looked into is said."""
    try:
        return open_run(source)
    except NoRunError as error:
        known = ["example", *(run.name for run in list_runs()), *ZOO]
        raise NoRunError(
            error.problem,
            place=error.place,
            remedy=did_you_mean(str(source), known)
            or 'give a run, "example", an architecture (a name of the zoo, a notation), '
            "or FILE.py:NAME, a module of yours",
        ) from None


def _read(text: str, about: About) -> Architecture:
    return find_architecture(text, example=about.data is None)


def _called(text: str) -> str:
    return text.strip().lower() if text.strip().lower() in ZOO else "custom"


def at_step(subject: Subject, run: Run, step: int | None) -> Subject:
    """The subject of a run at another moment of the training, None its end; the images stay."""
    return _finished(replace(subject, module=run.network(step), name=_moment(run, step)))


def _moment(run: Run, step: int | None) -> str:
    return run.name if step is None else f"{run.name} after step {step}"


def _of_run(run: Run, about: About) -> Subject:
    """The trained network; without its data, the images inside the package where they fit."""
    note, data = "", about.data
    try:
        chosen, part, note = evaluated_images(run, data)
        images, labels, whose = part.images, part.labels, f"{chosen.name} (test)"
    except ConvscopeError as error:
        if data is not None:
            raise
        mini = load_data("fashion-mini", offline=True)
        images = _brought(mini, run.preprocessing)
        labels = mini.test.labels[: len(images)] if mini.classes == run.classes else _NO_LABELS
        whose = f"{mini.name} (test)"
        note = f"the run's own data are not here ({error.problem}): images of {whose} are shown"
    return _finished(
        Subject(
            name=_moment(run, about.step),
            module=run.network(about.step),
            layers=(),
            preprocessing=run.preprocessing,
            classes=run.classes,
            images=images,
            labels=labels,
            images_from=whose,
            architecture=run.architecture,
            note=note,
        )
    )


def _of_architecture(architecture: Architecture, name: str, about: About) -> Subject:
    """Untrained: weights drawn with the seed."""
    given = load_data(about.data if about.data is not None else "fashion-mini", offline=True)
    volume, classes = (given.volume, given.classes) if about.data is not None else (None, ())
    complete = architecture.completed(volume or Volume(28, 28, 1), len(classes) or 10)
    taken = complete.nodes[0].input
    preprocessing = _preprocessing(taken, given)
    count = complete.output.size
    known = len(given.classes) == count
    images = _brought(given, preprocessing)
    return _finished(
        Subject(
            name=name,
            module=build(complete, seed=about.seed).eval(),
            layers=(),
            preprocessing=preprocessing,
            classes=given.classes if known else _numbered(count),
            images=images,
            labels=given.test.labels[: len(images)] if known else _NO_LABELS,
            images_from=f"{given.name} (test)",
            architecture=complete,
            trained=False,
            note=f"{_told(name)} is untrained: its weights are drawn with seed {about.seed}",
        )
    )


def _told(name: str) -> str:
    """The name, where the network has one of its own."""
    return "this network" if name == "custom" else name


def _of_module(given: nn.Module, name: str, about: About) -> Subject:
    """A module of someone else's: what it takes must be said unless its layers tell.

    Images of data that nobody named are something to look at; their classes are none of
    the module's.
    """
    module = own_copy(given, name)
    extraction, volume = _extracted(module, name, about)
    count = require_usable(module, volume, name)
    data = load_data(about.data if about.data is not None else "fashion-mini", offline=True)
    preprocessing = about.preprocessing or _whole_range(volume, data, about)
    images = _brought(data, preprocessing)
    known = about.data is not None and len(data.classes) == count
    if about.classes and len(about.classes) != count:
        raise UsageError(
            f"there are {len(about.classes)} names of classes, and it tells {count} apart",
            place=name,
            remedy="give a name for each",
        )
    subject = Subject(
        name=name,
        module=module,
        layers=(),
        preprocessing=preprocessing,
        classes=about.classes or (data.classes if known else _numbered(count)),
        images=images,
        labels=data.test.labels[: len(images)] if known else _NO_LABELS,
        images_from=f"{data.name} (test)",
        architecture=extraction.architecture,
        note=_note(name, about, data, count, extraction),
        names={theirs: ours for ours, theirs in extraction.names},
        unexpressed=extraction.unexpressed,
    )
    return _finished(replace(subject, outputs=_outputs(subject)))


def _extracted(module: nn.Module, name: str, about: About) -> tuple[Extraction, Volume]:
    """The module as an architecture, and what it takes: as said, as it tells, as the data are."""
    shape = about.shape
    if shape is None and about.preprocessing is not None:
        shape = Volume(*about.preprocessing.size, about.preprocessing.channels)
    extraction = architecture_of(module, shape)
    volume = shape or extraction.volume
    if volume is None:
        if about.data is None:
            raise ask_for_shape(name, extraction)
        volume = load_data(about.data, offline=True).volume
        extraction = architecture_of(module, volume)
    return extraction, volume


def ask_for_shape(name: str, extraction: Extraction) -> UsageError:
    """The error of a module whose layers do not tell what it takes."""
    return UsageError(
        "its layers do not tell what it takes",
        place=name,
        remedy='say it with "--shape 224x224x3" (shape= in Python), height first',
    )


def _note(name: str, about: About, data: Data, count: int, extraction: Extraction) -> str:
    """What a reader must know of a foreign module."""
    parts = [*extraction.remarks]
    if about.preprocessing is None:
        parts.append(
            "how its images were prepared is not known: pixels are divided by 255, and no more"
        )
    if about.data is None:
        parts.append(f"the images of {data.name} are only something to look at")
    elif len(data.classes) != count:
        parts.append(f"{data.name} has {len(data.classes)} classes, {name} {count}: no labels")
    return "; ".join(parts)


def _whole_range(volume: Volume, data: Data, about: About) -> Preprocessing:
    """Divided by 255: what a foreign module was trained with is not known."""
    plain = _preprocessing(volume, data)
    zeros, ones = (0.0,) * volume.channels, (1.0,) * volume.channels
    dark = plain.dark_background and about.data is not None
    return replace(plain, mean=zeros, std=ones, dark_background=dark)


def _outputs(subject: Subject) -> Literal["scores", "probabilities"]:
    """Whether the module ends in a softmax: every output in 0 … 1, and their sum 1."""
    with torch.no_grad():
        made = subject.module(subject.tensor(subject.images[:4]))
    sums = made.sum(1)
    ended = made.shape[1] > 1 and bool((made >= 0).all()) and bool(((sums - 1).abs() < 1e-4).all())
    return "probabilities" if ended else "scores"


def _preprocessing(volume: Volume, data: Data) -> Preprocessing:
    """How pictures are brought to the volume, and normalised as those of the data."""
    if volume.channels not in (1, 3):
        raise UsageError(
            f"the network takes {volume.channels} channels, and images have 1 or 3",
            remedy="look into a network for grey or for colour images",
        )
    own = preprocessing_of(data)
    mean, std = own.mean, own.std
    if own.channels != volume.channels:
        # Grey shown as colour has the same numbers three times; colour as grey those between.
        mean, std = ((sum(each) / len(each),) * volume.channels for each in (mean, std))
    return Preprocessing(
        (volume.height, volume.width),
        volume.channels,
        data.fit,
        mean,
        std,
        dark_background=own.dark_background and volume.channels == 1,
    )


def _brought(data: Data, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The first test images at the network's size; all of them where they have it already."""
    images, size, channels = data.test.images, preprocessing.size, preprocessing.channels
    if images.shape[1:] != (channels, *size):
        images = images[: max(16, _BYTES_OF_IMAGES // (channels * size[0] * size[1]))]
    return resized(images, size, channels, preprocessing.fit)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(count))


def _finished(subject: Subject) -> Subject:
    """With its layers; UsageError where a weight is not finite."""
    for key, value in subject.module.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise UsageError(
                f"{key} holds values that are not finite",
                place=subject.name,
                remedy="look into an earlier checkpoint, or train again with a lower learning rate",
            )
    return replace(subject, layers=layers_of(subject.module, subject.tensor(subject.images[:1])))
