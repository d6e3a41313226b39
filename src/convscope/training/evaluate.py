"""How good a run is on data that it did not learn from: an Evaluation, finished at birth."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from convscope.data.images import Data, ImageSet, split
from convscope.data.progress import Tell
from convscope.errors import DataError, UsageError
from convscope.training.conditions import Conditions, resolve
from convscope.training.prepare import data_of
from convscope.training.runs import Run, open_run
from convscope.training.scores import (
    ClassScore,
    Reliability,
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    reliability,
    wilson_interval,
)
from convscope.training.task import Normalise, probabilities

__all__ = ["Evaluation", "Mistake", "Split", "evaluate", "evaluated_images", "result_of"]

SCHEMA = "convscope.evaluation/1"
MISTAKES = 100

Split = Literal["test", "validation", "train"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer: image ``index`` of the set, its classes by number, how sure it was."""

    index: int
    true: int
    predicted: int
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a run answered for each image of a set, and how good that is.

    ``confusion`` counts true classes (rows) against answers (columns), ``mistakes`` are
    the most confident first (at most 100), ``note`` says what a reader must know, such as
    that other data had to be taken than those of the training.
    """

    run: str
    data: str
    split: str
    classes: tuple[str, ...]
    count: int
    accuracy: float
    interval: tuple[float, float]
    per_class: tuple[ClassScore, ...]
    confusion: NDArray[np.int64]
    calibration_error: float
    bins: tuple[Reliability, ...]
    mistakes: tuple[Mistake, ...]
    predictions: NDArray[np.int64]
    conditions: Conditions
    note: str = ""

    def __repr__(self) -> str:
        return (
            f"<Evaluation of {self.run} on {self.data}: "
            f"{100 * self.accuracy:.2f} % of {self.count:,}>"
        )

    @property
    def correct(self) -> int:
        """How many answers were right."""
        return int(self.confusion.trace())

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "data": self.data,
            "split": self.split,
            "count": self.count,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "calibration_error": self.calibration_error,
            "classes": list(self.classes),
            "per_class": [asdict(score) for score in self.per_class],
            "confusion": self.confusion.tolist(),
            "reliability": [asdict(part) for part in self.bins],
            "mistakes": [asdict(mistake) for mistake in self.mistakes],
            "predictions": self.predictions.tolist(),
            "conditions": self.conditions.as_dict(),
            "note": self.note,
        }


def evaluate(
    run: Run | str | Path,
    data: Data | str | Path | None = None,
    *,
    split: Split = "test",
    device: str = "auto",
    step: int | None = None,
    count: int | None = None,
    progress: Tell | None = None,
) -> Evaluation:
    """Measures a run on the images it was not trained on, in float32.

    ``step`` is a moment of the training whose weights were kept, by default its end;
    ``count`` takes only so many of the images, the first ones, and ``note`` says so.
    Without ``data`` it is the data of the training; nothing is ever downloaded.  For
    ``example`` without Fashion-MNIST on the machine it is the test part of fashion-mini,
    and ``note`` says so.
    """
    opened = open_run(run)
    chosen, images, note = evaluated_images(opened, data, split=split, progress=progress)
    if count is not None and count < len(images):
        told = f"the first {count:,} of {len(images):,} images"
        note = f"{note}; {told}" if note else told
        images = ImageSet(images.images[:count], images.labels[:count])
    conditions = resolve(device, "float32")
    network = opened.network(step).to(conditions.device)
    normalise = Normalise(opened.preprocessing, conditions.device)
    found = probabilities(network, images.images, normalise)
    return _evaluation(opened, chosen.name, split, images.labels, found, conditions, note)


def evaluated_images(
    run: Run,
    data: Data | str | Path | None = None,
    *,
    split: Split = "test",
    progress: Tell | None = None,
) -> tuple[Data, ImageSet, str]:
    """The data, the images of the split in the run's own classes, and the note."""
    if split not in ("test", "validation", "train"):
        raise UsageError(f'there is no split "{split}"', remedy="give test, validation or train")
    found, note = _data(run, data, progress)
    if found.volume != run.architecture.input:
        raise DataError(
            f"the network takes {run.architecture.input}, these images are {found.volume}",
            place=found.name,
            remedy="give a folder of images, which are brought to the network's size"
            if isinstance(data, Data)
            else "evaluate it on data of the size it learned from",
        )
    return found, _in_classes(run, found, _part(run, found, split)), note


