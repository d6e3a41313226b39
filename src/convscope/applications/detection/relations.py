"""Detectors side by side, and what the papers lead one to expect of them.

Each expectation has a rule that was fixed before anything was measured: it is reproduced
where the 95 % interval of the difference, seed by seed, lies wholly on the expected side.
All else is "not reproduced", with the numbers beside it, unless there is but one seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from convscope.experiments.statistics import Estimate, estimate, paired_difference
from convscope.experiments.table import Row

__all__ = [
    "BASELINE",
    "EXPECTATIONS",
    "DetectionComparison",
    "Expectation",
    "MethodResult",
    "Relation",
    "relations_of",
    "result_of",
]

BASELINE = "baseline"
SCHEMA = "convscope.detection-comparison/1"

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MethodResult:
    """A method over all seeds.

    ``at_half`` and ``mean`` are mAP@0.5 and mAP@[.5:.95]; ``recall`` is the share of the
    objects that its ``boxes`` proposals an image reach; ``seconds`` are those of an image, by
    part and in all; ``training`` those of a training, None where nothing is trained.
    """

    method: str
    seeds: int
    at_half: Estimate
    mean: Estimate
    recall: Estimate
    boxes: Estimate
    seconds: Mapping[str, Estimate]
    training: Estimate | None
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class Relation:
    """An expectation beside what was measured.

    ``measured`` is the difference, seed by seed, that should lie above zero, with its
    interval.  Of times it is that of their natural logarithms, less that of ``factor``: the
    first should take more than ``factor`` times as long as the second.
    """

    says: str
    source: str
    measured: Estimate
    factor: float | None = None

    @property
    def reproduced(self) -> bool:
        """Whether the whole interval lies on the expected side; of one seed it never does."""
        return self.measured.low > 0

    @property
    def verdict(self) -> str:
        """In two words at most; of one seed nothing is decided."""
        if self.measured.count == 1:
            return "not decided"
        return "reproduced" if self.reproduced else "not reproduced"

    @property
    def times(self) -> tuple[float, float, float] | None:
        """How many times as long the first takes: mean, and the bounds of its interval."""
        if self.factor is None:
            return None
        found = self.measured
        mean, low, high = (
            self.factor * math.exp(min(each, 700.0)) for each in (found.mean, found.low, found.high)
        )
        return mean, low, high


@dataclass(frozen=True, slots=True, eq=False)
class DetectionComparison:
    """Methods beside one another on the same images, and how they relate.

    ``work`` is N·S²/(H·W), the convolutions' work of R-CNN in times that of Fast R-CNN, and
    ``work_measured`` the ratio of the seconds that their features took; None where one of
    the two was not measured.
    """

    results: tuple[MethodResult, ...]
    relations: tuple[Relation, ...]
    work: float | None
    work_measured: Estimate | None
    data: str
    split: str
    images: int
    seeds: tuple[int, ...]
    quick: bool
    conditions: Mapping[str, Any]

    def __repr__(self) -> str:
        told = ", ".join(f"{each.method} {each.at_half.mean:.3f}" for each in self.results)
        return f"<DetectionComparison: mAP@0.5 {told}, {self.images:,} images of {self.data}>"

    def result(self, method: str) -> MethodResult | None:
        """A method's row, None where it was not compared."""
        return next((each for each in self.results if each.method == method), None)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md; bounds that are not known are null."""
        found = {
            "schema": SCHEMA,
            "data": self.data,
            "split": self.split,
            "images": self.images,
            "seeds": list(self.seeds),
            "quick": self.quick,
            "methods": [asdict(each) for each in self.results],
            "relations": [
                {**asdict(each), "times": each.times, "verdict": each.verdict}
                for each in self.relations
            ],
            "work": self.work,
            "work_measured": self.work_measured and asdict(self.work_measured),
            "conditions": dict(self.conditions),
        }
        return _finite(found)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of two methods: ``value`` of the first above that of the second.

    Where they are ``times``, the first should take more than ``factor`` times as long.
    """

    says: str
    source: str
    first: str
    second: str
    value: Callable[[Values], float]
    factor: float | None = None

    def relation(self, ones: Sequence[Values], others: Sequence[Values]) -> Relation:
        """Measured on the same seeds of both."""
        first, second = ([self.value(each) for each in side] for side in (ones, others))
        if self.factor is not None:
            shift = math.log(self.factor)
            first = [math.log(each) - shift for each in first]
            second = [math.log(each) for each in second]
        return Relation(self.says, self.source, paired_difference(first, second), self.factor)


