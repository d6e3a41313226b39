"""``studio``: the local web page."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from convscope.cli.console import note, show_text
from convscope.cli.options import complete_data, complete_subjects, joined
from convscope.studio.settings import PORT, Settings

__all__ = ["studio"]

SourceArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN|ARCHITECTURE",
        help="What is shown first: a run, or an architecture (untrained).",
        show_default="example",
        autocompletion=complete_subjects,
    ),
]
PortOption = Annotated[int, typer.Option("--port", metavar="N", help="Where it listens.")]
HostOption = Annotated[
    str,
    typer.Option("--host", metavar="ADDRESS", help="Let others in, too; needs a --token."),
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TEXT",
        envvar="CONVSCOPE_TOKEN",
        help="What a browser must know, 16 characters or more.",
        show_default=False,
    ),
]
BehindOption = Annotated[
    str | None,
    typer.Option(
        "--behind",
        metavar="URL",
        help="Where a proxy, such as Jupyter's, shows it; needs a --token.",
        show_default=False,
    ),
]
FoldersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="Images of yours that the page may train on; may be repeated.",
        autocompletion=complete_data,
    ),
]
NoOpenOption = Annotated[
    bool, typer.Option("--no-open", help="Print the address, and open no browser.")
]


def studio(
    source: SourceArgument = None,
    port: PortOption = PORT,
    host: HostOption = "127.0.0.1",
    token: TokenOption = None,
    behind: BehindOption = None,
    data: FoldersOption = None,
    no_open: NoOpenOption = False,
) -> None:
    """Design, train, look inside and apply networks, in a page on this machine.

    Nothing leaves the machine. Ctrl-C ends it; trainings that it has started go on.
    """
    from convscope.studio.server import serve
    from convscope.studio.sources import require_source
    from convscope.training.runs import runs_folder

    def opened(actual: Settings) -> None:
        show_text(actual.entrance)
        note("Ctrl-C ends the studio")
        if not no_open:
            webbrowser.open(actual.entrance)

    settings = Settings(
        runs=runs_folder(),
        source=joined(source, "example"),
        host=host,
        port=port,
        token=token,
        behind=behind,
        data=tuple(str(Path(each).expanduser().absolute()) for each in data or []),
    )
    require_source(settings)
    serve(settings, opened)
