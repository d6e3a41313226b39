"""``caption``: sentences about images and clips, learnt, measured, said and compared."""

from __future__ import annotations

from pathlib import Path
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
    Json,
    OnBadOption,
    OutOption,
    Quiet,
    SeedOption,
    SettingsOption,
)
from convscope.cli.progress import following
from convscope.report.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convscope.applications.captioning.captioner import Captioner
    from convscope.applications.captioning.sentences import Caption
    from convscope.applications.runs import ApplicationRun

__all__ = ["caption"]

Method = Literal["attention", "plain", "clip-mean", "clip-lstm"]

caption = typer.Typer(
    help="Sentences about images and clips: train a captioner, measure it, let it speak.",
    no_args_is_help=True,
)

BeamOption = Annotated[
    int, typer.Option("--beam", metavar="N", min=1, max=100, help="Sentences followed at a time.")
]


@caption.command("train")
def train(
    method: Annotated[
        Method, typer.Option("--method", help="How the decoder sees; clip-… read clips.")
    ] = "attention",
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
    """Train a captioner on scenes, or on images with captions of your own.

    The encoder begins with the backbone's weights; the decoder learns first, then all together.

    --control other-images gives every image another one's captions: what is right then needs
    no image.
    """
    from convscope.applications.captioning.captioner import Captioner

    options = options_of(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        quick=quick,
        control=control,
        settings=settings,
    )
    application = Captioner(method, backbone=backbone)
    run = trained(
        application, data, options, seed=seed, device=device, out=out, resume=resume, quiet=quiet
    )
    show_run(run, _result_rows(run), json=json)


@caption.command("evaluate")
def evaluate(
    run: ApplicationRunArgument,
    data: OtherDataOption = None,
    format: FormatOption = None,
    annotations: AnnotationsOption = None,
    longest: LongestOption = None,
    on_bad: OnBadOption = "refuse",
    split: SplitOption = "test",
    scene_seed: SceneSeedOption = None,
    beam: BeamOption = 3,
    control: Annotated[
        str | None,
        typer.Option("--control", metavar="NAME", help="other-images: say each of another image."),
    ] = None,
    baselines: Annotated[
        bool,
        typer.Option("--baselines/--no-baselines", help="Also score captions that cost nothing."),
    ] = True,
    results: ResultsOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Measure a captioner: BLEU, ROUGE-L, CIDEr, and the facts that its sentences state.

    Beside it stand the most frequent training caption and that of the nearest training image,
    and, on scenes, pairs of classes that no training scene shows.
    """
    from convscope.report.captioning_view import CaptionEvaluationView

    captioner = _opened(run)
    options = options_of(
        format=format,
        annotations=annotations,
        longest=longest,
        on_bad=on_bad,
        scene_seed=scene_seed,
    )
    with following(quiet=quiet) as follower:
        found = captioner.evaluate(
            data,
            split=split,
            beam=beam,
            control=control,
            baselines=baselines,
            options=options,
            progress=follower.tell,
        )
    show_json(found.as_dict()) if json else show(CaptionEvaluationView(found))
    if results is not None:
        write_results(results, found.results())


@caption.command("predict")
def predict(
    run: ApplicationRunArgument,
    images: SourcesArgument = None,
    count: ScenesOption = 3,
    seed: FreshSeedOption = 0,
    beam: BeamOption = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Exchange light and dark in the pictures first.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write captions.json, and draw pictures."),
    ] = None,
    json: Json = False,
) -> None:
    """Let a captioner speak: of pictures, of folders of frames (clips), or of fresh scenes.

    With --out: the captions as COCO's result files have them, all pictures with their sentences,
    and, with attention, where each word of the first sentence was looked for.
    """
    from convscope.report.captioning_view import CaptionsView

    captioner = _opened(run)
    if images:
        found = captioner.predict(images, beam=beam, invert=invert)
    else:
        found = captioner.predict_scenes(seed=seed, count=count, beam=beam)
    if json:
        captions = [each.as_dict() for each in found]
        show_json({"schema": "convscope.captions/1", "captions": captions})
    else:
        show(CaptionsView(found))
    if out is not None:
        _write(found, Path(out).expanduser().absolute())


@caption.command("compare")
def compare(
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            help="attention, plain, clip-mean or clip-lstm; again for more; by default all.",
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
    quick: QuickOption = False,
    control: ControlOption = None,
    out: ComparisonOption = "captioning-comparison",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train every method several times, and set them beside captions that cost nothing.

    Cut off, it goes on where it was. Writes a figure beside its table.
    """
    from convscope.applications.captioning.comparing import compare_captioners
    from convscope.applications.captioning.network import METHODS
    from convscope.report.captioning_chart import comparison_figure
    from convscope.report.captioning_view import CaptionComparisonView

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
        found = compare_captioners(
            tuple(methods or METHODS),
            folder=out,
            seeds=range(seeds),
            data=data,
            backbone=backbone,
            options=options,
            progress=follower.tell,
            observe=follower.observe,
        )
    show_json(found.as_dict()) if json else show(CaptionComparisonView(found))
    draw_into(comparison_figure(found), out, "captioning", quiet=quiet)


def _opened(run: str) -> Captioner:
    from convscope.applications.captioning.captioner import Captioner

    return Captioner.load(run)


def _result_rows(run: ApplicationRun) -> list[tuple[str, str]]:
    """How good it is on the validation part."""
    results: Any = run.results
    rows = [("CIDEr", f"{results['cider']:.3f} on {results['count']:,} validation images")]
    told = [f"{name} {percent(share['value'])}" for name, share in (results["facts"] or {}).items()]
    return [*rows, ("facts", ", ".join(told))] if told else rows


def _write(captions: Sequence[Caption], folder: Path) -> None:
    """Captions and their pictures into a folder."""
    from convscope.report.captioning_figure import attention_figure, captions_figure
    from convscope.training.files import writing

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    records = [{"image_id": each.source, "caption": each.text} for each in captions]
    write_results(folder / "captions.json", records)
    draw_into(captions_figure(captions), folder, "captions")
    if captions[0].words and captions[0].words[0].weights is not None:
        draw_into(attention_figure(captions[0]), folder, "attention")
