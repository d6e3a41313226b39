"""``demo``: the whole way once, from one line of text to a report."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import find_architecture
from convscope.cli.console import note, show, show_json, show_text
from convscope.cli.layout import columns
from convscope.cli.options import DataOption, Json, Offline, Quiet
from convscope.cli.progress import following
from convscope.cli.runs import result_rows, run_record
from convscope.errors import DataError
from convscope.report.explanation import ExplanationView
from convscope.report.numbers import percent

if TYPE_CHECKING:
    from convscope.data.images import Data
    from convscope.training.evaluate import Evaluation
    from convscope.training.runs import Run

__all__ = ["demo", "verdict"]

_AIM = 0.9
"""What the article's network reaches on Fashion-MNIST."""


def demo(
    data: DataOption = None, offline: Offline = False, quiet: Quiet = False, json: Json = False
) -> None:
    """The whole way once: explain the article's network, train it, evaluate it, report.

    Fetches Fashion-MNIST (31 MB) if it is not here. What an earlier demo has done is
    not done again.
    """
    loaded = _loaded("fashion-mnist" if data is None else data, offline, quiet)
    if not json:
        network = find_architecture("article", example=False)
        network = network.completed(loaded.volume, len(loaded.classes))
        show(ExplanationView(explain(network), steps=False))
    run = _trained(loaded, quiet)
    evaluation, page = _examined(run, loaded, quiet)
    if json:
        record = {**run_record(run), "schema": "convscope.demo/1", "report": str(page)}
        show_json({**record, "evaluation": evaluation.as_dict()})
        return
    from convscope.report.terminal import EvaluationView

    show(EvaluationView(evaluation))
    rows = [*result_rows(run), ("report", str(page))]
    for line in ["", *columns(rows), "", *verdict(run), "", *_next(run)]:
        show_text(line)


def _loaded(source: str, offline: bool, quiet: bool) -> Data:
    from convscope.data.sources import load_data

    try:
        with following(quiet=quiet) as follower:
            return load_data(source, offline=offline, allow_download=True, progress=follower.tell)
    except DataError as error:
        if source == "fashion-mnist":
            error.add_note(
                'or go the same way on a small part of it: "convscope demo --data fashion-mini"'
            )
        raise


def _trained(loaded: Data, quiet: bool) -> Run:
    """The demo's run on these data: new, gone on with, or finished long ago."""
    from convscope.training.runs import RUN, run_path
    from convscope.training.train import train

    out = "demo-" + re.sub(r"[^\w-]+", "-", loaded.name)
    with following(quiet=quiet) as follower:
        return train(
            "article",
            data=loaded,
            recipe="fast",
            out=out,
            resume=(run_path(out) / RUN).is_file(),
            progress=follower.tell,
            observe=follower.observe,
        )


def _examined(run: Run, loaded: Data, quiet: bool) -> tuple[Evaluation, Path]:
    """The evaluation, and the report, which is written once."""
    from convscope.report.page import write_report
    from convscope.training.evaluate import evaluate
    from convscope.training.runs import MODEL

    with following(quiet=quiet) as follower:
        evaluation = evaluate(run, loaded, progress=follower.tell)
    page = run.path / "report.html"
    if page.is_file() and page.stat().st_mtime >= (run.path / MODEL).stat().st_mtime:
        return evaluation, page
    note("writing the report", quiet=quiet)
    return evaluation, write_report(run, evaluation=evaluation)


def verdict(run: Run) -> list[str]:
    """What the accuracy says beside the article's."""
    if run.data.name != "fashion-mnist":
        return [
            f"These data are {run.data.name}, {run.results['count']:,} test images: the article's "
            "90 % are of the 10,000 of fashion-mnist."
        ]
    if run.accuracy > _AIM:
        return [f"{percent(run.accuracy, 2)} is past the article's 90 %."]
    return [f"{percent(run.accuracy, 2)} is below the article's 90 %."]


def _next(run: Run) -> list[str]:
    """What to try now; every line can be typed as it stands."""
    program = "convscope" if shutil.which("convscope") else os.path.relpath(sys.argv[0])
    return [
        "What to try next:",
        f"  {program} predict {run.name} fashion-mini:7",
        f"  {program} code {run.name} --out network.py",
        f"  {program} explain resnet20",
        f'  {program} train "input auto -> conv 8 3x3 -> relu -> maxpool 2 -> fc classes"',
    ]
