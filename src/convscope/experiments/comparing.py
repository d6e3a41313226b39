"""Networks side by side: what they cost, in what they differ, and which is right more often."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import Explanation, explain
from convscope.data.images import Data
from convscope.errors import UsageError
from convscope.experiments.statistics import Disagreement, disagreement
from convscope.training.conditions import Conditions
from convscope.training.evaluate import Evaluation, evaluate, evaluated_images
from convscope.training.runs import Run, open_run

__all__ = [
    "ArchitectureComparison",
    "ClassDifference",
    "Pair",
    "RunComparison",
    "compare_architectures",
    "compare_runs",
]


@dataclass(frozen=True, slots=True)
class ArchitectureComparison:
    """Explanations side by side; ``differences`` are those of each from the first.

    A difference is a line: ``− conv2 conv 32 5x5 pad 2`` stands in the first alone,
    ``+ …`` in the other alone.
    """

    names: tuple[str, ...]
    explanations: tuple[Explanation, ...]
    differences: tuple[tuple[str, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": "convscope.architecture-comparison/1",
            "architectures": [
                {
                    "name": name,
                    "notation": str(explanation.architecture),
                    "parameters": explanation.parameters.value,
                    "multiply_adds": explanation.multiply_adds.value,
                    "memory_training": explanation.memory_training.value,
                    "memory_inference": explanation.memory_inference.value,
                    "differences": list(differences),
                }
                for name, explanation, differences in zip(
                    self.names, self.explanations, self.differences, strict=True
                )
            ],
        }


@dataclass(frozen=True, slots=True)
class ClassDifference:
    """One class: how many of its images each got right (recall), first beside second."""

    name: str
    first: float
    second: float
    disagreement: Disagreement


@dataclass(frozen=True, slots=True)
class Pair:
    """Another run beside the first one, image by image."""

    run: str
    disagreement: Disagreement
    classes: tuple[ClassDifference, ...]
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RunComparison:
    """Runs on the same test images; every other one is paired with the first."""

    runs: tuple[Run, ...]
    evaluations: tuple[Evaluation, ...]
    pairs: tuple[Pair, ...]
    data: str
    count: int
    conditions: Conditions

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": "convscope.run-comparison/1",
            "data": self.data,
            "count": self.count,
            "runs": [
                {
                    "name": run.name,
                    "architecture": str(run.architecture),
                    "recipe": run.recipe.name,
                    "epochs": run.recipe.epochs,
                    "seed": run.seed,
                    "training_seconds": run.results.get("seconds"),
                    "accuracy": evaluation.accuracy,
                    "interval": list(evaluation.interval),
                }
                for run, evaluation in zip(self.runs, self.evaluations, strict=True)
            ],
            "pairs": [
                {
                    "first": self.runs[0].name,
                    "second": pair.run,
                    **asdict(pair.disagreement),
                    "classes": [asdict(each) for each in pair.classes],
                    "differences": list(pair.differences),
                }
                for pair in self.pairs
            ],
            "conditions": self.conditions.as_dict(),
        }


def compare_architectures(
    architectures: Sequence[Architecture], names: Sequence[str] = ()
) -> ArchitectureComparison:
    """What two or more architectures cost, and the layers in which they differ."""
    _require_two(architectures)
    explanations = tuple(explain(architecture) for architecture in architectures)
    shown = tuple(names) or tuple(str(architecture) for architecture in architectures)
    first = _layers(explanations[0])
    differences = tuple(_differing(first, _layers(other)) for other in explanations)
    return ArchitectureComparison(shown, explanations, differences)


def compare_runs(
    runs: Sequence[Run | str | Path], data: Data | str | Path | None = None
) -> RunComparison:
    """Measures runs on the same test images: those of the first one's data, or of ``data``."""
    _require_two(runs)
    opened = tuple(open_run(run) for run in runs)
    chosen, images, _ = evaluated_images(opened[0], data)
    evaluations = tuple(evaluate(run, chosen) for run in opened)
    right = [
        evaluation.predictions == evaluated_images(run, chosen)[1].labels
        for run, evaluation in zip(opened, evaluations, strict=True)
    ]
    pairs = tuple(
        Pair(
            run.name,
            disagreement(right[0], answers),
            _classes(opened[0].classes, images.labels, right[0], answers),
            _run_differences(opened[0], run),
        )
        for run, answers in zip(opened[1:], right[1:], strict=True)
    )
    return RunComparison(
        opened, evaluations, pairs, chosen.name, len(images), evaluations[0].conditions
    )


def _require_two(given: Sequence[object]) -> None:
    if len(given) < 2:
        raise UsageError(
            "one alone cannot be compared", remedy="give two or more: convscope compare A B"
        )


def _classes(
    names: Sequence[str],
    labels: NDArray[np.int64],
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
) -> tuple[ClassDifference, ...]:
    """Class by class; one without images is left out."""
    found = []
    for number, name in enumerate(names):
        own = labels == number
        if own.any():
            shares = float(first[own].mean()), float(second[own].mean())
            found.append(ClassDifference(name, *shares, disagreement(first[own], second[own])))
    return tuple(found)


def _layers(explanation: Explanation) -> list[str]:
    return [f"input {explanation.input}"] + [
        f"{cost.name}  {cost.notation}" for cost in explanation.layers
    ]


def _differing(first: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    lines = difflib.ndiff([_bare(line) for line in first], [_bare(line) for line in other])
    return tuple(line.replace("-", "−", 1) for line in lines if line[:2] in ("- ", "+ "))


def _bare(line: str) -> str:
    """A layer without its name: where one layer more comes first, all later names differ."""
    return line.partition("  ")[2] or line


def _run_differences(first: Run, other: Run) -> tuple[str, ...]:
    found = [
        f"{'recipe' if key == 'name' else key} {value} → {getattr(other.recipe, key)}"
        for key, value in first.recipe.as_dict().items()
        if getattr(other.recipe, key) != value
    ]
    found += [
        f"{what} {one} → {two}"
        for what, one, two in (
            ("seed", first.seed, other.seed),
            ("training images", f"{first.data.train:,}", f"{other.data.train:,}"),
            ("data", first.data.name, other.data.name),
            ("precision", first.conditions.precision, other.conditions.precision),
            ("threads", first.conditions.threads, other.conditions.threads),
        )
        if one != two
    ]
    layers = _differing(_layers(explain(first.architecture)), _layers(explain(other.architecture)))
    return (*layers, *found)
