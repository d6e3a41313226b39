"""``walk`` and ``gradient``: one value and its terms, and the way back through one weight."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import typer

from convscope.cli.console import show, show_json
from convscope.cli.options import (
    ClassOption,
    DataOption,
    FigureOption,
    ImageOption,
    Json,
    SeedOption,
    ShapeOption,
    SubjectArgument,
)
from convscope.cli.subjects import draw, open_subject
from convscope.errors import UsageError

__all__ = ["gradient", "read_numbers", "walk"]

TermsOption = Annotated[
    str,
    typer.Option(
        "--terms",
        metavar="N|all",
        help="Of how many input channels each term is written out, the largest sums first.",
    ),
]


def walk(
    subject: SubjectArgument = "example",
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="NAME", help="By default the last convolution."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="CHANNEL,ROW,COLUMN",
            help="The unit, counted from 0; one number in a vector. By default the most active.",
        ),
    ] = None,
    image: ImageOption = "0",
    through: Annotated[
        str | None,
        typer.Option(
            "--through",
            metavar="NAME",
            help='Go on to an earlier layer, or "input", along the largest terms.',
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Work out every unit of a pooling window.")
    ] = False,
    terms: TermsOption = "1",
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    json: Json = False,
) -> None:
    """Expand one value of a network into all of its terms.

    The patch of every input channel, the kernel, each product, the sums, the bias; then
    batch norm, activation and pooling, as far as the layer that is asked for.
    """
    from convscope.inspection.walking.walk import walk as expand

    unit = None if at is None else read_numbers(at, "--at", "3,5,7")
    channels = _terms(terms)
    found = expand(
        open_subject(subject, data=data, shape=shape, seed=seed),
        layer,
        unit,
        image=image,
        through=through,
        every=every,
    )
    if json:
        show_json(found.as_dict())
    else:
        from convscope.report.walk_view import WalkView

        show(WalkView(found, channels))
    if out is not None:
        from convscope.report.walk_figure import walk_figure

        draw(walk_figure(found), out)


def gradient(
    subject: SubjectArgument = "example",
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="NAME", help="By default the last convolution."),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            "--weight",
            metavar="OUT,IN,ROW,COLUMN",
            help="The weight, counted from 0. By default the one with the steepest gradient.",
        ),
    ] = None,
    image: ImageOption = "0",
    target: ClassOption = None,
    terms: Annotated[
        Literal["few", "all"],
        typer.Option("--terms", help="Write out the largest terms, or those of all places."),
    ] = "few",
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    json: Json = False,
) -> None:
    """Expand the gradient of the loss through one kernel weight into its terms.

    At every place of the layer's output: what the loss feels there, times the input
    that stood under the weight. The loss asks for --class; by default for the image's own.
    """
    from convscope.inspection.walking.gradient import weight_gradient

    index = None if weight is None else read_numbers(weight, "--weight", "3,0,1,2")
    found = weight_gradient(
        open_subject(subject, data=data, shape=shape, seed=seed),
        layer,
        index,
        image=image,
        target=target,
    )
    if json:
        show_json(found.as_dict())
    else:
        from convscope.report.gradient_view import GradientView

        show(GradientView(found, whole=terms == "all"))
    if out is not None:
        from convscope.report.gradient_figure import gradient_figure

        draw(gradient_figure(found), out)


def read_numbers(text: str, option: str, example: str) -> tuple[int, ...]:
    """``3,5,7`` as (3, 5, 7)."""
    if not re.fullmatch(r"[0-9]{1,9}(?:,[0-9]{1,9})*", text.replace(" ", "")):
        raise UsageError(
            f"{text!r} is no list of whole numbers",
            place=option,
            remedy=f'write "{option} {example}"',
        )
    return tuple(int(number) for number in text.split(","))


def _terms(text: str) -> int | None:
    """A number of channels; None for ``all``."""
    if text.strip().lower() == "all":
        return None
    if not re.fullmatch("[0-9]{1,6}", text.strip()):
        raise UsageError(
            f"{text!r} is neither a number nor all", place="--terms", remedy='write "--terms all"'
        )
    return int(text)
