"""A grid of trainings: (architecture, recipe, data, seed) → a table of what came of each."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.data.images import Data, fingerprint_of, split
from convscope.data.progress import Progress, Tell, teller
from convscope.data.sources import load_data
from convscope.errors import UsageError
from convscope.experiments.table import Cell, Filled, Scalar, Table, fill, read_table
from convscope.training.conditions import resolve
from convscope.training.evaluate import evaluate
from convscope.training.loop import Step
from convscope.training.recipe import read_recipe
from convscope.training.runs import open_run
from convscope.training.train import train, training_steps

__all__ = ["Trial", "grid", "right_answers", "run_trials", "trials_table"]

TABLE = "table.jsonl"
PACE_STEPS = 40
"""Steps that are timed to turn a budget of seconds into epochs; the first half warms up."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of a grid.

    ``settings`` change single keys of the recipe, ``images`` takes only so many of the
    training images (as many of each class as in all of them), ``seconds`` is a budget that
    replaces the recipe's epochs: the pace is measured first, and the epochs that it gives
    are written down.
    """

    architecture: str
    recipe: str = "fast"
    data: str = "fashion-mnist"
    seed: int = 0
    settings: tuple[tuple[str, str], ...] = ()
    images: int | None = None
    seconds: float | None = None

    @property
    def cell(self) -> dict[str, Scalar]:
        """What tells it from all others: its place in the table."""
        settings = " ".join(f"{key}={value}" for key, value in self.settings)
        return {
            "architecture": self.architecture,
            "recipe": self.recipe,
            "settings": settings,
            "data": self.data,
            "seed": self.seed,
            "images": self.images,
            "seconds": self.seconds,
        }


def grid(
    architectures: Sequence[str],
    *,
    recipes: Sequence[str] = ("fast",),
    data: Sequence[str] = ("fashion-mnist",),
    seeds: Sequence[int] = (0,),
    settings: Sequence[Mapping[str, str]] = ({},),
    images: Sequence[int | None] = (None,),
    seconds: float | None = None,
) -> tuple[Trial, ...]:
    """Every combination; the seeds change last of all but one another's partners.

    Seed by seed, so that a table that was cut off has pairs to compare already.
    """
    return tuple(
        Trial(architecture, recipe, source, seed, tuple(sorted(changes.items())), count, seconds)
        for seed, source, count, architecture, recipe, changes in itertools.product(
            seeds, data, images, architectures, recipes, settings
        )
    )


def run_trials(
    folder: Path,
    trials: Sequence[Trial],
    *,
    name: str = "trials",
    progress: Tell | None = None,
    observe: Callable[[Step], None] | None = None,
) -> Iterator[Filled]:
    """Trains what is missing and yields each row of the table: ``folder``/table.jsonl.

    A row holds the test accuracy and what it came from; which images were right stands in
    ``right``.  A training that was cut off goes on where it was, and one that is in the
    table is not made again.
    """
    runner = _Runner(folder, teller(progress), observe)
    by_cell = {json.dumps(trial.cell, sort_keys=True): trial for trial in trials}
    conditions = resolve("cpu", "float32")

    def measure(cell: Cell) -> Mapping[str, Any]:
        return runner.measure(by_cell[json.dumps(dict(cell), sort_keys=True)])

    return fill(
        folder / TABLE,
        name,
        [trial.cell for trial in trials],
        measure,
        conditions={"threads": conditions.threads, "versions": dict(conditions.versions)},
    )


def trials_table(folder: Path) -> Table:
    """What ``run_trials`` has measured so far."""
    return read_table(folder / TABLE)


def right_answers(values: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Which test images a trial got right, from its row's values."""
    bits = np.frombuffer(base64.b64decode(values["right"]), np.uint8)
    return np.unpackbits(bits, count=values["count"]).astype(bool)


class _Runner:
    """Trains trials; data that several share are read once."""

    def __init__(self, folder: Path, tell: Tell, observe: Callable[[Step], None] | None) -> None:
        self._folder = folder
        self._tell = tell
        self._observe = observe
        self._data: dict[tuple[str, int | None], Data] = {}

    def measure(self, trial: Trial) -> dict[str, Any]:
        """Trains, measures, and clears the folder of the run away."""
        data = self._images(trial)
        settings = self._settings(trial, data)
        place = self._folder / "runs" / _digest(trial)
        self._tell(Progress(f"{trial.architecture}, {trial.recipe}, seed {trial.seed}"))
        run = train(
            trial.architecture,
            data=data,
            recipe=trial.recipe,
            settings=settings,
            seed=trial.seed,
            device="cpu",
            out=place,
            resume=(place / "run.json").is_file(),
            observe=self._observe,
        )
        found = evaluate(run, data, device="cpu")
        right = found.predictions == data.test.labels
        values = {
            "accuracy": found.accuracy,
            "count": found.count,
            "right": base64.b64encode(np.packbits(right).tobytes()).decode("ascii"),
            "loss": run.results["loss"],
            "epochs": run.recipe.epochs,
            "training_seconds": run.results["seconds"],
            "precision": run.conditions.precision,
        }
        shutil.rmtree(place, ignore_errors=True)
        return values

    def _images(self, trial: Trial) -> Data:
        key = (trial.data, trial.images)
        if key not in self._data:
            data = load_data(trial.data, offline=True, progress=self._tell)
            self._data[key] = data if trial.images is None else _part(data, trial.images)
        return self._data[key]

    def _settings(self, trial: Trial, data: Data) -> dict[str, str]:
        """The trial's own, and the epochs that its seconds allow."""
        settings = dict(trial.settings)
        if trial.seconds is None:
            return settings
        begun = self._folder / "runs" / _digest(trial)
        if (begun / "run.json").is_file():  # the pace was measured when it began
            return {**settings, "epochs": f"{open_run(begun).recipe.epochs!r}"}
        place = self._folder / "runs" / f"{_digest(trial)}-pace"
        shutil.rmtree(place, ignore_errors=True)
        steps = training_steps(
            trial.architecture,
            data=data,
            recipe=trial.recipe,
            settings={**settings, "epochs": "1000"},
            seed=trial.seed,
            device="cpu",
            out=place,
        )
        with closing(steps):
            seconds = [step.seconds for step, _ in zip(steps, range(PACE_STEPS), strict=False)]
        shutil.rmtree(place, ignore_errors=True)
        each = statistics.median(
            later - sooner for sooner, later in itertools.pairwise(seconds[PACE_STEPS // 2 :])
        )
        batch = read_recipe(trial.recipe, settings).batch_size
        epochs = max(0.01, round(trial.seconds / each * batch / len(data.train), 2))
        return {**settings, "epochs": f"{epochs!r}"}


def _part(data: Data, count: int) -> Data:
    """The data with ``count`` training images, the same ones whatever the seed."""
    if not len(data.classes) <= count <= len(data.train):
        raise UsageError(
            f"{data.name} has {len(data.train):,} training images, asked are {count:,}",
            remedy=f"take {len(data.classes)} to {len(data.train):,}",
        )
    if count == len(data.train):
        return data
    _, chosen = split(data.train, count / len(data.train), 0)
    name = f"{data.name}-{count}"
    return replace(
        data,
        name=name,
        train=chosen,
        fingerprint=fingerprint_of(chosen, data.test, data.classes),
        place=f"{count} images of {data.name}",
        kept="",
    )


def _digest(trial: Trial) -> str:
    text = json.dumps(trial.cell, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
