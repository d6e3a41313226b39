"""The three detectors beside one another: equal data, equal backbone, one table.

A cell is a method and a seed.  What has been measured stays in a file and is not measured
again; a training that was cut off goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from convscope.applications.backbone import backbone_of
from convscope.applications.detection.baseline import Baseline, bright_things
from convscope.applications.detection.detector import METHODS, Detector
from convscope.applications.detection.evaluation import groups_of
from convscope.applications.detection.method import Method
from convscope.applications.detection.precision import average_precision
from convscope.applications.detection.proposals import Recall, proposals_of, recall_of
from convscope.applications.detection.relations import (
    BASELINE,
    DetectionComparison,
    relations_of,
    result_of,
)
from convscope.applications.detection.selective_search import Search
from convscope.applications.planning import Options, data_for
from convscope.data.annotated import Annotated, Split
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import DataError, UsageError, did_you_mean
from convscope.experiments.statistics import estimate
from convscope.experiments.table import Cell, Scalar, Table, fill, read_table
from convscope.training.conditions import resolve
from convscope.training.loop import Step
from convscope.training.runs import RUN, is_run, open_run
from convscope.training.task import Normalise

__all__ = ["COMPARED", "compare_detectors", "comparison_of", "proposed_by"]

COMPARED = (BASELINE, *METHODS)
TABLE = "detection.jsonl"


def compare_detectors(
    data: Annotated | str | Path = "scenes",
    *,
    folder: str | Path = "detection-comparison",
    methods: Sequence[str] = COMPARED,
    seeds: Sequence[int] = (0, 1, 2),
    backbone: str = "example",
    split: str = "test",
    settings: Mapping[str, Any] | None = None,
    options: Options | None = None,
    progress: Tell | None = None,
    observe: Callable[[Step], None] | None = None,
) -> DetectionComparison:
    """Trains and measures what is missing, and puts it together.

    ``folder`` keeps the table, ``detection.jsonl``, and the runs; what stands there is not
    made again, and a training that was cut off goes on.  ``settings`` are those of the
    methods: each takes those that it has.  The part of the data is read once a
    training has been finished.  The baseline is measured once, where the backbone is a
    classifier of the same classes.
    """
    _require_known(methods, seeds)
    how, tell = options or Options(), teller(progress)
    place = Path(folder).expanduser().absolute()
    known = data_for(data, "objects", backbone_of(backbone), how, progress)
    if not any((~each.difficult).any() for each in known.split(split).objects or ()):
        raise DataError("there is no object to be found", place=f"{known.place}, {split}")
    given = _require_settings(settings or {}, methods)
    work = _Work(place, known, backbone, split, given, how, tell, observe)
    cells = _cells(methods, seeds, known, work)
    if not cells:
        raise UsageError(
            "the baseline needs a trained classifier that tells the same classes apart",
            place=backbone,
            remedy="give a run of one as the backbone, or compare detectors",
        )
    conditions = resolve("cpu", "float32").as_dict()
    rows = fill(place / TABLE, "detection", cells, work.measure, conditions=conditions)
    for row in rows:
        tell(Progress("comparing detectors", row.done, row.cells, "cells"))
    return comparison_of(read_table(place / TABLE), cells)


def comparison_of(table: Table, cells: Sequence[Cell]) -> DetectionComparison:
    """The rows of a table for these cells, put together."""
    asked = [dict(cell) for cell in cells]
    rows = [row for row in table.rows if dict(row.cell) in asked]
    if not rows:
        raise UsageError("nothing has been measured yet")
    methods = [method for method in COMPARED if any(row.cell["method"] == method for row in rows)]
    first = rows[0]
    seeds = {int(row.cell["seed"] or 0) for row in rows if row.cell["method"] != BASELINE}
    by_seed = {
        method: {row.cell["seed"]: row.values for row in rows if row.cell["method"] == method}
        for method in ("rcnn", "fast")
    }
    shared = [seed for seed in by_seed["rcnn"] if seed in by_seed["fast"]]
    took = {
        method: [by_seed[method][seed]["seconds"]["features"] for seed in shared]
        for method in by_seed
    }
    ratios = [one / other for one, other in zip(took["rcnn"], took["fast"], strict=True)]
    return DetectionComparison(
        results=tuple(result_of(rows, method) for method in methods),
        relations=relations_of(rows),
        work=next((values["work"] for values in by_seed["rcnn"].values()), None),
        work_measured=estimate(ratios) if ratios else None,
        data=str(first.cell["data"]),
        split=str(first.cell["split"]),
        images=int(first.values["images"]),
        seeds=tuple(sorted(seeds)),
        quick=bool(first.cell["quick"]),
        conditions=table.conditions,
    )


def proposed_by(
    detector: Detector, part: Split, stored: Sequence[np.ndarray] | None
) -> tuple[np.ndarray, ...]:
    """The proposals that a trained detector's heads are given, image by image."""
    if stored is not None:
        return tuple(stored)
    method, normalise = cast(Method, detector.network), Normalise(detector.trained_run)
    found: dict[int, np.ndarray] = {}
    with torch.inference_mode():
        for indices in groups_of([image.shape[-2:] for image in part.images]):
            images = normalise(torch.from_numpy(np.stack([part.images[i] for i in indices])))
            boxes = method.propose(images, method.maps(images), ())
            found.update(zip(indices, (each.numpy() for each in boxes), strict=True))
    return tuple(found[index] for index in range(len(part)))


