"""``maps``, ``kernels``, ``exciting`` and ``visualise``: what channels make, hold and look for."""

from __future__ import annotations

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

__all__ = ["exciting", "kernels", "maps", "visualise"]

LayerOption = Annotated[
    str | None,
    typer.Option("--layer", metavar="NAME", help="Which layer, by its name, such as conv2."),
]
ChannelsOption = Annotated[
    str | None,
    typer.Option("--channels", metavar="N-N,…", help='Which of them, such as "0-63" or "3,8-11".'),
]


def maps(
    subject: SubjectArgument = "example",
    layer: LayerOption = None,
    image: ImageOption = "0",
    channels: ChannelsOption = None,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    json: Json = False,
) -> None:
    """Show what a layer makes of an image: its activation maps, channel by channel.

    By default the first layer that makes maps, and its first 64 channels. With --json the
    values, too.
    """
    from convscope.inspection.channels import first_maps
    from convscope.inspection.maps.maps import activation_maps
    from convscope.report.maps_view import MapsView

    opened = open_subject(subject, data=data, shape=shape, seed=seed)
    found = activation_maps(opened, layer or first_maps(opened), image)
    if json:
        show_json(found.as_dict(channels))
    else:
        show(MapsView(found, channels))
    if out is not None:
        from convscope.report.maps_figure import maps_figure

        draw(maps_figure(found, channels), out)


def kernels(
    subject: SubjectArgument = "example",
    layer: LayerOption = None,
    channels: ChannelsOption = None,
    inputs: Annotated[
        str | None,
        typer.Option("--inputs", metavar="N-N,…", help="Which slices to draw, as --channels."),
    ] = None,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    json: Json = False,
) -> None:
    """Show the weights of a convolution or of a fully connected layer as kernels.

    By default the first layer that has any, and of it the first 64 kernels and slices.
    """
    from convscope.inspection.maps.kernels import first_kernels
    from convscope.inspection.maps.kernels import kernels as kernels_of
    from convscope.report.maps_view import KernelsView

    opened = open_subject(subject, data=data, shape=shape, seed=seed)
    found = kernels_of(opened, layer or first_kernels(opened))
    if json:
        show_json(found.as_dict(channels, inputs))
    else:
        show(KernelsView(found, channels))
    if out is not None:
        from convscope.report.maps_figure import kernel_figure

        draw(kernel_figure(found, channels, inputs), out)


def exciting(
    subject: SubjectArgument = "example",
    layer: LayerOption = None,
    channels: ChannelsOption = None,
    count: Annotated[
        int, typer.Option("--count", metavar="K", help="How many images for each channel.")
    ] = 9,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Find the images that excite each channel most, and the part of them that did it.

    All images of the subject are looked at. By default the last convolution and its first
    64 channels; a figure has the first 16 of them, unless --channels names more.
    """
    from convscope.inspection.maps.exciting import exciting as exciting_of
    from convscope.inspection.maps.kernels import deepest_maps
    from convscope.report.exciting_view import ExcitingView

    opened = open_subject(subject, data=data, shape=shape, seed=seed)
    chosen = layer or deepest_maps(opened)
    with following(quiet=quiet) as follower:
        found = exciting_of(opened, chosen, channels, count, progress=follower.tell)
    if json:
        show_json(found.as_dict())
    else:
        show(ExcitingView(found))
    if out is not None:
        from convscope.inspection.maps.kernels import image_kernels
        from convscope.report.exciting_figure import exciting_figure

        named = None if channels is None else [each.channel for each in found.channels]
        draw(exciting_figure(found, named, kernels=image_kernels(opened, chosen)), out)


def visualise(
    subject: SubjectArgument = "example",
    layer: LayerOption = None,
    channels: ChannelsOption = None,
    steps: Annotated[
        int, typer.Option("--steps", metavar="N", help="How often the images are improved.")
    ] = 160,
    count: Annotated[
        int, typer.Option("--count", metavar="K", help="How many real images for each channel.")
    ] = 6,
    data: DataOption = None,
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    out: FigureOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Make images that excite channels as strongly as can be, beside the strongest real ones.

    By default for the last convolution's first 16 channels. Equal seeds make equal images.
    """
    from convscope.inspection.maps.kernels import deepest_maps
    from convscope.inspection.maps.visualisation import visualise as make
    from convscope.report.exciting_view import VisualisationView

    opened = open_subject(subject, data=data, shape=shape, seed=seed)
    chosen = layer or deepest_maps(opened)
    with following(quiet=quiet) as follower:
        made = make(
            opened, chosen, channels, seed=seed, steps=steps, count=count, progress=follower.tell
        )
    if json:
        show_json(made.as_dict())
    else:
        show(VisualisationView(made))
    if out is not None:
        from convscope.report.exciting_figure import visualisation_figure

        named = None if channels is None else [image.channel for image in made.images]
        draw(visualisation_figure(made, named), out)