def result_of(network: nn.Module, images: ImageSet, normalise: Normalise) -> dict[str, Any]:
    """Right answers of how many, with the interval and the mean cross-entropy."""
    found = probabilities(network, images.images, normalise)
    correct = int((found.argmax(1) == images.labels).sum())
    own = found[np.arange(len(images)), images.labels].astype(np.float64)
    return {
        "count": len(images),
        "correct": correct,
        "accuracy": correct / len(images),
        "interval": list(wilson_interval(correct, len(images))),
        "loss": float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean()),
        "precision": "float32",
    }


def _data(run: Run, data: Data | str | Path | None, progress: Tell | None) -> tuple[Data, str]:
    if isinstance(data, Data):
        return data, _told(run, data)
    try:
        found = data_of(run, data, offline=True, progress=progress)
    except DataError:
        if data is not None or not run.is_example:
            raise
        found = data_of(run, "fashion-mini", offline=True)
        return found, (
            f"{run.data.name} is not on this machine: measured on the {len(found.test)} test "
            f"images of fashion-mini, a part of its {run.data.test:,}; "
            '"convscope data fetch" brings it'
        )
    return found, _told(run, found)


def _told(run: Run, data: Data) -> str:
    if data.fingerprint == run.data.fingerprint:
        return ""
    if data.name == run.data.name:
        return f"{data.name} has changed since the training"
    return f"trained on {run.data.name}, measured on {data.name}"


def _part(run: Run, data: Data, part: Split) -> ImageSet:
    if part == "test":
        return data.test
    if not run.recipe.validation:
        if part == "train":
            return data.train
        raise UsageError(
            "this run kept no images for validation",
            place=str(run.path),
            remedy="evaluate it on the test split, or train with --set validation=0.1",
        )
    stays, held = split(data.train, run.recipe.validation, run.seed)
    return held if part == "validation" else stays


def _in_classes(run: Run, data: Data, images: ImageSet) -> ImageSet:
    """The images with labels as the run counts its classes."""
    if data.classes == run.classes:
        return images
    unknown = [name for name in data.classes if name not in run.classes]
    if unknown:
        raise DataError(
            f"the run knows no class {', '.join(unknown[:3])}; it knows {', '.join(run.classes)}",
            place=data.name,
            remedy="give data with the classes of the training",
        )
    places = np.array([run.classes.index(name) for name in data.classes], np.int64)
    return replace(images, labels=places[images.labels])


def _evaluation(
    run: Run,
    data: str,
    part: str,
    labels: NDArray[np.int64],
    found: NDArray[np.float32],
    conditions: Conditions,
    note: str,
) -> Evaluation:
    predictions = found.argmax(1).astype(np.int64)
    confidence, right = found.max(1), predictions == labels
    confusion = confusion_matrix(labels, predictions, len(run.classes))
    bins = reliability(confidence, right)
    # A stable sort: of equally confident mistakes, the one with the lower index comes first.
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES]
    return Evaluation(
        run=run.name,
        data=data,
        split=part,
        classes=run.classes,
        count=len(labels),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(labels)),
        per_class=class_scores(confusion, run.classes),
        confusion=confusion,
        calibration_error=expected_calibration_error(bins),
        bins=bins,
        mistakes=tuple(
            Mistake(int(k), int(labels[k]), int(predictions[k]), float(confidence[k]))
            for k in wrong
        ),
        predictions=predictions,
        conditions=conditions,
        note=note,
    )