@dataclass(frozen=True, eq=False)
class _Work:
    """Measures cells; data are read once."""

    folder: Path
    data: Annotated
    backbone: str
    split: str
    settings: Mapping[str, Any]
    options: Options
    tell: Tell
    observe: Callable[[Step], None] | None

    def measure(self, cell: Cell) -> Mapping[str, Any]:
        if cell["method"] == BASELINE:
            return self._baseline()
        return self._detector(str(cell["method"]), int(cell["seed"] or 0))

    def _baseline(self) -> Mapping[str, Any]:
        """Threshold, components, classifier."""
        self.tell(Progress("the baseline: threshold, components, classifier"))
        part = self.data.split(self.split)
        found, seconds = Baseline(open_run(self.backbone)).detected(part, self.data.classes)
        boxes = [bright_things(image)[0] for image in part.images]
        return {
            **self._values(part, found, recall_of(boxes, part.objects or ())),
            "seconds": seconds,
            "training_seconds": None,
            "proposals": None,
            "work": None,
        }

    def _detector(self, method: str, seed: int) -> Mapping[str, Any]:
        detector = self._trained(method, seed)
        part = self.data.split(self.split)
        evaluation = detector.evaluate(self.data, split=self.split, progress=self.tell)
        boxes, fingerprint = None, None
        if evaluation.proposals is not None:
            search = Search(most=int(detector.trained_run.settings["proposals"]))
            stored = proposals_of(part.images, search, progress=self.tell)
            boxes, fingerprint = stored.boxes, stored.fingerprint
        proposed = proposed_by(detector, part, boxes)
        area = float(part.sizes.prod(1).mean())
        side = getattr(detector.network, "side", None)
        recall = recall_of(proposed, part.objects or ())
        return {
            **self._values(part, evaluation.found, recall),
            "seconds": dict(evaluation.seconds),
            "training_seconds": float(detector.trained_run.results["seconds"]),
            "proposals": fingerprint,
            "work": None if side is None else recall.boxes * side**2 / area,
        }

    def _values(self, part: Split, found: Sequence[Any], recall: Recall) -> dict[str, Any]:
        precision = average_precision(found, part.objects or (), self.data.classes)
        return {
            "images": len(part),
            "at_half": precision.at(0.5),
            "mean": precision.mean,
            "average_recall": precision.average_recall(),
            "classes": {each.name: each.at_half for each in precision.per_class},
            "recall": recall.share,
            "best_overlap": recall.overlap,
            "boxes": recall.boxes,
        }

    def _trained(self, method: str, seed: int) -> Detector:
        """The detector of a cell: loaded, gone on with, or trained."""
        asked = hashlib.sha256(json.dumps(self.question, sort_keys=True).encode()).hexdigest()
        out = self.folder / "runs" / f"{method}-{seed}-{asked[:8]}"
        self.tell(Progress(f"{method}, seed {seed}"))
        if (out / RUN).is_file():
            return Detector.go_on(out, data=self.data, progress=self.tell, observe=self.observe)
        own = {key: self.settings[key] for key in METHODS[method].settings if key in self.settings}
        return Detector(method, self.backbone, own).fit(
            self.data,
            seed=seed,
            out=out,
            options=self.options,
            progress=self.tell,
            observe=self.observe,
        )

    @property
    def question(self) -> dict[str, Scalar]:
        """What all cells have in common."""
        changes = {**self.settings, **self.options.recipe}
        return {
            "data": self.data.name,
            "fingerprint": self.data.fingerprint[:12],
            "split": self.split,
            "backbone": self.backbone,
            "quick": self.options.quick,
            "control": self.options.control,
            "changes": " ".join(f"{key}={value}" for key, value in sorted(changes.items())),
        }


def _cells(
    methods: Sequence[str], seeds: Sequence[int], data: Annotated, work: _Work
) -> list[Cell]:
    """The baseline, if it can be, then seed by seed: a table cut off has pairs to compare."""
    cells: list[Cell] = []
    if BASELINE in methods and _knows(work.backbone, data.classes):
        cells.append({"method": BASELINE, "seed": None, **work.question})
    for seed in seeds:
        cells += [
            {"method": method, "seed": seed, **work.question}
            for method in methods
            if method != BASELINE
        ]
    return cells


def _require_settings(settings: Mapping[str, Any], methods: Sequence[str]) -> Mapping[str, Any]:
    """The settings, each of which one of the methods must have."""
    known = {key for method in methods if method in METHODS for key in METHODS[method].settings}
    for key in settings:
        if key not in known:
            raise UsageError(
                f'no method has a setting "{key}"',
                remedy=did_you_mean(key, known) or f"known are {', '.join(sorted(known))}",
            )
    return settings


def _require_known(methods: Sequence[str], seeds: Sequence[int]) -> None:
    for method in methods:
        if method not in COMPARED:
            raise UsageError(
                f'there is no method "{method}" to compare',
                remedy=did_you_mean(method, COMPARED) or f"known are {', '.join(COMPARED)}",
            )
    if not methods or not seeds:
        raise UsageError("there is nothing to compare", remedy="give one method and one seed")


def _knows(backbone: str, classes: Sequence[str]) -> bool:
    """Whether the backbone is a classifier that could serve the baseline."""
    return is_run(backbone) and set(classes) <= set(open_run(backbone).classes)
