"""Segmentation, rung by rung: the tables and figures of docs/segmentation.md.

    python benchmarks/segmentation.py [--seeds N] [--quick] [--split validation] [--folder FOLDER]

Trains the fully convolutional networks and the Deep Parsing Network on 12,000 scenes of 128×128
pixels, with each seed, and measures every stage on the test scenes.  Cut off, it goes on where it
was.  Writes benchmarks/results/segmentation.json, the tables of the page, and its figures.  What
is quick, or not of the test scenes, is printed only.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from convscope.applications.planning import Options
from convscope.applications.segmentation.comparing import compare_segmenters, stage_network
from convscope.applications.segmentation.ladder import RUNGS_SHOWN, SegmentationComparison
from convscope.applications.segmentation.learning import with_scenes
from convscope.applications.segmentation.segmenter import Segmenter
from convscope.applications.segmentation.task import answered
from convscope.data.annotated import Annotated
from convscope.data.annotated_sources import load_annotated
from convscope.report.numbers import count_of
from convscope.report.plotting import save_figure
from convscope.report.segmentation_figure import comparison_figure, rungs_figure
from convscope.report.segmentation_view import SegmentationComparisonView
from convscope.report.view import shown_text
from convscope.training.task import Normalise

HERE = Path(__file__).parent
RESULT = HERE / "results" / "segmentation.json"
PAGE = HERE.parent / "docs" / "segmentation.md"
IMAGES = HERE.parent / "docs" / "images"
BEGIN = "<!-- begin: benchmarks/results/segmentation.json -->"
END = "<!-- end: benchmarks/results/segmentation.json -->"
PICTURES = (0, 1, 4, 6)
"""Scenes of the figure, by number: the first ones that hold several garments."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--folder", type=Path, default=Path("segmentation-comparison"))
    arguments = parser.parse_args()
    options = with_scenes("scenes", Options(quick=arguments.quick))
    data = load_annotated("scenes", "masks", **options.scenes)
    found = compare_segmenters(
        data,
        folder=arguments.folder,
        seeds=range(arguments.seeds),
        split=arguments.split,
        options=options,
        progress=lambda said: print(said.text, file=sys.stderr, flush=True),
    )
    print(shown_text(SegmentationComparisonView(found), width=120))
    figures = arguments.folder.absolute()
    if not arguments.quick and arguments.split == "test":
        write(found)
        figures = IMAGES
    save_figure(comparison_figure(found), figures, "segmentation-ladder")
    save_figure(pictures(arguments.folder, data, arguments), figures, "segmentation-rungs")


def write(found: SegmentationComparison) -> None:
    """The result as JSON, and the page's tables."""
    result = found.as_dict()
    text = json.dumps(result, indent=1, ensure_ascii=False, default=str)
    RESULT.write_text(f"{text}\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(result)}\n\n{END}{after}", encoding="utf-8")


def tables(result: dict[str, Any]) -> str:
    """The rungs, the regions, and the conditions, as Markdown."""
    rungs = result["rungs"]
    rows = [
        "| | mean IoU % | gain, points (95 %) | pixels % | boundary F % | trained in s | "
        "ms an image | parameters |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(_row(rung) for rung in rungs),
        "",
        f"| IoU % | {' | '.join(rung['name'] for rung in rungs)} |",
        f"|---|{'---:|' * len(rungs)}",
    ]
    for number, region in enumerate(result["regions"]):
        ious = [rung["ious"][number] for rung in rungs]
        shown = ["–" if iou is None else f"{100 * iou['mean']:.1f}" for iou in ious]
        rows.append(f"| {region} | {' | '.join(shown)} |")
    conditions = result["conditions"]
    versions = ", ".join(f"{name} {version}" for name, version in conditions["versions"].items())
    rows += [
        "",
        f"{result['training_images']:,} training scenes, {result['images']} {result['split']} "
        f"scenes of other garments; n = {len(result['seeds'])} seeds, mean ± standard deviation; "
        f"{count_of(conditions['threads'], 'thread')} of {conditions['processor']}, {versions}.",
    ]
    return "\n".join(rows)


def _row(rung: dict[str, Any]) -> str:
    scores, gain = rung["scores"], rung["gain"]
    spreads = {
        key: f"{100 * scores[key]['mean']:.1f} ± {100 * scores[key]['deviation']:.1f}"
        for key in scores
    }
    points = "–"
    if gain is not None:
        points = (
            f"{100 * gain['mean']:+.1f} ({100 * gain['low']:+.1f} to {100 * gain['high']:+.1f})"
        )
    cells = [
        rung["name"],
        spreads["mean_iou"],
        points.replace("-", "−"),
        spreads["pixel_accuracy"],
        spreads["boundary_f"],
        f"{rung['training_seconds']['mean']:.0f}",
        f"{1000 * rung['seconds_an_image']['mean']:.1f}",
        f"{rung['parameters']:,}",
    ]
    return f"| {' | '.join(cells)} |"


def pictures(folder: Path, data: Annotated, arguments: argparse.Namespace) -> Any:
    """What every rung of seed 0 answers to a few scenes."""
    part = data.split(arguments.split).part(PICTURES)
    assert part.masks is not None
    answers = []
    for method, rungs in RUNGS_SHOWN.items():
        ending = "-0-quick" if arguments.quick else "-0"
        run = Segmenter.load(folder.absolute() / "runs" / f"{method}{ending}").trained_run
        for stage, name in rungs:
            network = stage_network(run, stage)
            masks = np.concatenate(
                [each for _, each in answered(network, part.images, Normalise(run))]
            )
            answers.append((name, list(masks)))
    return rungs_figure(
        list(part.images), list(part.masks), answers, data.regions, "The same scenes, rung by rung"
    )


if __name__ == "__main__":
    main()
