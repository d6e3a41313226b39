"""``symmetry``: what shifts, flips and turns of the image do to maps and to answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.console import show, show_json
from convscope.cli.options import (
    DataOption,
    FigureOption,
    Json,
    Quiet,
    SeedOption,
    ShapeOption,
    SubjectArgument,
)
from convscope.cli.progress import Follower, following
from convscope.cli.subjects import draw, open_subject
from convscope.errors import UsageError

if TYPE_CHECKING:
    from convscope.inspection.subject import Subject

__all__ = ["symmetry"]


def symmetry(
    subject: SubjectArgument = "example",
    layer: Annotated[
        list[str] | None,
        typer.Option("--layer", metavar="NAME", help="Only this layer; may be repeated."),
    ] = None,
    shifts: Annotated[
        str | None,
        typer.Option(
            "--shifts", metavar="N,…", help="By how many pixels; 1,2,4, or 1,2,3,4,6,8 for pooling."
        ),
    ] = None,
    pooling: Annotated[
        bool,
        typer.Option("--pooling", help="Answers and pooled maps under shifts, pooling by pooling."),
    ] = False,
    count: Annotated[
        int | None,
        typer.Option("--count", metavar="N", min=1, help="Images; 64, or 200 for pooling."),
    ] = None,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure how maps follow an image that is moved, layer by layer.

    Shifts, flips and turns: inside the map, at its padded edge, and around the edge. With
    --pooling: how much of the answer and of the pooled maps stays under a shift, for max,
    average, L2, distance-weighted and no pooling in windows of 2x2 and 3x3, put into the
    network without training it again.
    """
    amounts = _amounts(shifts)
    opened = open_subject(subject, data=data, shape=shape, seed=seed, remark=False)
    with following(quiet=quiet) as follower:
        measure = _invariance if pooling else _equivariance
        measure(opened, layer, amounts, count, seed, out, json, follower)


def _equivariance(
    subject: Subject,
    layers: list[str] | None,
    shifts: tuple[int, ...] | None,
    count: int | None,
    seed: int,
    out: str | None,
    json: bool,
    follower: Follower,
) -> None:
    from convscope.inspection.symmetry.equivariance import equivariance
    from convscope.inspection.symmetry.transforms import default_transforms
    from convscope.report.symmetry_view import EquivarianceView

    moves = None if shifts is None else default_transforms(subject.volume, shifts)
    found = equivariance(
        subject, moves, layers, images=count or 64, seed=seed, progress=follower.tell
    )
    if json:
        show_json(found.as_dict())
    else:
        show(EquivarianceView(found))
    if out is not None:
        from convscope.report.symmetry_figure import equivariance_figure, places_figure

        draw(equivariance_figure(found), out)
        path = Path(out)
        draw(places_figure(found), str(path.with_name(f"{path.stem}-places{path.suffix}")))


def _invariance(
    subject: Subject,
    layers: list[str] | None,
    shifts: tuple[int, ...] | None,
    count: int | None,
    seed: int,
    out: str | None,
    json: bool,
    follower: Follower,
) -> None:
    from convscope.inspection.symmetry.invariance import SHIFTS, invariance
    from convscope.report.symmetry_view import InvarianceView

    found = invariance(
        subject,
        SHIFTS if shifts is None else shifts,
        layers,
        images=count or 200,
        seed=seed,
        progress=follower.tell,
    )
    if json:
        show_json(found.as_dict())
    else:
        show(InvarianceView(found))
    if out is not None:
        from convscope.report.invariance_figure import invariance_figure

        draw(invariance_figure(found), out)


def _amounts(text: str | None) -> tuple[int, ...] | None:
    """``1,2,4`` as numbers; None stays None."""
    if text is None:
        return None
    if not re.fullmatch(r"\s*[0-9]{1,5}(\s*,\s*[0-9]{1,5})*\s*", text):
        raise UsageError(
            f"{text!r} are no numbers of pixels", place="--shifts", remedy='write "--shifts 1,2,4"'
        )
    found = tuple(dict.fromkeys(int(number) for number in text.split(",")))
    shifts = tuple(number for number in found if number)
    if not shifts:
        raise UsageError(
            "a shift by 0 pixels moves nothing", place="--shifts", remedy='write "--shifts 1,2,4"'
        )
    return shifts