def _at_half(values: Values) -> float:
    return float(values["at_half"])


def _training(values: Values) -> float:
    return float(values["training_seconds"])


def _seconds(*parts: str) -> Callable[[Values], float]:
    return lambda values: sum(float(values["seconds"][part]) for part in parts)


_ALL = ("proposals", "features", "heads")
_FAST_PAPER = "Girshick 2015, tables 1 and 4"
_FASTER_PAPER = "Ren et al. 2015, tables 3 and 5"

EXPECTATIONS = (
    Expectation(
        "Fast R-CNN is more precise than R-CNN (66.9 and 66.0 mAP on VOC 2007)",
        _FAST_PAPER, "fast", "rcnn", _at_half,
    ),
    Expectation(
        "Faster R-CNN is more precise than Fast R-CNN (69.9 and 66.9 mAP on VOC 2007)",
        _FASTER_PAPER, "faster", "fast", _at_half,
    ),
    Expectation(
        "with proposals given, R-CNN takes longer an image than Fast R-CNN (47 s and 0.32 s)",
        _FAST_PAPER, "rcnn", "fast", _seconds("features", "heads"), 1.0,
    ),
    Expectation(
        "Fast R-CNN with its proposals takes longer an image than Faster R-CNN (1.8 s and 0.2 s)",
        _FASTER_PAPER, "fast", "faster", _seconds(*_ALL), 1.0,
    ),
    Expectation(
        "R-CNN takes more than 5 times as long an image as Faster R-CNN, all in all",
        "the aim that was set for these scenes", "rcnn", "faster", _seconds(*_ALL), 5.0,
    ),
    Expectation(
        "R-CNN trains longer than Fast R-CNN (84 h and 9.5 h)",
        _FAST_PAPER, "rcnn", "fast", _training, 1.0,
    ),
    Expectation(
        "Faster R-CNN is more precise than a threshold with connected components",
        "without it scenes would be too easy to tell anything", "faster", BASELINE, _at_half,
    ),
)  # fmt: skip
"""What the papers lead one to expect, at our size."""


def relations_of(rows: Sequence[Row]) -> tuple[Relation, ...]:
    """Each expectation whose two methods were measured; the baseline has no seeds."""
    found = []
    for each in EXPECTATIONS:
        ones, others = (_by_seed(rows, method) for method in (each.first, each.second))
        if each.second == BASELINE and others:
            others = dict.fromkeys(ones, next(iter(others.values())))
        shared = [seed for seed in ones if seed in others]
        if shared:
            found.append(
                each.relation([ones[seed] for seed in shared], [others[seed] for seed in shared])
            )
    return tuple(found)


def result_of(rows: Sequence[Row], method: str) -> MethodResult:
    """One method's rows as means over the seeds."""
    values = list(_by_seed(rows, method).values())
    parts = {part: [float(each["seconds"][part]) for each in values] for part in _ALL}
    together = [sum(each) for each in zip(*parts.values(), strict=True)]
    trained = [each["training_seconds"] for each in values]
    return MethodResult(
        method=method,
        seeds=len(values),
        at_half=estimate([each["at_half"] for each in values]),
        mean=estimate([each["mean"] for each in values]),
        recall=estimate([each["recall"] for each in values]),
        boxes=estimate([each["boxes"] for each in values]),
        seconds={
            **{part: estimate(each) for part, each in parts.items()},
            "all": estimate(together),
        },
        training=None if None in trained else estimate(trained),
        fingerprint=values[0]["proposals"],
    )


def _by_seed(rows: Sequence[Row], method: str) -> dict[Any, Values]:
    return {row.cell["seed"]: row.values for row in rows if row.cell["method"] == method}


def _finite(value: Any) -> Any:
    """The same without infinities, which JSON has not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
