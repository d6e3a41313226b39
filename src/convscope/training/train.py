"""Training a classifier into a run folder: begun, gone on with, or found finished.

``training_steps`` is the generator that terminal, page and tests read; ``train`` reads
it to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Pair
from convscope.data.folders import OnBad
from convscope.data.images import Data
from convscope.data.preprocessing import Fit
from convscope.data.progress import Progress, Tell, teller
from convscope.data.sources import load_data
from convscope.training.begin import begin, require_empty, run_to_end, run_to_resume
from convscope.training.classifying import classifying
from convscope.training.ending import require_not_ended
from convscope.training.files import claimed
from convscope.training.loop import Step
from convscope.training.prepare import (
    data_of,
    planned,
    require_same,
    require_same_data,
    require_sound,
    resumed,
)
from convscope.training.recipe import Recipe
from convscope.training.recorder import require_tensorboard
from convscope.training.runs import Run, new_folder, open_run, run_path
from convscope.training.session import trained

__all__ = ["train", "training_steps"]


def train(
    architecture: Architecture | str | None = None,
    *,
    data: Data | str | Path | None = None,
    recipe: Recipe | str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    resume: bool = False,
    finish: bool = False,
    offline: bool = False,
    size: Pair | None = None,
    fit: Fit = "pad",
    on_bad: OnBad = "refuse",
    tensorboard: bool = False,
    progress: Tell | None = None,
    observe: Callable[[Step], None] | None = None,
) -> Run:
    """Trains a network to the end and returns the run; ``observe`` sees every step.

    The arguments are those of ``training_steps``.  Ctrl-C saves a checkpoint, from which
    ``resume=True`` goes on, and which ``resume=True, finish=True`` makes the result.
    """
    steps = training_steps(
        architecture,
        data=data,
        recipe=recipe,
        settings=settings,
        seed=seed,
        device=device,
        out=out,
        resume=resume,
        finish=finish,
        offline=offline,
        size=size,
        fit=fit,
        on_bad=on_bad,
        tensorboard=tensorboard,
        progress=progress,
    )
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                run: Run = end.value
                return run
            if observe:
                observe(step)


def training_steps(
    architecture: Architecture | str | None = None,
    *,
    data: Data | str | Path | None = None,
    recipe: Recipe | str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    resume: bool = False,
    finish: bool = False,
    offline: bool = False,
    size: Pair | None = None,
    fit: Fit = "pad",
    on_bad: OnBad = "refuse",
    tensorboard: bool = False,
    progress: Tell | None = None,
) -> Generator[Step, None, Run]:
    """Trains a network, step by step; the generator's value is the Run.

    By default it is the article's network on fashion-mnist, recipe ``fast``, seed 0, into
    the next free folder of ``runs_folder()``.  ``settings`` change single keys of the
    recipe.  With ``resume`` the run in ``out`` (or the newest unfinished one) goes on, and
    what is left out comes from it; what is given must be the same.  With ``finish`` as well
    no further step is made: the run in ``out`` ends for good where its checkpoint is.  A
    generator that is closed early saves a checkpoint.
    """
    tell, options = teller(progress), {} if settings is None else settings
    if tensorboard:
        require_tensorboard()
    begun = _begun(out, resume=resume, finish=finish)
    if begun:
        require_same(begun, architecture, recipe, options, seed, device)
        require_same_data(begun, data, size, fit)
        if begun.finished:
            return _finished(begun, tell, finish=finish)
    elif out is not None:
        require_empty(run_path(out))
    network = "article" if architecture is None else architecture
    how, number = "fast" if recipe is None else recipe, 0 if seed is None else seed
    if not begun:
        require_sound(network, how, options, number)
    known = _read(data, begun, size, fit, on_bad, offline, progress)
    if begun:
        plan, folder = resumed(begun, known), begun.path
    else:
        plan = planned(network, known, how, options, number, device)
        folder = run_path(out) if out is not None else new_folder(plan.name, known.name)
    with claimed(folder):
        # Read again under the lock: another training may have been quicker.
        run = open_run(folder) if begun else begin(folder, plan, size)
        tell(Progress(f"{plan.name}: {run.architecture}"))
        tell(Progress(f"{_doing(begun, finish=finish)} {folder}"))
        if run.finished:
            return _finished(run, tell, finish=finish)
        job = classifying(run, plan)
        return (yield from trained(run, job, board=tensorboard, finish=finish))


def _begun(out: str | Path | None, *, resume: bool, finish: bool) -> Run | None:
    """The run that is there already; None where a new one is to begin."""
    if finish:
        return run_to_end(out, resume=resume)
    return run_to_resume(out) if resume else None


def _doing(begun: Run | None, *, finish: bool) -> str:
    if finish:
        return "ending where it is, and measuring"
    return "going on with" if begun else "training into"


def _finished(run: Run, tell: Tell, *, finish: bool) -> Run:
    """A run that is left as it is; RunError where it is to go on, and was ended for good."""
    if not finish:
        require_not_ended(run)
    tell(Progress(f"{run.path} was finished already", important=True))
    return run


def _read(
    data: Data | str | Path | None,
    begun: Run | None,
    size: Pair | None,
    fit: Fit,
    on_bad: OnBad,
    offline: bool,
    progress: Tell | None,
) -> Data:
    """The data: given, those of the run that goes on, or found by their name."""
    if isinstance(data, Data):
        return data
    if begun:
        return data_of(begun, offline=offline, allow_download=True, progress=progress)
    return load_data(
        "fashion-mnist" if data is None else data,
        size=size,
        fit=fit,
        offline=offline,
        allow_download=True,
        on_bad=on_bad,
        progress=progress,
    )
