"""``detect``: objects in boxes, learnt, measured, found and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
from convscope.cli.detect_compare import SettingsOption, compare, read_options
from convscope.cli.layout import columns
from convscope.cli.options import (
    DeviceOption,
    FigureOption,
    Json,
    OnBadOption,
    OutOption,
    Quiet,
    SeedOption,
)
from convscope.cli.progress import following
from convscope.cli.runs import run_record
from convscope.cli.subjects import draw

if TYPE_CHECKING:
    from convscope.applications.detection.detector import Detector
    from convscope.applications.detection.prediction import DetectionPrediction
    from convscope.applications.runs import ApplicationRun
    from convscope.data.annotated import Objects

__all__ = ["detect"]

Method = Literal["rcnn", "fast", "faster"]

detect = typer.Typer(
    help="Find objects: R-CNN, Fast R-CNN and Faster R-CNN, trained, measured, compared.",
    no_args_is_help=True,
)
ResultsOption = Annotated[
    str | None,
    typer.Option("--results", metavar="FILE", help="Also write all boxes as COCO results JSON."),
]


@detect.command("train")
def train(
    method: Annotated[Method, typer.Option("--method", help="Where proposals come from.")] = (
        "faster"
    ),
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
    """Train a detector on scenes, or on images with boxes of your own.

    It begins with the backbone's weights.  faster makes its proposals itself, fast and rcnn
    read those of selective search, which are computed once and kept.

    --control shuffled-labels exchanges the classes of the boxes: precision must collapse.
    """
    from convscope.applications.detection.detector import Detector

    options, own = read_options(
        settings,
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
    )
    application = Detector(method, backbone=backbone, settings=own)
    found = fitted(
        application, data, options, seed=seed, device=device, out=out, resume=resume, quiet=quiet
    )
    run = found.trained_run
    if json:
        show_json(run_record(run))
        return
    for line in columns(_result_rows(run)):
        show_text(line)


@detect.command("evaluate")
def evaluate(
    run: ApplicationRunArgument,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="DATA", help="Other data than the run's: scenes, or a folder."
        ),
    ] = None,
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    on_bad: OnBadOption = "refuse",
    split: SplitOption = "test",
    scene_seed: Annotated[
        int | None,
        typer.Option("--scene-seed", metavar="N", min=0, help="Scenes of another seed."),
    ] = None,
    results: ResultsOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure a detector: average precision as COCO counts it, and the seconds an image."""
    from convscope.report.detections_view import DetectionEvaluationView

    detector = _opened(run)
    options = options_of(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=False,
        control=None,
        settings=None,
        scenes={} if scene_seed is None else {"seed": scene_seed},
    )
    with following(quiet=quiet) as follower:
        found = detector.evaluate(data, split=split, options=options, progress=follower.tell)
    show_json(found.as_dict()) if json else show(DetectionEvaluationView(found))
    if results is not None:
        _write_results(results, found.results())


@detect.command("predict")
def predict(
    run: ApplicationRunArgument,
    images: SourcesArgument = None,
    least: Annotated[
        float,
        typer.Option("--least", metavar="SCORE", min=0, max=1, help="Leave out what is less sure."),
    ] = 0.5,
    longest: LongestOption = None,
    scene_seed: Annotated[
        int, typer.Option("--scene-seed", metavar="N", min=0, help="Of the fresh scenes.")
    ] = 0,
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=100, help="How many fresh scenes.")
    ] = 6,
    out: FigureOption = None,
    results: ResultsOption = None,
    json: Json = False,
) -> None:
    """Find objects in pictures, or in fresh scenes where none are given.

    Boxes are left, top, right, bottom in the pixels of the picture as it is.
    """
    from convscope.applications.detection.prediction import coco_results
    from convscope.report.boxes_figure import boxes_figure
    from convscope.report.detections_view import DetectionsView

    detector = _opened(run)
    truth: tuple[Objects, ...] | None = None
    found: tuple[DetectionPrediction, ...]
    if images:
        found = detector.predict(images, least=least, longest=longest)
    else:
        found, truth = detector.predict_scenes(seed=scene_seed, count=count, least=least)
    if json:
        listed = [each.as_dict() for each in found]
        show_json({"schema": "convscope.detection-predictions/1", "pictures": listed})
    else:
        show(DetectionsView(found))
    if out is not None:
        draw(boxes_figure(found, truth), out)
    if results is not None:
        _write_results(results, coco_results(found))


detect.command("compare")(compare)


def _opened(run: str) -> Detector:
    from convscope.applications.detection.detector import Detector

    return Detector.load(run)


def _result_rows(run: ApplicationRun) -> list[tuple[str, str]]:
    """What came of a training, on the validation part."""
    from convscope.report.numbers import duration

    results: Any = run.results
    rows = []
    if results.get("at_0.5") is not None:
        rows = [
            ("mAP@0.5", f"{results['at_0.5']:.3f} on {results['images']:,} validation images"),
            ("mAP@[.5:.95]", f"{results['mean_average_precision']:.3f}"),
        ]
    return [
        *rows,
        ("training", f"{run.method}, in {duration(results['seconds'])}"),
        ("run", str(run.path)),
    ]


def _write_results(path: str, records: list[dict[str, Any]]) -> None:
    import json as json_module

    from convscope.training.files import write_bytes

    place = Path(path).expanduser().absolute()
    write_bytes(place, (json_module.dumps(records) + "\n").encode("utf-8"))
    note(f"written: {place}")
