"""``data``: which images there are, where they are, and fetching them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.applications import AnnotationsOption, FormatOption
from convscope.cli.console import show_json, show_text
from convscope.cli.layout import columns
from convscope.cli.options import (
    FitOption,
    Json,
    Offline,
    OnBadOption,
    Quiet,
    SizeOption,
    complete_data,
    read_pair,
)
from convscope.cli.progress import following

if TYPE_CHECKING:
    from convscope.data.annotations.checking import Checked
    from convscope.data.images import Data, Skipped
    from convscope.data.sources import Source

__all__ = ["data", "source_record"]

data = typer.Typer(
    help="List, describe, check and fetch sets of images. Without a command: what there is."
)


@data.callback(invoke_without_command=True)
def list_data(context: typer.Context, json: Json = False) -> None:
    """List, describe and fetch sets of images.

    Without a command: what there is, and where it was looked for.
    """
    if context.invoked_subcommand is not None:
        return
    from convscope.data.sources import list_sources

    sources = list_sources()
    if json:
        records = [source_record(source) for source in sources]
        show_json({"schema": "convscope.sources/1", "sources": records})
        return
    for source in sources:
        show_text(f"{source.name}  {source.summary}")
        places = columns([(state, path) for path, state in source.places])
        ready = "ready" if source.ready else 'not here: "convscope data fetch" brings it'
        for line in [ready, *places]:
            show_text(f"    {line}")


@data.command("show")
def show_data(
    source: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="fashion-mnist, fashion-mini, shapes, or a folder.",
            autocompletion=complete_data,
        ),
    ],
    size: SizeOption = None,
    fit: FitOption = "pad",
    on_bad: OnBadOption = "refuse",
    verify: Annotated[
        bool, typer.Option("--verify", help="Work the fingerprint out anew, over every pixel.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Describe a set of images: sizes, classes, counts, fingerprint. Downloads nothing."""
    from convscope.data.sources import load_data
    from convscope.data.sources import verify as verify_data

    with following(quiet=quiet) as follower:
        loaded = load_data(
            source,
            size=read_pair(size, "--size"),
            fit=fit,
            on_bad=on_bad,
            progress=follower.tell,
        )
        if verify:
            verify_data(loaded)
    _describe(loaded, json)


@data.command("fetch")
def fetch_data(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The set to fetch.", show_default=True)
    ] = "fashion-mnist",
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Fetch Fashion-MNIST: 31 MB, verified, into the cache.

    Copies on this machine are taken first. With --offline nothing else is.
    """
    from convscope.data.sources import NAMES, load_data
    from convscope.errors import UsageError, did_you_mean

    if name not in NAMES:
        known = f"known are {', '.join(NAMES)}"
        raise UsageError(
            f'there is no data set "{name}"', remedy=did_you_mean(name, NAMES) or known
        )
    with following(quiet=quiet) as follower:
        loaded = load_data(name, offline=offline, allow_download=True, progress=follower.tell)
    _describe(loaded, json)


@data.command("check")
def check_data(
    folder: Annotated[
        str,
        typer.Argument(metavar="DIR", help="A folder of images with boxes, masks or captions."),
    ],
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Name every faulty file among annotated images, and why. Exit code 1 if there is one.

    Pascal VOC, COCO, index masks and captions are recognised; all that are found are checked.
    """
    from convscope.data.annotations.checking import check_annotated

    with following(quiet=quiet) as follower:
        checked = check_annotated(
            folder, format=format, annotations=annotations, progress=follower.tell
        )
    if json:
        show_json(checked.as_dict())
    else:
        _show_check(checked)
    if checked.faults:
        raise typer.Exit(1)


def source_record(source: Source) -> dict[str, object]:
    """A source as JSON has it."""
    places = [{"path": path, "state": state} for path, state in source.places]
    return {
        "name": source.name,
        "summary": source.summary,
        "ready": source.ready,
        "places": places,
    }


def _show_check(checked: Checked) -> None:
    rows = [("place", checked.place)]
    for one in checked.annotations:
        parts = ", ".join(f"{count:,} {name}" for name, count in one.parts)
        counts = ", ".join(f"{name} {count:,}" for name, count in one.counts)
        rows += [(one.kind, f"{one.format}: {parts}"), ("", counts)]
    rows += [("note", text) for text in checked.notes]
    for line in columns(rows):
        show_text(line)
    count = len(checked.faults)
    found = f"{count:,} {'file is' if count == 1 else 'files are'} faulty:"
    for line in ["", found if count else "no file is faulty", *map(_fault, checked.faults)]:
        show_text(line)


def _fault(fault: Skipped) -> str:
    return f"  {fault.path}: {fault.reason}"


def _describe(loaded: Data, json: bool) -> None:
    from convscope.data.sources import describe

    found = describe(loaded)
    if json:
        show_json(found.as_dict())
        return
    rows = [
        ("data", found.name),
        ("place", found.place),
        ("images", f"{found.volume}, {found.train:,} for training, {found.test:,} for testing"),
        ("mean", ", ".join(f"{value:.4f}" for value in found.mean)),
        ("deviation", ", ".join(f"{value:.4f}" for value in found.std)),
        ("background", "dark" if found.dark_background else "light"),
        ("fingerprint", found.fingerprint),
    ]
    if found.kept:
        rows.append(("cache", found.kept))
    rows += [("note", text) for text in found.notes]
    rows += [("skipped", str(skipped)) for skipped in found.skipped]
    counts = [(name, f"{train:,}", f"{test:,}") for name, train, test in found.classes]
    table = columns([("class", "training", "test"), *counts], right=[1, 2])
    for line in [*columns(rows), "", *table]:
        show_text(line)
