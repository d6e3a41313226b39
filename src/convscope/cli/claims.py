"""``claims``: the article's statements, listed with their rules, or measured here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.console import Stopped, note, show, show_json
from convscope.cli.options import Json, Quiet
from convscope.cli.progress import following
from convscope.errors import UsageError

if TYPE_CHECKING:
    from convscope.claims.claim import Outcome

__all__ = ["claims"]


def complete_claims(incomplete: str) -> list[str]:
    """Names of claims."""
    from convscope.claims.table import CLAIMS

    return [name for name in CLAIMS if name.startswith(incomplete)]


def writable(out: str | None) -> str | None:
    """Refuses a folder that cannot be written to before anything is measured."""
    if out is not None:
        from convscope.training.files import require_writable

        require_writable(Path(out).expanduser().absolute())
    return out


def claims(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Which to measure; without any they are listed.",
            show_default=False,
            autocompletion=complete_claims,
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Measure all of them.")] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Less of everything, on fashion-mini: minutes in all."),
    ] = False,
    folder: Annotated[
        str | None,
        typer.Option(
            "--folder",
            metavar="FOLDER",
            help="Where measurements are kept; by default “claims” in the folder of runs.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Also draw the figures, each as PNG and as SVG.",
            callback=writable,
        ),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Put the article's statements to the test.

    Each is a measurement and a rule that was fixed before it. Without a name they are listed,
    with the verdicts that are in the package. What was measured stays in the folder and is
    not measured again; after Ctrl-C the same command goes on.
    """
    from convscope.claims.table import claims_record

    if not names and not everything:
        if quick:
            raise UsageError("--quick measures", remedy="say what: NAME, or --all")
        _list(out, json)
        return
    from convscope.claims.table import CLAIMS, claim_named

    chosen = tuple(dict.fromkeys(claim_named(name).name for name in names or CLAIMS))
    found: list[Outcome] = []
    with _saying_how_to_go_on(found, chosen, quick, folder, json):
        _measure(found, chosen, quick=quick, folder=folder, quiet=quiet)
    if json:
        show_json(claims_record(found))
    else:
        _show(found)
    _draw(found, out)


def _measure(
    found: list[Outcome], names: Sequence[str], *, quick: bool, folder: str | None, quiet: bool
) -> None:
    """Adds each outcome as it comes, so that an interruption leaves what there is."""
    from convscope.claims.table import measure_claims
    from convscope.data.progress import Progress
    from convscope.training.runs import runs_folder

    place = Path(folder) if folder else runs_folder() / "claims"
    with following(quiet=quiet) as follower:
        outcomes = measure_claims(names, folder=place, quick=quick, progress=follower.tell)
        for number, outcome in enumerate(outcomes, 1):
            found.append(outcome)
            done = f"{number} of {len(names)}"
            follower.tell(Progress(f"{done}: {outcome.name}: {outcome.verdict}"))


def _list(out: str | None, json: bool) -> None:
    from convscope.claims.table import CLAIMS, claim_named, claims_listing, stored

    known = {outcome.name: outcome for outcome in stored()}
    if out is not None and not known:
        raise UsageError(
            "no results are stored, so that there is nothing to draw",
            remedy="measure first: convscope claims --all --quick --out FOLDER",
        )
    if json:
        show_json(claims_listing(known.values()))
    else:
        from convscope.report.claims_view import ListedClaims

        show(ListedClaims([claim_named(name) for name in CLAIMS], known))
    _draw(list(known.values()), out)


def _show(found: Sequence[Outcome]) -> None:
    from convscope.report.claims_view import ClaimsView, ShortClaimsView

    show(ClaimsView(found))
    if len(found) > 1:
        show("", ShortClaimsView(found))


def _draw(outcomes: Sequence[Outcome], out: str | None) -> None:
    """claim-NAME.png and .svg; a claim's further figures carry numbers."""
    if out is None:
        return
    from convscope.report.chart_figure import chart_figure
    from convscope.report.plotting import save_figure
    from convscope.training.files import writing

    place = Path(out).expanduser()
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        for number, chart in enumerate(outcome.charts, 1):
            name = f"claim-{outcome.name}" + (f"-{number}" if number > 1 else "")
            for path in save_figure(chart_figure(chart), place, name):
                note(f"wrote {path}")


@contextmanager
def _saying_how_to_go_on(
    found: Sequence[Outcome], names: Sequence[str], quick: bool, folder: str | None, json: bool
) -> Iterator[None]:
    """After Ctrl-C: what was decided, and the command that measures the rest."""
    try:
        yield
    except KeyboardInterrupt:
        if found and not json:
            _show(found)
        from convscope.claims.table import CLAIMS

        words = ["--all"] if len(names) == len(CLAIMS) else list(names)
        words += ["--quick"] if quick else []
        words += ["--folder", folder] if folder else []
        note(f'stopped; what was measured stays: "convscope claims {" ".join(words)}" goes on')
        raise Stopped from None
