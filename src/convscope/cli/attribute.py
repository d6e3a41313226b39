"""``attribute``: which pixels an answer depends on, and whether the map can be trusted."""

from __future__ import annotations

from typing import Annotated

import typer

from convscope.cli.console import show, show_json
from convscope.cli.options import (
    ClassOption,
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

__all__ = ["attribute", "complete_methods"]


def complete_methods(incomplete: str) -> list[str]:
    """Names of methods."""
    names = ["all", "saliency", "integrated-gradients", "grad-cam", "occlusion", "guided-backprop"]
    return [name for name in names if name.startswith(incomplete)]


def attribute(
    subject: SubjectArgument = "example",
    image: ImageOption = "0",
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="NAME|all",
            help="saliency, integrated-gradients, grad-cam, occlusion, guided-backprop.",
            autocompletion=complete_methods,
        ),
    ] = "all",
    target: ClassOption = None,
    layer: Annotated[
        str | None,
        typer.Option(
            "--layer", metavar="NAME", help="Grad-CAM's; by default the last convolution."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Check each map, or leave that out.")
    ] = True,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show which pixels an answer depends on, with a label of trust.

    Without --class that is the answer for the likeliest class.

    Each map is checked twice: it must change when the network's weights are random, and
    removing its pixels must hurt more than removing others. A map that fails is labelled so.
    """
    from convscope.inspection.attribution.attribution import attribute as attribute_one
    from convscope.inspection.attribution.attribution import attribute_all
    from convscope.report.attribution_figure import attribution_figure
    from convscope.report.attribution_view import AttributionsView, AttributionView

    opened = open_subject(subject, data=data, shape=shape, seed=seed)
    options = {"target": target, "layer": layer, "check": check, "seed": seed}
    with following(quiet=quiet) as follower:
        if method == "all":
            every = attribute_all(opened, image, progress=follower.tell, **options)  # type: ignore[arg-type]
            maps = every.attributions
        else:
            one = attribute_one(opened, image, method, progress=follower.tell, **options)  # type: ignore[arg-type]
            maps = (one,)
    if json:
        show_json(every.as_dict() if method == "all" else one.as_dict())
    else:
        show(AttributionsView(every) if method == "all" else AttributionView(one))
    if out is not None and maps:
        draw(attribution_figure(maps), out)
