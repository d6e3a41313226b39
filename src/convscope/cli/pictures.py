"""``predict`` and ``image``: what a run says of pictures, and the numbers of one."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.console import note, show, show_json
from convscope.cli.options import (
    DeviceOption,
    FigureOption,
    FitOption,
    Json,
    RunArgument,
    SizeOption,
    read_pair,
)
from convscope.errors import ConvscopeError

if TYPE_CHECKING:
    from convscope.report.image_numbers import ImageNumbers
    from convscope.training.predict import Prediction

__all__ = ["image", "predict"]

_PICTURE = 'A file, "-" for standard input, or NAME:NUMBER, a test image such as fashion-mini:7.'


def predict(
    run: RunArgument,
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="Files, folders, - for standard input, or test images such as fashion-mini:7.",
        ),
    ],
    top: Annotated[
        int, typer.Option("--top", metavar="K", help="How many classes to name for each.")
    ] = 3,
    invert: Annotated[
        bool | None,
        typer.Option(
            "--invert/--no-invert",
            help="Exchange light and dark. By default that happens where a run has learned "
            "light things on black and the border of a picture is light.",
            show_default=False,
        ),
    ] = None,
    device: DeviceOption = "auto",
    json: Json = False,
) -> None:
    """Say what pictures show: the likeliest classes, and what was done to the pictures."""
    from convscope.training.predict import predict as predict_images

    unreadable: list[ConvscopeError] = []
    found = predict_images(
        run,
        images,
        top=top,
        invert=invert,
        device=device,
        stdin=sys.stdin.buffer,
        on_bad=unreadable.append,
    )
    if json:
        predictions = [prediction.as_dict() for prediction in found]
        show_json({"schema": "convscope.predictions/1", "predictions": predictions})
    else:
        _show_predictions(found)
    for error in unreadable:
        note(str(error))
    if unreadable:
        raise typer.Exit(max(error.exit_code for error in unreadable))


def _show_predictions(found: tuple[Prediction, ...]) -> None:
    from convscope.report.terminal import PredictionView

    # What was done to a picture is said again only where it differs from the one before.
    before = ("", *(prediction.preprocessing for prediction in found))
    show(
        *(
            PredictionView(prediction, prepared=prediction.preprocessing != words)
            for prediction, words in zip(found, before, strict=False)
        )
    )


def image(
    file: Annotated[str, typer.Argument(metavar="FILE", help=_PICTURE)],
    window: Annotated[
        str | None,
        typer.Option("--window", metavar="ROW,COLUMN,HxW", help="Only a part, such as 4,10,5x5."),
    ] = None,
    size: SizeOption = None,
    fit: FitOption = "pad",
    grey: Annotated[
        bool | None, typer.Option("--grey/--colour", help="Read it so; by default as it is.")
    ] = None,
    out: FigureOption = None,
    json: Json = False,
) -> None:
    """Show an image as what a network gets: its grid of numbers."""
    from convscope.report.image_numbers import ImageNumbersView, Window, image_numbers

    content = sys.stdin.buffer.read() if file == "-" else _bytes_of(file)
    found = image_numbers(
        content if content is not None else file,
        window=Window.parse(window) if window else None,
        size=read_pair(size, "--size"),
        fit=fit,
        grey=grey,
        name="standard input" if file == "-" else file,
    )
    if json:
        show_json(found.as_dict())
    else:
        show(ImageNumbersView(found))
    if out is not None:
        note(f"drawn: {_drawn(found, out)}")


def _bytes_of(text: str) -> bytes | None:
    """A test image that is named as ``fashion-mini:7``, as a PNG file; None for other texts."""
    from convscope.data.named import named_image

    image = named_image(text)
    if image is None:
        return None
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _drawn(found: ImageNumbers, out: str) -> str:
    """Writes the figure as PNG and as SVG; returns where."""
    from convscope.report.image_figure import image_figure
    from convscope.report.plotting import save_as

    written = save_as(image_figure(found), out)
    return ", ".join(str(each) for each in written)
