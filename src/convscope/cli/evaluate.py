"""``evaluate`` and ``report``: how good a run is, in the terminal and as a page."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from convscope.cli.console import note, show, show_json, show_text
from convscope.cli.options import DataOption, DeviceOption, Json, Quiet, RunArgument
from convscope.cli.progress import following

__all__ = ["evaluate", "report"]


def evaluate(
    run: RunArgument,
    data: DataOption = None,
    split: Annotated[
        Literal["test", "validation", "train"], typer.Option("--split", help="Which images.")
    ] = "test",
    device: DeviceOption = "auto",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure a run on images it has not learned from.

    Accuracy with its 95 % interval, each class, the confusion matrix, calibration, and
    the most confident mistakes. Downloads nothing.
    """
    from convscope.training.evaluate import evaluate as evaluate_run

    with following(quiet=quiet) as follower:
        evaluation = evaluate_run(
            run,
            data,
            split=split,
            device=device,
            progress=follower.tell,
        )
    if json:
        show_json(evaluation.as_dict())
        return
    from convscope.report.terminal import EvaluationView

    show(EvaluationView(evaluation))


def report(
    run: RunArgument,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FOLDER", help="Write into this folder, not the run's."),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a run's report: one HTML file, and its figures as PNG and SVG.

    The page needs no network: all is in the file.
    """
    from convscope.report.page import write_report

    page = write_report(run, out=out)
    figures = page.parent / "figures"
    if json:
        files = [str(figure) for figure in sorted(figures.iterdir())]
        show_json({"schema": "convscope.report/1", "report": str(page), "figures": files})
        return
    show_text(str(page))
    note(f"figures: {figures}", quiet=quiet)
