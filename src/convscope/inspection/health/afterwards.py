"""The health of a run that is over, or goes on, from the weights that it kept along the way."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from convscope.data.images import Data, split
from convscope.data.progress import Tell
from convscope.errors import DataError
from convscope.inspection.health.findings import History
from convscope.inspection.health.rules import findings_of
from convscope.inspection.health.vitals import Vitals, take_vitals
from convscope.inspection.health.watch import Health, probe_of
from convscope.training.prepare import data_of
from convscope.training.runs import Run, open_run
from convscope.training.task import Classification

__all__ = ["Examination", "examine"]


def examine(
    run: Run | str | Path,
    *,
    data: Data | str | Path | None = None,
    step: int | None = None,
    progress: Tell | None = None,
) -> Health:
    """Looks at every snapshot of a run and at its losses, on training images.

    The images are those of the run's own data, or ``data``; for ``example`` without
    Fashion-MNIST on the machine those of fashion-mini.  Weights between two snapshots are
    not known: an update is told as the mean over the steps between them.  ``step`` is one of
    ``run.snapshots()``, and what came later is left out; RunError where it was not kept.
    """
    return Examination(run, data=data, progress=progress).health(step)


class Examination:
    """Looks at the moments of a run's training, at each of them once, also while it goes on."""

    def __init__(
        self,
        run: Run | str | Path,
        *,
        data: Data | str | Path | None = None,
        progress: Tell | None = None,
    ) -> None:
        opened = open_run(run)
        chosen = data if isinstance(data, Data) else _data(opened, data, progress)
        train = chosen.train
        if opened.recipe.validation:
            train, _ = split(train, opened.recipe.validation, opened.seed)
        self._path = opened.path
        task = Classification(train, opened.preprocessing, opened.recipe)
        self._probe, self._signal = probe_of(task, opened.seed)
        self._looks: list[Vitals] = []

    def health(self, step: int | None = None) -> Health:
        """As it stands now, or as it stood after ``step`` steps; see ``examine``."""
        start = time.perf_counter()
        run = open_run(self._path)
        if step is not None:
            run.weights_after(step)
        moments: list[int | None] = [
            kept for kept, _ in run.snapshots() if step is None or kept <= step
        ]
        for moment in moments or [None]:
            self._look(run, moment)
        looks = tuple(each for each in self._looks if step is None or each.step <= step)
        lines = [line for line in run.metrics() if step is None or line["step"] <= step]
        losses = tuple((int(line["step"]), float(line["loss"])) for line in lines)
        history = History(looks, losses, run.architecture, self._signal)
        return Health(run.name, findings_of(history), history, time.perf_counter() - start)

    def _look(self, run: Run, moment: int | None) -> None:
        """Takes the vitals of a moment, unless it, or a later one, was looked at."""
        number = int(run.results.get("steps", 0)) if moment is None else moment
        before = self._looks[-1] if self._looks else None
        if before is not None and number <= before.step:
            return
        vitals = take_vitals(run.network(moment), *self._probe, step=number, before=before)
        if before is not None:  # only the newest one's weights are asked for again
            self._looks[-1] = replace(before, snapshot={})
        self._looks.append(vitals)


def _data(run: Run, data: Any, progress: Tell | None) -> Data:
    try:
        return data_of(run, data, offline=True, progress=progress)
    except DataError:
        if data is not None or not run.is_example:
            raise
        return data_of(run, "fashion-mini", offline=True)
