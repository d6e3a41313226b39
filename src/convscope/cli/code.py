"""``code``: a network as one file of Python that needs only torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.console import note, show_text
from convscope.cli.options import complete_architectures, complete_runs, joined

if TYPE_CHECKING:
    from convscope.architecture.architecture import Architecture
    from convscope.training.runs import Run

__all__ = ["code", "complete"]


def complete(incomplete: str) -> list[str]:
    """Runs, and names of the zoo."""
    names = [name for name, _ in complete_architectures(incomplete)]
    return [*complete_runs(incomplete), *names]


def code(
    subject: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|ARCHITECTURE",
            help="A run (with its weights), or an architecture as for explain.",
            autocompletion=complete,
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Write to this file, the weights beside it."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also over a file that holds something else.")
    ] = False,
) -> None:
    """Write a network as one Python file: class, preprocessing, weights.

    It runs with torch alone, without convscope. Without --out the text goes to
    stdout.
    """
    from convscope.export.python_code import python_code, write_code

    found = _found(joined(subject))
    if out is None:
        show_text(python_code(found))
        return
    for path in write_code(found, out, replace_other=force):
        show_text(str(path))


def _found(text: str) -> Architecture | Run:
    """What the text means; where it means two things, which was taken is noted."""
    from convscope.architecture.zoo import ZOO
    from convscope.export.content import found_subject
    from convscope.training.runs import is_run, run_path

    if text.strip().lower() in ZOO and is_run(text):
        note(f'"{text}" is taken as the architecture; the run of that name is {run_path(text)}')
    return found_subject(text)
