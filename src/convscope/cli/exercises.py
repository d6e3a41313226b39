"""``exercises``: a sheet of questions about a network, and the marks of a filled one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from convscope.cli.console import show, show_json, show_text
from convscope.cli.options import Json, complete_subjects, joined
from convscope.errors import UsageError

if TYPE_CHECKING:
    from convscope.exercises.sheet import Sheet

__all__ = ["exercises"]

Form = Literal["html", "ipynb", "text"]
_SUFFIXES: dict[str, Form] = {
    ".html": "html",
    ".htm": "html",
    ".ipynb": "ipynb",
    ".txt": "text",
    ".md": "text",
    "": "text",
}


class _MakesByDefault(TyperGroup):
    """``exercises article --seed 3`` is ``exercises make article --seed 3``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["make", *args]
        return super().parse_args(ctx, args)


exercises = typer.Typer(
    cls=_MakesByDefault,
    help="Questions about a network of one's own, and their marks.\n\n"
    "convscope exercises ARCHITECTURE|RUN --seed N makes a sheet (“make” may be left out; “make "
    "--help” tells its options), convscope exercises check FILE marks it.",
    no_args_is_help=False,
)


@exercises.command("make")
def make(
    source: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARCHITECTURE|RUN",
            help="An architecture as for explain, or a run, whose weights are asked about too.",
            show_default="the article's",
            autocompletion=complete_subjects,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", min=0, help="Which variant: each seed gives other questions."
        ),
    ] = 0,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=100, help="How many questions.")
    ] = 10,
    solutions: Annotated[
        bool, typer.Option("--solutions", help="With answers and their derivations.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write it to .html, .ipynb or .txt."),
    ] = None,
    form: Annotated[
        Form | None, typer.Option("--as", help="The form, where FILE's name does not tell.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a sheet of questions about a network, a variant for each seed.

    Volumes, parameters, work, memory, receptive fields, what changes if, sums by hand.
    The same network, seed and count give the same sheet on every machine. Without --out
    it is shown as text.
    """
    from convscope.exercises.sheet import make_exercises
    from convscope.report.exercises_text import SheetView

    path = Path(out).expanduser() if out is not None else None
    known = form or _form_of(path) if path is not None else form
    sheet = make_exercises(joined(source), seed=seed, count=count)
    if json:
        show_json(sheet.as_dict(solutions=solutions))
    elif path is not None:
        _write(path, _text(sheet, known, solutions=solutions))
        show_text(str(path))
    elif form in (None, "text"):
        show(SheetView(sheet, solutions=solutions))
    else:
        show_text(_text(sheet, form, solutions=solutions))


@exercises.command("check")
def check(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="The filled notebook or text, or what the page has saved."
        ),
    ],
    json: Json = False,
) -> None:
    """Mark a filled sheet, with the derivation of what is wrong.

    The questions are made again from what the file says about its sheet; nothing in it
    is executed.
    """
    from convscope.exercises.marking import check_exercises
    from convscope.report.exercises_text import MarkedView

    marked = check_exercises(file)
    if json:
        show_json(marked.as_dict())
    else:
        show(MarkedView(marked))


def _form_of(path: Path) -> Form:
    form = _SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"a sheet is no {path.suffix} file",
            place=str(path),
            remedy="name it .html, .ipynb or .txt, or say the form by --as",
        )
    return form


def _text(sheet: Sheet, form: Form | None, *, solutions: bool) -> str:
    if form == "html":
        from convscope.report.exercises_page import sheet_page

        return sheet_page(sheet, solutions=solutions)
    if form == "ipynb":
        from convscope.report.exercises_notebook import sheet_notebook

        return sheet_notebook(sheet, solutions=solutions)
    from convscope.report.exercises_text import SheetView
    from convscope.report.view import shown_text

    return shown_text(SheetView(sheet, solutions=solutions), width=100)


def _write(path: Path, text: str) -> None:
    """Writes the file; one that is there already may hold somebody's answers."""
    from convscope.training.files import write_bytes, writing

    content = text.encode("utf-8")
    with writing(path):
        if path.exists() and path.read_bytes() != content:
            raise UsageError(
                "there is such a file already, and it may hold answers",
                place=str(path),
                remedy="name another file, or take that one away",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content)
