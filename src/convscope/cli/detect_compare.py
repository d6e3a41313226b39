"""``detect compare``: the detectors side by side; and what the commands of detection read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convscope.cli.applications import (
    AnnotationsOption,
    ApplicationDataOption,
    BackboneOption,
    ControlOption,
    FormatOption,
    LongestOption,
    QuickOption,
    SplitOption,
    options_of,
)
from convscope.cli.console import note, show, show_json
from convscope.cli.options import Json, OnBadOption, Quiet, read_settings
from convscope.cli.progress import following

if TYPE_CHECKING:
    from convscope.applications.planning import Options

__all__ = ["SettingsOption", "compare", "read_options"]

SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the recipe (epochs) or of the method (proposals). Repeatable.",
    ),
]


def compare(
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            help="Compare this one: baseline, rcnn, fast, faster. Repeatable; by default all.",
        ),
    ] = None,
    data: ApplicationDataOption = "scenes",
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    on_bad: OnBadOption = "refuse",
    backbone: BackboneOption = "example",
    settings: SettingsOption = None,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, max=20, help="How many seeds: 0, 1, …")
    ] = 3,
    split: SplitOption = "test",
    quick: QuickOption = False,
    control: ControlOption = None,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where table, runs and figure are kept.")
    ] = "detection-comparison",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train all three detectors with several seeds, and set them side by side.

    Equal data and an equal backbone: precision, recall of the proposals, seconds an image, and
    what the papers lead one to expect. Beside them stands the baseline: a threshold, connected
    components and the trained classifier. What was measured is kept: cut off, it goes on.
    """
    from convscope.applications.detection.comparing import COMPARED, compare_detectors
    from convscope.report.detection_figure import comparison_figure
    from convscope.report.detection_view import DetectionComparisonView
    from convscope.report.plotting import save_figure

    options, own = read_options(
        settings,
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
    )
    with following(quiet=quiet) as follower:
        found = compare_detectors(
            data,
            folder=out,
            methods=methods or COMPARED,
            seeds=range(seeds),
            backbone=backbone,
            split=split,
            settings=own,
            options=options,
            progress=follower.tell,
            observe=follower.observe,
        )
    png, _ = save_figure(comparison_figure(found), Path(out).expanduser().absolute(), "detection")
    note(f"drawn: {png}", quiet=quiet)
    show_json(found.as_dict()) if json else show(DetectionComparisonView(found))


def read_options(settings: list[str] | None, **words: Any) -> tuple[Options, dict[str, Any]]:
    """The options of a training, and the settings that are the method's own."""
    from convscope.training.settings import SETTINGS

    changes = read_settings(settings)
    shared = [f"{key}={value}" for key, value in changes.items() if key in SETTINGS]
    own = {key: value for key, value in changes.items() if key not in SETTINGS}
    return options_of(settings=shared, **words), own
