"""Captioners side by side: every method several times, beside captions that cost nothing."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from convscope.applications.captioning.captioner import Captioner
from convscope.applications.captioning.evaluation import CaptionEvaluation
from convscope.applications.captioning.facts import FACTS
from convscope.applications.captioning.network import CLIP_METHODS, METHODS
from convscope.applications.captioning.scores import CaptionScores
from convscope.applications.planning import Options
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError, did_you_mean
from convscope.experiments.statistics import Estimate, estimate
from convscope.experiments.table import Cell, Table, fill, read_table
from convscope.training.conditions import resolve
from convscope.training.loop import Step
from convscope.training.runs import RUN

__all__ = ["MEASURES", "CaptionComparison", "Compared", "compare_captioners", "comparison_of"]

TABLE = "captioning.jsonl"

MEASURES = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider", *FACTS)
"""What is compared of captions, in the order in which it is told."""

BASELINE = "baseline"
HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class Compared:
    """A row: a method, a method on pairs of classes held out, or a baseline.

    ``measures`` are means over the seeds with their intervals, of what was measured;
    ``training`` and ``each`` are seconds of a training and of an image, empty of a baseline.
    """

    name: str
    reads: str
    kind: str
    measures: Mapping[str, Estimate]
    training: Estimate | None = None
    each: Estimate | None = None


@dataclass(frozen=True, slots=True)
class CaptionComparison:
    """Methods and baselines, in one table; ``seeds`` trainings of each method.

    ``count`` are the test images, and ``conditions`` what seconds hang on.
    """

    rows: tuple[Compared, ...]
    seeds: int
    count: int
    data: str
    quick: bool
    conditions: Mapping[str, Any]

    def __repr__(self) -> str:
        names = ", ".join(row.name for row in self.rows if row.kind == "method")
        return f"<CaptionComparison: {names}; {self.seeds} seeds, {self.count:,} images>"

    def row(self, name: str, kind: str = "method") -> Compared:
        """A method's row by its name, on unseen images or (``held_out``) on pairs held out."""
        for row in self.rows:
            if row.name == name and row.kind == kind:
                return row
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": "convscope.caption-comparison/1",
            "data": self.data,
            "count": self.count,
            "seeds": self.seeds,
            "quick": self.quick,
            "conditions": dict(self.conditions),
            "rows": [_record(row) for row in self.rows],
        }


def _record(row: Compared) -> dict[str, Any]:
    """Values of JSON; a bound that is not known, as of one value, is None."""
    values = asdict(row)
    estimates = [*values["measures"].values(), values["training"], values["each"]]
    for found in estimates:
        if found is not None:
            for bound in ("low", "high"):
                found[bound] = found[bound] if math.isfinite(found[bound]) else None
    return values


def compare_captioners(
    methods: Sequence[str] = METHODS,
    *,
    folder: str | Path,
    seeds: Sequence[int] = (0, 1, 2),
    data: str | Path = "scenes",
    backbone: str | Path = "example",
    options: Options | None = None,
    progress: Tell | None = None,
    observe: Callable[[Step], None] | None = None,
) -> CaptionComparison:
    """Trains each method with each seed and measures it on the test part, once.

    All of it is kept in ``folder``: the table row by row, and the runs.  What is there is
    not done again, and a training that was cut off goes on.
    """
    _require(methods, seeds)
    place, how, tell = Path(folder).expanduser().absolute(), options or Options(), teller(progress)
    conditions = resolve("cpu", "float32")
    cells = [
        {
            "method": method,
            "seed": seed,
            "data": str(data),
            "backbone": str(backbone),
            "quick": how.quick,
            "control": how.control,
            "asked": _asked(how),
        }
        for seed in seeds
        for method in methods
    ]

    def measure(cell: Cell) -> Mapping[str, Any]:
        return _measured(place, cell, how, tell, observe)

    told = {"threads": conditions.threads, "versions": dict(conditions.versions)}
    for row in fill(place / TABLE, "captioning", cells, measure, conditions=told):
        tell(Progress("comparing captioners", row.done, row.cells, "trainings"))
    return comparison_of(read_table(place / TABLE), cells)


def _require(methods: Sequence[str], seeds: Sequence[int]) -> None:
    known = f"known are {', '.join(METHODS)}"
    for method in methods:
        if method not in METHODS:
            raise UsageError(
                f'there is no method "{method}" of captioning',
                remedy=did_you_mean(method, METHODS) or known,
            )
    if not methods or not seeds:
        raise UsageError("nothing is compared", remedy=f"give seeds, and methods: {known}")


