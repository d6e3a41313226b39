"""``runs``: trainings that were begun or finished; and a run's result in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.console import note, show_json, show_text, wrapped
from convscope.cli.layout import columns
from convscope.cli.options import Json, complete_runs
from convscope.report.numbers import count_of, duration, percent

if TYPE_CHECKING:
    from convscope.training.runs import Run

__all__ = ["result_rows", "run_record", "runs"]


def runs(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="One run in full: its name, its folder, or example.",
            show_default=False,
            autocompletion=complete_runs,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the runs, oldest first, or show one of them.

    Runs are in ./runs, or where CONVSCOPE_RUNS says.
    """
    from convscope.training.runs import list_runs, open_run, runs_folder

    if run is not None:
        opened = open_run(run)
        if json:
            show_json(run_record(opened))
        else:
            _show(_run_lines(opened))
        return
    found = list_runs()
    if json:
        show_json({"schema": "convscope.runs/1", "runs": [run_record(each) for each in found]})
    elif found:
        _show(_table(found))
    else:
        note(f'there are no runs in {runs_folder()}: "convscope train" makes one')


def run_record(run: Run) -> dict[str, object]:
    """A run as JSON has it: what run.json holds, its name, and where it is."""
    return {**run.as_dict(), "name": run.name, "path": str(run.path)}


def result_rows(run: Run) -> list[tuple[str, str]]:
    """What came of a training, as labels and values, and how it was measured."""
    results = run.results
    low, high = (percent(bound, 2) for bound in results["interval"])
    if results["split"] == "test":
        of = f"the {results['count']:,} test images of {run.data.name}"
        read = "the test set was read once, after the training, in float32"
    else:
        of = f"{results['count']:,} images kept from the training set for choosing"
        read = "the test set was not read"
    work = f"{count_of(results['steps'], 'step')}, {count_of(results['images'], 'image')}"
    return [
        ("accuracy", f"{percent(run.accuracy, 2)} on {of}"),
        ("", f"95 % interval {low} to {high}; {read}"),
        ("training", f"{work} in {duration(results['seconds'])}"),
        ("run", str(run.path)),
    ]


def _run_lines(run: Run) -> list[str]:
    conditions = run.conditions
    versions = ", ".join(f"{name} {version}" for name, version in conditions.versions.items())
    threads = count_of(conditions.threads, "thread")
    rows = [
        *_wrapped_row("network", f"{run.architecture_name}: {run.architecture}"),
        ("data", f"{run.data.name}, {run.data.train:,} for training ({run.data.place})"),
        ("recipe", f"{run.recipe.name}, seed {run.seed}"),
        *_wrapped_row("machine", f"{conditions.processor}, {conditions.system}, {threads}"),
        *_wrapped_row("computed", f"on {conditions.device} in {conditions.precision}; {versions}"),
        ("begun", run.created),
    ]
    if run.finished:
        return columns([*rows, *result_rows(run)])
    resume = f'"convscope train --resume --out {run.path}" goes on'
    state = "is being trained now" if run.live else f"cut off: {resume}"
    return columns([*rows, ("state", state), ("run", str(run.path))])


def _wrapped_row(label: str, text: str) -> list[tuple[str, str]]:
    lines = wrapped(text, indent=0, label=_LABELS)
    return [(label if number == 0 else "", line) for number, line in enumerate(lines)]


_LABELS = 11
"""Columns of the labels."""


def _table(found: tuple[Run, ...]) -> list[str]:
    head = ("run", "network", "data", "recipe", "accuracy", "begun")
    rows = [
        (
            run.name,
            run.architecture_name,
            run.data.name,
            run.recipe.name,
            _accuracy(run),
            run.created[:16].replace("T", " "),
        )
        for run in found
    ]
    return columns([head, *rows], right=[4])


def _accuracy(run: Run) -> str:
    if run.finished:
        split = "" if run.results["split"] == "test" else " (validation)"
        return f"{percent(run.accuracy, 2)}{split}"
    return "training" if run.live else "unfinished"


def _show(lines: list[str]) -> None:
    for line in lines:
        show_text(line)
