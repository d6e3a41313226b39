"""What the commands of the applications share: options, and a training that is followed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from convscope.cli.console import Stopped, note
from convscope.cli.options import complete_runs, read_settings
from convscope.cli.progress import Follower, following

if TYPE_CHECKING:
    from convscope.applications.application import Application
    from convscope.applications.planning import Options

__all__ = [
    "AnnotationsOption",
    "ApplicationDataOption",
    "ApplicationRunArgument",
    "BackboneOption",
    "ControlOption",
    "FormatOption",
    "LongestOption",
    "QuickOption",
    "ResumeOption",
    "SourcesArgument",
    "SplitOption",
    "fitted",
    "options_of",
]

ApplicationDataOption = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="scenes (made on the fly), or a folder: Pascal VOC, COCO, index masks, captions.",
    ),
]
FormatOption = Annotated[
    Literal["voc", "coco", "masks", "captions"] | None,
    typer.Option("--format", help="What the folder holds, where that is not plain."),
]
AnnotationsOption = Annotated[
    str | None,
    typer.Option("--annotations", metavar="FILE", help="Annotations that lie elsewhere."),
]
LongestOption = Annotated[
    int | None,
    typer.Option(
        "--longest", metavar="PIXELS", min=16, help="Bring larger images down to this side."
    ),
]
BackboneOption = Annotated[
    str,
    typer.Option(
        "--backbone",
        metavar="RUN|ARCHITECTURE",
        help="A trained run, whose weights it begins with, or an architecture, from scratch.",
        autocompletion=complete_runs,
    ),
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="A first look: a shorter training, within a minute.")
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with a run that was cut off.")]
ControlOption = Annotated[
    str | None,
    typer.Option(
        "--control",
        metavar="NAME",
        help="Train a negative control, such as shuffled-labels: its score must collapse.",
    ),
]
SplitOption = Annotated[
    Literal["test", "validation", "train"],
    typer.Option("--split", help="Which part of the data; the test part is for the end."),
]
ApplicationRunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="The name of a run, or its folder.", autocompletion=complete_runs
    ),
]
SourcesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="IMAGE...", help="Picture files; by default fresh scenes."),
]

AnyApplication = TypeVar("AnyApplication", bound="Application")


def options_of(
    *,
    format: str | None,
    annotations: str | None,
    longest: int | None,
    on_bad: str,
    quick: bool,
    control: str | None,
    settings: list[str] | None,
    **more: Any,
) -> Options:
    """The words of a command as the options of a training."""
    from convscope.applications.planning import Options

    return Options(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
        recipe=read_settings(settings),
        **more,
    )


def fitted(
    application: AnyApplication,
    data: str,
    options: Options,
    *,
    seed: int,
    device: str,
    out: str | None,
    resume: bool,
    quiet: bool,
) -> AnyApplication:
    """Trains with progress on stderr; after Ctrl-C it says how to go on.

    With ``resume`` all but ``out`` comes from the run.
    """
    with following(quiet=quiet) as follower, _saying_how_to_go_on(follower, application, out):
        if resume:
            return type(application).go_on(out, progress=follower.tell, observe=follower.observe)
        return application.fit(
            data,
            seed=seed,
            device=device,
            out=out,
            options=options,
            progress=follower.tell,
            observe=follower.observe,
        )


@contextmanager
def _saying_how_to_go_on(
    follower: Follower, application: Application, out: str | None
) -> Iterator[None]:
    from convscope.training.runs import APPLICATIONS

    try:
        yield
    except KeyboardInterrupt:
        if follower.step is not None:
            command = f"convscope {APPLICATIONS[application.task]} train"
            where = f" --out {out}" if out else ""
            note(f'stopped and saved: "{command} --resume{where}" goes on')
            raise Stopped from None
        raise
