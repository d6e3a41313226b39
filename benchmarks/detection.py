"""R-CNN, Fast R-CNN and Faster R-CNN on equal terms: the tables and figures of docs/detection.md.

    python benchmarks/detection.py [--seeds N] [--quick] [--split validation] [--folder FOLDER]

Trains all three on 2,000 scenes of 128×128 pixels, with each seed, and measures them on the test
scenes, beside a threshold with connected components.  Cut off, it goes on where it was.  Writes
benchmarks/results/detection.json, the tables of the page, and its figures.  What is quick, or not
of the test scenes, is printed only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convscope.applications.detection.comparing import compare_detectors
from convscope.applications.detection.detections import Detections
from convscope.applications.detection.detector import METHODS, Detector
from convscope.applications.detection.relations import DetectionComparison
from convscope.applications.planning import Options
from convscope.data.annotated import Split
from convscope.data.annotated_sources import load_annotated
from convscope.report.detection_figure import comparison_figure, methods_figure
from convscope.report.detection_view import METHOD_NAMES, PARTS, DetectionComparisonView
from convscope.report.numbers import count_of
from convscope.report.plotting import save_figure
from convscope.report.view import shown_text

HERE = Path(__file__).parent
RESULT = HERE / "results" / "detection.json"
PAGE = HERE.parent / "docs" / "detection.md"
IMAGES = HERE.parent / "docs" / "images"
BEGIN = "<!-- begin: benchmarks/results/detection.json -->"
END = "<!-- end: benchmarks/results/detection.json -->"
PICTURES = 4
"""Scenes of the figure: the first ones that hold three garments or more."""
SURE = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--split", choices=("validation", "test"), default="test")
    parser.add_argument("--folder", type=Path, default=Path("detection-comparison"))
    arguments = parser.parse_args()
    data = load_annotated("scenes", "objects", progress=lambda said: None)
    found = compare_detectors(
        data,
        folder=arguments.folder,
        seeds=range(arguments.seeds),
        split=arguments.split,
        options=Options(quick=arguments.quick),
        progress=lambda said: print(said.text, file=sys.stderr, flush=True),
    )
    print(shown_text(DetectionComparisonView(found), width=120))
    figures = arguments.folder.absolute()
    if not arguments.quick and arguments.split == "test":
        write(found)
        figures = IMAGES
    save_figure(comparison_figure(found), figures, "detection-comparison")
    pictures = _with_several(data.split(arguments.split))
    columns = [(METHOD_NAMES[method], _found(arguments, method, pictures)) for method in METHODS]
    figure = methods_figure(list(pictures.images), pictures.objects or (), columns, data.classes)
    save_figure(figure, figures, "detection-methods")


def write(found: DetectionComparison) -> None:
    """The result as JSON, and the page's tables."""
    result = found.as_dict()
    text = json.dumps(result, indent=1, ensure_ascii=False)
    RESULT.write_text(f"{text}\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(result)}\n\n{END}{after}", encoding="utf-8")


def tables(result: dict[str, Any]) -> str:
    """Precision, seconds, expectations and the conditions, as Markdown."""
    rows = [
        "| | mAP@0.5 | mAP@[.5:.95] | recall of proposals | proposals | trained in s |",
        "|---|---:|---:|---:|---:|---:|",
        *(_quality(method) for method in result["methods"]),
        "",
        f"| ms an image | {' | '.join(PARTS)} | all |",
        "|---|---:|---:|---:|---:|",
        *(_seconds(method) for method in result["methods"]),
        "",
        "| the papers lead one to expect | measured (95 %) | |",
        "|---|---:|---|",
        *(_relation(relation) for relation in result["relations"]),
    ]
    rows += ["", *_notes(result)]
    return "\n".join(rows)


def _notes(result: dict[str, Any]) -> list[str]:
    conditions = result["conditions"]
    versions = ", ".join(f"{name} {version}" for name, version in conditions["versions"].items())
    work = result["work_measured"]
    prints = sorted({each["fingerprint"] for each in result["methods"] if each["fingerprint"]})
    return [
        f"Convolutions: R-CNN's work is N·28²/(H·W) = {result['work']:.1f} times Fast R-CNN's; the "
        f"seconds of their features, measured, are {_spread(work, 1)} times. Both read the same "
        f"stored proposals, fingerprint {', '.join(f'`{each[:12]}`' for each in prints)}.",
        "",
        f"2,000 training scenes, {result['images']} {result['split']} scenes of other garments; "
        f"n = {len(result['seeds'])} seeds, mean ± standard deviation; float32, "
        f"{count_of(conditions['threads'], 'thread')} of {conditions['processor']}, {versions}.",
    ]


def _quality(method: dict[str, Any]) -> str:
    trained = method["training"]
    cells = [
        METHOD_NAMES[method["method"]],
        *(_spread(method[key], 3) for key in ("at_half", "mean", "recall")),
        f"{method['boxes']['mean']:.0f}",
        "–" if trained is None else f"{trained['mean']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _seconds(method: dict[str, Any]) -> str:
    seconds = method["seconds"]
    cells = [f"{1000 * seconds[part]['mean']:.1f}" for part in PARTS]
    whole = {key: 1000 * seconds["all"][key] for key in ("mean", "deviation")}
    together = _spread({**whole, "count": seconds["all"]["count"]}, 1)
    return f"| {METHOD_NAMES[method['method']]} | {' | '.join(cells)} | {together} |"


def _relation(relation: dict[str, Any]) -> str:
    if relation["times"] is not None:
        found, sign, unit = relation["times"], "", " times"
    else:
        found, sign, unit = [relation["measured"][key] for key in ("mean", "low", "high")], "+", ""
    digits = 1 if unit else 3
    mean, low, high = ("–" if each is None else f"{each:{sign}.{digits}f}" for each in found)
    measured = f"{mean}{unit} ({low} to {high})".replace("-", "−")
    return f"| {relation['says']} | {measured} | {relation['verdict']} |"


def _spread(found: dict[str, Any], digits: int) -> str:
    text = f"{found['mean']:.{digits}f}"
    return text if found["count"] == 1 else f"{text} ± {found['deviation']:.{digits}f}"


def _with_several(part: Split) -> Split:
    chosen = [place for place, each in enumerate(part.objects or ()) if len(each) >= 3]
    return part.part(np.array(chosen[:PICTURES], np.int64))


def _found(arguments: argparse.Namespace, method: str, pictures: Split) -> Sequence[Detections]:
    """What the method with seed 0 is sure of in these pictures."""
    runs = sorted((arguments.folder.absolute() / "runs").glob(f"{method}-0-*"))
    detectors = [Detector.load(run) for run in runs]
    asked = [d for d in detectors if d.trained_run.settings["quick"] == arguments.quick]
    predictions = asked[-1].predict([image[0] for image in pictures.images], least=SURE)
    return [each.detections for each in predictions]


if __name__ == "__main__":
    main()
