"""``segment``: images into masks; train, evaluate, predict, compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from convscope.cli.applications import (
    AnnotationsOption,
    ApplicationDataOption,
    ApplicationRunArgument,
    BackboneOption,
    ControlOption,
    FormatOption,
    LongestOption,
    QuickOption,
    ResumeOption,
    SourcesArgument,
    SplitOption,
    fitted,
    options_of,
)
from convscope.cli.console import note, show, show_json, show_text
from convscope.cli.options import (
    DeviceOption,
    Json,
    OnBadOption,
    OutOption,
    Quiet,
    SettingsOption,
)
from convscope.cli.progress import following

if TYPE_CHECKING:
    from convscope.applications.segmentation.segmenter import Segmenter

__all__ = ["segment"]

segment = typer.Typer(help="Name the region of every pixel: FCN and Deep Parsing Network.")

Method = Literal["fcn-stride8", "fcn-stride4", "fcn-stride2", "dpn"]


@segment.command("train")
def train_segmenter(
    method: Annotated[Method, typer.Option("--method", help="Which network.")] = "fcn-stride2",
    data: ApplicationDataOption = "scenes",
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    backbone: BackboneOption = "example",
    settings: SettingsOption = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of all at random.")] = 0,
    device: DeviceOption = "auto",
    out: OutOption = None,
    resume: ResumeOption = False,
    on_bad: OnBadOption = "refuse",
    quick: QuickOption = False,
    control: ControlOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a segmenter, stage by stage, into a folder of its own.

    Masks are index masks (palette or grey PNG), with any number of regions; 255 is void.
    """
    from convscope.applications.segmentation.segmenter import Segmenter

    options = options_of(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
        settings=settings,
    )
    made = fitted(
        Segmenter(method, backbone),
        data,
        options,
        seed=seed,
        device=device,
        out=out,
        resume=resume,
        quiet=quiet,
    )
    _show_run(made, json)


@segment.command("evaluate")
def evaluate_segmenter(
    run: ApplicationRunArgument,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="Other data than those of the training."),
    ] = None,
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    split: SplitOption = "test",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure a trained segmenter: mean IoU, pixels, boundaries, region by region."""
    from convscope.applications.planning import Options
    from convscope.applications.segmentation.segmenter import Segmenter

    options = Options(format=format, annotations=annotations)
    with following(quiet=quiet) as follower:
        found = Segmenter.load(run).evaluate(
            data, split=split, options=options, progress=follower.tell
        )
    if json:
        show_json(found.as_dict())
        return
    from convscope.report.segmentation_view import SegmentationEvaluationView

    show(SegmentationEvaluationView(found))


@segment.command("predict")
def predict_masks(
    run: ApplicationRunArgument,
    sources: SourcesArgument = None,
    count: Annotated[
        int, typer.Option("--scenes", metavar="N", min=1, help="How many fresh scenes.")
    ] = 3,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Of the fresh scenes.")
    ] = 0,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write masks as palette PNG, and a picture."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what every pixel is. With --out, one palette PNG a picture, and all drawn in one."""
    from convscope.applications.segmentation.segmenter import Segmenter

    segmenter = Segmenter.load(run)
    found = segmenter.predict(sources) if sources else segmenter.predict_scenes(count, seed)
    if out is not None:
        from convscope.applications.segmentation.answers import write_masks
        from convscope.report.plotting import save_figure
        from convscope.report.segmentation_figure import masks_figure

        folder = Path(out)
        paths = write_masks(found, folder)
        png, _ = save_figure(masks_figure(found), folder, "segmentations")
        note(f"wrote {len(paths)} {'mask' if len(paths) == 1 else 'masks'} and {png}")
    if json:
        show_json({"schema": "convscope.segmentations/1", "found": [s.as_dict() for s in found]})
        return
    from convscope.report.segmentation_view import SegmentationsView

    show(SegmentationsView(found))


@segment.command("compare")
def compare_methods(
    methods: Annotated[
        list[str] | None,
        typer.Option("--method", help="fcn-stride2 or dpn, with all their stages; again for both."),
    ] = None,
    data: ApplicationDataOption = "scenes",
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    backbone: BackboneOption = "example",
    settings: SettingsOption = None,
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="How many seeds: 0, 1, …")
    ] = 3,
    split: SplitOption = "test",
    on_bad: OnBadOption = "refuse",
    quick: QuickOption = False,
    control: ControlOption = None,
    folder: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where table, runs and figure are kept.")
    ] = "segmentation-comparison",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Set the three FCNs and the ladder of the Deep Parsing Network side by side.

    Cut off, it goes on where it was. Writes a figure beside its table.
    """
    from convscope.applications.segmentation.comparing import compare_segmenters
    from convscope.report.plotting import save_figure
    from convscope.report.segmentation_figure import comparison_figure

    options = options_of(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
        settings=settings,
    )
    with following(quiet=quiet) as follower:
        found = compare_segmenters(
            data,
            folder=folder,
            methods=tuple(methods or ("fcn-stride2", "dpn")),
            seeds=range(seeds),
            split=split,
            backbone=backbone,
            options=options,
            progress=follower.tell,
            observe=follower.observe,
        )
    png, _ = save_figure(comparison_figure(found), Path(folder), "segmentation")
    note(f"drew {png}", quiet=quiet)
    if json:
        show_json(found.as_dict())
        return
    from convscope.report.segmentation_view import SegmentationComparisonView

    show(SegmentationComparisonView(found))


def _show_run(segmenter: Segmenter, json: bool) -> None:
    from convscope.cli.layout import columns
    from convscope.report.numbers import duration, percent

    run = segmenter.trained_run
    if json:
        show_json(run.as_dict())
        return
    rows = [("run", str(run.path)), ("method", run.method)]
    for stage in run.results["stages"]:
        told = duration(stage["seconds"])
        if "mean_iou" in stage:
            told = f"{percent(stage['mean_iou'], 2)} mean IoU on validation, {told}"
        rows.append((stage["name"], told))
    rows.append(("data", f"{run.data.name}, {run.data.train:,} training images"))
    for line in columns(rows):
        show_text(line)
