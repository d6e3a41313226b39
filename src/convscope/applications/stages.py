"""A method trains in stages, one after another, each of which can be cut off and resumed.

R-CNN fine-tunes a network and then fits classifiers to its features; a finer FCN begins
where a coarser one ended; captioning thaws its backbone late.  A stage that learns by
gradients is a training like any other, in a folder of its own; one that is fitted puts
what it found into the network's buffers.  What is finished is not done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from convscope.applications.runs import ApplicationRun, StageRun
from convscope.data.progress import Progress, Tell
from convscope.errors import RunError
from convscope.training.checkpoint import load_weights, save_weights
from convscope.training.conditions import resolve
from convscope.training.files import read_json, write_json, writing
from convscope.training.loop import Step
from convscope.training.recipe import Recipe
from convscope.training.runs import MODEL, RUN
from convscope.training.session import Job, trained

__all__ = ["Stage", "epochs_of", "trained_in_stages"]

Measure = Callable[[nn.Module], Mapping[str, Any]]

_MOST_EPOCHS = 60.0
_QUICK = 0.1
"""Of the looks, for a first look."""


def epochs_of(looks: int, images: int, *, quick: bool) -> float:
    """The epochs in which a stage looks at so many images: few ones again and again."""
    epochs = min(_MOST_EPOCHS, looks / max(1, images)) * (_QUICK if quick else 1)
    return float(f"{epochs:.3g}")


@dataclass(frozen=True, eq=False)
class Stage:
    """A step of a method: either learnt or fitted.

    ``learn`` prepares the network for the stage (what is frozen, what begins anew) and
    gives the job, which trains that same network by ``recipe``; ``fit`` does its work
    without gradients, keeps its result in the network's buffers, and returns what is to be
    known of it.  Raises ValueError unless it has exactly one of the two.
    """

    name: str
    recipe: Recipe = field(default_factory=Recipe)
    learn: Callable[[nn.Module], Job] | None = None
    fit: Callable[[nn.Module], Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        if (self.learn is None) == (self.fit is None):
            raise ValueError(f"the stage {self.name} must either learn or fit")


def trained_in_stages(
    run: ApplicationRun,
    network: nn.Module,
    stages: Sequence[Stage],
    measure: Measure,
    tell: Tell,
) -> Generator[Step, None, ApplicationRun]:
    """Trains what is not finished yet, and writes the result down; the folder is locked.

    ``network`` is on its device and holds the weights of the beginning; at the end it holds
    the result, which ``measure`` measures for run.json.  Yields the steps of all stages.
    """
    records = []
    for number, stage in enumerate(stages, 1):
        tell(Progress(f"stage {number} of {len(stages)}: {stage.name}"))
        done = yield from _stage(run, network, stage)
        load_weights(done.path / MODEL, network)
        records.append({"name": stage.name, "recipe": stage.recipe.name, **dict(done.results)})
    network.eval()
    save_weights(run.model, network)
    results = {
        **measure(network),
        "stages": records,
        "seconds": round(sum(record.get("seconds", 0.0) for record in records), 3),
    }
    finished = replace(run, results=results, finished=True)
    write_json(run.path / RUN, finished.as_dict())
    return finished


def _stage(
    run: ApplicationRun, network: nn.Module, stage: Stage
) -> Generator[Step, None, StageRun]:
    folder = run.stage_folder(stage.name)
    known = _finished(folder, stage, run)
    if known is not None:
        return known
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    conditions = resolve(run.conditions.device, stage.recipe.precision)
    record = StageRun(
        folder,
        stage.name,
        stage.recipe,
        run.seed,
        replace(conditions, threads=run.conditions.threads),
    )
    write_json(folder / RUN, record.as_dict())
    if stage.learn is not None:
        return (yield from trained(record, stage.learn(network)))
    assert stage.fit is not None
    start = time.perf_counter()
    found = dict(stage.fit(network))
    save_weights(folder / MODEL, network)
    seconds = round(time.perf_counter() - start, 3)
    finished = replace(record, results={**found, "seconds": seconds}, finished=True)
    write_json(folder / RUN, finished.as_dict())
    return finished


def _finished(folder: Path, stage: Stage, run: ApplicationRun) -> StageRun | None:
    """The stage as it was finished; None where it is still to be done."""
    if not (folder / RUN).is_file():
        return None
    values = read_json(folder / RUN)
    if values.get("stage") != stage.name or values.get("recipe") != stage.recipe.as_dict():
        raise RunError(
            f"the stage {stage.name} was begun with another recipe",
            place=str(folder),
            remedy="resume it as it was begun, or train into another folder",
        )
    if not values.get("finished"):
        return None
    return StageRun(
        folder,
        stage.name,
        stage.recipe,
        run.seed,
        run.conditions,
        values["results"],
        finished=True,
    )
