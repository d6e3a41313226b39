"""The folder of a run before it is trained: which to go on with, which may be begun."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from convscope.architecture.layers import Pair
from convscope.errors import RunError, UsageError
from convscope.training.files import LOCK, is_live, quoted, write_json
from convscope.training.prepare import Plan
from convscope.training.runs import (
    RUN,
    Run,
    RunData,
    example_folder,
    list_runs,
    open_run,
    run_path,
    runs_folder,
)

__all__ = ["begin", "require_empty", "run_to_end", "run_to_resume"]


def run_to_resume(out: str | Path | None) -> Run | None:
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


def run_to_end(out: str | Path | None, *, resume: bool) -> Run:
    """The run that is to be ended; never the newest one by default: it cannot be taken back."""
    if not resume or out is None:
        raise UsageError(
            "it was not said which training is to be ended",
            remedy="name its run: --resume --finish --out RUN",
        )
    run = run_to_resume(out)
    if run is None:
        raise RunError(
            "there is no training to be ended", place=str(out), remedy="name one that has begun"
        )
    if run.live and not run.finished:
        raise RunError(
            "this training is under way",
            place=str(run.path),
            remedy="press Ctrl-C where it was started, or stop it in the studio",
        )
    return run


def require_empty(path: Path) -> None:
    """RunError where a new run cannot have this folder: it holds something already."""
    if path == example_folder():
        raise RunError(
            '"example" is the run inside the package', remedy="give another --out, or ./example"
        )
    problem, remedy = "", "give another --out"
    if (path / RUN).exists():
        problem = "this folder holds a run already"
        remedy = f"go on with it by --resume --out {quoted(path)}, or give another --out"
        if is_live(path):
            problem = "another training is writing into this folder"
    # A training that was killed before its first file leaves a lock behind.
    elif path.is_dir() and {entry.name for entry in path.iterdir()} - {LOCK, f"{RUN}.part"}:
        problem = "this folder is not empty"
    if problem:
        raise RunError(problem, place=str(path), remedy=remedy)


def begin(folder: Path, plan: Plan, size: Pair | None) -> Run:
    """Writes run.json, with which the run begins to exist."""
    require_empty(folder)
    data = plan.data
    run = Run(
        path=folder,
        architecture=plan.architecture,
        architecture_name=plan.name,
        recipe=plan.recipe,
        data=RunData(
            name=data.name,
            source=data.source,
            place=data.place,
            fingerprint=data.fingerprint,
            fit=data.fit,
            size=data.size,
            asked_size=size,
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
