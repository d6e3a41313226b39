"""``runs``: trainings that were begun or finished; and a run's result in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from convscope.cli.console import note, show_json, show_text, wrapped
from convscope.cli.layout import columns
from convscope.cli.options import Json, complete_runs
from convscope.report.numbers import count_of, duration, percent

if TYPE_CHECKING:
    from convscope.applications.runs import ApplicationRun
    from convscope.training.runs import Run

    AnyRun: TypeAlias = Run | ApplicationRun

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
    from convscope.applications.runs import is_application_run, list_applications, read_application
    from convscope.training.runs import list_runs, open_run, runs_folder

    if run is not None:
        opened = read_application(run) if is_application_run(run) else open_run(run)
        if json:
            show_json(run_record(opened))
        else:
            _show(_run_lines(opened))
        return
    found: list[AnyRun] = [*list_runs(), *list_applications()]
    found.sort(key=lambda each: (each.created, each.name))
    if json:
        show_json({"schema": "convscope.runs/1", "runs": [run_record(each) for each in found]})
    elif found:
        _show(_table(found))
    else:
        note(f'there are no runs in {runs_folder()}: "convscope train" makes one')


def run_record(run: AnyRun) -> dict[str, object]:
    """A run as JSON has it: what run.json holds, its name, and where it is."""
    return {**run.as_dict(), "name": run.name, "path": str(run.path)}


def result_rows(run: Run) -> list[tuple[str, str]]:
    """What came of a training, as labels and values, and how it was measured."""
    from convscope.training.ending import early_end

    results = run.results
    low, high = (percent(bound, 2) for bound in results["interval"])
    if results["split"] == "test":
        of = f"the {results['count']:,} test images of {run.data.name}"
        read = "the test set was read once, after the training, in float32"
    else:
        of = f"{results['count']:,} images kept from the training set for choosing"
        read = "the test set was not read"
    work = f"{count_of(results['steps'], 'step')}, {count_of(results['images'], 'image')}"
    early = early_end(results)
    return [
        ("accuracy", f"{percent(run.accuracy, 2)} on {of}"),
        ("", f"95 % interval {low} to {high}; {read}"),
        ("training", f"{work} in {duration(results['seconds'])}"),
        *([("", f"the training was {early}")] if early else []),
        ("run", str(run.path)),
    ]


def _run_lines(run: AnyRun) -> list[str]:
    from convscope.training.runs import Run

    conditions = run.conditions
    versions = ", ".join(f"{name} {version}" for name, version in conditions.versions.items())
    threads = count_of(conditions.threads, "thread")
    rows = [
        *(_rows_of_classifier(run) if isinstance(run, Run) else _rows_of_application(run)),
        *_wrapped_row("machine", f"{conditions.processor}, {conditions.system}, {threads}"),
        *_wrapped_row("computed", f"on {conditions.device} in {conditions.precision}; {versions}"),
        ("begun", run.created),
    ]
    if run.finished:
        return columns([*rows, *(result_rows(run) if isinstance(run, Run) else _results(run))])
    state = "is being trained now" if run.live else f"cut off; {run.how_to_go_on}"
    return columns([*rows, ("state", state), ("run", str(run.path))])


def _rows_of_classifier(run: Run) -> list[tuple[str, str]]:
    return [
        *_wrapped_row("network", f"{run.architecture_name}: {run.architecture}"),
        ("data", f"{run.data.name}, {run.data.train:,} for training ({run.data.place})"),
        ("recipe", f"{run.recipe.name}, seed {run.seed}"),
    ]


def _rows_of_application(run: ApplicationRun) -> list[tuple[str, str]]:
    return [
        ("task", f"{run.task}, {run.method}"),
        *_wrapped_row("backbone", f"{run.backbone['origin']}: {run.backbone['notation']}"),
        ("data", f"{run.data.name}, {run.data.train:,} for training ({run.data.place})"),
        ("seed", str(run.seed)),
    ]


def _results(run: ApplicationRun) -> list[tuple[str, str]]:
    """What came of it on the validation part, and the run."""
    measured = {key: value for key, value in run.results.items() if isinstance(value, float)}
    seconds = measured.pop("seconds", 0.0)
    rows = [(key.replace("_", " "), f"{value:.3f}") for key, value in measured.items()]
    return [
        *rows,
        ("", "on the validation part; the test part was not read"),
        ("training", duration(seconds)),
        ("run", str(run.path)),
    ]


def _wrapped_row(label: str, text: str) -> list[tuple[str, str]]:
    lines = wrapped(text, indent=0, label=_LABELS)
    return [(label if number == 0 else "", line) for number, line in enumerate(lines)]


_LABELS = 11
"""Columns of the labels."""


def _table(found: Sequence[AnyRun]) -> list[str]:
    head = ("run", "network", "data", "recipe", "result", "begun")
    rows = [(run.name, *_cells(run), run.created[:16].replace("T", " ")) for run in found]
    return columns([head, *rows], right=[4])


def _cells(run: AnyRun) -> tuple[str, str, str, str]:
    """Network, data, recipe and result of one run."""
    from convscope.training.ending import early_end
    from convscope.training.runs import Run

    state = "" if run.finished else "training" if run.live else "unfinished"
    if not isinstance(run, Run):
        # The first of its numbers is the one that the task is judged by.
        found = next((value for value in run.results.values() if isinstance(value, float)), 0.0)
        return f"{run.task}, {run.method}", run.data.name, "", state or f"{found:.3f} (validation)"
    if not state:
        split = "" if run.results["split"] == "test" else "validation"
        early = "stopped early" if early_end(run.results) else ""
        told = ", ".join(word for word in (split, early) if word)
        state = percent(run.accuracy, 2) + (f" ({told})" if told else "")
    return run.architecture_name, run.data.name, run.recipe.name, state


def _show(lines: list[str]) -> None:
    for line in lines:
        show_text(line)
