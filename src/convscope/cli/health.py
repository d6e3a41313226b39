"""``health``: what ails a network, and the remedy."""

from __future__ import annotations

from typing import Annotated

import typer

from convscope.cli.console import show, show_json
from convscope.cli.options import DataOption, Json, Quiet, RunArgument
from convscope.cli.progress import following

__all__ = ["health"]


def health(
    run: RunArgument = "example",
    data: DataOption = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="Only what was found, without the vitals.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Examine how a run has learned: dead and saturated units, gradients, rates, labels.

    Looks at all weights that the run has kept, on training images. Each finding names the
    place, the evidence and the remedy. While training: convscope train --health.
    """
    from convscope.inspection.health.afterwards import examine

    with following(quiet=quiet) as follower:
        found = examine(run, data=data, progress=follower.tell)
    if json:
        show_json(found.as_dict())
        return
    from convscope.report.health_view import HealthView

    show(HealthView(found, brief))