def _asked(options: Options) -> str:
    """What else tells one comparison from another, in a line."""
    asked = {**options.recipe, **options.scenes, "annotations": options.annotations}
    told = sorted((key, value) for key, value in asked.items() if value is not None)
    return " ".join(f"{key}={value}" for key, value in told)


def _measured(
    folder: Path,
    cell: Cell,
    options: Options,
    tell: Tell,
    observe: Callable[[Step], None] | None,
) -> Mapping[str, Any]:
    """Trains, or goes on with it, and evaluates on the test part."""
    name = hashlib.sha256(json.dumps(dict(cell), sort_keys=True).encode()).hexdigest()[:8]
    out = folder / "runs" / f"{cell['method']}-{cell['seed']}-{name}"
    tell(Progress(f"{cell['method']}, seed {cell['seed']}"))
    if (out / RUN).exists():
        captioner = Captioner.go_on(out, progress=tell, observe=observe)
    else:
        captioner = Captioner(str(cell["method"]), backbone=str(cell["backbone"])).fit(
            str(cell["data"]),
            seed=int(cell["seed"] or 0),
            out=out,
            options=options,
            progress=tell,
            observe=observe,
        )
    found = captioner.evaluate(progress=tell)
    return _values(found, float(captioner.trained_run.results["seconds"]))


def _values(found: CaptionEvaluation, training: float) -> dict[str, Any]:
    """An evaluation as a row of the table."""
    return {
        "count": found.scores.count,
        "training_seconds": training,
        "image_seconds": found.seconds,
        "scores": _numbers(found.scores),
        HELD_OUT: None if found.held_out is None else _numbers(found.held_out),
        "baselines": {name: _numbers(scores) for name, scores in found.baselines.items()},
    }


def _numbers(scores: CaptionScores) -> dict[str, float]:
    """The measures that apply, by name."""
    values = scores.as_dict()
    facts = values["facts"] or {}
    found = {name: values.get(name) for name in MEASURES if name in values}
    found |= {name: share["value"] for name, share in facts.items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def comparison_of(table: Table, cells: Sequence[Cell]) -> CaptionComparison:
    """The rows of a table for these cells, method by method, with means over the seeds."""
    keys = [json.dumps(dict(cell), sort_keys=True) for cell in cells]
    rows = [row for row in table.rows if json.dumps(dict(row.cell), sort_keys=True) in keys]
    methods = list(dict.fromkeys(str(cell["method"]) for cell in cells))
    found: list[Compared] = []
    for reads in ("images", "clips"):
        own = [method for method in methods if (method in CLIP_METHODS) == (reads == "clips")]
        found += _compared(rows, own, reads)
    return CaptionComparison(
        rows=tuple(found),
        seeds=len({row.cell["seed"] for row in rows}),
        count=rows[0].values["count"],
        data=str(cells[0]["data"]),
        quick=bool(cells[0]["quick"]),
        conditions=table.conditions,
    )


def _compared(rows: Sequence[Any], methods: Sequence[str], reads: str) -> list[Compared]:
    """The methods that read images, or clips; then pairs held out, then the baselines."""
    by_method = {
        method: [row.values for row in rows if row.cell["method"] == method] for method in methods
    }
    found = [
        Compared(
            method,
            reads,
            "method",
            _means([value["scores"] for value in values]),
            estimate([value["training_seconds"] for value in values]),
            estimate([value["image_seconds"] for value in values]),
        )
        for method, values in by_method.items()
    ]
    held = {method: [value[HELD_OUT] for value in values] for method, values in by_method.items()}
    found += [
        Compared(method, reads, HELD_OUT, _means(values))
        for method, values in held.items()
        if all(value is not None for value in values)
    ]
    # They hang on the data and on the backbone's weights, which training changes: the means.
    every = [value["baselines"] for values in by_method.values() for value in values]
    names = dict.fromkeys(name for baselines in every for name in baselines)
    found += [
        Compared(name, reads, BASELINE, _means([baselines[name] for baselines in every]))
        for name in names
    ]
    return found


def _means(values: Sequence[Mapping[str, float]]) -> dict[str, Estimate]:
    return {
        name: estimate([value[name] for value in values])
        for name in MEASURES
        if all(name in value for value in values)
    }
