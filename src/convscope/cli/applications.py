"""What the commands of the applications share: options, a training that is followed, results."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from convscope.cli.console import Stopped, note, show_json, show_text
from convscope.cli.layout import columns
from convscope.cli.options import complete_runs, read_settings
from convscope.cli.progress import Follower, following
from convscope.cli.runs import run_record
from convscope.report.numbers import duration

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.applications.application import Application
    from convscope.applications.planning import Options
    from convscope.applications.runs import ApplicationRun

__all__ = [
    "AnnotationsOption",
    "ApplicationDataOption",
    "ApplicationRunArgument",
    "BackboneOption",
    "ComparisonOption",
    "ControlOption",
    "FormatOption",
    "FreshSeedOption",
    "LongestOption",
    "OtherDataOption",
    "QuickOption",
    "ResultsOption",
    "ResumeOption",
    "SceneSeedOption",
    "ScenesOption",
    "SeedsOption",
    "SourcesArgument",
    "SplitOption",
    "draw_into",
    "options_of",
    "show_run",
    "trained",
    "write_results",
]

ApplicationDataOption = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="scenes (made on the fly), or a folder: Pascal VOC, COCO, index masks, captions.",
    ),
]
OtherDataOption = Annotated[
    str | None,
    typer.Option("--data", metavar="DATA", help="Other data than the run's: scenes, or a folder."),
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
SceneSeedOption = Annotated[
    int | None,
    typer.Option("--scene-seed", metavar="N", min=0, help="Other scenes than those of training."),
]
ScenesOption = Annotated[
    int,
    typer.Option("--scenes", "--count", metavar="N", min=1, max=100, help="How many fresh scenes."),
]
FreshSeedOption = Annotated[
    int, typer.Option("--seed", "--scene-seed", metavar="N", min=0, help="Of the fresh scenes.")
]
ResultsOption = Annotated[
    str | None,
    typer.Option(
        "--results", metavar="FILE", help="Also write all of it as COCO's result files have it."
    ),
]
SeedsOption = Annotated[
    int, typer.Option("--seeds", metavar="N", min=1, help="How many seeds: 0, 1, …")
]
ComparisonOption = Annotated[
    str, typer.Option("--out", metavar="DIR", help="Where table, runs and figure are kept.")
]


def options_of(
    *,
    format: str | None,
    annotations: str | None,
    longest: int | None,
    on_bad: str,
    quick: bool = False,
    control: str | None = None,
    settings: list[str] | None = None,
    scene_seed: int | None = None,
) -> Options:
    """The words of a command as the options of a training, or of a measurement."""
    from convscope.applications.planning import Options

    return Options(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
        recipe=read_settings(settings),
        scenes={} if scene_seed is None else {"seed": scene_seed},
    )


def trained(
    application: Application,
    data: str,
    options: Options,
    *,
    seed: int,
    device: str,
    out: str | None,
    resume: bool,
    quiet: bool,
) -> ApplicationRun:
    """Trains with progress on stderr, and gives the run; after Ctrl-C it says how to go on.

    With ``resume`` all but ``out`` comes from the run.
    """
    with following(quiet=quiet) as follower, _saying_how_to_go_on(follower, application, out):
        if resume:
            made = type(application).go_on(out, progress=follower.tell, observe=follower.observe)
        else:
            made = application.fit(
                data,
                seed=seed,
                device=device,
                out=out,
                options=options,
                progress=follower.tell,
                observe=follower.observe,
            )
    return made.trained_run


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


def show_run(run: ApplicationRun, rows: Sequence[tuple[str, str]], *, json: bool) -> None:
    """What came of a training: ``rows`` of labels and values, how it was trained, and where."""
    if json:
        show_json(run_record(run))
        return
    training = f"{run.method}, in {duration(run.results['seconds'])}"
    for line in columns([*rows, ("training", training), ("run", str(run.path))]):
        show_text(line)


def draw_into(figure: Figure, folder: str | Path, name: str, *, quiet: bool = False) -> None:
    """Writes a figure into a folder, NAME.png and NAME.svg, and says where."""
    from convscope.report.plotting import save_figure

    png, _ = save_figure(figure, Path(folder).expanduser().absolute(), name)
    note(f"drawn: {png}", quiet=quiet)


def write_results(path: str | Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Writes results for other programs, as JSON with a line for each, and says where."""
    from convscope.training.files import write_bytes

    lines = ",\n".join(json_module.dumps(record, ensure_ascii=False) for record in records)
    place = Path(path).expanduser().absolute()
    write_bytes(place, f"[\n{lines}\n]\n".encode())
    note(f"written: {place}")
