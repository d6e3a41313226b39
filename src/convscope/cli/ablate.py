"""``ablate``: channels and layers switched off, poolings swapped, and what the answers lose."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from convscope.cli.console import show, show_json
from convscope.cli.edits import edited, swapped
from convscope.cli.options import (
    DataOption,
    FigureOption,
    Json,
    Quiet,
    SeedOption,
    ShapeOption,
    SubjectArgument,
)
from convscope.cli.progress import following
from convscope.cli.subjects import draw, open_subject
from convscope.errors import UsageError

__all__ = ["ablate"]

LayerOption = Annotated[
    str | None,
    typer.Option(
        "--layer",
        metavar="NAME",
        help="Which layer.",
        show_default="the first behind an activation",
    ),
]
ChannelsOption = Annotated[
    str | None,
    typer.Option("--channels", metavar="N-N,…", help='Only these, such as "3,8-11".'),
]
OffOption = Annotated[
    Literal["channels", "layer"],
    typer.Option("--off", help="Each channel alone and the layer, or the layer only."),
]
HowOption = Annotated[
    Literal["zero", "mean"],
    typer.Option("--how", help="What stands in its place: zero, or its mean over the images."),
]
PoolOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pool",
        metavar="NAME=KIND",
        help="Instead: another pooling (max, avg, l2, distance, none); may be repeated.",
    ),
]
EditOption = Annotated[
    list[str] | None,
    typer.Option(
        "--edit",
        metavar="LAYER:INDEX=VALUES",
        help='Instead: other weights, such as "conv1:3=0" (all of kernel 3), "conv1:3=flip", '
        '"conv1:3,0=0,1;1,0" (rows, of input channel 0); may be repeated.',
    ),
]
AgreementOption = Annotated[
    bool,
    typer.Option("--agreement", help="Against the network's own answers: needs no labels."),
]
CountOption = Annotated[int, typer.Option("--count", metavar="N", min=1, help="Images.")]


def ablate(
    subject: SubjectArgument = "example",
    layer: LayerOption = None,
    channels: ChannelsOption = None,
    off: OffOption = "channels",
    how: HowOption = "zero",
    pool: PoolOption = None,
    edit: EditOption = None,
    agreement: AgreementOption = False,
    count: CountOption = 1000,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Switch channels of a layer off, one at a time, and rank them by what is lost.

    Accuracy and each class on a part of the images, before and after, with paired intervals;
    and all of the layer at once. With --pool and --edit the effect of another pooling or of
    other weights, put into the network without training it again.
    """
    from convscope.inspection.changes import ablation
    from convscope.report.ablation_view import AblationView

    whole = off == "layer"
    _require_one_question(layer, channels, pool, edit, whole=whole)
    opened = open_subject(subject, data=data, shape=shape, seed=seed, remark=False)
    with following(quiet=quiet) as follower:
        if pool or edit:
            changed = edited(swapped(opened, pool or []), edit or [])
            found = ablation.measure_edit(
                opened, changed, images=count, agreement=agreement, seed=seed
            )
        else:
            found = ablation.ablate(
                opened,
                layer,
                [] if whole else channels,
                images=count,
                how=how,
                agreement=agreement,
                seed=seed,
                progress=follower.tell,
            )
    show_json(found.as_dict()) if json else show(AblationView(found))
    if out is not None:
        from convscope.report.ablation_figure import ablation_figure

        draw(ablation_figure(found), out)


def _require_one_question(
    layer: str | None,
    channels: str | None,
    pool: list[str] | None,
    edit: list[str] | None,
    *,
    whole: bool,
) -> None:
    """UsageError where the options ask for several measurements at once."""
    if (pool or edit) and (layer is not None or channels is not None or whole):
        raise UsageError(
            f"{'--pool' if pool else '--edit'} is measured alone",
            remedy="give it without --layer, --channels and --off",
        )
    if channels is not None and whole:
        raise UsageError("--off layer switches all channels off", remedy="leave --channels out")
