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
    ComparisonOption,
    ControlOption,
    FormatOption,
    FreshSeedOption,
    LongestOption,
    OtherDataOption,
    QuickOption,
    ResumeOption,
    SceneSeedOption,
    ScenesOption,
    SeedsOption,
    SourcesArgument,
    SplitOption,
    draw_into,
    options_of,
    show_run,
    trained,
)
from convscope.cli.console import note, show, show_json
from convscope.cli.options import (
    DeviceOption,
    Json,
    OnBadOption,
    OutOption,
    Quiet,
    SeedOption,
    SettingsOption,
)
from convscope.cli.progress import following
from convscope.report.numbers import count_of, duration, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convscope.applications.runs import ApplicationRun
    from convscope.applications.segmentation.answers import Segmentation
    from convscope.applications.segmentation.segmenter import Segmenter

__all__ = ["segment"]

Method = Literal["fcn-stride8", "fcn-stride4", "fcn-stride2", "dpn"]

segment = typer.Typer(
    help="Name the region of every pixel: FCN and Deep Parsing Network.", no_args_is_help=True
)


@segment.command("train")
def train(
    method: Annotated[Method, typer.Option("--method", help="Which network.")] = "fcn-stride2",
    data: ApplicationDataOption = "scenes",
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    on_bad: OnBadOption = "refuse",
    backbone: BackboneOption = "example",
    settings: SettingsOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    out: OutOption = None,
    resume: ResumeOption = False,
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
    application = Segmenter(method, backbone)
    run = trained(
        application, data, options, seed=seed, device=device, out=out, resume=resume, quiet=quiet
    )
    show_run(run, _result_rows(run), json=json)


@segment.command("evaluate")
def evaluate(
    run: ApplicationRunArgument,
    data: OtherDataOption = None,
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    on_bad: OnBadOption = "refuse",
    split: SplitOption = "test",
    scene_seed: SceneSeedOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure a trained segmenter: mean IoU, pixels, boundaries, region by region."""
    from convscope.report.segmentation_view import SegmentationEvaluationView

    segmenter = _opened(run)
    options = options_of(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        scene_seed=scene_seed,
    )
    with following(quiet=quiet) as follower:
        found = segmenter.evaluate(data, split=split, options=options, progress=follower.tell)
    show_json(found.as_dict()) if json else show(SegmentationEvaluationView(found))


@segment.command("predict")
def predict(
    run: ApplicationRunArgument,
    images: SourcesArgument = None,
    count: ScenesOption = 3,
    seed: FreshSeedOption = 0,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write masks as palette PNG, and a picture."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what every pixel is. With --out, one palette PNG a picture, and all drawn in one."""
    from convscope.report.segmentation_view import SegmentationsView

    segmenter = _opened(run)
    found = segmenter.predict(images) if images else segmenter.predict_scenes(count, seed)
    if json:
        show_json({"schema": "convscope.segmentations/1", "found": [s.as_dict() for s in found]})
    else:
        show(SegmentationsView(found))
    if out is not None:
        _write(found, Path(out).expanduser().absolute())


@segment.command("compare")
def compare(
    methods: Annotated[
        list[str] | None,
        typer.Option("--method", help="fcn-stride2 or dpn, with all their stages; again for both."),
    ] = None,
    data: ApplicationDataOption = "scenes",
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    on_bad: OnBadOption = "refuse",
    backbone: BackboneOption = "example",
    settings: SettingsOption = None,
    seeds: SeedsOption = 3,
    split: SplitOption = "test",
    quick: QuickOption = False,
    control: ControlOption = None,
    out: ComparisonOption = "segmentation-comparison",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Set the three FCNs and the ladder of the Deep Parsing Network side by side.

    Cut off, it goes on where it was. Writes a figure beside its table.
    """
    from convscope.applications.segmentation.comparing import compare_segmenters
    from convscope.report.segmentation_figure import comparison_figure
    from convscope.report.segmentation_view import SegmentationComparisonView

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
            folder=out,
            methods=tuple(methods or ("fcn-stride2", "dpn")),
            seeds=range(seeds),
            split=split,
            backbone=backbone,
            options=options,
            progress=follower.tell,
            observe=follower.observe,
        )
    show_json(found.as_dict()) if json else show(SegmentationComparisonView(found))
    draw_into(comparison_figure(found), out, "segmentation", quiet=quiet)


def _opened(run: str) -> Segmenter:
    from convscope.applications.segmentation.segmenter import Segmenter

    return Segmenter.load(run)


def _result_rows(run: ApplicationRun) -> list[tuple[str, str]]:
    """How good it is on the validation part, after each of its stages."""
    rows = []
    for stage in run.results["stages"]:
        told = duration(stage["seconds"])
        if "mean_iou" in stage:
            told = f"{percent(stage['mean_iou'], 2)} mean IoU on validation, {told}"
        rows.append((stage["name"], told))
    return [*rows, ("data", f"{run.data.name}, {run.data.train:,} training images")]


def _write(found: Sequence[Segmentation], folder: Path) -> None:
    """Masks into a folder, and all pictures with their regions painted."""
    from convscope.applications.segmentation.answers import write_masks
    from convscope.report.segmentation_figure import masks_figure

    paths = write_masks(found, folder)
    note(f"written: {count_of(len(paths), 'mask')} in {folder}")
    draw_into(masks_figure(found), folder, "segmentations")
