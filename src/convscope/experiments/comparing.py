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
from convscope.architecture.printing import ARROW, layer_text
from convscope.data.images import Data
from convscope.errors import UsageError
from convscope.experiments.statistics import Disagreement, disagreement
from convscope.training.conditions import Conditions
from convscope.training.ending import early_end
from convscope.training.evaluate import Evaluation, evaluate, evaluated_images
from convscope.training.runs import Run, open_run

__all__ = [
    "ArchitectureComparison",
    "ClassDifference",
    "Pair",
    "RunComparison",
    "compare_architectures",
    "compare_runs",
    "folded",
]


@dataclass(frozen=True, slots=True)
class ArchitectureComparison:
    """Explanations side by side; ``differences`` are those of each from the first.

    A difference is a line: ``− conv 32 5x5 pad 2`` stands in the first alone, ``+ …`` in the
    other alone; equal neighbours are one line, ``+ 3 x { conv 8 3x3 -> relu }``.
    """

    names: tuple[str, ...]
    explanations: tuple[Explanation, ...]
    differences: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        return f"<ArchitectureComparison of {len(self.names)} architectures>"

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

    def __repr__(self) -> str:
        return f"<RunComparison of {len(self.runs)} runs on {self.count:,} images of {self.data}>"

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
                    "epochs": run.epochs,
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
    differences = tuple(_differing(architectures[0], other) for other in architectures)
    return ArchitectureComparison(shown, explanations, differences)


def compare_runs(
    runs: Sequence[Run | str | Path], data: Data | str | Path | None = None
) -> RunComparison:
    """Measures runs on the same test images: those of the first one's data, or of ``data``."""
    _require_two(runs)
    opened = tuple(open_run(run) for run in runs)
    _require_comparable(opened)
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


def _require_comparable(runs: Sequence[Run]) -> None:
    """UsageError where runs take other images, or tell other classes apart, than the first."""
    first = runs[0]
    for other in runs[1:]:
        found = []
        if other.architecture.input != first.architecture.input:
            found.append(f"takes {other.architecture.input} (not {first.architecture.input})")
        if set(other.classes) != set(first.classes):
            found.append(f"tells {_some(other.classes)} apart (not {_some(first.classes)})")
        if found:
            raise UsageError(
                f"{other.name} {' and '.join(found)}, so it cannot be compared with {first.name} "
                "on the same images",
                remedy="compare runs that have learned from images of one size and its classes",
            )


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"


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


def _differing(first: Architecture, other: Architecture) -> tuple[str, ...]:
    """The input, then the layers, that only one of two has; a block stands as a whole.

    Layers are without names: where one layer more comes first, all later names differ.
    """
    inputs = [[f"input {each.nodes[0].input}"] for each in (first, other)]
    layers = [[layer_text(node.layer) for node in each.nodes] for each in (first, other)]
    lines: list[str] = []
    for one, two in (inputs, layers):
        matcher = difflib.SequenceMatcher(None, one, two, autojunk=False)
        for tag, start, end, other_start, other_end in matcher.get_opcodes():
            if tag != "equal":
                lines += [f"− {text}" for text in folded(one[start:end])]
                lines += [f"+ {text}" for text in folded(two[other_start:other_end])]
    return tuple(lines)


def folded(layers: Sequence[str]) -> tuple[str, ...]:
    """Equal neighbours as one line of the notation: ``3 x { conv 8 3x3 -> relu }``."""
    found: list[str] = []
    place = 0
    while place < len(layers):
        count, length = max(
            ((_repeated(layers, place, length), length) for length in range(1, _LONGEST + 1)),
            key=lambda pair: (pair[0] > 1, pair[0] * pair[1], -pair[1]),
        )
        body = ARROW.join(layers[place : place + length])
        found += [f"{count} x {{ {body} }}"] if count > 1 else [layers[place]]
        place += count * length if count > 1 else 1
    return tuple(found)


_LONGEST = 8
"""Layers of a repetition that is looked for."""


def _repeated(layers: Sequence[str], place: int, length: int) -> int:
    """How many times the ``length`` layers from ``place`` on stand behind one another."""
    body, count = layers[place : place + length], 1
    while layers[place + count * length : place + (count + 1) * length] == body:
        count += 1
    return count


def _run_differences(first: Run, other: Run) -> tuple[str, ...]:
    found = [
        f"{'recipe' if key == 'name' else key} {value} → {getattr(other.recipe, key)}"
        for key, value in first.recipe.as_dict().items()
        if getattr(other.recipe, key) != value
    ]
    found += [f"{run.name} {early}" for run in (first, other) if (early := early_end(run.results))]
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
    return (*_differing(first.architecture, other.architecture), *found)
