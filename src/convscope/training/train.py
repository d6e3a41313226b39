"""Training a classifier into a run folder: begun, gone on with, or found finished.

``training_steps`` is the generator that terminal, page and tests read; ``train`` reads
it to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Pair
from convscope.data.folders import OnBad
from convscope.data.images import Data
from convscope.data.preprocessing import Fit
from convscope.data.progress import Progress, Tell, teller
from convscope.data.sources import load_data
from convscope.errors import RunError, UsageError
from convscope.training.files import LOCK, claimed, is_live, write_json
from convscope.training.loop import Step
from convscope.training.prepare import Plan, data_of, planned, require_same, resumed
from convscope.training.recipe import Recipe
from convscope.training.recorder import require_tensorboard
from convscope.training.runs import (
    RUN,
    Run,
    RunData,
    list_runs,
    new_folder,
    open_run,
    run_path,
    runs_folder,
)
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
    ``resume=True`` goes on.
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
    what is left out comes from it; what is given must be the same.  A generator that is
    closed early saves a checkpoint.
    """
    tell = teller(progress)
    if tensorboard:
        require_tensorboard()
    if str(out) == "example":
        raise UsageError(
            '"example" is the run inside the package', remedy="give another --out, or ./example"
        )
    options = settings or {}
    begun = _begun(out) if resume else None
    if begun:
        require_same(begun, architecture, recipe, options, seed)
        _require_same_data(begun, data)
        if begun.finished:
            tell(Progress(f"{begun.path} was finished already", important=True))
            return begun
        found = (
            data
            if isinstance(data, Data)
            else data_of(begun, data, offline=offline, allow_download=True, progress=progress)
        )
        plan = resumed(begun, found)
    else:
        found = (
            data
            if isinstance(data, Data)
            else load_data(
                data if data is not None else "fashion-mnist",
                size=size,
                fit=fit,
                offline=offline,
                allow_download=True,
                on_bad=on_bad,
                progress=progress,
            )
        )
        plan = planned(
            architecture or "article", found, recipe or "fast", options, seed or 0, device
        )
    folder = begun.path if begun else _free_folder(out, plan)
    with claimed(folder):
        # Under the lock once more: another training may have been quicker.
        run = open_run(folder) if begun else _begin(folder, plan)
        if run.finished:
            return run
        tell(Progress(f"{run.architecture_name}: {run.architecture}"))
        tell(Progress(f"{'going on with' if begun else 'training into'} {run.path}"))
        return (yield from trained(run, plan, board=tensorboard))


def _begun(out: str | Path | None) -> Run | None:
    """The run to go on with; None where the folder holds nothing yet."""
    if out is None:
        unfinished = [run for run in list_runs() if not run.finished and not run.live]
        if not unfinished:
            raise RunError(
                "there is no unfinished run to go on with",
                place=str(runs_folder()),
                remedy="name one with --out, or leave --resume out",
            )
        return unfinished[-1]
    # A training may have been killed before it wrote anything: then it begins again.
    path = run_path(out)
    return open_run(path) if (path / RUN).exists() else None


def _require_same_data(run: Run, data: Data | str | Path | None) -> None:
    """A quick look, by name; that of ``resumed``, by fingerprint, is the strict one."""
    if data is None or isinstance(data, Data):
        return
    names = {run.data.name, run.data.source, run.data.place}
    if str(data) not in names and str(Path(data).expanduser().resolve()) not in names:
        raise RunError(
            f"this run is of another training: its data are {run.data.source}, asked is {data}",
            place=str(run.path),
            remedy="resume it as it was begun, or train into another folder",
        )


def _free_folder(out: str | Path | None, plan: Plan) -> Path:
    """The folder of a new run: made anew, or the one given, which must hold nothing."""
    if out is None:
        return new_folder(plan.architecture_name, plan.data.name)
    path = run_path(out)
    _require_empty(path)
    return path


def _require_empty(path: Path) -> None:
    problem, remedy = "", "give another --out"
    if (path / RUN).exists():
        problem = "this folder holds a run already"
        remedy = "go on with it by --resume, or give another --out"
        if is_live(path):
            problem = "another training is writing into this folder"
    # A training that was killed before its first file leaves a lock behind.
    elif path.is_dir() and {entry.name for entry in path.iterdir()} - {LOCK, f"{RUN}.part"}:
        problem = "this folder is not empty"
    if problem:
        raise RunError(problem, place=str(path), remedy=remedy)


def _begin(folder: Path, plan: Plan) -> Run:
    """Writes run.json, with which the run begins to exist."""
    _require_empty(folder)
    data = plan.data
    run = Run(
        path=folder,
        architecture=plan.architecture,
        architecture_name=plan.architecture_name,
        recipe=plan.recipe,
        data=RunData(
            name=data.name,
            source=data.source,
            place=data.place,
            fingerprint=data.fingerprint,
            fit=data.fit,
            size=data.size,
            train=len(plan.train),
            test=len(data.test),
            skipped=len(data.skipped),
        ),
        classes=data.classes,
        preprocessing=plan.preprocessing,
        seed=plan.seed,
        conditions=plan.conditions,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_json(folder / RUN, run.as_dict())
    return run
