"""``detect``: objects in boxes, learnt, measured, found and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    ResultsOption,
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
    write_results,
)
from convscope.cli.console import show, show_json
from convscope.cli.options import (
    DeviceOption,
    FigureOption,
    Json,
    OnBadOption,
    OutOption,
    Quiet,
    SeedOption,
    read_settings,
)
from convscope.cli.progress import following
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
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the recipe (epochs) or of the method (proposals). Repeatable.",
    ),
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

    settings, own = _divided(settings)
    options = options_of(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
        settings=settings,
    )
    application = Detector(method, backbone=backbone, settings=own)
    run = trained(
        application, data, options, seed=seed, device=device, out=out, resume=resume, quiet=quiet
    )
    show_run(run, _result_rows(run), json=json)


@detect.command("evaluate")
def evaluate(
    run: ApplicationRunArgument,
    data: OtherDataOption = None,
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    on_bad: OnBadOption = "refuse",
    split: SplitOption = "test",
    scene_seed: SceneSeedOption = None,
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
        scene_seed=scene_seed,
    )
    with following(quiet=quiet) as follower:
        found = detector.evaluate(data, split=split, options=options, progress=follower.tell)
    show_json(found.as_dict()) if json else show(DetectionEvaluationView(found))
    if results is not None:
        write_results(results, found.results())


@detect.command("predict")
def predict(
    run: ApplicationRunArgument,
    images: SourcesArgument = None,
    least: Annotated[
        float,
        typer.Option("--least", metavar="SCORE", min=0, max=1, help="Leave out what is less sure."),
    ] = 0.5,
    longest: LongestOption = None,
    count: ScenesOption = 6,
    seed: FreshSeedOption = 0,
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
        found, truth = detector.predict_scenes(seed=seed, count=count, least=least)
    if json:
        listed = [each.as_dict() for each in found]
        show_json({"schema": "convscope.detection-predictions/1", "pictures": listed})
    else:
        show(DetectionsView(found))
    if out is not None:
        draw(boxes_figure(found, truth), out)
    if results is not None:
        write_results(results, coco_results(found))


@detect.command("compare")
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
    seeds: SeedsOption = 3,
    split: SplitOption = "test",
    quick: QuickOption = False,
    control: ControlOption = None,
    out: ComparisonOption = "detection-comparison",
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

    settings, own = _divided(settings)
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
    show_json(found.as_dict()) if json else show(DetectionComparisonView(found))
    draw_into(comparison_figure(found), out, "detection", quiet=quiet)


def _divided(settings: list[str] | None) -> tuple[list[str], dict[str, str]]:
    """Which of the settings are the recipe's, and which are the method's own."""
    from convscope.training.settings import SETTINGS

    given = read_settings(settings)
    own = {key: value for key, value in given.items() if key not in SETTINGS}
    return [f"{key}={value}" for key, value in given.items() if key in SETTINGS], own


def _opened(run: str) -> Detector:
    from convscope.applications.detection.detector import Detector

    return Detector.load(run)


def _result_rows(run: ApplicationRun) -> list[tuple[str, str]]:
    """How good it is on the validation part."""
    results: Any = run.results
    if results.get("at_0.5") is None:
        return []
    return [
        ("mAP@0.5", f"{results['at_0.5']:.3f} on {results['images']:,} validation images"),
        ("mAP@[.5:.95]", f"{results['mean_average_precision']:.3f}"),
    ]
