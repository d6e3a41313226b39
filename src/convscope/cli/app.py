"""``convscope``: all commands, and what happens to whatever goes wrong in one of them."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Annotated, Any

import typer

from convscope.cli.ablate import ablate
from convscope.cli.attribute import attribute
from convscope.cli.caption import caption
from convscope.cli.claims import claims
from convscope.cli.code import code
from convscope.cli.compare import compare
from convscope.cli.console import Stopped, note
from convscope.cli.data import data
from convscope.cli.demo import demo
from convscope.cli.detect import detect
from convscope.cli.doctor import doctor
from convscope.cli.evaluate import evaluate, report
from convscope.cli.exercises import exercises
from convscope.cli.explain import explain, zoo
from convscope.cli.fields import fields
from convscope.cli.health import health
from convscope.cli.lesson import lesson
from convscope.cli.maps import exciting, kernels, maps, visualise
from convscope.cli.modules import layers
from convscope.cli.pictures import image, predict
from convscope.cli.runs import runs
from convscope.cli.scenes import scenes
from convscope.cli.segment import segment
from convscope.cli.streams import prepare_streams, silence
from convscope.cli.studio import studio
from convscope.cli.symmetry import symmetry
from convscope.cli.train import train
from convscope.cli.walk import gradient, walk
from convscope.errors import ConvscopeError

__all__ = ["app", "main"]

TRACEBACK = "CONVSCOPE_TRACEBACK"
_INTERRUPTED = 130

app = typer.Typer(
    name="convscope",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def convscope(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    show_traceback: Annotated[
        bool,
        typer.Option("--traceback", help=f"Show where an error arose (also {TRACEBACK}=1)."),
    ] = False,
) -> None:
    """A workbench for convolutional networks: one line of text, every number worked out.

    Start with: convscope demo
    """
    if version:
        from importlib.metadata import version as version_of

        sys.stdout.write(f"convscope {version_of('convscope')}\n")
    elif context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


_COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "First": {"demo": demo, "studio": studio, "doctor": doctor},
    "Networks, without training": {"explain": explain, "zoo": zoo, "code": code},
    "Training": {"train": train, "runs": runs},
    "What came of it": {
        "evaluate": evaluate,
        "predict": predict,
        "report": report,
        "compare": compare,
        "health": health,
    },
    "What the article says": {"claims": claims},
    "Looking inside": {
        "layers": layers,
        "walk": walk,
        "gradient": gradient,
        "maps": maps,
        "kernels": kernels,
        "exciting": exciting,
        "visualise": visualise,
        "fields": fields,
        "attribute": attribute,
        "symmetry": symmetry,
        "ablate": ablate,
        "lesson": lesson,
    },
    "Images": {"image": image},
}
for _panel, _functions in _COMMANDS.items():
    for _name, _function in _functions.items():
        app.command(_name, rich_help_panel=_panel)(_function)
app.add_typer(exercises, name="exercises", rich_help_panel="Networks, without training")
app.add_typer(data, name="data", rich_help_panel="Images")
app.add_typer(detect, name="detect", rich_help_panel="Applications")
app.add_typer(segment, name="segment", rich_help_panel="Applications")
app.add_typer(caption, name="caption", rich_help_panel="Applications")
app.add_typer(scenes, name="scenes", rich_help_panel="Images")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0, 1 failed, 2 usage, 130 interrupted."""
    prepare_streams()
    given = sys.argv[1:] if arguments is None else arguments
    first = takewhile(lambda word: word.startswith("-"), given)
    if os.environ.get(TRACEBACK) or "--traceback" in first:
        return _with_traceback(arguments)
    try:
        return _run(arguments)
    except Exception as error:
        return _complain(error)


def _run(arguments: Sequence[str] | None) -> int:
    """The command's exit code; anything that is wrong comes out as an exception."""
    try:
        # typer expands wildcards on Windows, but only where it reads the arguments itself.
        code = app(
            args=None if arguments is None else list(arguments),
            prog_name="convscope",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except Stopped:
        return _INTERRUPTED
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        silence()
        return 1
    if code == _INTERRUPTED:  # young typers make it of Ctrl-C themselves
        note("interrupted")
    return code if isinstance(code, int) else 0


def _with_traceback(arguments: Sequence[str] | None) -> int:
    try:
        return _run(arguments)
    except Exception as error:
        traceback.print_exc()
        return int(getattr(error, "exit_code", 1))


def _complain(error: Exception) -> int:
    """One paragraph on stderr, and the exit code."""
    if isinstance(error, ConvscopeError):
        note("\n".join([str(error), *getattr(error, "__notes__", [])]))
        return error.exit_code
    # What typer raises for a wrong option is public as a class in young versions only.
    words = getattr(error, "format_message", None)
    if words is not None:
        problem = str(words()).replace("Value error, ", "")  # pydantic's words, in young typers
        note(_usage(problem, getattr(error, "ctx", None)))
        return int(getattr(error, "exit_code", 2))
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        note(f"{place}{error.strerror}")
        return 1
    note(
        f"convscope failed in a way that it should not: {type(error).__name__}: {error}. "
        f"This is a fault in convscope. Set {TRACEBACK}=1 and repeat the command to see where it "
        "arose, and report that with the command and the output of convscope doctor."
    )
    return 1


def _usage(problem: str, context: Any) -> str:
    command = context.command_path if context is not None else "convscope"
    end = "" if problem.endswith((".", "?", "!")) else "."
    return f'{problem}{end} "{command} --help" shows what there is.'
