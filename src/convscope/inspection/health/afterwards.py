"""The health of a run that is over, from the weights that it kept along the way."""

from __future__ import annotations

import time
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

__all__ = ["examine"]


def examine(
    run: Run | str | Path, *, data: Data | str | Path | None = None, progress: Tell | None = None
) -> Health:
    """Looks at every snapshot of a run and at its losses, on training images.

    The images are those of the run's own data, or ``data``; for ``example`` without
    Fashion-MNIST on the machine those of fashion-mini.  Weights between two snapshots are
    not known: an update is told as the mean over the steps between them.
    """
    opened = open_run(run)
    chosen = data if isinstance(data, Data) else _data(opened, data, progress)
    train = chosen.train
    if opened.recipe.validation:
        train, _ = split(train, opened.recipe.validation, opened.seed)
    task = Classification(train, opened.preprocessing, opened.recipe)
    start = time.perf_counter()
    (images, labels), signal = probe_of(task, opened.seed)
    found: list[Vitals] = []
    for step, _ in opened.snapshots() or ((None, None),):
        network = opened.network(step)
        before = found[-1] if found else None
        number = step if step is not None else int(opened.results.get("steps", 0))
        found.append(take_vitals(network, images, labels, step=number, before=before))
    losses = tuple((int(line["step"]), float(line["loss"])) for line in opened.metrics())
    history = History(tuple(found), losses, opened.architecture, signal)
    return Health(opened.name, findings_of(history), history, time.perf_counter() - start)


def _data(run: Run, data: Any, progress: Tell | None) -> Data:
    try:
        return data_of(run, data, offline=True, progress=progress)
    except DataError:
        if data is not None or not run.is_example:
            raise
        return data_of(run, "fashion-mini", offline=True)
