"""``lesson``: a network's own numbers as one page that tells how it works."""

from __future__ import annotations

from typing import Annotated

import typer

from convscope.cli.console import note, show_json, show_text
from convscope.cli.options import DataOption, Json, Quiet, SeedOption, ShapeOption, SubjectArgument
from convscope.cli.progress import following
from convscope.cli.subjects import read_shape

__all__ = ["lesson"]


def lesson(
    subject: SubjectArgument = "example",
    out: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="FILE", help="Write to this file, not into the run's folder."
        ),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="N|FILE",
            help="A picture to follow: a sample by its number, or a file; may be repeated.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write the lesson of a network: one HTML file that follows pictures through it.

    Its numbers, layer by layer; kernels that slide, every term in sight; fields,
    attributions, symmetry. The page needs no network and no other file.
    """
    from convscope.report.lesson.page import write_lesson

    with following(quiet=quiet) as follower:
        page = write_lesson(
            subject,
            out,
            data=data,
            shape=read_shape(shape),
            seed=seed,
            images=image,
            progress=follower.tell,
        )
    if json:
        size = page.stat().st_size
        show_json({"schema": "convscope.lesson/1", "lesson": str(page), "bytes": size})
        return
    show_text(str(page))
    note(f"{page.stat().st_size / 1e6:.1f} MB, one file, to open in any browser", quiet=quiet)
