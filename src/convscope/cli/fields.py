"""``fields``: which pixels a unit can see, and which of them it listens to."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from convscope.cli.console import show, show_json
from convscope.cli.options import (
    DataOption,
    FigureOption,
    ImageOption,
    Json,
    Quiet,
    SeedOption,
    ShapeOption,
    SubjectArgument,
)
from convscope.cli.progress import following
from convscope.cli.subjects import draw, open_subject
from convscope.errors import UsageError

__all__ = ["fields"]


def fields(
    subject: SubjectArgument = "example",
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="NAME", help="One layer; by default all that widen."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="[CHANNEL,]ROW,COLUMN", help="The unit; by default the map's middle."
        ),
    ] = None,
    image: ImageOption = "0",
    images: Annotated[
        int | None,
        typer.Option(
            "--images",
            metavar="N",
            help="Average over so many; by default 32, of large ones fewer.",
        ),
    ] = None,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show the receptive fields of a network: geometric and effective, layer by layer.

    The geometric field is all that a unit can see; the effective one is where its
    gradient is. With --layer that of one unit.
    """
    from convscope.inspection.fields.receptive import receptive_field, receptive_fields
    from convscope.report.fields_figure import field_figure, fields_figure
    from convscope.report.fields_view import FieldsView, FieldView

    channel, place = read_place(at)
    if layer is None and place is not None:
        raise UsageError("--at needs a layer", remedy='write "--layer conv2 --at 7,7"')
    opened = open_subject(subject, data=data, shape=shape, seed=seed)
    with following(quiet=quiet) as follower:
        if layer is None:
            table = receptive_fields(
                opened, image=image, images=images, seed=seed, progress=follower.tell
            )
        else:
            field = receptive_field(
                opened,
                layer,
                place,
                channel=channel,
                image=image,
                images=images,
                seed=seed,
                progress=follower.tell,
            )
    if json:
        show_json(table.as_dict() if layer is None else field.as_dict())
    else:
        show(FieldsView(table) if layer is None else FieldView(field))
    if out is not None:
        draw(fields_figure(table) if layer is None else field_figure(field), out)


def read_place(text: str | None) -> tuple[int | None, tuple[int, int] | None]:
    """``7,7`` as row and column, ``3,7,7`` with a channel before; None stays None."""
    if text is None:
        return None, None
    if not re.fullmatch(r"\s*[0-9]{1,6}(\s*,\s*[0-9]{1,6}){1,2}\s*", text, re.ASCII):
        raise UsageError(
            f"{text!r} is not [CHANNEL,]ROW,COLUMN", place="--at", remedy='write "--at 7,7"'
        )
    *channel, row, column = (int(part) for part in text.split(","))
    return (channel[0] if channel else None), (row, column)
