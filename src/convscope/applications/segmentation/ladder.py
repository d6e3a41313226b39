"""What a comparison of segmenters holds: the rungs of the ladder, each over several seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from convscope.experiments.statistics import Estimate, estimate, paired_difference
from convscope.experiments.table import Table

__all__ = ["MEASURES", "RUNGS_SHOWN", "Rung", "SegmentationComparison", "rungs_of"]

RUNGS_SHOWN: dict[str, tuple[tuple[str, str], ...]] = {
    "fcn-stride2": (
        ("stride8", "fcn-stride8"),
        ("stride4", "fcn-stride4"),
        ("stride2", "fcn-stride2"),
    ),
    "dpn": (
        ("unary", "dpn: unary"),
        ("local", "+ local"),
        ("context", "+ context"),
        ("joint", "joint"),
    ),
}
"""What is trained, and each of its stages by the name that a table gives it."""
MEASURES = ("mean_iou", "pixel_accuracy", "boundary_f")


@dataclass(frozen=True, slots=True)
class Rung:
    """A stage of a method over all seeds.

    ``scores`` by measure, ``ious`` by region (None where a seed has none of it), ``gain`` is
    that in mean IoU over the stage before, paired by seed (None of a first stage), ``seconds``
    all training until here, ``answering`` the seconds an image takes.
    """

    name: str
    method: str
    stage: str
    scores: Mapping[str, Estimate]
    ious: tuple[Estimate | None, ...]
    gain: Estimate | None
    seconds: Estimate
    answering: Estimate
    parameters: int

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "name": self.name,
            "method": self.method,
            "stage": self.stage,
            "scores": {key: asdict(value) for key, value in self.scores.items()},
            "ious": [value and asdict(value) for value in self.ious],
            "gain": self.gain and asdict(self.gain),
            "training_seconds": asdict(self.seconds),
            "seconds_an_image": asdict(self.answering),
            "parameters": self.parameters,
        }


@dataclass(frozen=True, slots=True, eq=False)
class SegmentationComparison:
    """All rungs on the same ``images`` of one part of the data."""

    data: str
    split: str
    train: int
    images: int
    regions: tuple[str, ...]
    seeds: tuple[int, ...]
    rungs: tuple[Rung, ...]
    quick: bool
    conditions: Mapping[str, Any]

    def __repr__(self) -> str:
        best = max(self.rungs, key=lambda rung: rung.scores["mean_iou"].mean)
        return (
            f"<SegmentationComparison on {self.data}: {len(self.rungs)} rungs, "
            f"{len(self.seeds)} seeds, best {best.name}>"
        )

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": "convscope.segmentation-comparison/1",
            "data": self.data,
            "split": self.split,
            "training_images": self.train,
            "images": self.images,
            "regions": list(self.regions),
            "seeds": list(self.seeds),
            "quick": self.quick,
            "rungs": [rung.as_dict() for rung in self.rungs],
            "conditions": dict(self.conditions),
        }


def rungs_of(table: Table, method: str) -> list[Rung]:
    """The stages of a method, from the rows of its trainings."""
    found: list[Rung] = []
    before: list[float] | None = None
    for stage, name in RUNGS_SHOWN[method]:
        rows = [row.values["stages"][stage] for row in table.rows]
        ious = [row["mean_iou"] for row in rows]
        found.append(
            Rung(
                name=name,
                method=method,
                stage=stage,
                scores={key: estimate([row[key] for row in rows]) for key in MEASURES},
                ious=tuple(
                    None if None in each else estimate(each)
                    for each in zip(*(row["ious"] for row in rows), strict=True)
                ),
                gain=None if before is None else paired_difference(ious, before),
                seconds=estimate([row["training_seconds"] for row in rows]),
                answering=estimate([row["seconds_an_image"] for row in rows]),
                parameters=rows[0]["parameters"],
            )
        )
        before = ious
    return found
